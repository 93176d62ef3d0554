import type { GrowingColumn } from './native-block.ts';

/** The largest number of single precision. */
const F32_MAX = 3.4028234663852886e38;

/** Positions of the columns in their blocks. */
export function positions<Name extends string>(
  columns: Readonly<Record<Name, unknown>>,
): Readonly<Record<Name, number>> {
  return Object.fromEntries(Object.keys(columns).map((name, at) => [name, at])) as Record<Name, number>;
}

/** A ratio to nothing is infinite; the table has a number there that can be averaged. */
export function finite(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(value, F32_MAX);
}

/** Writes `length` addresses from row `first` on: four words each, in network order. */
export function writeAddresses(column: GrowingColumn, first: number, words: Uint32Array, length: number): void {
  const bytes = column.u8;
  let at = 16 * first;
  for (let word = 0; word < 4 * length; word++) {
    const value = words[word];
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    at += 4;
  }
}
