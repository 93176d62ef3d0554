import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BonghwaError } from '../base/errors.ts';

/** Who runs on a data directory. */
export interface LockInfo {
  readonly pid: number;
  /** Where its HTTP answers, as `127.0.0.1:8480`; absent where it has none. */
  readonly http?: string | undefined;
}

export interface LockHolder extends LockInfo {
  /** When it took the directory, ISO 8601. */
  readonly since: string;
}

export interface Lock {
  /** Says something else than was said at first: where HTTP listens is known only later. */
  update(info: LockInfo): Promise<void>;
  /** Lets others have the directory. */
  release(): Promise<void>;
}

/**
 * How the kernel is asked. Both ways hold a directory for as long as the process lives, whatever ends it, and let go of it in the same
 * moment: no file is ever stale, and nothing has to be guessed from process numbers, which are used again and differ between
 * containers. `flock` sees every process of the machine that has the directory; `socket`, an abstract Unix socket named by the
 * file, is for where koffi does not load, and sees those of the same network namespace.
 */
export type LockWay = 'flock' | 'socket';

interface Held {
  release(): Promise<void>;
}

/** flock(2) on Linux. */
const LOCK_SHARED = 1;
const LOCK_EXCLUSIVE = 2;
const LOCK_NONBLOCKING = 4;
/** Whoever only looks holds the lock for a moment: a station tries again before it believes in another one. */
const TRIES = 5;
const TRY_MS = 50;
/** What a holder says of itself is short. */
const TEXT_BYTES_MAX = 1024;

type Flock = (descriptor: number, operation: number) => number;
let flockLoaded: Promise<Flock | undefined> | undefined;

/** `flock` of the C library, or `undefined` where it cannot be called. */
function loadFlock(): Promise<Flock | undefined> {
  flockLoaded ??= import('koffi')
    .then(({ default: koffi }) => koffi.load(null).func('int flock(int, int)') as Flock)
    .catch(() => undefined);
  return flockLoaded;
}

/** Which way this machine has. */
export const lockWay = async (): Promise<LockWay> => ((await loadFlock()) === undefined ? 'socket' : 'flock');

/**
 * Takes a data directory for this process; it is made where it is missing. Rejects with `DATA_IN_USE` when another process has it, which is
 * then named, and with `FILE_UNREADABLE` when the directory cannot be written.
 */
export async function lockDirectory(directory: string, info: LockInfo, way?: LockWay): Promise<Lock> {
  const since = new Date().toISOString();
  let file: FileHandle;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    file = await open(pathOf(directory), constants.O_RDWR | constants.O_CREAT, 0o644);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BonghwaError('FILE_UNREADABLE', `the data directory ${directory} cannot be used: ${reason}`, {
      hint: 'Check that the user of the station may write it.',
      cause: error,
    });
  }
  try {
    const held = await take(directory, file, way ?? (await lockWay()));
    // A full disk may not take the text; the directory is held all the same.
    await say(file, { ...info, since }).catch(() => undefined);
    return {
      update: (changed) => say(file, { ...changed, since }),
      async release() {
        await file.truncate(0);
        await held.release();
        await file.close();
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The process that has a data directory; `undefined` where there is none. `pid` is 0 for one that has not said so yet. */
export async function readLock(directory: string, way?: LockWay): Promise<LockHolder | undefined> {
  const file = await open(pathOf(directory), 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    return (await isHeld(file, way ?? (await lockWay()))) ? await holderIn(file) : undefined;
  } finally {
    await file.close();
  }
}

const pathOf = (directory: string): string => join(directory, 'lock');

async function take(directory: string, file: FileHandle, way: LockWay): Promise<Held> {
  for (let tried = 1; ; tried++) {
    const held = way === 'flock' ? await takeFlock(file) : await takeSocket(file);
    if (held !== undefined) {
      const [mine, there] = await Promise.all([file.stat(), stat(pathOf(directory)).catch(() => undefined)]);
      if (there?.ino === mine.ino) return held;
      await held.release();
      throw inUse(directory, undefined);
    }
    if (tried === TRIES) throw inUse(directory, await holderIn(file));
    await delay(TRY_MS);
  }
}

function inUse(directory: string, holder: LockHolder | undefined): BonghwaError {
  const who =
    holder === undefined || holder.pid === 0
      ? 'another process'
      : `process ${holder.pid} since ${holder.since}${holder.http === undefined ? '' : `, which answers at ${holder.http}`}`;
  return new BonghwaError('DATA_IN_USE', `the data directory ${directory} is in use by ${who}`, {
    hint: 'Stop that station first, or give this one a data directory of its own.',
    fields: { directory, ...holder },
  });
}

async function takeFlock(file: FileHandle): Promise<Held | undefined> {
  const flock = await loadFlock();
  if (flock?.(file.fd, LOCK_EXCLUSIVE | LOCK_NONBLOCKING) !== 0) return undefined;
  // The kernel lets go when the file is closed.
  return { release: () => Promise.resolve() };
}

async function takeSocket(file: FileHandle): Promise<Held | undefined> {
  const name = await socketName(file);
  const server = createServer((socket) => socket.destroy());
  const listens = await new Promise<Server | undefined>((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(name, () => resolve(server));
  });
  if (listens === undefined) return undefined;
  listens.unref();
  return {
    release: () =>
      new Promise((resolve) => {
        listens.close(() => resolve());
      }),
  };
}

async function isHeld(file: FileHandle, way: LockWay): Promise<boolean> {
  if (way === 'flock') {
    const flock = await loadFlock();
    // Taken and let go of with the file, a moment later.
    return flock?.(file.fd, LOCK_SHARED | LOCK_NONBLOCKING) !== 0;
  }
  const name = await socketName(file);
  return await new Promise((resolve) => {
    const socket = connect(name, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A name in the abstract space, which is freed by the kernel and leaves no file. */
async function socketName(file: FileHandle): Promise<string> {
  const { dev, ino } = await file.stat();
  return `\0bonghwa-${dev}-${ino}`;
}

async function say(file: FileHandle, holder: LockHolder): Promise<void> {
  // One write of a fixed length over what was there: a reader sees the old text or the new one.
  const text = Buffer.alloc(TEXT_BYTES_MAX, ' ');
  text.write(`${JSON.stringify(holder)}\n`);
  await file.write(text, 0, text.length, 0);
}

async function holderIn(file: FileHandle): Promise<LockHolder> {
  for (let tried = 1; ; tried++) {
    const text = Buffer.alloc(TEXT_BYTES_MAX);
    const { bytesRead } = await file.read(text, 0, text.length, 0);
    const holder = parseHolder(text.toString('utf8', 0, bytesRead));
    if (holder !== undefined) return holder;
    if (tried === TRIES) return { pid: 0, since: (await file.stat()).mtime.toISOString() };
    await delay(TRY_MS);
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const { pid, since, http } = JSON.parse(text) as Partial<Record<keyof LockHolder, unknown>>;
    if (typeof pid !== 'number' || typeof since !== 'string') return undefined;
    return typeof http === 'string' ? { pid, since, http } : { pid, since };
  } catch {
    return undefined;
  }
}
