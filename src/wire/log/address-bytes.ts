/**
 * Addresses as logs write them, from bytes to four words without a string: `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`, with a
 * zone (`fe80::1%eth0`, RFC 6874 section 1; the zone is left out), in brackets, with a port.
 */

const DOT = 0x2e;
const COLON = 0x3a;
const PERCENT = 0x25;

/** Where the IPv4 address at `from` ends, its words written; -1 where there is none. Octets of more than 255 are none. */
export function readIpv4(text: Uint8Array, from: number, to: number, words: Uint32Array, at: number): number {
  let word = 0;
  let octet = -1;
  let dots = 0;
  let pos = from;
  for (; pos < to; pos++) {
    const digit = text[pos] - 0x30;
    if (digit >= 0 && digit <= 9) {
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return -1;
    } else if (text[pos] === DOT && octet >= 0 && dots < 3) {
      word = (word << 8) | octet;
      octet = -1;
      dots++;
    } else break;
  }
  if (dots !== 3 || octet < 0) return -1;
  words[at] = 0;
  words[at + 1] = 0;
  words[at + 2] = 0xffff;
  words[at + 3] = ((word << 8) | octet) >>> 0;
  return pos;
}

const GROUPS = new Uint16Array(8);
const DOTTED = new Uint32Array(4);

/** Where the IPv6 address at `from` ends, before its zone; -1 where there is none. */
export function readIpv6(text: Uint8Array, from: number, to: number, words: Uint32Array, at: number): number {
  let count = 0;
  let gap = -1;
  let pos = from;
  if (pos + 1 < to && text[pos] === COLON && text[pos + 1] === COLON) {
    gap = 0;
    pos += 2;
  }
  while (pos < to && count < 8) {
    const start = pos;
    let value = 0;
    let digit = hexDigit(text[pos]);
    while (digit >= 0 && pos - start < 4) {
      value = (value << 4) | digit;
      digit = ++pos < to ? hexDigit(text[pos]) : -1;
    }
    if (pos === start) break;
    if (pos < to && text[pos] === DOT) {
      const end = count <= 6 ? readIpv4(text, start, to, DOTTED, 0) : -1;
      if (end < 0) return -1;
      GROUPS[count++] = DOTTED[3] >>> 16;
      GROUPS[count++] = DOTTED[3] & 0xffff;
      pos = end;
      break;
    }
    GROUPS[count++] = value;
    if (pos >= to || text[pos] !== COLON) break;
    if (pos + 1 < to && text[pos + 1] === COLON) {
      if (gap >= 0) return -1;
      gap = count;
      pos += 2;
    } else if (pos + 1 < to && hexDigit(text[pos + 1]) >= 0) pos++;
    else return -1;
  }
  if (gap < 0 ? count !== 8 : count > 7) return -1;
  const zeros = 8 - count;
  for (let word = 0; word < 4; word++) {
    words[at + word] = ((groupAt(2 * word, gap, zeros) << 16) | groupAt(2 * word + 1, gap, zeros)) >>> 0;
  }
  return pos;
}

function groupAt(index: number, gap: number, zeros: number): number {
  if (gap < 0 || index < gap) return GROUPS[index];
  return index < gap + zeros ? 0 : GROUPS[index - zeros];
}

/** Value of a hexadecimal digit; -1 for any other byte. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The port behind the address that `readEndpoint` read last; -1 where there was none. */
export let endpointPort = -1;

/**
 * Reads all of [from, to) as an address with or without brackets, zone and port; tells whether it is one, and leaves the port in
 * `endpointPort`. `[::1]:443`, `192.0.2.1:443`, `fe80::1%eth0`, and the bare address.
 */
export function readEndpoint(text: Uint8Array, from: number, to: number, words: Uint32Array, at: number): boolean {
  endpointPort = -1;
  let pos: number;
  if (text[from] === 0x5b) {
    pos = readEither(text, from + 1, to, words, at);
    if (pos < 0) return false;
    if (text[pos] === PERCENT) while (pos < to && text[pos] !== 0x5d) pos++;
    if (pos >= to || text[pos] !== 0x5d) return false;
    pos++;
    // Some logs were made into links by a wiki, `[192.0.2.1](http://…)`: what is in the brackets is meant.
    if (pos < to && text[pos] === 0x28) return true;
  } else {
    pos = readEither(text, from, to, words, at);
    if (pos < 0) return false;
    if (pos < to && text[pos] === PERCENT) return true;
  }
  if (pos === to) return true;
  if (text[pos] !== COLON) return false;
  let port = 0;
  for (pos++; pos < to; pos++) {
    const digit = text[pos] - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
    if (port > 65_535) return false;
  }
  endpointPort = port;
  return true;
}

function readEither(text: Uint8Array, from: number, to: number, words: Uint32Array, at: number): number {
  const end = readIpv4(text, from, to, words, at);
  return end >= 0 ? end : readIpv6(text, from, to, words, at);
}
