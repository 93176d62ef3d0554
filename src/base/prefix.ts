import { type AddressWords, formatAddress, isIpv4, parseAddress } from './ip.ts';

/** A network prefix. `length` counts bits of the 128-bit mapped address, so an IPv4 /24 has length 120. */
export interface Prefix {
  readonly words: AddressWords;
  readonly length: number;
}

/** Bits that come before an IPv4 address in its mapped form. */
export const IPV4_MAPPED_BITS = 96;

/** Mask of word `word` (0 to 3) for a prefix of `length` bits (0 to 128), unsigned. */
export function maskWord(length: number, word: number): number {
  const bits = length - 32 * word;
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** Parses `192.0.2.0/24`, `2001:db8::/32`, or a bare address (its own /32 or /128). Host bits are cleared. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const words = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (words === undefined) return undefined;
  const lengthMax = isIpv4(words) && !text.includes(':') ? 32 : 128;
  let length = lengthMax;
  if (slash >= 0) {
    const digits = text.slice(slash + 1);
    if (!/^\d{1,3}$/.test(digits)) return undefined;
    length = Number(digits);
    if (length > lengthMax) return undefined;
  }
  const mapped = lengthMax === 32 ? length + IPV4_MAPPED_BITS : length;
  for (let word = 0; word < 4; word++) words[word] = (words[word] & maskWord(mapped, word)) >>> 0;
  return { words, length: mapped };
}

/** Text of the prefix; a host prefix is shown as the bare address. */
export function formatPrefix(words: AddressWords, length: number, at = 0): string {
  if (length >= 128) return formatAddress(words, at);
  const shown = isIpv4(words, at) && length >= IPV4_MAPPED_BITS ? length - IPV4_MAPPED_BITS : length;
  return `${formatAddress(words, at)}/${shown}`;
}

/** True if the address at `at` lies in `prefix`. No allocation. */
export function prefixContains(prefix: Prefix, words: AddressWords, at = 0): boolean {
  for (let word = 0; word < 4; word++) {
    if (((words[at + word] ^ prefix.words[word]) & maskWord(prefix.length, word)) !== 0) return false;
  }
  return true;
}
