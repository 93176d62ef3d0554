/**
 * HyperLogLog (Flajolet et al. 2007) over registers that lie inside a larger array, so that a thousand of them are one allocation.
 * Registers merge by maximum. Relative standard error is 1.04 / sqrt(2^precision).
 */

/** Adds a 32-bit hash to the 2^precision registers at `at`. */
export function hllAdd(registers: Uint8Array, at: number, precision: number, hash: number): void {
  const slot = at + (hash >>> (32 - precision));
  // The rank of the first one bit behind the index; a sentinel bit bounds it.
  const rank = Math.clz32((hash << precision) | (1 << (precision - 1))) + 1;
  if (rank > registers[slot]) registers[slot] = rank;
}

/** Merges `count` registers by maximum. */
export function hllMerge(into: Uint8Array, intoAt: number, from: Uint8Array, fromAt: number, count: number): void {
  for (let at = 0; at < count; at++) {
    if (from[fromAt + at] > into[intoAt + at]) into[intoAt + at] = from[fromAt + at];
  }
}

/** 2 to the power of minus a rank: exact, and no call for each register. */
const SHARES = Float64Array.from({ length: 256 }, (_, rank) => 2 ** -rank);

/** Estimated number of distinct hashes; linear counting where registers are still empty (the paper, section 4). */
export function hllEstimate(registers: Uint8Array, at: number, precision: number): number {
  const count = 2 ** precision;
  let sum = 0;
  let empty = 0;
  for (let slot = at; slot < at + count; slot++) {
    sum += SHARES[registers[slot]];
    if (registers[slot] === 0) empty++;
  }
  const estimate = ((0.7213 / (1 + 1.079 / count)) * count * count) / sum;
  if (empty > 0 && estimate <= 2.5 * count) return count * Math.log(count / empty);
  // Above 2^32 / 30 distinct 32-bit hashes collide.
  return estimate <= 2 ** 32 / 30 ? estimate : -(2 ** 32) * Math.log(1 - Math.min(estimate, 2 ** 32 - 1) / 2 ** 32);
}

/** Relative standard error of an estimate. */
export function hllError(precision: number): number {
  return 1.04 / Math.sqrt(2 ** precision);
}
