/**
 * IP addresses are four unsigned 32-bit words, most significant first; IPv4 is mapped (RFC 4291 section 2.5.5.2):
 *
 *   word 0      word 1      word 2      word 3
 *   00000000    00000000    0000ffff    a.b.c.d
 */
export const IPV4_MAPPED_WORD = 0xffff;

/** Words of one address: `words[at .. at + 3]`. */
export type AddressWords = Uint32Array;

/** True if the address at `at` is an IPv4 address in mapped form. */
export function isIpv4(words: AddressWords, at = 0): boolean {
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === IPV4_MAPPED_WORD;
}

/** Text of the address at `at`: dotted quad for IPv4, RFC 5952 for IPv6. Allocates; not for the data path. */
export function formatAddress(words: AddressWords, at = 0): string {
  if (isIpv4(words, at)) return formatIpv4(words[at + 3]);
  const groups: number[] = [];
  for (let word = 0; word < 4; word++) groups.push(words[at + word] >>> 16, words[at + word] & 0xffff);
  // RFC 5952 section 4.2: the longest run of two or more zero groups becomes "::", the first of equals.
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > bestLength) {
      bestStart = start;
      bestLength = end - start;
    }
    if (end > start) start = end;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  if (bestStart < 0) return hex(0, 8);
  return `${hex(0, bestStart)}::${hex(bestStart + bestLength, 8)}`;
}

/** Text of an IPv4 address held in one word. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`;
}

/** Parses an IPv4 or IPv6 address into mapped words; `undefined` when the text is not an address. */
export function parseAddress(text: string): AddressWords | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): AddressWords | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let word = 0;
  for (let octet = 1; octet <= 4; octet++) {
    const value = Number(match[octet]);
    if (value > 255) return undefined;
    word = word * 256 + value;
  }
  return Uint32Array.of(0, 0, IPV4_MAPPED_WORD, word);
}

function parseIpv6(text: string): AddressWords | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let source = text;
  if (dotted !== null) {
    const tail = parseIpv4(dotted[2]);
    if (tail === undefined) return undefined;
    source = `${dotted[1]}${(tail[3] >>> 16).toString(16)}:${(tail[3] & 0xffff).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string): number[] | undefined => {
    if (half === '') return [];
    const groups: number[] = [];
    for (const group of half.split(':')) {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      groups.push(Number.parseInt(group, 16));
    }
    return groups;
  };
  const head = groupsOf(halves[0]);
  const tail = halves.length === 2 ? groupsOf(halves[1]) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const words = new Uint32Array(4);
  for (let word = 0; word < 4; word++) words[word] = ((groups[2 * word] << 16) | groups[2 * word + 1]) >>> 0;
  return words;
}
