import { assert } from '../../base/errors.ts';

/** Words of a block, and of one generation in it. */
const BLOCK_WORDS = 16;
const HALF_WORDS = 8;

/**
 * Whether something was seen before, in bounded memory: two Bloom filters, of which the younger takes what is new. When it has taken
 * one key for every eight of its bits, it becomes the elder and the elder is forgotten. With three probes a key of the last
 * generation is never missed, and one that is new is taken for an old one in at most 8 of 100 cases.
 *
 * All probes of a key are in one block, since blocks come in any order and each is a miss of the cache:
 *
 *   block of 512 bits   │ 256 bits of one generation │ 256 bits of the other │
 */
export class SeenFilter {
  readonly #blockMask: number;
  readonly #keysMax: number;
  readonly #bits: Uint32Array;
  /** Where the younger generation lies in each block: 0 or HALF_WORDS. */
  #young = 0;
  #keys = 0;

  /** `bits`: the power of two of the bits of each generation, 10 to 30. */
  constructor(bits: number) {
    assert(bits >= 10 && bits <= 30, 'bits of a filter');
    this.#keysMax = 2 ** bits / 8;
    this.#bits = new Uint32Array(2 ** (bits - 4));
    this.#blockMask = 2 ** (bits - 8) - 1;
  }

  /** Remembers the key of two independent hashes; true where it was known. */
  add(first: number, second: number): boolean {
    const bits = this.#bits;
    const block = BLOCK_WORDS * (first & this.#blockMask);
    const young = block + this.#young;
    const a = second & 255;
    const b = (second >>> 8) & 255;
    const c = (second >>> 16) & 255;
    if (holds(bits, young, a) && holds(bits, young, b) && holds(bits, young, c)) return true;
    bits[young + (a >>> 5)] |= 1 << (a & 31);
    bits[young + (b >>> 5)] |= 1 << (b & 31);
    bits[young + (c >>> 5)] |= 1 << (c & 31);
    const old = block + HALF_WORDS - this.#young;
    const known = holds(bits, old, a) && holds(bits, old, b) && holds(bits, old, c);
    if (++this.#keys >= this.#keysMax) this.#turn();
    return known;
  }

  #turn(): void {
    this.#young = HALF_WORDS - this.#young;
    for (let block = this.#young; block < this.#bits.length; block += BLOCK_WORDS)
      this.#bits.fill(0, block, block + HALF_WORDS);
    this.#keys = 0;
  }
}

function holds(bits: Uint32Array, at: number, bit: number): boolean {
  return (bits[at + (bit >>> 5)] & (1 << (bit & 31))) !== 0;
}
