import { createReadStream, fstatSync, readSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { BonghwaError } from '../base/errors.ts';
import { PipeStream } from './pipe-stream.ts';

/**
 * Captures come from files, pipes and standard input, plain or compressed, and are read as a stream: memory does not depend on
 * their size. Compression is told by the first bytes, not by the name.
 */
export interface CaptureFile {
  /**
   * The bytes of the capture, uncompressed. A chunk is valid until the next one is asked for. Once only. Throws FILE_UNREADABLE.
   */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes of the file that were read so far, as stored: to be held against `bytesTotal`. */
  readonly bytesRead: number;
  /** Bytes of the file as stored; undefined where that is not known (pipes, standard input). */
  readonly bytesTotal: number | undefined;
  /** True once `chunks` ended early because the compressed data is cut short or broken; what came before was given. */
  readonly truncated: boolean;
  /** Gives the file back; may be called at any time and more than once. */
  close(): Promise<void>;
}

/** Bytes asked of a pipe or a compressed file at a time. */
const STREAM_BYTES = 256 * 1024;
/**
 * Bytes read of a plain file at a time, always into the same buffer. Measured on 341 MB in the page cache: 50 ms of CPU time, as
 * with 64 KiB; 1 MiB, which no longer stays in the second-level cache, takes 150 ms, and a stream of buffers 250 ms.
 */
const CHUNK_BYTES = 128 * 1024;
/** Chunks of a plain file between two turns of the event loop, where signals and timers have their say. */
const CHUNKS_PER_TURN = 16;
/** Inflated bytes given at a time; where compressed data turns into something else, less than this is lost before the fault. */
const INFLATED_BYTES = 64 * 1024;
/** Inflated chunks that wait for the reader. */
const READY_CHUNKS_MAX = 4;

const GZIP_MAGIC = [0x1f, 0x8b];
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** Codes of zlib for data that ends early or turns into something else. */
const BROKEN_COMPRESSION = /^(Z_BUF_ERROR|Z_DATA_ERROR|ZSTD_error_)/;

/**
 * Opens the capture at `path`, or standard input where `path` is `-`. Throws FILE_UNREADABLE where there is none, where it is a
 * directory, and where reading is not permitted.
 */
export async function openCapture(path: string): Promise<CaptureFile> {
  if (path === '-') return new StreamedCapture(openStdin(), undefined, 'standard input');
  let handle: FileHandle | undefined;
  try {
    if ((await stat(path)).isFIFO()) return new StreamedCapture(new PipeStream(path), undefined, path);
    handle = await open(path, 'r');
    const stats = await handle.stat();
    if (stats.isDirectory()) {
      throw new BonghwaError('FILE_UNREADABLE', `${path} is a directory`, {
        hint: 'Name the capture files in it one by one, for example with *.pcap.',
        fields: { path },
      });
    }
    if (stats.isFile()) {
      const head = new Uint8Array(ZSTD_MAGIC.length);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      if (compressionOf(head.subarray(0, bytesRead)) === 'none') return new PlainFile(handle, stats.size, path);
    }
    const stream = createReadStream('', { fd: handle, highWaterMark: STREAM_BYTES });
    return new StreamedCapture(stream, stats.isFile() ? stats.size : undefined, path);
  } catch (error) {
    await handle?.close();
    throw unreadable(path, error);
  }
}

/** Standard input. A worker thread has no stream of its own for it, but may read what belongs to the process. */
function openStdin(): Readable {
  if (isMainThread) return process.stdin;
  const stats = fstatSync(0);
  return stats.isFIFO() || stats.isSocket()
    ? new Socket({ fd: 0, readable: true, writable: false })
    : createReadStream('', { fd: 0, autoClose: false });
}

/** A regular file, not compressed: read where it is wanted, with nothing in between. */
class PlainFile implements CaptureFile {
  readonly bytesTotal: number;
  bytesRead = 0;
  readonly truncated = false;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly #handle: FileHandle;
  readonly #name: string;
  #closed = false;

  constructor(handle: FileHandle, bytesTotal: number, name: string) {
    this.#handle = handle;
    this.bytesTotal = bytesTotal;
    this.#name = name;
    this.chunks = this.#read();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    try {
      for (let turn = 1; !this.#closed; turn++) {
        const length = readSync(this.#handle.fd, buffer, 0, CHUNK_BYTES, null);
        if (length === 0) return;
        this.bytesRead += length;
        yield buffer.subarray(0, length);
        if (turn % CHUNKS_PER_TURN === 0) await setImmediate();
      }
    } catch (error) {
      throw unreadable(this.#name, error);
    } finally {
      await this.close();
    }
  }
}

class StreamedCapture implements CaptureFile {
  readonly bytesTotal: number | undefined;
  bytesRead = 0;
  truncated = false;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly #source: Readable;
  readonly #name: string;

  constructor(source: Readable, bytesTotal: number | undefined, name: string) {
    this.#source = source;
    this.bytesTotal = bytesTotal;
    this.#name = name;
    this.chunks = this.#read();
  }

  async close(): Promise<void> {
    if (this.#source.closed) return;
    const closed = new Promise<void>((resolve) => {
      this.#source.once('close', () => resolve());
    });
    this.#source.destroy();
    await closed;
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = this.#counted();
    try {
      // The first bytes tell the compression; a pipe may give them one by one.
      let head: Uint8Array = new Uint8Array(0);
      while (head.length < ZSTD_MAGIC.length) {
        const next = await chunks.next();
        if (next.done === true) break;
        head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
      }
      const inflate = decompressorOf(head);
      if (inflate === undefined) {
        if (head.length > 0) yield head;
        yield* chunks;
      } else yield* this.#inflated(head, chunks, inflate);
    } catch (error) {
      throw unreadable(this.#name, error);
    } finally {
      this.#source.destroy();
    }
  }

  async *#counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#source as AsyncIterable<Uint8Array>) {
      this.bytesRead += chunk.length;
      yield chunk;
    }
  }

  async *#inflated(
    head: Uint8Array,
    rest: AsyncIterable<Uint8Array>,
    inflate: Gunzip | ZstdDecompress,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    // A stream that fails throws away what it holds: its chunks wait here, so that all before the fault is given.
    const ready: Uint8Array[] = [];
    let fault: unknown;
    let over = false;
    let wake = (): void => undefined;
    inflate.on('data', (chunk: Uint8Array) => {
      ready.push(chunk);
      if (ready.length >= READY_CHUNKS_MAX) inflate.pause();
      wake();
    });
    inflate.on('error', (error) => {
      fault ??= error;
    });
    inflate.on('close', () => {
      over = true;
      wake();
    });
    const fed = feed(inflate, head, rest).catch((error: unknown) => {
      fault ??= error;
      inflate.destroy();
    });
    try {
      for (;;) {
        const chunk = ready.shift();
        if (chunk !== undefined) {
          yield chunk;
          continue;
        }
        if (over) break;
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        inflate.resume();
        await woken;
      }
    } finally {
      inflate.destroy();
      this.#source.destroy();
      await fed;
    }
    if (fault === undefined) return;
    if (!BROKEN_COMPRESSION.test(codeOf(fault))) throw fault;
    this.truncated = true;
  }
}

/** Writes all chunks as fast as the stream takes them; ends early where it was closed. */
async function feed(
  inflate: Gunzip | ZstdDecompress,
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): Promise<void> {
  if (!inflate.write(head)) await drained(inflate);
  for await (const chunk of rest) {
    if (inflate.destroyed) return;
    if (!inflate.write(chunk)) await drained(inflate);
  }
  inflate.end();
}

/** Waits until the stream takes more, or is closed. */
function drained(stream: Gunzip | ZstdDecompress): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
    if (stream.destroyed) done();
  });
}

