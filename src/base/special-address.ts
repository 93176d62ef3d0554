import { type AddressWords, isIpv4 } from './ip.ts';
import { type Prefix, parsePrefix, prefixContains } from './prefix.ts';

/**
 * Addresses that the internet at large does not reach, or that mean something else than one host there: the special-purpose
 * registries of IANA (RFC 6890, as of 2026), multicast (RFC 5771, RFC 4291) and what is reserved.
 */
const SPECIAL: readonly (readonly [prefix: Prefix, what: string])[] = (
  [
    ['0.0.0.0/8', 'of this network (RFC 791)'],
    ['10.0.0.0/8', 'private (RFC 1918)'],
    ['100.64.0.0/10', 'of a provider inside (RFC 6598)'],
    ['127.0.0.0/8', 'loopback (RFC 1122)'],
    ['169.254.0.0/16', 'link-local (RFC 3927)'],
    ['172.16.0.0/12', 'private (RFC 1918)'],
    ['192.0.0.0/24', 'of protocols (RFC 6890)'],
    ['192.0.2.0/24', 'for documents (RFC 5737)'],
    ['192.88.99.0/24', 'of a relay (RFC 7526)'],
    ['192.168.0.0/16', 'private (RFC 1918)'],
    ['198.18.0.0/15', 'for measurements (RFC 2544)'],
    ['198.51.100.0/24', 'for documents (RFC 5737)'],
    ['203.0.113.0/24', 'for documents (RFC 5737)'],
    ['224.0.0.0/4', 'multicast (RFC 5771)'],
    ['240.0.0.0/4', 'reserved (RFC 1112)'],
    ['::/96', 'unspecified, loopback or IPv4-compatible (RFC 4291)'],
    ['64:ff9b:1::/48', 'of a translator inside (RFC 8215)'],
    ['100::/64', 'for discarding (RFC 6666)'],
    ['2001::/23', 'of protocols (RFC 2928)'],
    ['2001:db8::/32', 'for documents (RFC 3849)'],
    ['3fff::/20', 'for documents (RFC 9637)'],
    ['5f00::/16', 'of segment routing (RFC 9602)'],
    ['fc00::/7', 'private (RFC 4193)'],
    ['fe80::/10', 'link-local (RFC 4291)'],
    ['fec0::/10', 'site-local (RFC 3879)'],
    ['ff00::/8', 'multicast (RFC 4291)'],
  ] as const
).map(([text, what]) => [parsePrefix(text) as Prefix, what]);

/** Prefixes whose addresses hold an IPv4 address, and the bit where it begins: what it leads to is judged. */
const HOLDS_IPV4: readonly (readonly [prefix: Prefix, firstBit: number])[] = [
  // RFC 6052: translation to IPv4; RFC 3056: 6to4.
  [parsePrefix('64:ff9b::/96') as Prefix, 96],
  [parsePrefix('2002::/16') as Prefix, 16],
];

/** What is special about an address, such as `private (RFC 1918)`; `undefined` for one of the internet at large. */
export function specialAddress(words: AddressWords): string | undefined {
  if (!isIpv4(words)) {
    for (const [prefix, firstBit] of HOLDS_IPV4)
      if (prefixContains(prefix, words)) return specialAddress(Uint32Array.of(0, 0, 0xffff, bitsAt(words, firstBit)));
  }
  for (const [prefix, what] of SPECIAL) if (prefixContains(prefix, words)) return what;
  return undefined;
}

/** The 32 bits from `firstBit` on. */
function bitsAt(words: AddressWords, firstBit: number): number {
  const at = firstBit >>> 5;
  const shift = firstBit & 31;
  return (shift === 0 ? words[at] : (words[at] << shift) | (words[at + 1] >>> (32 - shift))) >>> 0;
}
