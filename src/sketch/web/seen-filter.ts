import { assert } from '../../base/errors.ts';

/**
 * Whether something was seen before, in bounded memory: two Bloom filters, of which the younger takes what is new. When it has taken
 * one key for every eight of its bits, it becomes the elder and the elder is forgotten. With three probes a key of the last
 * generation is never missed, and one that is new is taken for an old one in at most 5 of 100 cases.
 */
export class SeenFilter {
  readonly #mask: number;
  readonly #keysMax: number;
  #young: Uint32Array;
  #old: Uint32Array;
  #keys = 0;

  /** `bits`: the power of two of the bits of each filter, 10 to 30. */
  constructor(bits: number) {
    assert(bits >= 10 && bits <= 30, 'bits of a filter');
    this.#mask = 2 ** bits - 1;
    this.#keysMax = 2 ** bits / 8;
    this.#young = new Uint32Array(2 ** (bits - 5));
    this.#old = new Uint32Array(2 ** (bits - 5));
  }

  /** Remembers the key of two independent hashes; true where it was known. */
  add(first: number, second: number): boolean {
    const step = second | 1;
    const a = first & this.#mask;
    const b = (first + step) & this.#mask;
    const c = (first + 2 * step) & this.#mask;
    const young = this.#young;
    if (holds(young, a) && holds(young, b) && holds(young, c)) return true;
    young[a >>> 5] |= 1 << (a & 31);
    young[b >>> 5] |= 1 << (b & 31);
    young[c >>> 5] |= 1 << (c & 31);
    const old = this.#old;
    const known = holds(old, a) && holds(old, b) && holds(old, c);
    if (++this.#keys >= this.#keysMax) this.#turn();
    return known;
  }

  #turn(): void {
    const young = this.#old.fill(0);
    this.#old = this.#young;
    this.#young = young;
    this.#keys = 0;
  }
}

function holds(filter: Uint32Array, bit: number): boolean {
  return (filter[bit >>> 5] & (1 << (bit & 31))) !== 0;
}
