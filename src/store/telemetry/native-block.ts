import type { Column, Wire } from './columns.ts';

/**
 * A block of rows in ClickHouse's Native format, grown column by column:
 *
 *   varint  number of columns
 *   varint  number of rows
 *   for every column:  text name, text type, then its values one after the other
 *
 * A text is a varint with its length and its bytes in UTF-8; numbers stand in little-endian order, as in the typed arrays of every
 * machine that Node 24 runs on; an IPv6 address is 16 bytes in network order.
 */
export class NativeBlock {
  rows = 0;
  readonly #columns: readonly GrowingColumn[];
  #capacity: number;

  constructor(columns: readonly Column[], rowsExpected: number) {
    this.#capacity = Math.max(rowsExpected, 64);
    this.#columns = columns.map((column) => new GrowingColumn(column, this.#capacity));
  }

  /** The columns, in the order they were given. Values of row `rows` and after may be written after `reserve`. */
  get columns(): readonly GrowingColumn[] {
    return this.#columns;
  }

  /** Makes room for `rows` more rows: the arrays of the columns may be others afterwards. */
  reserve(rows: number): void {
    if (this.rows + rows <= this.#capacity) return;
    this.#capacity = Math.max(this.rows + rows, 2 * this.#capacity);
    for (const column of this.#columns) column.grow(this.#capacity);
  }

  /** Bytes that the block has by now, without its header. */
  get byteLength(): number {
    let bytes = 0;
    for (const column of this.#columns) bytes += column.byteLength(this.rows);
    return bytes;
  }

  /** The bytes of the block; it can be filled anew afterwards. */
  take(): Uint8Array {
    const heads = this.#columns.map(({ column }) =>
      Buffer.concat([text(column.name), text(WIRE_TYPES[column.wire] ?? column.type)]),
    );
    const count = Buffer.concat([varint(this.#columns.length), varint(this.rows)]);
    const bytes = new Uint8Array(count.length + heads.reduce((sum, head) => sum + head.length, 0) + this.byteLength);
    bytes.set(count, 0);
    let at = count.length;
    for (const [index, column] of this.#columns.entries()) {
      bytes.set(heads[index], at);
      at += heads[index].length;
      const values = column.values(this.rows);
      bytes.set(values, at);
      at += values.length;
      column.textBytes = 0;
    }
    this.rows = 0;
    return bytes;
  }
}

/** Types that a block names: where a table has a dictionary or names for numbers, the engine converts. */
const WIRE_TYPES: Readonly<Partial<Record<Wire, string>>> = { text: 'String', u8: 'UInt8' };

const WIDTHS: Readonly<Record<Wire, number>> = { u8: 1, u16: 2, u32: 4, f32: 4, ip: 16, text: 0 };

/** Longest text of a row. */
export const TEXT_BYTES_MAX = 1024;

class GrowingColumn {
  readonly column: Column;
  /** One of these is the column's own; the others stay empty. */
  u8 = new Uint8Array(0);
  u16 = new Uint16Array(0);
  u32 = new Uint32Array(0);
  f32 = new Float32Array(0);
  /** Bytes used of `u8` where the column is text. */
  textBytes = 0;

  constructor(column: Column, rows: number) {
    this.column = column;
    this.grow(rows);
  }

  grow(rows: number): void {
    switch (this.column.wire) {
      case 'u16':
        this.u16 = copied(new Uint16Array(rows), this.u16);
        return;
      case 'u32':
        this.u32 = copied(new Uint32Array(rows), this.u32);
        return;
      case 'f32':
        this.f32 = copied(new Float32Array(rows), this.f32);
        return;
      case 'text':
        if (this.u8.length < rows) this.u8 = copied(new Uint8Array(rows), this.u8);
        return;
      default:
        this.u8 = copied(new Uint8Array(rows * WIDTHS[this.column.wire]), this.u8);
    }
  }

  /** Appends a text that `encodeText` made: once for every row, in order. */
  append(encoded: Uint8Array): void {
    const end = this.textBytes + encoded.length;
    if (end > this.u8.length) this.u8 = copied(new Uint8Array(Math.max(end, 2 * this.u8.length)), this.u8);
    // Most texts are empty or a few letters: a loop costs less than a call into the runtime.
    for (let at = 0; at < encoded.length; at++) this.u8[this.textBytes + at] = encoded[at];
    this.textBytes = end;
  }

  byteLength(rows: number): number {
    return this.column.wire === 'text' ? this.textBytes : rows * WIDTHS[this.column.wire];
  }

  values(rows: number): Uint8Array {
    const { wire } = this.column;
    const array = wire === 'u16' ? this.u16 : wire === 'u32' ? this.u32 : wire === 'f32' ? this.f32 : this.u8;
    return new Uint8Array(array.buffer, array.byteOffset, this.byteLength(rows));
  }
}

export type { GrowingColumn };

function copied<T extends Uint8Array | Uint16Array | Uint32Array | Float32Array>(to: T, from: T): T {
  to.set(from as never);
  return to;
}

/** A text as it stands in a block: its length and its bytes; cut at TEXT_BYTES_MAX. */
export function encodeText(value: string): Uint8Array {
  return text(value.length > TEXT_BYTES_MAX / 4 ? cut(value) : value);
}

function cut(value: string): string {
  let short = value.slice(0, TEXT_BYTES_MAX);
  while (Buffer.byteLength(short) > TEXT_BYTES_MAX) short = short.slice(0, -1);
  return short;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** LEB128 of a number below 2^32. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value >>> 0;
  while (left >= 0x80) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  bytes.push(left);
  return Buffer.from(bytes);
}
