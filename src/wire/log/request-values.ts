import { METHODS } from '../../model/request-columns.ts';
import { readNumber, readWhole } from './log-time.ts';

/** Values of columns, from the bytes in which logs write them. */
const SPACE = 0x20;
const COMMA = 0x2c;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const QUESTION = 0x3f;
const QUESTIONS = 0x3f3f3f3f;

export const GET = METHODS.indexOf('GET');

/** Methods by their length and letters, summed as `methodKey` does. */
const METHOD_OF_KEY = new Map(
  METHODS.map((name, index) => [methodKey(new TextEncoder().encode(name), 0, name.length), index]),
);

function methodKey(text: Uint8Array, from: number, to: number): number {
  let key = to - from;
  for (let at = from; at < to; at++) key = (Math.imul(key, 31) + text[at]) | 0;
  return key;
}

/** Number of a method; 0 for any other. */
export function methodOf(text: Uint8Array, from: number, to: number): number {
  return METHOD_OF_KEY.get(methodKey(text, from, to)) ?? 0;
}

/** True where `GET` stands at `from`, as in almost all requests. */
export function isGet(text: Uint8Array, from: number): boolean {
  return text[from] === 0x47 && text[from + 1] === 0x45 && text[from + 2] === 0x54;
}

/** Letters of a method: what RFC 9110 section 9.1 has, and upper case as all in use are. */
export function isMethod(text: Uint8Array, from: number, to: number): boolean {
  if (to - from < 2 || to - from > 24) return false;
  for (let at = from; at < to; at++) {
    const byte = text[at];
    if (!((byte >= 0x41 && byte <= 0x5a) || byte === DASH || byte === 0x5f)) return false;
  }
  return true;
}

/** The first question mark of [from, to), or `to`: four bytes at a time until one of them is. `view` is on the memory of `text`. */
export function questionFrom(text: Uint8Array, view: DataView, from: number, to: number): number {
  let pos = from;
  for (; pos + 4 <= to; pos += 4) {
    const word = view.getInt32(pos, true) ^ QUESTIONS;
    // Some byte is 0: only then does a byte borrow whose highest bit was not set.
    if (((word - 0x01010101) & ~word & 0x80808080) !== 0) break;
  }
  while (pos < to && text[pos] !== QUESTION) pos++;
  return pos;
}

/** Behind `://` where a scheme stands at `from`; 0 where none does. */
export function schemeEnd(text: Uint8Array, from: number, to: number): number {
  let pos = from;
  while (pos < to && pos < from + 8 && (text[pos] | 0x20) >= 0x61 && (text[pos] | 0x20) <= 0x7a) pos++;
  if (pos === from || pos + 2 >= to) return 0;
  return text[pos] === COLON && text[pos + 1] === SLASH && text[pos + 2] === SLASH ? pos + 3 : 0;
}

/** Version times ten of `HTTP/1.1`, `HTTP/2`, `HTTP/2.0`, `h2`, `h3`, `1.1`; 0 where it is none. */
export function httpVersionOf(text: Uint8Array, from: number, to: number): number {
  let pos = to - from > 5 && text[from + 4] === SLASH ? from + 5 : from;
  if ((text[pos] | 0x20) === 0x68) pos++;
  const major = text[pos] - 0x30;
  const minor = pos + 2 < to && text[pos + 1] === DOT ? text[pos + 2] - 0x30 : 0;
  return pos < to && major >= 0 && major <= 9 && minor >= 0 && minor <= 9 ? 10 * major + minor : 0;
}

/** Version times ten of `TLSv1.2`, `TLSv1`, `tls1.3`, `771` (RFC 8446 section 4.1.2), `1.3`; 0 where it is none. */
export function tlsVersionOf(text: Uint8Array, from: number, to: number): number {
  const last = text[to - 1] - 0x30;
  if (to - from < 3) return 0;
  if (to - from === 3 && text[from + 1] !== DOT) {
    const code = readNumber(text, from, to);
    return code >= 769 && code <= 772 ? 10 + code - 769 : 0;
  }
  if (text[to - 2] === DOT && text[to - 3] === 0x31 && last >= 0 && last <= 3) return 10 + last;
  return (text[to - 2] | 0x20) === 0x76 && last === 1 ? 10 : 0;
}

