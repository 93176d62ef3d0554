import { parseAddress } from '../base/ip.ts';
import type { Geo } from '../input/geo.ts';
import type { Attack } from '../model/attack.ts';

/** Sources of an attack with the share of its packets that each sent; row `i` of an address is the four words at `4 * i`. */
export interface SourceShares {
  readonly words: Uint32Array;
  readonly shares: Float64Array;
}

/** Countries and autonomous systems that are told of one attack. */
const ORIGINS_MAX = 10;

/**
 * Says where the sources of an attack are: country and autonomous system of the largest, and how the attack spreads over both, which is
 * estimated from `sources`: up to 512 that are known one by one (the largest alone where it is absent). Forged sources say nothing about anybody and are left as they are.
 */
export function withOrigins(attack: Attack, geo: Geo, sources?: SourceShares): Attack {
  if (attack.sources.spoofed === 'likely' || geo.tables.length === 0) return attack;
  const countries = new Map<string, number>();
  const systems = new Map<number, number>();
  const told = sources ?? sharesOf(attack);
  const all = told.shares.reduce((sum, share) => sum + share, 0);
  for (let at = 0; at < told.shares.length && all > 0; at++) {
    const share = told.shares[at] / all;
    const country = geo.countryOf(told.words, 4 * at);
    const asn = geo.asnOf(told.words, 4 * at);
    if (country !== undefined) countries.set(country, (countries.get(country) ?? 0) + share);
    if (asn > 0) systems.set(asn, (systems.get(asn) ?? 0) + share);
  }
  const top = attack.sources.top.map((source) => {
    const words = parseAddress(source.addr);
    if (words === undefined) return source;
    const country = geo.countryOf(words, 0);
    // What the router says of its own routes stands before what a table knows.
    const asn = source.asn ?? geo.asnOf(words, 0);
    return { ...source, ...(country === undefined ? {} : { country }), ...(asn > 0 ? { asn } : {}) };
  });
  const asns = largest(systems).map(([asn, share]) => {
    const name = geo.asName(asn);
    return { asn, ...(name === undefined ? {} : { name }), share };
  });
  return {
    ...attack,
    sources: {
      ...attack.sources,
      top,
      ...(asns.length === 0 ? {} : { asns }),
      ...(countries.size === 0
        ? {}
        : { countries: largest(countries).map(([country, share]) => ({ country, share })) }),
    },
  };
}

function sharesOf(attack: Attack): SourceShares {
  const top = attack.sources.top.flatMap(({ addr, share }) => {
    const words = parseAddress(addr);
    return words === undefined ? [] : [{ words, share }];
  });
  const words = new Uint32Array(4 * top.length);
  for (const [at, source] of top.entries()) words.set(source.words, 4 * at);
  return { words, shares: Float64Array.from(top, ({ share }) => share) };
}

/** Largest share first, to four decimals; equals in the order of their keys. */
function largest<Key extends string | number>(shares: ReadonlyMap<Key, number>): [Key, number][] {
  return [...shares]
    .map(([key, share]): [Key, number] => [key, Math.min(1, Math.round(share * 10_000) / 10_000)])
    .filter(([, share]) => share > 0)
    .sort(([leftKey, left], [rightKey, right]) => right - left || (leftKey < rightKey ? -1 : 1))
    .slice(0, ORIGINS_MAX);
}
