import { assert } from '../base/errors.ts';
import { hashAddress } from '../base/hash.ts';

/**
 * The heaviest of many weighted keys in a fixed space: Misra and Gries with batched decrements (Anderson et al., "A
 * High-Performance Algorithm for Identifying Frequent Items in Data Streams", 2017). With room for `capacity` keys every
 * estimate is low by at most `total / (capacity / 2)`, and no key heavier than that is missing; merging keeps the bound
 * (Agarwal et al., "Mergeable Summaries", 2012).
 *
 *   keys    [ w0 w1 w2 w3 | w0 w1 w2 w3 | … ]     open addressing, linear probing, at most 3/4 full
 *   counts  [    count    |    count    | … ]     0 marks an empty slot
 *   tags    [     tag     |     tag     | … ]     whatever the caller wants remembered with the key
 */
export class FrequentItems {
  readonly capacity: number;
  readonly keys: Uint32Array;
  readonly counts: Float64Array;
  readonly tags: Uint32Array;
  /** Sum of all weights ever added. */
  total = 0;
  /** What every estimate may be too low by. */
  errorMax = 0;
  #size = 0;
  readonly #mask: number;
  readonly #seed: number;
  readonly #scratch: Float64Array;

  /** `seed`: every key is placed by `hashAddress(words, at, seed)`; summaries that merge share it. */
  constructor(capacity: number, seed: number) {
    assert(
      capacity >= 8 && capacity <= 1 << 16 && (capacity & (capacity - 1)) === 0,
      'a power of two from 8 to 65,536',
    );
    this.capacity = capacity;
    this.#seed = seed;
    const slots = capacity * 2;
    this.#mask = slots - 1;
    this.keys = new Uint32Array(4 * slots);
    this.counts = new Float64Array(slots);
    this.tags = new Uint32Array(slots);
    this.#scratch = new Float64Array(capacity + 1);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds `weight` (above 0) to the key at `words[at .. at+3]`, whose `hashAddress` under the seed the caller knows. */
  add(words: Uint32Array, at: number, hash: number, weight: number, tag = 0): void {
    this.total += weight;
    this.#insert(words, at, hash, weight, tag);
    if (this.#size > this.capacity) this.#purge();
  }

  /** Adds to a key of one word, such as a port. */
  addNumber(value: number, weight: number): void {
    NUMBER_KEY[3] = value;
    this.add(NUMBER_KEY, 0, hashAddress(NUMBER_KEY, 0, this.#seed), weight);
  }

  #insert(words: Uint32Array, at: number, hash: number, weight: number, tag: number): void {
    const keys = this.keys;
    let slot = hash & this.#mask;
    while (this.counts[slot] !== 0) {
      const key = 4 * slot;
      if (
        keys[key + 3] === words[at + 3] &&
        keys[key + 2] === words[at + 2] &&
        keys[key + 1] === words[at + 1] &&
        keys[key] === words[at]
      ) {
        this.counts[slot] += weight;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
    const key = 4 * slot;
    keys[key] = words[at];
    keys[key + 1] = words[at + 1];
    keys[key + 2] = words[at + 2];
    keys[key + 3] = words[at + 3];
    this.counts[slot] = weight;
    this.tags[slot] = tag;
    this.#size++;
  }

  /** Takes the median count from every key and drops those that have no more: half of the room is free again. */
  #purge(): void {
    let used = 0;
    for (let slot = 0; slot <= this.#mask; slot++)
      if (this.counts[slot] !== 0) this.#scratch[used++] = this.counts[slot];
    const counts = this.#scratch.subarray(0, used).sort();
    const cut = counts[used >> 1];
    this.errorMax += cut;
    this.#rebuild(cut);
  }

  #rebuild(cut: number): void {
    const keys = this.keys.slice();
    const counts = this.counts.slice();
    const tags = this.tags.slice();
    this.counts.fill(0);
    this.#size = 0;
    for (let slot = 0; slot <= this.#mask; slot++) {
      if (counts[slot] > cut)
        this.#insert(keys, 4 * slot, hashAddress(keys, 4 * slot, this.#seed), counts[slot] - cut, tags[slot]);
    }
  }

  /** Adds everything that `other` holds. */
  merge(other: FrequentItems): void {
    for (let slot = 0; slot < other.counts.length; slot++) {
      if (other.counts[slot] === 0) continue;
      this.#insert(
        other.keys,
        4 * slot,
        hashAddress(other.keys, 4 * slot, this.#seed),
        other.counts[slot],
        other.tags[slot],
      );
      if (this.#size > this.capacity) this.#purge();
    }
    this.total += other.total;
    this.errorMax += other.errorMax;
  }

  /** Slots of the `limit` heaviest keys, heaviest first; equals in the order of their keys. Allocates. */
  top(limit: number): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot <= this.#mask; slot++) if (this.counts[slot] !== 0) slots.push(slot);
    const keys = this.keys;
    slots.sort((left, right) => {
      if (this.counts[left] !== this.counts[right]) return this.counts[right] - this.counts[left];
      for (let word = 0; word < 4; word++) {
        if (keys[4 * left + word] !== keys[4 * right + word]) return keys[4 * left + word] - keys[4 * right + word];
      }
      return 0;
    });
    return slots.slice(0, limit);
  }

  clear(): void {
    if (this.#size > 0) this.counts.fill(0);
    this.#size = 0;
    this.total = 0;
    this.errorMax = 0;
  }
}

const NUMBER_KEY = new Uint32Array(4);
