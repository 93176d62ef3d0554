import { randomUUID } from 'node:crypto';
import { copyFile, type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { codeOfFault, replaceFile } from './durable-file.ts';
import { decodeJournal, encodeEntry, encodeHeader, type StateEntry } from './journal-frame.ts';

/** Entries that are put into one write when the file is made anew. */
const REPLACE_BATCH = 64;

/** What was found in the file when it was opened. */
export interface JournalFound {
  readonly entries: readonly StateEntry[];
  readonly sizes: ReadonlyMap<string, number>;
  readonly sequence: number;
  /** Bytes of a last write that was cut short: it was never acknowledged. */
  readonly tornBytes: number;
  /** Bytes that were whole once and are not any more. */
  readonly damagedBytes: number;
}

/**
 * The file that acknowledges. One caller at a time: `append` and `replace` are not called while one of them runs. After a failure
 * the file holds what it held before it, as far as the disk allows; what follows unfinished bytes is found again by its marker.
 */
export class Journal {
  /** Names this journal in the database, which keeps how far it followed. */
  readonly id: string;
  readonly #path: string;
  #handle: FileHandle | undefined;
  #bytes: number;
  /** True when the file must be made anew before anything is appended: it is not there yet, or a sync of it has failed. */
  #stale: boolean;

  private constructor(path: string, id: string, bytes: number, stale: boolean) {
    this.#path = path;
    this.id = id;
    this.#bytes = bytes;
    this.#stale = stale;
  }

  /** Reads what is there. Writes nothing but a copy of a damaged file, so that a full disk does not stop a start. */
  static async open(path: string): Promise<{ readonly journal: Journal; readonly found: JournalFound }> {
    // Half of a new file, from a crash while it was written: the old one is still in place.
    await rm(`${path}.new`, { force: true });
    const bytes = await readFile(path).catch((error: unknown) => {
      if (codeOfFault(error) === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const content = decodeJournal(bytes);
    // A file without a whole frame in which there is something is damage, not a write cut short.
    const lost = content.wholeBytes === 0 ? bytes.length : content.damagedBytes;
    const tornBytes = content.wholeBytes === 0 ? 0 : bytes.length - content.wholeBytes;
    if (lost > 0) await copyFile(path, `${path}.damaged`).catch(() => undefined);
    const journal = new Journal(
      path,
      content.journal ?? randomUUID(),
      content.wholeBytes,
      content.journal === undefined || lost > 0,
    );
    return {
      journal,
      found: {
        entries: content.entries,
        sizes: content.sizes,
        sequence: content.sequence,
        tornBytes,
        damagedBytes: lost,
      },
    };
  }

  get bytes(): number {
    return this.#bytes;
  }

  get stale(): boolean {
    return this.#stale;
  }

  /** Adds frames behind the last; they are on disk when this resolves. */
  async append(frames: Uint8Array): Promise<void> {
    if (this.#handle === undefined) {
      this.#handle = await open(this.#path, 'r+');
      // What is behind the last whole frame was cut short by a crash.
      await this.#handle.truncate(this.#bytes);
    }
    const handle = this.#handle;
    try {
      let written = 0;
      while (written < frames.length) {
        const { bytesWritten } = await handle.write(frames, written, frames.length - written, this.#bytes + written);
        written += bytesWritten;
      }
    } catch (error) {
      await handle.truncate(this.#bytes).catch(() => undefined);
      throw error;
    }
    try {
      await handle.datasync();
    } catch (error) {
      // After a failed sync the kernel may take unwritten pages for written ones: only a new file can be trusted.
      this.#stale = true;
      throw error;
    }
    this.#bytes += frames.length;
  }

  /** Makes the file anew from these entries alone; durable when this resolves, unchanged when it rejects. */
  async replace(entries: readonly StateEntry[], sequence: number): Promise<void> {
    let bytes = 0;
    const counted = function* (id: string): Iterable<Uint8Array> {
      for (const chunk of chunksOf(id, entries, sequence)) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    await replaceFile(this.#path, counted(this.id));
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    this.#bytes = bytes;
    this.#stale = false;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

function* chunksOf(id: string, entries: readonly StateEntry[], sequence: number): Iterable<Uint8Array> {
  yield encodeHeader(id, sequence);
  for (let at = 0; at < entries.length; at += REPLACE_BATCH) {
    yield Buffer.concat(entries.slice(at, at + REPLACE_BATCH).map(encodeEntry));
  }
}
