import { assert } from '../../base/errors.ts';
import { bindWasm, compileWasm } from '../../base/wasm.ts';
import type { RequestBatch } from '../../model/request-batch.ts';
import { combinedKernel, KEPT, ROW_COLUMNS, ROWS_MAX } from './combined-kernel.ts';
import { MARKED } from './line-marks.ts';
import type { RequestTime } from './request-time.ts';

/** Quotes of a usual line, and its end. */
export const LINE_MARKS = 7;
/** Where so few lines of a run are usual ones, the next so many are read one by one, up to so many. */
const SHORT_RUN = 8;
const WAIT_MAX = 64;

const { buffer } = MARKED.memory;
const kept = new Uint8Array(buffer, KEPT.time, KEPT.timeBytes);
const minute = new Float64Array(buffer, KEPT.minuteMs, 1);
const u8 = (at: number): Uint8Array => new Uint8Array(buffer, at, ROWS_MAX);
const u16 = (at: number): Uint16Array => new Uint16Array(buffer, at, ROWS_MAX);
const u32 = (at: number, words = 1): Uint32Array => new Uint32Array(buffer, at, words * ROWS_MAX);
const f64 = (at: number): Float64Array => new Float64Array(buffer, at, ROWS_MAX);

type Run = (mark: number, marksEnd: number, from: number, base: number, rowsMax: number) => number;
let run: Run | undefined;

function bindKernel(): Run {
  const module = compileWasm(combinedKernel());
  assert(module !== undefined, 'the kernel uses nothing that the engine does not know');
  return bindWasm(module, MARKED.memory);
}

/**
 * Runs of usual lines in combined log format, many at a time: those that `CombinedDialect` reads without a detour, with the same columns
 * as it has. What is no such line ends a run, and is left to the dialect.
 */
export class CombinedLines {
  #changes = -1;
  /** Lines to leave to the dialect before the next try, and how many were left last. */
  #wait = 0;
  #waited = 0;

  /**
   * Appends the rows of the usual lines that begin at `from` in the text that was marked from `base` on, the marks of the first being
   * those from `mark` on, of `marks` in all. Returns how many lines that were.
   */
  take(batch: RequestBatch, time: RequestTime, from: number, base: number, mark: number, marks: number): number {
    if (this.#wait > 0) {
      this.#wait--;
      return 0;
    }
    if (!time.hasMinute) return 0;
    this.#keepMinute(time);
    run ??= bindKernel();
    const { placesAt } = MARKED;
    const room = Math.min(ROWS_MAX, batch.capacity - batch.length);
    const rows = run(placesAt + 4 * mark, placesAt + 4 * marks, from - base, base, room);
    if (rows > 0) appendRows(batch, rows);
    if (rows >= SHORT_RUN || room === rows) this.#waited = 0;
    else {
      this.#waited = Math.min(WAIT_MAX, 2 * this.#waited + 1);
      this.#wait = this.#waited;
    }
    return rows;
  }

  /** Tells the kernel how the minute is written that was read last; its seconds are 0 there. */
  #keepMinute({ times }: RequestTime): void {
    if (this.#changes === times.clfChanges && minute[0] === times.clfMinuteMs && owner === this) return;
    owner = this;
    this.#changes = times.clfChanges;
    minute[0] = times.clfMinuteMs;
    kept.set(times.clf.subarray(0, 16));
    kept.set(times.clf.subarray(10), 16);
    kept.fill(0, 16 + 8, 16 + 10);
  }
}

/** Whose minute the kernel has: decoders of several logs have theirs in turn. */
let owner: CombinedLines | undefined;

const from8 = { method: u8(ROW_COLUMNS.method), httpVersion: u8(ROW_COLUMNS.httpVersion) };
const fromStatus = u16(ROW_COLUMNS.status);
const from64 = { timeMs: f64(ROW_COLUMNS.timeMs), bytes: f64(ROW_COLUMNS.bytes) };
const fromClient = u32(ROW_COLUMNS.client, 4);
const fromPresent = u32(ROW_COLUMNS.present);
const fromTexts = (['line', 'path', 'query', 'referrer', 'userAgent'] as const).map((name) => ({
  name,
  at: u32(ROW_COLUMNS[name]),
  length: u32(ROW_COLUMNS[name] + 4 * ROWS_MAX),
}));

function appendRows(batch: RequestBatch, rows: number): void {
  const to = batch.length;
  batch.method.set(from8.method.subarray(0, rows), to);
  batch.httpVersion.set(from8.httpVersion.subarray(0, rows), to);
  batch.status.set(fromStatus.subarray(0, rows), to);
  batch.timeMs.set(from64.timeMs.subarray(0, rows), to);
  batch.bytes.set(from64.bytes.subarray(0, rows), to);
  batch.client.set(fromClient.subarray(0, 4 * rows), 4 * to);
  batch.present.set(fromPresent.subarray(0, rows), to);
  for (const { name, at, length } of fromTexts) {
    batch[name].at.set(at.subarray(0, rows), to);
    batch[name].length.set(length.subarray(0, rows), to);
  }
  batch.length = to + rows;
}
