import { assert } from '../base/errors.ts';
import { createWasmMemory, type WasmMemory } from '../base/wasm.ts';
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
  /**
   * Set where all columns lie in one memory of WebAssembly, and decoders can fill them with compiled kernels. The first
   * `BATCH_STAGE_BYTES` of it are theirs, for the bytes in work.
   */
  readonly memory: WasmMemory | undefined;
  /** With `memory`: room in it to receive into, which saves decoders a copy. Empty unless asked for. */
  readonly receive: Uint8Array | undefined;
  /** With `memory`: room in it for who counts the rows. Empty unless asked for. */
  readonly room: Uint8Array | undefined;
}

/** Takes a full batch, and must leave it with room: it sets `length` to 0 when it has used the rows. */
export interface BatchSink {
  take(batch: FlowBatch): void;
}

export const BATCH_ROWS = 4096;
/** As many bytes as a datagram can have, and some that a load of 16 may reach beyond. */
export const BATCH_STAGE_BYTES = 65_536 + 64;

/** A batch with room for `capacity` rows (1 to 1,048,576). */
export function createFlowBatch(capacity = BATCH_ROWS): FlowBatch {
  return fillBatch(capacity, undefined, (bytes) => ({ buffer: new ArrayBuffer(bytes), at: 0 }));
}

/**
 * As `createFlowBatch`, with the columns in a memory that kernels of WebAssembly work on. Each reserves gigabytes of address
 * space (not of memory): for the few batches that live as long as the process.
 */
export function createKernelBatch(capacity = BATCH_ROWS, receiveBytes = 0, roomBytes = 0): FlowBatch {
  let at = BATCH_STAGE_BYTES;
  // The kernels load and store 16 bytes at once: a column, and what is received, may be touched that far beyond its end.
  const columns = [...COLUMN_NAMES.map((name) => columnBytes(name, capacity)), 4 * capacity, roomBytes, receiveBytes];
  const memory = createWasmMemory(columns.reduce((sum, bytes) => sum + aligned(bytes), at));
  const batch = fillBatch(capacity, memory, (bytes) => {
    const place = { buffer: memory.buffer, at };
    at += aligned(bytes);
    return place;
  });
  const room = new Uint8Array(memory.buffer, at, roomBytes);
  at += aligned(roomBytes);
  return Object.assign(batch, { receive: new Uint8Array(memory.buffer, at, receiveBytes), room });
}

/** Columns begin at multiples of 64 bytes, a line of the cache, with at least 16 bytes between them. */
function aligned(bytes: number): number {
  return (bytes + 16 + 63) & ~63;
}

type Allocate = (bytes: number) => { readonly buffer: ArrayBuffer; readonly at: number };

function fillBatch(capacity: number, memory: WasmMemory | undefined, allocate: Allocate): FlowBatch {
  assert(capacity >= 1 && capacity <= 1 << 20, 'batch capacity is 1 to 1,048,576 rows');
  const batch = JSON.parse(EMPTY_BATCH) as Record<string, unknown>;
  batch.capacity = capacity;
  batch.memory = memory;
  batch.receive = undefined;
  batch.room = undefined;
  const { buffer, at } = allocate(4 * capacity);
  batch.present = new Uint32Array(buffer, at, capacity);
  for (const name of COLUMN_NAMES) {
    const place = allocate(columnBytes(name, capacity));
    batch[name] = createColumn(name, capacity, place.buffer, place.at);
  }
  return batch as unknown as FlowBatch;
}

// V8 turns an object into a hash table after a dozen keyed additions, and every `batch.column` would be a lookup. An object
// that is parsed with all its keys keeps them in slots, and all batches share one shape.
const EMPTY_BATCH = JSON.stringify({
  capacity: 0,
  length: 0,
  memory: null,
  receive: null,
  room: null,
  present: null,
  ...Object.fromEntries(COLUMN_NAMES.map((name) => [name, null])),
});

const ELEMENT_BYTES = { addr: 16, u8: 1, u16: 2, u32: 4, f64: 8 } as const;

function columnBytes(name: ColumnName, capacity: number): number {
  return ELEMENT_BYTES[FLOW_COLUMNS[name].kind] * capacity;
}

function createColumn(
  name: ColumnName,
  capacity: number,
  buffer: ArrayBuffer,
  at: number,
): Uint8Array | Uint16Array | Uint32Array | Float64Array {
  switch (FLOW_COLUMNS[name].kind) {
    case 'addr':
      return new Uint32Array(buffer, at, 4 * capacity);
    case 'u8':
      return new Uint8Array(buffer, at, capacity);
    case 'u16':
      return new Uint16Array(buffer, at, capacity);
    case 'u32':
      return new Uint32Array(buffer, at, capacity);
    case 'f64':
      return new Float64Array(buffer, at, capacity);
  }
}
