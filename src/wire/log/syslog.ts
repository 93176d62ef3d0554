import { LogTimes, readMonth } from './log-time.ts';

/**
 * The header of syslog before a line, as a server sends it or a daemon writes it into a file:
 *
 *   RFC 3164   <134>Jul 30 09:03:52 host haproxy[32450]: message
 *   RFC 5424   <134>1 2018-07-30T09:03:52.726Z host haproxy 32450 - [data] message
 *   a file     Jul 30 09:03:52 host haproxy[32450]: message      2018-07-30T09:03:52+00:00 host haproxy[32450]: message
 *
 * and that of a container, as Kubernetes keeps its output (CRI): 2018-07-30T09:03:52.726000000Z stdout F message
 */
const SPACE = 0x20;
const LESS = 0x3c;
const COLON = 0x3a;
const DASH = 0x2d;

/** Bytes of a header at most. */
const HEADER_BYTES_MAX = 512;
const times = new LogTimes();

/** Where the message begins that stands in [from, to); `from` where there is no header. */
export function messageStart(text: Uint8Array, from: number, to: number): number {
  const first = text[from];
  // An address, a brace or a bracket begins almost every line: those have no header.
  if (first === LESS) return behindPriority(text, from, Math.min(to, from + HEADER_BYTES_MAX));
  if (first >= 0x41 && first <= 0x53 && text[from + 3] === SPACE)
    return behindDate(text, from, from, Math.min(to, from + HEADER_BYTES_MAX));
  if (first >= 0x30 && first <= 0x39 && text[from + 10] === 0x54)
    return behindIso(text, from, Math.min(to, from + HEADER_BYTES_MAX));
  return from;
}

/** `<0>` to `<191>` (RFC 5424 section 6.2.1). */
function behindPriority(text: Uint8Array, from: number, to: number): number {
  let pos = from + 1;
  while (pos < to && pos < from + 4 && text[pos] >= 0x30 && text[pos] <= 0x39) pos++;
  if (pos === from + 1 || text[pos] !== 0x3e) return from;
  pos++;
  if (text[pos] === 0x31 && text[pos + 1] === SPACE) return behindStructured(text, from, pos + 2, to);
  const start = behindDate(text, from, pos, to);
  if (start !== from) return start;
  // Many senders leave out the date or the host; the tag and its colon may be all there is.
  const tagged = behindTag(text, pos, to);
  return tagged > pos ? tagged : pos;
}

/** TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG (RFC 5424 section 6). */
function behindStructured(text: Uint8Array, from: number, at: number, to: number): number {
  let pos = at;
  for (let word = 0; word < 5; word++) {
    while (pos < to && text[pos] !== SPACE) pos++;
    if (pos >= to) return from;
    pos++;
  }
  if (text[pos] === DASH) pos++;
  else {
    while (pos < to && text[pos] === 0x5b) {
      let quoted = false;
      for (pos++; pos < to && (quoted || text[pos] !== 0x5d); pos++) {
        if (text[pos] === 0x5c) pos++;
        else if (text[pos] === 0x22) quoted = !quoted;
      }
      pos++;
    }
  }
  if (pos < to && text[pos] === SPACE) pos++;
  // A byte order mark says that the message is UTF-8 (section 6.4).
  if (text[pos] === 0xef && text[pos + 1] === 0xbb && text[pos + 2] === 0xbf) pos += 3;
  return Math.min(pos, to);
}

/** `Jul 30 09:03:52 host tag: ` at `at`; `from` where it is not there. */
function behindDate(text: Uint8Array, from: number, at: number, to: number): number {
  if (readMonth(text, at) < 0 || text[at + 3] !== SPACE || text[at + 9] !== COLON || text[at + 12] !== COLON)
    return from;
  let pos = at + 15;
  // Some write the year behind the time or before it (Cisco, `Jul 30 2018 09:03:52`); the usual way has a blank here.
  if (text[pos] !== SPACE) return from;
  pos++;
  return behindHostAndTag(text, from, pos, to);
}

function behindIso(text: Uint8Array, from: number, to: number): number {
  if (Number.isNaN(times.readIso(text, from, to)) || text[times.end] !== SPACE) return from;
  const output = behindOutput(text, times.end + 1, to);
  if (output > times.end + 1) return output;
  return behindHostAndTag(text, from, times.end + 1, to);
}

/** `stdout F `, `stderr P `; `at` where it is not there. */
function behindOutput(text: Uint8Array, at: number, to: number): number {
  const flag = text[at + 7];
  const isOutput = text[at] === 0x73 && text[at + 1] === 0x74 && text[at + 2] === 0x64 && text[at + 6] === SPACE;
  return isOutput && (flag === 0x46 || flag === 0x50) && text[at + 8] === SPACE && at + 9 <= to ? at + 9 : at;
}

function behindHostAndTag(text: Uint8Array, from: number, at: number, to: number): number {
  // The host is left out by programs that speak to a socket of the same machine.
  const bare = behindTag(text, at, to);
  if (bare > at) return bare;
  let pos = at;
  while (pos < to && text[pos] !== SPACE) pos++;
  const tagged = behindTag(text, pos + 1, to);
  return tagged > pos + 1 ? tagged : from;
}

/** `nginx: `, `haproxy[32450]: `; `at` where there is no tag. */
function behindTag(text: Uint8Array, at: number, to: number): number {
  let pos = at;
  while (pos < to && text[pos] !== SPACE) pos++;
  return pos > at + 1 && pos < to && text[pos - 1] === COLON ? pos + 1 : at;
}
