import { assert } from '../base/errors.ts';
import { hashNumber, hashNumberState } from '../base/hash.ts';

/** What a summary consists of; slots whose count is 0 are empty. */
export type FrequentItemsParts = Pick<FrequentItems, 'keys' | 'counts' | 'tags' | 'hashes' | 'total' | 'errorMax'>;

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
  /** Hash of the key in each slot; 0 marks an empty one. */
  readonly hashes: Uint32Array;
  /** Sum of all weights ever added. */
  total = 0;
  /** What every estimate may be too low by. */
  errorMax = 0;
  #size = 0;
  /** Where a key was added to last. */
  #last = 0;
  readonly #mask: number;
  readonly #scratch: Float64Array;
  readonly #numberState: number;

  /** `seed`: every key is placed by `hashAddress(words, at, seed)`; summaries that merge share it. */
  constructor(capacity: number, seed: number) {
    assert(
      capacity >= 8 && capacity <= 1 << 16 && (capacity & (capacity - 1)) === 0,
      'a power of two from 8 to 65,536',
    );
    this.capacity = capacity;
    const slots = capacity * 2;
    this.#mask = slots - 1;
    this.keys = new Uint32Array(4 * slots);
    this.counts = new Float64Array(slots);
    this.tags = new Uint32Array(slots);
    this.#scratch = new Float64Array(capacity + 1);
    this.hashes = new Uint32Array(slots);
    this.#numberState = hashNumberState(seed);
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

  /** Adds to a key of one word, such as a port. The same often comes again and again, and is where it was. */
  addNumber(value: number, weight: number): void {
    const { keys, hashes } = this;
    const last = this.#last;
    const key = last << 2;
    if (hashes[last] !== 0 && keys[key + 3] === value && (keys[key] | keys[key + 1] | keys[key + 2]) === 0) {
      this.total += weight;
      this.counts[last] += weight;
      return;
    }
    NUMBER_KEY[3] = value;
    this.add(NUMBER_KEY, 0, hashNumber(value, this.#numberState), weight);
  }

  #insert(words: Uint32Array, at: number, hash: number, weight: number, tag: number): void {
    const keys = this.keys;
    const hashes = this.hashes;
    const mask = this.#mask;
    const known = (hash | 0) === 0 ? 1 : hash >>> 0;
    let slot = known & mask;
    for (let held = hashes[slot]; held !== 0; held = hashes[slot]) {
      const key = slot << 2;
      if (
        held === known &&
        ((keys[key + 3] ^ words[at + 3]) |
          (keys[key + 2] ^ words[at + 2]) |
          (keys[key + 1] ^ words[at + 1]) |
          (keys[key] ^ words[at])) ===
          0
      ) {
        this.counts[slot] += weight;
        this.#last = slot;
        return;
      }
      slot = (slot + 1) & mask;
    }
    const key = slot << 2;
    hashes[slot] = known;
    keys[key] = words[at];
    keys[key + 1] = words[at + 1];
    keys[key + 2] = words[at + 2];
    keys[key + 3] = words[at + 3];
    this.counts[slot] = weight;
    this.tags[slot] = tag;
    this.#last = slot;
    this.#size++;
  }

  /** Takes the median count from every key and drops those that have no more: half of the room is free again. */
  #purge(): void {
    const counts = this.counts;
    const mask = this.#mask;
    let used = 0;
    for (let slot = 0; slot <= mask; slot++) if (counts[slot] !== 0) this.#scratch[used++] = counts[slot];
    const cut = select(this.#scratch, used, used >> 1);
    this.errorMax += cut;
    this.#cut(cut);
  }

  /**
   * Takes `cut` from every key. Those that stay move as near to their places as those that go allow: from an empty slot on, in
   * order, none can move behind its old slot.
   */
  #cut(cut: number): void {
    const { keys, counts, tags } = this;
    const hashes = this.hashes;
    const mask = this.#mask;
    let empty = 0;
    while (hashes[empty] !== 0) empty++;
    this.#size = 0;
    for (let step = 1; step <= mask; step++) {
      const from = (empty + step) & mask;
      const hash = hashes[from];
      if (hash === 0) continue;
      const count = counts[from] - cut;
      hashes[from] = 0;
      counts[from] = 0;
      if (!(count > 0)) continue;
      let to = hash & mask;
      while (hashes[to] !== 0) to = (to + 1) & mask;
      hashes[to] = hash;
      counts[to] = count;
      this.#size++;
      if (to === from) continue;
      for (let word = 0; word < 4; word++) keys[4 * to + word] = keys[4 * from + word];
      tags[to] = tags[from];
    }
  }

  /** Adds everything that `other` holds. */
  merge(other: FrequentItemsParts): void {
    for (let slot = 0; slot < other.counts.length; slot++) {
      if (other.counts[slot] === 0) continue;
      this.#insert(other.keys, 4 * slot, other.hashes[slot], other.counts[slot], other.tags[slot]);
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
    if (this.#size > 0) {
      this.counts.fill(0);
      this.hashes.fill(0);
    }
    this.#size = 0;
    this.total = 0;
    this.errorMax = 0;
  }
}

const NUMBER_KEY = new Uint32Array(4);

/** The value of a rank (0 is the smallest) among the first `count`, which are left in another order: Hoare's selection. */
function select(values: Float64Array, count: number, rank: number): number {
  let left = 0;
  let right = count - 1;
  while (left < right) {
    const pivot = values[(left + right) >>> 1];
    let low = left;
    let high = right;
    while (low <= high) {
      while (values[low] < pivot) low++;
      while (values[high] > pivot) high--;
      if (low > high) break;
      const value = values[low];
      values[low++] = values[high];
      values[high--] = value;
    }
    if (rank <= high) right = high;
    else if (rank >= low) left = low;
    else break;
  }
  return values[rank];
}
