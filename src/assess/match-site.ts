import { type AddressWords, formatAddress, parseAddress } from '../base/ip.ts';
import { type Prefix, parsePrefix, prefixContains } from '../base/prefix.ts';
import type { Target } from '../model/attack.ts';
import type { Site } from '../model/site.ts';

/** Finds the registered sites that an attack is on: by name, by address, by prefix. */
export class SiteMatcher {
  readonly #names = new Set<string>();
  /** Names by the hosts of their URLs: logs know a site by its host. */
  readonly #byHost = new Map<string, string>();
  readonly #byAddress = new Map<string, string[]>();
  readonly #addresses: { readonly words: AddressWords; readonly site: string }[] = [];
  readonly #prefixes: { readonly prefix: Prefix; readonly site: string }[] = [];

  constructor(sites: readonly Site[]) {
    for (const { name, urls, addresses, prefixes } of sites) {
      this.#names.add(name);
      for (const url of urls) {
        const host = URL.canParse(url) ? new URL(url).hostname.toLowerCase() : '';
        if (host !== '' && !this.#byHost.has(host)) this.#byHost.set(host, name);
      }
      for (const text of addresses) {
        const words = parseAddress(text);
        if (words === undefined) continue;
        const key = formatAddress(words);
        this.#byAddress.set(key, [...(this.#byAddress.get(key) ?? []), name]);
        this.#addresses.push({ words, site: name });
      }
      for (const text of prefixes) {
        const prefix = parsePrefix(text);
        if (prefix !== undefined) this.#prefixes.push({ prefix, site: name });
      }
    }
  }

  /** The site that a name means, or a host; undefined where none does. */
  nameOf(text: string): string | undefined {
    return this.#names.has(text) ? text : this.#byHost.get(text.toLowerCase());
  }

  /** Names of the sites, each once, in the order of their names. */
  sitesOf(target: Target): string[] {
    switch (target.kind) {
      case 'site':
        return [this.nameOf(target.value) ?? []].flat();
      case 'address': {
        const words = parseAddress(target.value);
        if (words === undefined) return [];
        const within = this.#prefixes.filter(({ prefix }) => prefixContains(prefix, words)).map(({ site }) => site);
        return sorted([...(this.#byAddress.get(formatAddress(words)) ?? []), ...within]);
      }
      case 'prefix': {
        const attacked = parsePrefix(target.value);
        if (attacked === undefined) return [];
        const inside = this.#addresses.filter(({ words }) => prefixContains(attacked, words)).map(({ site }) => site);
        const overlap = this.#prefixes.filter(({ prefix }) => overlaps(prefix, attacked)).map(({ site }) => site);
        return sorted([...inside, ...overlap]);
      }
      // What an organisation is hit by is not said of any of its sites.
      case 'organisation':
        return [];
    }
  }
}

function overlaps(left: Prefix, right: Prefix): boolean {
  return left.length <= right.length ? prefixContains(left, right.words) : prefixContains(right, left.words);
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
