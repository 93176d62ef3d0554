import { assert } from '../../base/errors.ts';

/** Power of two of the bits of a generation at first; and of the bits for each key below which it grows, where it may. */
const FIRST_BITS = 18;
const GROW_BITS = 4;
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
 *
 * It begins small, since what fits in a cache costs no waiting, and becomes four times as large before it is full: a key's block in the
 * larger one is one of four that each are a copy of its block before, so that no key is lost, and none has to be known.
 */
export class SeenFilter {
  readonly #bitsMax: number;
  #bitsNow: number;
  #blockMask: number;
  /** Keys of the younger generation at which it grows or becomes the elder. */
  #keysMax: number;
  #bits: Uint32Array;
  /** Where the younger generation lies in each block: 0 or HALF_WORDS. */
  #young = 0;
  #keys = 0;

  /** `bits`: the power of two of the bits of each generation at most, 10 to 30. */
  constructor(bits: number) {
    assert(bits >= 10 && bits <= 30, 'bits of a filter');
    this.#bitsMax = bits;
    this.#bitsNow = Math.min(bits, FIRST_BITS);
    this.#bits = new Uint32Array(2 ** (this.#bitsNow - 4));
    this.#blockMask = 2 ** (this.#bitsNow - 8) - 1;
    this.#keysMax = this.#keysBound();
  }

  #keysBound(): number {
    return 2 ** (this.#bitsNow - (this.#bitsNow < this.#bitsMax ? GROW_BITS : 3));
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
    if (++this.#keys >= this.#keysMax) {
      if (this.#bitsNow < this.#bitsMax) this.#grow();
      else this.#turn();
    }
    return known;
  }

  /** Reads from the blocks of so many keys: the memory is near when they are asked for a moment later. */
  touch(firsts: Uint32Array, count: number): number {
    const bits = this.#bits;
    const mask = this.#blockMask;
    let touched = 0;
    for (let at = 0; at < count; at++) touched ^= bits[BLOCK_WORDS * (firsts[at] & mask)];
    return touched;
  }

  #grow(): void {
    const small = this.#bits;
    this.#bitsNow = Math.min(this.#bitsMax, this.#bitsNow + 2);
    this.#bits = new Uint32Array(2 ** (this.#bitsNow - 4));
    for (let at = 0; at < this.#bits.length; at += small.length) this.#bits.set(small, at);
    this.#blockMask = 2 ** (this.#bitsNow - 8) - 1;
    this.#keysMax = this.#keysBound();
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