function decompressorOf(head: Uint8Array): Gunzip | ZstdDecompress | undefined {
  switch (compressionOf(head)) {
    case 'gzip':
      return createGunzip({ chunkSize: INFLATED_BYTES });
    case 'zstd':
      return createZstdDecompress({ chunkSize: INFLATED_BYTES });
    case 'none':
      return undefined;
  }
}

function compressionOf(head: Uint8Array): 'gzip' | 'zstd' | 'none' {
  if (startsWith(head, GZIP_MAGIC)) return 'gzip';
  return startsWith(head, ZSTD_MAGIC) ? 'zstd' : 'none';
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** One clear line for a fault of the file system, and what to do. */
function unreadable(path: string, error: unknown): BonghwaError {
  if (error instanceof BonghwaError) return error;
  const code = codeOf(error);
  const options = (hint: string): ConstructorParameters<typeof BonghwaError>[2] => ({
    hint,
    cause: error,
    fields: { path, code },
  });
  switch (code) {
    case 'ENOENT':
      return new BonghwaError('FILE_UNREADABLE', `there is no file ${path}`, options('Check the path.'));
    case 'EISDIR':
      return new BonghwaError(
        'FILE_UNREADABLE',
        `${path} is a directory`,
        options('Name the capture files in it one by one, for example with *.pcap.'),
      );
    case 'EACCES':
    case 'EPERM':
      return new BonghwaError(
        'FILE_UNREADABLE',
        `no permission to read ${path}`,
        options('Give this user read permission, or run as one who has it.'),
      );
    default:
      return new BonghwaError(
        'FILE_UNREADABLE',
        `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
        options('Check that the file is complete and its disk is there.'),
      );
  }
}
