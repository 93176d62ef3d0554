import { hashAddress } from '../../base/hash.ts';
import { maskWord, type Prefix, prefixContains } from '../../base/prefix.ts';

/** Up to so many networks are asked one by one. */
const LINEAR_MAX = 16;

/** Finds the protected network of an address: the longest prefix that holds it, whatever the number of prefixes. */
export class NetworkIndex {
  readonly networks: readonly Prefix[];
  /** Distinct lengths, the longest first. */
  readonly #lengths: readonly number[];
  readonly #byHash = new Map<number, number[]>();
  readonly #masked = new Uint32Array(4);
  /** Words and masks of the networks, the longest prefix first, and which network each is. */
  readonly #words: Int32Array;
  readonly #masks: Int32Array;
  readonly #order: readonly number[];

  constructor(networks: readonly Prefix[]) {
    this.networks = networks;
    this.#order = networks
      .map((_, index) => index)
      .sort((left, right) => networks[right].length - networks[left].length);
    this.#words = Int32Array.from(this.#order.flatMap((index) => [...networks[index].words]));
    this.#masks = Int32Array.from(
      this.#order.flatMap((index) => [0, 1, 2, 3].map((word) => maskWord(networks[index].length, word))),
    );
    this.#lengths = [...new Set(networks.map((network) => network.length))].sort((left, right) => right - left);
    networks.forEach((network, index) => {
      const hash = hashAddress(network.words, 0, network.length);
      const known = this.#byHash.get(hash);
      if (known === undefined) this.#byHash.set(hash, [index]);
      else known.push(index);
    });
  }

  /** Index of the network that holds the address at `words[at .. +3]`, or -1. Nothing is allocated. */
  find(words: Uint32Array, at: number): number {
    const { networks } = this;
    if (networks.length <= LINEAR_MAX) {
      const own = this.#words;
      const masks = this.#masks;
      for (let from = 0; from < own.length; from += 4) {
        // The last word tells IPv4 networks apart.
        if (((words[at + 3] ^ own[from + 3]) & masks[from + 3]) !== 0) continue;
        if (((words[at + 2] ^ own[from + 2]) & masks[from + 2]) !== 0) continue;
        if (((words[at + 1] ^ own[from + 1]) & masks[from + 1]) !== 0) continue;
        if (((words[at] ^ own[from]) & masks[from]) === 0) return this.#order[from >>> 2];
      }
      return -1;
    }
    const masked = this.#masked;
    for (const length of this.#lengths) {
      for (let word = 0; word < 4; word++) masked[word] = words[at + word] & maskWord(length, word);
      const known = this.#byHash.get(hashAddress(masked, 0, length));
      if (known === undefined) continue;
      for (const index of known) {
        if (networks[index].length === length && prefixContains(networks[index], words, at)) return index;
      }
    }
    return -1;
  }
}
