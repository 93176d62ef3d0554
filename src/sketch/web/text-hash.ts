/**
 * Hashes of slices of a batch's text. Four bytes are read at a time; the seed is drawn by whoever owns the table, since clients
 * choose paths and user agents.
 */
const PRIME_A = 0x85ebca6b;
const PRIME_B = 0xc2b2ae35;

/** A view of the same memory as `text`, for `hashText`. */
export function viewOf(text: Uint8Array): DataView {
  return new DataView(text.buffer, text.byteOffset, text.byteLength);
}

/** Hash of `length` bytes at `at`; unsigned 32 bits. */
export function hashText(view: DataView, at: number, length: number, seed: number): number {
  let hash = (seed ^ Math.imul(length, PRIME_B)) | 0;
  let from = at;
  const wordsEnd = at + (length & ~3);
  for (; from < wordsEnd; from += 4) {
    hash = Math.imul(hash ^ view.getInt32(from, true), PRIME_A);
    hash ^= hash >>> 15;
  }
  let rest = 0;
  for (const end = at + length; from < end; from++) rest = (rest << 8) | view.getUint8(from);
  hash = Math.imul(hash ^ rest, PRIME_B);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}
