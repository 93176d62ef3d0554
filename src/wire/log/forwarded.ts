import type { Prefix } from '../../base/prefix.ts';
import { maskWord, parsePrefix, prefixContains } from '../../base/prefix.ts';
import { readEndpoint } from './address-bytes.ts';

/**
 * Proxies whose word about the client is taken. Without a list of one's own those in the same house: loopback, private, link-local and
 * unique local addresses (RFC 1918, 3927, 4193, 6890). A client of the internet cannot have one of them.
 */
export const HOUSE_PROXIES: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fe80::/10',
  'fc00::/7',
];
/** Prefixes of proxies that are taken at most. */
export const TRUSTED_PROXIES_MAX = 4096;

/** Addresses in `X-Forwarded-For` that are looked at, from the last to the first. */
const HOPS_MAX = 32;

export class TrustedProxies {
  readonly #ipv4: Uint32Array;
  readonly #masks: Uint32Array;
  readonly #others: readonly Prefix[];

  constructor(prefixes: readonly Prefix[] = HOUSE_PROXIES.map((text) => parsePrefix(text)!)) {
    const isIpv4 = ({ words, length }: Prefix): boolean =>
      length >= 96 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
    const ipv4 = prefixes.filter(isIpv4);
    this.#ipv4 = Uint32Array.from(ipv4, ({ words }) => words[3]);
    this.#masks = Uint32Array.from(ipv4, ({ length }) => maskWord(length, 3));
    this.#others = prefixes.filter((prefix) => !isIpv4(prefix));
  }

  has(words: Uint32Array): boolean {
    if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) {
      for (let at = 0; at < this.#ipv4.length; at++) {
        if ((words[3] & this.#masks[at]) >>> 0 === this.#ipv4[at]) return true;
      }
    }
    for (let at = 0; at < this.#others.length; at++) if (prefixContains(this.#others[at], words)) return true;
    return false;
  }
}

/**
 * The client that proxies tell in [from, to): from the right the first that is no trusted proxy, for all to the left of it may be made
 * up by the client; where all are trusted, the first. False where none is an address; `words` is unchanged then.
 */
export function clientOf(
  trusted: TrustedProxies,
  text: Uint8Array,
  from: number,
  to: number,
  structured: boolean,
  words: Uint32Array,
): boolean {
  let end = to;
  let found = false;
  for (let hop = 0; hop < HOPS_MAX && end > from; hop++) {
    let start = end;
    while (start > from && text[start - 1] !== 0x2c) start--;
    if (!readHop(text, start, end, structured)) return found;
    words.set(HOP);
    found = true;
    if (!trusted.has(words)) return true;
    end = start - 1;
  }
  return found;
}

const HOP = new Uint32Array(4);

/** One hop, with blanks around it; of RFC 7239 the value of its `for`, whose quotes an IPv6 address needs. */
function readHop(text: Uint8Array, from: number, to: number, structured: boolean): boolean {
  let start = from;
  let end = to;
  if (structured) {
    start = forValue(text, from, to);
    if (start < 0) return false;
    end = start;
    while (end < to && text[end] !== 0x3b) end++;
  }
  while (start < end && isBlank(text[start])) start++;
  while (start < end && isBlank(text[end - 1])) end--;
  return end > start && readEndpoint(text, start, end, HOP, 0);
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x22 || byte === 0x5c;
}

/** Behind `for=`, in any case; -1 where there is none. */
function forValue(text: Uint8Array, from: number, to: number): number {
  for (let at = from; at + 3 < to; at++) {
    const before = at === from ? 0x3b : text[at - 1];
    if (before !== 0x3b && !isBlank(before)) continue;
    if (
      (text[at] | 0x20) === 0x66 &&
      (text[at + 1] | 0x20) === 0x6f &&
      (text[at + 2] | 0x20) === 0x72 &&
      text[at + 3] === 0x3d
    )
      return at + 4;
  }
  return -1;
}
