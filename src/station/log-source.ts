import { assert } from '../base/errors.ts';
import type { CaptureFile } from '../input/capture-file.ts';
import { createRequestBatch, type RequestBatch, requestRows } from '../model/request-batch.ts';
import type { LogDecoder } from '../wire/log/log-decoder.ts';

/** Bytes that are decoded at a time, into rows and text that stay in the caches until they are counted. */
const STEP_BYTES = 64 * 1024;
/** No request has fewer bytes than 16 with its time: all of a step fit. */
const STEP_ROWS = 4096;
const STEP_TEXT_BYTES = 768 * 1024;

/** What is decoded of one log and not handed over yet: rows in the order of the file, a step of bytes at a time. */
export class LogSource {
  readonly file: string;
  readonly reader: CaptureFile;
  readonly decoder: LogDecoder;
  /** Bytes that were decoded, uncompressed. */
  bytes = 0;
  readonly #batch = createRequestBatch(STEP_ROWS, STEP_TEXT_BYTES);
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #row = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ended = false;

  constructor(file: string, reader: CaptureFile, decoder: LogDecoder, signal: AbortSignal | undefined) {
    this.file = file;
    this.reader = reader;
    this.decoder = decoder;
    this.#chunks = reader.chunks[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /** Closes the file: what waits for its next bytes waits no longer. */
  readonly stop = (): void => void this.reader.close();

  /** Time of the next row, ms; NaN where none is ready. */
  get nextMs(): number {
    return this.#row < this.#batch.length ? this.#batch.timeMs[this.#row] : Number.NaN;
  }

  /** Decodes on until there is a row; false at the end of the log, or where the signal came. Throws FILE_UNREADABLE. */
  async fill(): Promise<boolean> {
    while (this.#row >= this.#batch.length) {
      if (this.#ended) return false;
      await this.#step();
    }
    return true;
  }

  /** Decodes the next step of bytes, of which all rows were taken before. */
  async #step(): Promise<void> {
    const batch = this.#batch;
    batch.length = 0;
    batch.textLength = 0;
    this.#row = 0;
    if (this.#at >= this.#chunk.length && !(await this.#next())) {
      this.#ended = true;
      this.decoder.end(batch, FULL);
      return;
    }
    const to = Math.min(this.#chunk.length, this.#at + STEP_BYTES);
    this.decoder.decode(this.#chunk, this.#at, to, batch, FULL);
    this.bytes += to - this.#at;
    this.#at = to;
  }

  /** The rows that are ready up to the second of `limitMs`, at least one; they are taken with that. */
  take(limitMs: number): RequestBatch {
    const batch = this.#batch;
    const from = this.#row;
    const limit = Math.floor(limitMs / 1000);
    let to = from + 1;
    while (to < batch.length && !(Math.floor(batch.timeMs[to] / 1000) > limit)) to++;
    this.#row = to;
    return from === 0 && to === batch.length ? batch : requestRows(batch, from, to);
  }

  async #next(): Promise<boolean> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done === true || this.#signal?.aborted === true) return false;
      this.#chunk = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      this.#at = 0;
      return true;
    } catch (error) {
      // Who closes the file at the signal ends the reading, however it ends.
      if (this.#signal?.aborted !== true) throw error;
      return false;
    }
  }
}

/** A step fits into the batch; a sink is never asked. */
const FULL = {
  take(): void {
    assert(false, 'a step of a log fits into its batch');
  },
};
