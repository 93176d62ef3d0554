import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { StationEvent } from '../model/station-event.ts';

/** Lines that wait, and their bytes; the oldest go first, since whoever reads at last wants to know what is. */
const WAITING_MAX = 1000;
const WAITING_BYTES_MAX = 8 << 20;
/** A pipe that is full is tried again after this; anything else that is wrong after `RETRY_MS`. */
const FULL_MS = 100;
const RETRY_MS = 1000;
/** What waits is written for so long when all ends, ms. */
export const CLOSE_MS_MAX = 500;

const NEWLINE = 0x0a;

export interface EventLinesOptions {
  /** A file, which is appended to, or a named pipe. */
  readonly path: string;
  /** Told once when writing begins to fail, and again only after it worked in between. */
  readonly onProblem?: ((error: Error) => void) | undefined;
}

/** Lines since the start. */
export interface EventLinesCounts {
  readonly written: number;
  /** Could not be written in time, and were dropped. */
  readonly lost: number;
  readonly waiting: number;
  /** Why nothing can be written now. */
  readonly error?: string;
}

/**
 * Writes every event as a line of JSON to a file or a named pipe. Nothing ever waits for it: a pipe that nobody reads and a disk that is
 * full make lines wait, the oldest are dropped and counted, and writing goes on by itself when that is possible again. A line is
 * written whole; where a pipe broke in the middle of one, the next reader has it from its beginning.
 */
export class EventLines {
  readonly #path: string;
  readonly #onProblem: EventLinesOptions['onProblem'];
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** The line that is being written, and how much of it is. */
  #current: Buffer | undefined;
  #offset = 0;
  #file: FileHandle | undefined;
  #written = 0;
  #lost = 0;
  #error: string | undefined;
  #pumping: Promise<void> | undefined;
  #reopening = false;
  #closing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ path, onProblem }: EventLinesOptions) {
    this.#path = path;
    this.#onProblem = onProblem;
  }

  /** Takes an event. Never throws and never waits. */
  write(event: StationEvent): void {
    if (this.#closing) return;
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    let drop = 0;
    while (this.#waiting.length - drop > WAITING_MAX || this.#waitingBytes > WAITING_BYTES_MAX)
      this.#waitingBytes -= this.#waiting[drop++].length;
    if (drop > 0) this.#waiting = this.#waiting.slice(drop);
    this.#lost += drop;
    this.#pump();
  }

  /** Opens the path anew before the next line: the file was renamed by whoever rotates it. */
  reopen(): void {
    this.#reopening = true;
    this.#pump();
  }

  counts(): EventLinesCounts {
    return {
      written: this.#written,
      lost: this.#lost,
      waiting: this.#waiting.length + (this.#current === undefined ? 0 : 1),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /** Writes what waits, as far as that takes less than CLOSE_MS_MAX; the rest is lost and counted. */
  async close(): Promise<void> {
    this.#closing = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS_MAX);
    });
    this.#pump();
    await Promise.race([this.#pumping, late]);
    clearTimeout(timer);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lost += this.#waiting.length + (this.#current === undefined ? 0 : 1);
    this.#waiting = [];
    this.#current = undefined;
    // A handle that hangs in the kernel is left to the end of the process.
    void this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  /** Writes until nothing waits, or nothing can be written now. One at a time. */
  #pump(): void {
    if (this.#pumping !== undefined || this.#timer !== undefined) return;
    this.#pumping = this.#writeAll()
      .then(
        () => this.#works(),
        async (error: NodeJS.ErrnoException) => {
          // A reader that went away, or a disk that is gone: what comes next begins with a whole line. A pipe that stayed open would
          // keep the half of one for whoever reads next.
          if (!KEEPS_OPEN.has(error.code ?? '')) await this.#letGo();
          this.#fails(error);
        },
      )
      .finally(() => {
        this.#pumping = undefined;
      });
  }

  async #writeAll(): Promise<void> {
    for (;;) {
      if (this.#reopening) await this.#letGo();
      const line = this.#current ?? this.#next();
      if (line === undefined) return;
      this.#file ??= await openLines(this.#path);
      const { bytesWritten } = await this.#file.write(line, this.#offset, line.length - this.#offset, null);
      this.#offset += bytesWritten;
      if (this.#offset < line.length) continue;
      this.#current = undefined;
      this.#written++;
    }
  }

  #next(): Buffer | undefined {
    const line = this.#waiting.shift();
    if (line === undefined) return undefined;
    this.#waitingBytes -= line.length;
    this.#current = line;
    this.#offset = 0;
    return line;
  }

  async #letGo(): Promise<void> {
    this.#reopening = false;
    const file = this.#file;
    this.#file = undefined;
    this.#offset = 0;
    await file?.close().catch(() => undefined);
  }

  #works(): void {
    this.#error = undefined;
  }

  #fails(error: NodeJS.ErrnoException): void {
    const full = error.code === 'EAGAIN';
    const reason = REASONS[error.code ?? ''] ?? error.message;
    if (!full && this.#error !== reason) {
      this.#error = reason;
      this.#onProblem?.(new Error(`events cannot be written to ${this.#path}: ${reason}`, { cause: error }));
    }
    if (this.#closing) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#pump();
      },
      full ? FULL_MS : RETRY_MS,
    );
    this.#timer.unref();
  }
}

/** Faults after which a line goes on where it stopped: a full pipe, a full disk. */
const KEEPS_OPEN: ReadonlySet<string> = new Set(['EAGAIN', 'ENOSPC', 'EDQUOT']);

const REASONS: Readonly<Record<string, string>> = {
  ENXIO: 'nobody reads the pipe',
  EPIPE: 'nobody reads the pipe any more',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'permission is denied',
  ENOENT: 'its directory is not there',
  EISDIR: 'it is a directory',
};

/**
 * Opens the path for appending. Without O_NONBLOCK, opening a pipe that nobody reads and writing to one that is full would hold a thread
 * for as long as that lasts.
 */
async function openLines(path: string): Promise<FileHandle> {
  const there: Stats | undefined = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile()) return open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o640);
  try {
    // A station that was killed may have left half a line: ours begin on lines of their own.
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    if (size > 0 && last[0] !== NEWLINE) await file.write('\n');
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