/** 1 for bytes of a host that are as they are: no colon, and no letter in upper case. */
const PLAIN_IN_HOST = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === COLON || (byte >= 0x41 && byte <= 0x5a) ? 0 : 1,
);

/** True where a host has no port and no upper case, nor the dot of the root behind it. */
export function isPlainHost(text: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && PLAIN_IN_HOST[text[at]] === 1) at++;
  return at === to && text[to - 1] !== DOT;
}

/** Where a host ends, without its port and the dot of the root (RFC 1034 section 3.1). */
export function hostEnd(text: Uint8Array, from: number, to: number): number {
  let end = to;
  let colons = 0;
  for (let at = from; at < to; at++) if (text[at] === COLON && colons++ === 0) end = at;
  // Of an IPv6 address only what follows its bracket is a port.
  if (colons > 1) {
    end = to;
    if (text[from] === 0x5b) {
      end = from;
      while (end < to && text[end] !== 0x5d) end++;
      if (end < to) end++;
    }
  }
  return end - from > 1 && text[end - 1] === DOT ? end - 1 : end;
}

export function hasUpper(text: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (text[at] >= 0x41 && text[at] <= 0x5a) return true;
  return false;
}

/** Seconds as milliseconds, to the microsecond. */
export function roundMs(seconds: number): number {
  return Math.round(seconds * 1e6) / 1000;
}

/** `2ms`, `1.5s`, `35µs`, `35us`, `120ns`, `1m`; seconds where there is no unit. NaN where it is none. */
export function durationMs(text: Uint8Array, from: number, to: number): number {
  // Seconds to the millisecond, as nginx writes them: `0.045`.
  if (to - from > 4 && text[to - 4] === DOT) {
    const seconds = readWhole(text, from, to - 4);
    const thousandths = readWhole(text, to - 3, to);
    if (seconds >= 0 && thousandths >= 0) return seconds * 1000 + thousandths;
  }
  let end = from;
  while (end < to && ((text[end] >= 0x30 && text[end] <= 0x39) || text[end] === DOT || text[end] === DASH)) end++;
  // Small numbers of JSON have an exponent: `3.5e-05`.
  if (end < to && (text[end] | 0x20) === 0x65) return roundMs(readNumber(text, from, to));
  const value = readNumber(text, from, end);
  const unit = end < to ? text[end] : 0x73;
  const isSeconds = to - end <= 1;
  if (unit === 0x73 && isSeconds) return roundMs(value);
  if (unit === 0x6d) return isSeconds ? value * 60_000 : value;
  if (unit === 0x6e) return value / 1e6;
  return unit === 0x75 || unit === 0xc2 || unit === 0xce ? value / 1000 : Number.NaN;
}

/** No upstream was asked. */
export const NO_UPSTREAM = -1;

/**
 * The sum of the times of one or several servers times `scale`, with commas or colons between, of which `-` is none (nginx).
 * NO_UPSTREAM where there is none, NaN where it is no list of numbers.
 */
export function upstreamMsOf(text: Uint8Array, from: number, to: number, scale: number): number {
  let sum = NO_UPSTREAM;
  let pos = from;
  while (pos < to) {
    while (pos < to && (text[pos] === SPACE || text[pos] === COMMA || text[pos] === COLON)) pos++;
    const start = pos;
    while (pos < to && text[pos] !== SPACE && text[pos] !== COMMA) pos++;
    if (start === pos || (pos - start === 1 && text[start] === DASH)) continue;
    const value = readNumber(text, start, pos);
    if (Number.isNaN(value)) return value;
    if (value >= 0) sum = Math.max(0, sum) + value * scale;
  }
  return sum === NO_UPSTREAM ? sum : Math.round(sum * 1000) / 1000;
}
