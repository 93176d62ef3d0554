import { maskWord } from '../../base/prefix.ts';
import type { LadderLevel } from '../../sketch/ladder.ts';

/**
 * The rows of one step of the ladder in the order of their addresses, so that those inside a prefix lie together. Made when it is first asked
 * in a second: going through all rows for every prefix would be their product.
 */
export class CoveredRows {
  readonly level: LadderLevel;
  #order: Uint32Array | undefined;

  constructor(level: LadderLevel) {
    this.level = level;
  }

  /** Rows of prefixes inside the one that begins at `words`, narrower than it. */
  *inside(words: Uint32Array, length: number): Generator<number> {
    const order = this.#sorted();
    const { table } = this.level;
    const data = table.rowData;
    for (let at = this.#firstFrom(words); at < order.length; at++) {
      const row = order[at];
      const key = table.keyOf(row);
      for (let word = 0; word < 4; word++) {
        if (((data[key + word] ^ words[word]) & maskWord(length, word)) !== 0) return;
      }
      if (this.level.lengthOf(row) > length) yield row;
    }
  }

  /** Where the addresses from `words` on begin. */
  #firstFrom(words: Uint32Array): number {
    const order = this.#sorted();
    const { table } = this.level;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(table.rowData, table.keyOf(order[middle]), words, 0) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #sorted(): Uint32Array {
    if (this.#order !== undefined) return this.#order;
    const { table } = this.level;
    const data = table.rowData;
    this.#order = Uint32Array.from({ length: table.rows }, (_, row) => row).sort((left, right) =>
      compare(data, table.keyOf(left), data, table.keyOf(right)),
    );
    return this.#order;
  }
}

function compare(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number): number {
  for (let word = 0; word < 4; word++) {
    const difference = left[leftAt + word] - right[rightAt + word];
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Candidates in the order of their addresses, so that those inside a prefix lie together. */
export class CoveredTargets<T extends { readonly state: { readonly words: Uint32Array } }> {
  readonly #inOrder: readonly T[];
  readonly #places: ReadonlyMap<T, number>;

  constructor(candidates: readonly T[]) {
    this.#places = new Map(candidates.map((candidate, place) => [candidate, place]));
    this.#inOrder = [...candidates].sort((left, right) => compare(left.state.words, 0, right.state.words, 0));
  }

  /** Those inside a prefix, in the order in which they were given. */
  inside(words: Uint32Array, length: number): T[] {
    const all = this.#inOrder;
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(all[middle].state.words, 0, words, 0) < 0) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (end < all.length && begins(all[end].state.words, words, length)) end++;
    return all.slice(low, end).sort((left, right) => (this.#places.get(left) ?? 0) - (this.#places.get(right) ?? 0));
  }
}

/** True if an address begins with the first `length` bits of another. */
function begins(address: Uint32Array, words: Uint32Array, length: number): boolean {
  for (let word = 0; word < 4; word++) {
    if (((address[word] ^ words[word]) & maskWord(length, word)) !== 0) return false;
  }
  return true;
}
