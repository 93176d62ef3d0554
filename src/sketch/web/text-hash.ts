import type { RequestBatch } from '../../model/request-batch.ts';

/**
 * Hashes of slices of a batch's text. Four bytes are read at a time, and sixteen of what is long, in four sums that do not wait for each
 * other; the seed is drawn by whoever owns the table, since clients choose paths and user agents.
 */
const PRIME_A = 0x85ebca6b;
const PRIME_B = 0xc2b2ae35;
const LONG_BYTES = 32;

/** A slice of a batch's text as UTF-8. */
export function textOf(batch: RequestBatch, at: number, length: number): string {
  return TEXT.decode(batch.text.subarray(at, at + length));
}

const TEXT = new TextDecoder();

/** A view of the same memory as `text`, for `hashText`. */
export function viewOf(text: Uint8Array): DataView {
  return new DataView(text.buffer, text.byteOffset, text.byteLength);
}

/**
 * Hash of `length` bytes at `at`; 32 bits with a sign, since engines keep such numbers in a register, and others not: `>>> 0` makes it
 * comparable to what a `Uint32Array` holds.
 */
export function hashText(view: DataView, at: number, length: number, seed: number): number {
  let hash = (seed ^ Math.imul(length, PRIME_B)) | 0;
  let from = at;
  if (length >= LONG_BYTES) {
    let b = hash ^ PRIME_A;
    let c = hash ^ PRIME_B;
    let d = ~hash;
    for (const stepsEnd = at + (length & ~15); from < stepsEnd; from += 16) {
      hash = Math.imul(hash ^ view.getInt32(from, true), PRIME_A);
      b = Math.imul(b ^ view.getInt32(from + 4, true), PRIME_A);
      c = Math.imul(c ^ view.getInt32(from + 8, true), PRIME_A);
      d = Math.imul(d ^ view.getInt32(from + 12, true), PRIME_A);
      hash ^= hash >>> 15;
      b ^= b >>> 15;
      c ^= c >>> 15;
      d ^= d >>> 15;
    }
    hash = Math.imul(hash ^ b, PRIME_B);
    hash = Math.imul(hash ^ (hash >>> 15) ^ c, PRIME_A);
    hash = Math.imul(hash ^ (hash >>> 15) ^ d, PRIME_B);
    hash ^= hash >>> 15;
  }
  const wordsEnd = at + (length & ~3);
  for (; from < wordsEnd; from += 4) {
    hash = Math.imul(hash ^ view.getInt32(from, true), PRIME_A);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ restOf(view, at, length), PRIME_B);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 15);
}

/** The last bytes, three at most, as one number: of the last four where there are as many, as no branch foresees their number. */
function restOf(view: DataView, at: number, length: number): number {
  const count = length & 3;
  if (length >= 4) return view.getInt32(at + length - 4, false) & ((1 << (8 * count)) - 1);
  let rest = 0;
  for (let from = at; from < at + count; from++) rest = (rest << 8) | view.getUint8(from);
  return rest;
}
