import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { assert } from '../../base/errors.ts';
import { codeOfFault, DIRECTORY_MODE, replaceFile } from './durable-file.ts';
import { notKept } from './journal-writer.ts';

/**
 * ```
 *  0        4        8                  16
 * ┌────────┬────────┬──────────────────┬───────────────┐
 * │ marker │ CRC-32 │ sequence float64 │ bytes         │   little endian; the CRC covers what is behind it
 * └────────┴────────┴──────────────────┴───────────────┘
 * ```
 */
const MARKER = Buffer.from('BGWS');
const CRC_AT = 4;
const SEQUENCE_AT = 8;
const BYTES_AT = 16;
/** A larger blob is refused. */
export const BLOB_BYTES_MAX = 256 * 1024 * 1024;
/** Names that are kept; they are few and chosen by the program. */
const NAMES_MAX = 64;

export interface Blob {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

interface Wanted {
  readonly blob: Blob;
  readonly waiters: { readonly resolve: () => void; readonly reject: (error: Error) => void }[];
}

/** Named bytes, a file each: replaced whole, so that a start finds the old ones or the new ones. */
export class BlobFiles {
  readonly #directory: string;
  /** Number of the write that each file holds, and its bytes. */
  readonly #held = new Map<string, { readonly sequence: number; readonly size: number }>();
  /** At most one write of a name waits behind the one that runs: a later one takes its place. */
  readonly #next = new Map<string, Wanted>();
  readonly #running = new Map<string, Promise<void>>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Looks what is there; writes nothing. */
  static async open(directory: string): Promise<BlobFiles> {
    const files = new BlobFiles(directory);
    const names = await readdir(directory).catch((error: unknown) => {
      if (codeOfFault(error) === 'ENOENT') return [];
      throw error;
    });
    for (const name of names) {
      const path = join(directory, name);
      if (name.endsWith('.new')) await rm(path, { force: true }).catch(() => undefined);
      else if (isName(name)) {
        const sequence = await sequenceOf(path);
        if (sequence !== undefined) files.#held.set(name, sequence);
      }
    }
    return files;
  }

  held(): ReadonlyMap<string, { readonly sequence: number; readonly size: number }> {
    return this.#held;
  }

  save(name: string, blob: Blob): Promise<void> {
    assert(isName(name), `blob name ${name}`);
    assert(this.#held.has(name) || this.#held.size < NAMES_MAX, 'few names of blobs');
    if (blob.bytes.length > BLOB_BYTES_MAX) return Promise.reject(notKept(`${name} is too large`, undefined));
    return new Promise((resolve, reject) => {
      const waiters = this.#next.get(name)?.waiters ?? [];
      this.#next.set(name, { blob, waiters: [...waiters, { resolve, reject }] });
      if (this.#running.has(name)) return;
      this.#running.set(
        name,
        this.#run(name).finally(() => this.#running.delete(name)),
      );
    });
  }

  async #run(name: string): Promise<void> {
    for (;;) {
      const wanted = this.#next.get(name);
      if (wanted === undefined) return;
      this.#next.delete(name);
      const { blob, waiters } = wanted;
      try {
        await mkdir(this.#directory, { recursive: true, mode: DIRECTORY_MODE });
        await replaceFile(join(this.#directory, name), [headOf(blob), blob.bytes]);
        this.#held.set(name, { sequence: blob.sequence, size: blob.bytes.length });
        for (const { resolve } of waiters) resolve();
      } catch (error) {
        for (const { reject } of waiters) reject(notKept(`${name}`, error));
      }
    }
  }

  /** `missing` where there never was one, `damaged` where there was. */
  async load(name: string): Promise<Blob | 'missing' | 'damaged'> {
    assert(isName(name), `blob name ${name}`);
    let bytes: Buffer;
    try {
      bytes = await readFile(join(this.#directory, name));
    } catch (error) {
      return codeOfFault(error) === 'ENOENT' ? 'missing' : 'damaged';
    }
    const whole =
      bytes.length >= BYTES_AT &&
      MARKER.equals(bytes.subarray(0, CRC_AT)) &&
      crc32(bytes.subarray(SEQUENCE_AT)) === bytes.readUInt32LE(CRC_AT);
    return whole
      ? { sequence: bytes.readDoubleLE(SEQUENCE_AT), bytes: new Uint8Array(bytes.subarray(BYTES_AT)) }
      : 'damaged';
  }

  /** Waits for the writes that run. */
  async close(): Promise<void> {
    await Promise.all(this.#running.values());
  }
}

const isName = (name: string): boolean => /^[\w-]{1,64}$/.test(name);

/** What stands before the bytes. */
function headOf({ sequence, bytes }: Blob): Buffer {
  const head = Buffer.alloc(BYTES_AT);
  MARKER.copy(head);
  head.writeDoubleLE(sequence, SEQUENCE_AT);
  head.writeUInt32LE(crc32(bytes, crc32(head.subarray(SEQUENCE_AT))), CRC_AT);
  return head;
}

async function sequenceOf(path: string): Promise<{ sequence: number; size: number } | undefined> {
  const head = Buffer.alloc(BYTES_AT);
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { bytesRead } = await handle.read(head, 0, BYTES_AT, 0);
    const sequence = head.readDoubleLE(SEQUENCE_AT);
    if (bytesRead < BYTES_AT || !MARKER.equals(head.subarray(0, CRC_AT)) || !Number.isSafeInteger(sequence))
      return undefined;
    return { sequence, size: (await handle.stat()).size - BYTES_AT };
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
