import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { codeOfFault, syncDirectory } from './durable-file.ts';
import { PgliteTemplate } from './pglite-template.ts';

/** Pages of 8 KiB that PGlite keeps in memory: the state's busy pages are few. */
const SHARED_BUFFERS = 1024;
/** Making the files takes seconds; what is older than this was left by a crash. */
const OLD_MS = 10 * 60_000;

/**
 * V8 compiles a function of WebAssembly anew, optimised, after it has run over so many bytes of it (`--wasm-tiering-budget`). At V8's own number,
 * the start of PostgreSQL alone has its largest functions optimised: 0.5 s of processor time, half of the start, for what hardly runs again.
 */
const TIERING_BYTES = 400_000_000;
const TIERING_BYTES_OF_V8 = 13_000_000;

/**
 * How PGlite starts PostgreSQL (`PGlite.defaultStartParams`), without its `-F`, which turns `fsync` off, and with a way of syncing
 * the log that its file system has.
 */
const START_PARAMS = [
  ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
  '-c',
  'fsync=on',
  '-c',
  'wal_sync_method=fsync',
  '-c',
  `shared_buffers=${SHARED_BUFFERS}`,
];

/** What of Emscripten's file system on Node is used here; PGlite's types leave it open. */
interface NodeFileSystem {
  readonly stream_ops: { fsync?: (stream: { readonly nfd?: number; readonly node: unknown }) => number };
  realPath(node: unknown): string;
}

/** PGlite's files on disk. As PGlite 0.5 has it, `fsync` does nothing: here it does what PostgreSQL asks for. */
class SyncedNodeFS extends NodeFS {
  #syncs = 0;

  /** Syncs since the start; a test holds that a commit makes one. */
  get syncs(): number {
    return this.#syncs;
  }

  override async init(...args: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const made = await super.init(...args);
    const preRun: unknown = made.emscriptenOpts.preRun;
    if (!Array.isArray(preRun)) throw new Error('PGlite has changed: its file system has no preRun to add fsync in');
    preRun.push(({ NODEFS }: { readonly NODEFS: NodeFileSystem }) => {
      NODEFS.stream_ops.fsync = ({ nfd, node }) => {
        // A directory is opened there without a descriptor of Node.
        if (nfd === undefined) syncPath(NODEFS.realPath(node));
        else fsyncSync(nfd);
        this.#syncs++;
        return 0;
      };
    });
    return made;
  }
}

export interface OpenPglite {
  readonly client: PGlite;
  readonly syncs: () => number;
}

/** Opens the database in a directory that `createPglite` made. Faults come with what PostgreSQL last said. */
export async function openPglite(directory: string): Promise<OpenPglite> {
  const files = new SyncedNodeFS(directory);
  const said: string[] = [];
  // The number counts for what is compiled from now on, in all threads: later on it is V8's again.
  setFlagsFromString(`--wasm-tiering-budget=${TIERING_BYTES}`);
  try {
    const client = await PGlite.create({
      fs: files,
      startParams: START_PARAMS,
      onStderr: (text) => {
        if (/\b(FATAL|PANIC|ERROR)\b/.test(text)) said.splice(0, 1, text.trim());
        return false;
      },
    });
    return { client, syncs: () => files.syncs };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(said.length === 0 ? reason : `${reason} (${said[0]})`, { cause: error });
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${TIERING_BYTES_OF_V8}`);
  }
}

/**
 * Makes an empty database in `directory`: beside it first and renamed when all of it is on disk, so that a directory of that name is
 * always whole. Takes seconds and some hundred megabytes of memory, but where the cache has such a database already: it is copied then.
 */
export async function createPglite(directory: string, cacheDirectory?: string): Promise<void> {
  const parent = dirname(directory);
  const prefix = `${basename(directory)}.new-`;
  await removeOld(parent, prefix);
  // A name of its own: the process of a station that was killed may still be at it.
  const made = await mkdtemp(join(parent, prefix));
  try {
    const template = cacheDirectory === undefined ? undefined : new PgliteTemplate(cacheDirectory);
    if ((await template?.copyTo(made)) !== true) {
      const { client } = await openPglite(made);
      await client.close();
      await template?.keep(made);
    }
    syncTree(made);
    await rename(made, directory);
  } catch (error) {
    await rm(made, { recursive: true, force: true }).catch(() => undefined);
    // That other process came first: what it made is as good.
    if (codeOfFault(error) !== 'ENOTEMPTY' && codeOfFault(error) !== 'EEXIST') throw error;
  }
  await syncDirectory(parent);
}

/** Removes what was begun so long ago that nobody is at it any more. */
async function removeOld(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > OLD_MS) await rm(path, { recursive: true, force: true });
  }
}

/** Makes every file below a directory durable. */
function syncTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) syncTree(path);
    else if (entry.isFile()) syncPath(path);
  }
  syncPath(directory);
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Bytes of all files below a directory. */
export async function bytesBelow(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += await bytesBelow(path);
    else
      bytes += await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
}
