import { parseAddress } from '../base/ip.ts';
import { type Prefix, parsePrefix, prefixContains } from '../base/prefix.ts';
import type { Site } from '../model/site.ts';

/** What is known of sites that detection in logs needs; plain data that can be posted. */
export interface KnownSites {
  /** Hosts, and the sites that they belong to. */
  readonly hosts: ReadonlyMap<string, string>;
  /** Clients that are known to be good, by site. */
  readonly good: ReadonlyMap<string, readonly Prefix[]>;
}

export function knownSites(sites: readonly Pick<Site, 'name' | 'urls' | 'knownGood'>[]): KnownSites {
  const hosts = new Map<string, string>();
  const good = new Map<string, Prefix[]>();
  for (const { name, urls, knownGood } of sites) {
    hosts.set(name.toLowerCase(), name);
    for (const url of urls) if (URL.canParse(url)) hosts.set(new URL(url).hostname, name);
    good.set(
      name,
      knownGood.map(prefixOf).filter((prefix) => prefix !== undefined),
    );
  }
  return { hosts, good };
}

/** True for a client of a site that is known to be good. */
export function isGood({ good }: KnownSites, site: string, words: Uint32Array, at: number): boolean {
  return good.get(site)?.some((prefix) => prefixContains(prefix, words, at)) ?? false;
}

/** An address is a prefix of its own. */
function prefixOf(text: string): Prefix | undefined {
  const words = parseAddress(text);
  return words === undefined ? parsePrefix(text) : { words, length: 128 };
}
