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

  constructor(networks: readonly Prefix[]) {
    this.networks = networks;
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
      let best = -1;
      for (let index = 0; index < networks.length; index++) {
        if (
          prefixContains(networks[index], words, at) &&
          (best < 0 || networks[index].length > networks[best].length)
        ) {
          best = index;
        }
      }
      return best;
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
