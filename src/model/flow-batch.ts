import { assert } from '../base/errors.ts';
import { COLUMN_NAMES, type ColumnName, FLOW_COLUMNS } from './flow-columns.ts';

/**
 * A batch of flow records or packets as a struct of arrays, allocated once and reused.
 *
 * Row `i` of an `addr` column is the four words at `4 * i`; of any other column the element at `i`. An optional column counts
 * only where `present[i]` has its bit (`HAS.name`); other cells hold what an earlier row left there.
 */
type ArrayOf<K> = K extends 'addr' | 'u32'
  ? Uint32Array
  : K extends 'u16'
    ? Uint16Array
    : K extends 'u8'
      ? Uint8Array
      : Float64Array;

type Columns = { readonly [N in ColumnName]: ArrayOf<(typeof FLOW_COLUMNS)[N]['kind']> };

export interface FlowBatch extends Columns {
  /** Rows the arrays have room for. */
  readonly capacity: number;
  /** Bit mask per row of the optional columns that are set. */
  readonly present: Uint32Array;
  /** Rows in use. */
  length: number;
}

/** Takes a full batch, and must leave it with room: it sets `length` to 0 when it has used the rows. */
export interface BatchSink {
  take(batch: FlowBatch): void;
}

export const BATCH_ROWS = 4096;

/** A batch with room for `capacity` rows (1 to 1,048,576). */
export function createFlowBatch(capacity = BATCH_ROWS): FlowBatch {
  assert(capacity >= 1 && capacity <= 1 << 20, 'batch capacity is 1 to 1,048,576 rows');
  const batch = JSON.parse(EMPTY_BATCH) as Record<string, unknown>;
  batch.capacity = capacity;
  batch.present = new Uint32Array(capacity);
  for (const name of COLUMN_NAMES) batch[name] = createColumn(name, capacity);
  return batch as unknown as FlowBatch;
}

// V8 turns an object into a hash table after a dozen keyed additions, and every `batch.column` would be a lookup. An object
// that is parsed with all its keys keeps them in slots, and all batches share one shape.
const EMPTY_BATCH = JSON.stringify({
  capacity: 0,
  length: 0,
  present: null,
  ...Object.fromEntries(COLUMN_NAMES.map((name) => [name, null])),
});

function createColumn(name: ColumnName, capacity: number): Uint8Array | Uint16Array | Uint32Array | Float64Array {
  switch (FLOW_COLUMNS[name].kind) {
    case 'addr':
      return new Uint32Array(4 * capacity);
    case 'u8':
      return new Uint8Array(capacity);
    case 'u16':
      return new Uint16Array(capacity);
    case 'u32':
      return new Uint32Array(capacity);
    case 'f64':
      return new Float64Array(capacity);
  }
}
