import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { LogPosition } from './positions.ts';

/** Bytes at the begin of a file by which it is known. */
export const HEAD_BYTES_MAX = 1024;
/** A copy is told by its first bytes only where there are so many: two logs may begin alike. */
const COPY_BYTES_MIN = 128;

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

export interface FileHead {
  readonly bytes: number;
  readonly hash: string;
}

/** One file that is read as it grows. It is known by what it is, and not by its name: a rotated log keeps its bytes under another. */
export class FollowedFile {
  path: string;
  readonly dev: number;
  readonly ino: number;
  /** Where the next bytes are read from. */
  offset: number;
  #head: FileHead;
  readonly #fd: number;
  #closed = false;

  constructor(path: string, fd: number, stats: Stats, offset: number, head: FileHead) {
    this.path = path;
    this.#fd = fd;
    this.dev = stats.dev;
    this.ino = stats.ino;
    this.offset = offset;
    this.#head = head;
  }

  /** Opens a file; `offset` is told by its size. Undefined where it is gone, cannot be read, is no file, or is compressed: such a file does not grow. */
  static open(path: string, offset: (size: number) => number): FollowedFile | undefined {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch {
      return undefined;
    }
    try {
      const stats = fstatSync(fd);
      const head = readHead(fd, HEAD_BYTES_MAX);
      if (stats.isFile() && !isCompressed(head)) {
        const known = { bytes: head.length, hash: hashOf(head) };
        return new FollowedFile(path, fd, stats, Math.min(offset(stats.size), stats.size), known);
      }
    } catch {
      // A file that cannot be read is not followed; it is tried again when it is another.
    }
    closeSync(fd);
    return undefined;
  }

  get head(): FileHead {
    return this.#head;
  }

  /** The first bytes of the file as they are now. */
  headBytes(length = HEAD_BYTES_MAX): Uint8Array {
    return this.#closed ? new Uint8Array(0) : readHead(this.#fd, length);
  }

  /** Bytes that are there now. */
  size(): number {
    return this.#closed ? 0 : fstatSync(this.#fd).size;
  }

  /** True where the file was cut and written anew: it is shorter than what was read, or begins with something else. */
  wasTruncated(size: number): boolean {
    if (size < this.offset || size < this.#head.bytes) return true;
    if (hashOf(this.headBytes(this.#head.bytes)) !== this.#head.hash) return true;
    if (this.#head.bytes < HEAD_BYTES_MAX && size > this.#head.bytes) this.#learnHead();
    return false;
  }

  /** Begins anew with what is in the file now. */
  restart(): void {
    this.offset = 0;
    this.#learnHead();
  }

  /** Reads what comes next; 0 at the end. */
  read(buffer: Uint8Array): number {
    if (this.#closed) return 0;
    const length = readSync(this.#fd, buffer, 0, buffer.length, this.offset);
    this.offset += length;
    return length;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  #learnHead(): void {
    const head = this.headBytes();
    this.#head = { bytes: head.length, hash: hashOf(head) };
  }
}

/** True where the file at `path` begins as a known one did. */
export function beginsAs(path: string, known: Pick<LogPosition, 'headBytes' | 'headHash'>): boolean {
  if (known.headBytes === 0) return false;
  try {
    const fd = openSync(path, 'r');
    try {
      const head = readHead(fd, known.headBytes);
      return head.length === known.headBytes && hashOf(head) === known.headHash;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** True where a head is long enough to tell that one file is the copy of another. */
export function tellsCopies(known: Pick<LogPosition, 'headBytes'>): boolean {
  return known.headBytes >= COPY_BYTES_MIN;
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

function readHead(fd: number, length: number): Uint8Array {
  const head = new Uint8Array(length);
  return head.subarray(0, readSync(fd, head, 0, length, 0));
}

function isCompressed(head: Uint8Array): boolean {
  const startsWith = (magic: readonly number[]): boolean => magic.every((byte, at) => head[at] === byte);
  return startsWith(GZIP) || startsWith(ZSTD);
}
