import { assert } from '../base/errors.ts';
import { REQUEST_COLUMN_NAMES, REQUEST_COLUMNS, type RequestColumnName } from './request-columns.ts';

/**
 * A batch of requests as a struct of arrays, allocated once and reused.
 *
 * Row `i` of an `addr` column is the four words at `4 * i`; of a `text` column the bytes of `text` from `at[i]`, `length[i]` of them;
 * of any other column the element at `i`. An optional column counts only where `present[i]` has its bit (`REQUEST_HAS.name`); other
 * cells hold what an earlier row left there.
 *
 *   text ┌──────────── bytes of the log, as read ────────────┬─ values that were escaped there ─┬─ free ─┐
 *        └───────────▲──────────────────▲────────────────────┴──────────▲───────────────────────┴────────┘
 *               path.at[0]        userAgent.at[0]                  query.at[1]
 */
export interface TextColumn {
  readonly at: Uint32Array;
  readonly length: Uint32Array;
}

type ArrayOf<K> = K extends 'text'
  ? TextColumn
  : K extends 'addr' | 'u32'
    ? Uint32Array
    : K extends 'u16'
      ? Uint16Array
      : K extends 'u8'
        ? Uint8Array
        : Float64Array;

type Columns = { readonly [N in RequestColumnName]: ArrayOf<(typeof REQUEST_COLUMNS)[N]['kind']> };

export interface RequestBatch extends Columns {
  /** Rows the arrays have room for. */
  readonly capacity: number;
  /** Bit mask per row of the optional columns that are set. */
  readonly present: Uint32Array;
  /** What text columns are slices of. Bytes, not characters: a log may hold anything. */
  readonly text: Uint8Array;
  /** Rows in use. */
  length: number;
  /** Bytes of `text` in use. */
  textLength: number;
}

/** Takes a full batch, and must leave it with room: it sets `length` and `textLength` to 0 when it has used the rows. */
export interface RequestSink {
  take(batch: RequestBatch): void;
}

export const REQUEST_ROWS = 4096;
/** Bytes of text in a batch: a read of 256 KiB, the rest of a line before it, and what was escaped. */
export const REQUEST_TEXT_BYTES = 1 << 20;

/** A batch with room for `capacity` rows (1 to 1,048,576) and `textBytes` bytes of text. */
export function createRequestBatch(capacity = REQUEST_ROWS, textBytes = REQUEST_TEXT_BYTES): RequestBatch {
  assert(capacity >= 1 && capacity <= 1 << 20, 'rows of a batch');
  const columns = Object.fromEntries(
    REQUEST_COLUMN_NAMES.map((name) => [name, createColumn(REQUEST_COLUMNS[name].kind, capacity)]),
  ) as unknown as Columns;
  return {
    ...columns,
    capacity,
    present: new Uint32Array(capacity),
    text: new Uint8Array(textBytes),
    length: 0,
    textLength: 0,
  };
}

/** The rows [from, to) of a batch as a batch of their own, over the same memory: for as long as the batch has them. */
export function requestRows(batch: RequestBatch, from: number, to: number): RequestBatch {
  const columns = Object.fromEntries(
    REQUEST_COLUMN_NAMES.map((name) => {
      const column = batch[name];
      const { kind } = REQUEST_COLUMNS[name];
      if (kind === 'text') {
        const { at, length } = column as TextColumn;
        return [name, { at: at.subarray(from, to), length: length.subarray(from, to) }];
      }
      const width = kind === 'addr' ? 4 : 1;
      return [name, (column as Uint32Array).subarray(width * from, width * to)];
    }),
  ) as unknown as Columns;
  return {
    ...columns,
    capacity: to - from,
    present: batch.present.subarray(from, to),
    text: batch.text,
    length: to - from,
    textLength: batch.textLength,
  };
}

function createColumn(kind: (typeof REQUEST_COLUMNS)[RequestColumnName]['kind'], rows: number) {
  switch (kind) {
    case 'addr':
      return new Uint32Array(4 * rows);
    case 'u8':
      return new Uint8Array(rows);
    case 'u16':
      return new Uint16Array(rows);
    case 'u32':
      return new Uint32Array(rows);
    case 'f64':
      return new Float64Array(rows);
    case 'text':
      return { at: new Uint32Array(rows), length: new Uint32Array(rows) };
  }
}
