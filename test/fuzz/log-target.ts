import type { Random } from '../../src/base/random.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { createRequestBatch, type RequestBatch, type TextColumn } from '../../src/model/request-batch.ts';
import { REQUEST_COLUMN_NAMES, REQUEST_COLUMNS, REQUEST_HAS } from '../../src/model/request-columns.ts';
import { LogDecoder } from '../../src/wire/log/log-decoder.ts';
import { LOG_FORMAT_NAMES, type LogFormat } from '../../src/wire/log/log-formats.ts';
import { promise } from './promise.ts';
import type { Target } from './targets.ts';

const CAPACITY = 16;
/** Bytes of a log that are read: some tens of lines, so that many logs are tried. */
const LOG_BYTES_MAX = 3000;
const LF = 0x0a;
const CR = 0x0d;
const HASH = 0x23;

interface Read {
  readonly hash: number;
  readonly rows: number;
  readonly rejected: number;
  readonly reasons: string;
}

/** Every line of a log is a request, or is counted with its reason, whatever it holds and however it is cut into chunks. */
export class LogTarget implements Target {
  readonly name = 'log';
  readonly #batch = createRequestBatch(CAPACITY);

  reset(): void {}

  run(given: Uint8Array, random: Random): void {
    const input = given.subarray(0, LOG_BYTES_MAX);
    const before = input.slice();
    const format: LogFormat =
      random.below(2) === 0
        ? { kind: 'auto' }
        : { kind: 'named', name: LOG_FORMAT_NAMES[random.below(LOG_FORMAT_NAMES.length)] };
    const whole = this.#read(input, Math.max(1, input.length), format);
    const chunkBytes = 1 + random.below(random.below(2) === 0 ? 32 : 4096);
    const chunked = this.#read(input, chunkBytes, format);
    promise(JSON.stringify(whole) === JSON.stringify(chunked), `chunks of ${chunkBytes} bytes give the same rows`);
    const lines = linesOf(input);
    promise(whole.rows + whole.rejected <= lines.all, 'no line is told twice');
    promise(whole.rows + whole.rejected >= lines.certain, 'no line is lost');
    for (let at = 0; at < before.length; at++) promise(input[at] === before[at], 'the input is not written to');
  }

  #read(input: Uint8Array, chunkBytes: number, format: LogFormat): Read {
    const rejections = new Rejections();
    const decoder = new LogDecoder(rejections, { format, site: 'site' });
    const batch = this.#batch;
    batch.length = 0;
    batch.textLength = 0;
    let hash = 0;
    let rows = 0;
    const sink = {
      take(full: RequestBatch): void {
        promise(full.length <= CAPACITY, 'the batch is not overrun');
        for (let row = 0; row < full.length; row++) hash = rowHash(full, row, hash);
        rows += full.length;
        full.length = 0;
        full.textLength = 0;
      },
    };
    for (let at = 0; at < input.length; at += chunkBytes) {
      decoder.decode(input, at, Math.min(input.length, at + chunkBytes), batch, sink);
    }
    decoder.end(batch, sink);
    sink.take(batch);
    promise(rows === decoder.lines, 'as many rows as lines that were requests');
    promise(rejections.total() === decoder.rejected, 'every line that was none has its reason');
    return { hash, rows, rejected: decoder.rejected, reasons: JSON.stringify(rejections.toRecord()) };
  }
}

/** A hash of all columns that are set, whose bounds are looked at besides. */
function rowHash(batch: RequestBatch, row: number, before: number): number {
  let hash = before;
  const mix = (value: number): void => {
    hash = Math.imul(hash ^ value, 0x01000193) >>> 0;
  };
  const bits: Readonly<Record<string, number | undefined>> = REQUEST_HAS;
  promise(Number.isFinite(batch.timeMs[row]), 'the time is a number');
  promise(batch.method[row] < 11, 'the method is one of the table');
  for (const name of REQUEST_COLUMN_NAMES) {
    const bit = bits[name];
    if (bit !== undefined && (batch.present[row] & bit) === 0) continue;
    const column = batch[name];
    if (REQUEST_COLUMNS[name].kind === 'text') {
      const { at, length } = column as TextColumn;
      promise(at[row] + length[row] <= batch.text.length, 'text lies within the text of the batch');
      mix(length[row]);
      for (let pos = at[row]; pos < at[row] + length[row]; pos++) mix(batch.text[pos]);
    } else if (REQUEST_COLUMNS[name].kind === 'addr')
      for (let word = 0; word < 4; word++) mix((column as Uint32Array)[4 * row + word]);
    else {
      const value = (column as Float64Array)[row];
      promise(value >= 0 && Number.isFinite(value), 'a number is one, and not below zero');
      mix(value);
    }
  }
  return hash;
}

/** Lines that hold anything, and those that are certainly no directive. */
function linesOf(input: Uint8Array): { all: number; certain: number } {
  let all = 0;
  let certain = 0;
  for (let from = 0; from < input.length; ) {
    let end = input.indexOf(LF, from);
    if (end < 0) end = input.length;
    const length = end - from - (end > from && input[end - 1] === CR ? 1 : 0);
    if (length > 0) {
      all++;
      // Behind a byte order mark a directive may stand, or nothing.
      if (input[from] !== HASH && input[from] !== 0xef) certain++;
    }
    from = end + 1;
  }
  return { all, certain };
}
