import { REJECT } from '../../model/rejection.ts';
import type { Dialect } from './dialect.ts';
import { FIELD } from './field.ts';
import { readNumber } from './log-time.ts';
import type { RequestRow } from './request-row.ts';

/**
 * The HTTP log of HAProxy (`option httplog`; configuration manual, section 8.2.3), behind a header of syslog or not:
 *
 *   1.2.3.4:5678 [30/Jul/2018:09:03:52.726] front~ back/server [words] 0/0/1/0/2 304 168 - - ---- 6/6/0/0/0 0/0 {host||} "GET / HTTP/1.1"
 *   client       accepted                   frontend           own     timers    status bytes                captured    request
 *
 * Words of one's own may stand before the timers, and fields of HTTPS behind the request. Lines of TCP connections and of handshakes that
 * failed are no requests.
 */
const SPACE = 0x20;
const DASH = 0x2d;
const SLASH = 0x2f;
const QUOTE = 0x22;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const DOT = 0x2e;

/** Words between the accept date and the timers that are looked at. */
const WORDS_MAX = 12;

export class HaproxyDialect implements Dialect {
  readonly name = 'haproxy';

  decode(row: RequestRow, from: number, to: number): number {
    const { text } = row;
    const { times } = row.time;
    let open = from;
    while (open + 20 < to && !(text[open] === OPEN && text[open + 3] === SLASH && text[open + 7] === SLASH)) open++;
    if (open + 20 >= to)
      return isOther(text, from, to) ? REJECT['log-line-not-a-request'] : REJECT['log-line-unparsed'];
    const timeMs = times.readClf(text, open + 1, to);
    if (Number.isNaN(timeMs)) return REJECT['log-time-invalid'];
    row.time.ms = timeMs;
    let pos = times.end;
    if (text[pos] !== CLOSE || text[open - 1] !== SPACE) return REJECT['log-line-unparsed'];
    if (!placeClient(row, from, open - 1)) return REJECT['log-line-unparsed'];
    pos += 2;
    // Frontend and backend, then words of one's own, of which one may be the host, until the timers.
    let siteFrom = 0;
    let siteTo = 0;
    for (let word = 0; word < WORDS_MAX; word++) {
      const start = pos;
      while (pos < to && text[pos] !== SPACE) pos++;
      if (pos >= to) return REJECT['log-line-not-a-request'];
      const slashes = countSlashes(text, start, pos);
      if (slashes === 4 && word >= 2) {
        if (siteTo > siteFrom) row.host(siteFrom, siteTo);
        placeTimers(row, start, pos);
        return this.#rest(row, pos + 1, to);
      }
      // Three numbers are those of a TCP connection (section 8.2.2).
      if (slashes === 2 && word >= 2 && isTimers(text, start, pos)) return REJECT['log-line-not-a-request'];
      if (word >= 2 && slashes === 0 && looksLikeHost(text, start, pos)) {
        siteFrom = start;
        siteTo = pos;
      }
      pos++;
    }
    return REJECT['log-line-not-a-request'];
  }

  #rest(row: RequestRow, from: number, to: number): number {
    const { text } = row;
    let pos = from;
    while (pos < to && text[pos] !== SPACE) pos++;
    if (!row.set(FIELD.status, from, pos)) return REJECT['log-line-unparsed'];
    const bytesFrom = pos + 1;
    pos = bytesFrom;
    while (pos < to && text[pos] !== SPACE) pos++;
    // A plus before it says that the connection went on (`option logasap`).
    if (!row.set(FIELD.bytes, text[bytesFrom] === 0x2b ? bytesFrom + 1 : bytesFrom, pos))
      return REJECT['log-line-unparsed'];
    let quote = pos;
    while (quote < to && text[quote] !== QUOTE) quote++;
    // Headers that were captured may hold quotes; the request is the last that begins behind a blank.
    for (let at = quote + 1; at < to; at++) if (text[at] === QUOTE && text[at - 1] === SPACE) quote = at;
    if (quote >= to) return REJECT['log-line-not-a-request'];
    if (!row.hasSite) placeCapturedHost(row, pos, quote);
    let end = quote + 1;
    while (end < to && text[end] !== QUOTE) end++;
    row.request(quote + 1, end);
    return 0;
  }
}

/** The address and port before the accept date, behind whatever stands there; `-` and a host name are no address. */
function placeClient(row: RequestRow, from: number, to: number): boolean {
  const { text } = row;
  let start = to;
  while (start > from && text[start - 1] !== SPACE) start--;
  let colon = to;
  while (colon > start && text[colon - 1] !== 0x3a) colon--;
  if (colon === start || colon === to) return false;
  const port = readNumber(text, colon, to);
  if (!(port >= 0 && port <= 65_535)) return false;
  row.setPort(port);
  row.set(FIELD.client, start, colon - 1);
  return true;
}

/** `TR/Tw/Tc/Tr/Ta`, ms; -1 for a phase that was not reached. */
function placeTimers(row: RequestRow, from: number, to: number): void {
  const { text } = row;
  let pos = from;
  for (let timer = 0; timer < 5; timer++) {
    const start = pos;
    while (pos < to && text[pos] !== SLASH) pos++;
    const value = readNumber(text, text[start] === 0x2b ? start + 1 : start, pos);
    if (timer === 3) row.setUpstreamMs(value);
    if (timer === 4) row.setRequestMs(value);
    pos++;
  }
}

/** A host among the captured request headers: `{www.example.org|Mozilla…}`. */
function placeCapturedHost(row: RequestRow, from: number, to: number): void {
  const { text } = row;
  let start = from;
  while (start < to && text[start] !== 0x7b) start++;
  if (start >= to) return;
  let end = ++start;
  while (end < to && text[end] !== 0x7c && text[end] !== 0x7d) end++;
  if (looksLikeHost(text, start, end)) row.host(start, end);
}

function countSlashes(text: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if (text[at] === SLASH) count++;
  return count;
}

function isTimers(text: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = text[at];
    if (byte !== SLASH && byte !== DASH && byte !== 0x2b && (byte < 0x30 || byte > 0x39)) return false;
  }
  return true;
}

/** Letters, digits, dots and dashes, with a dot within, and maybe a port. */
function looksLikeHost(text: Uint8Array, from: number, to: number): boolean {
  let dots = 0;
  for (let at = from; at < to; at++) {
    const byte = text[at];
    if (byte === DOT) dots++;
    else if (
      byte !== DASH &&
      byte !== 0x3a &&
      byte !== 0x5f &&
      !(byte >= 0x30 && byte <= 0x39) &&
      !((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a)
    )
      return false;
  }
  return dots > 0 && text[from] !== DOT;
}

const HAPROXY = new TextEncoder().encode('haproxy[');

/** True where HAProxy wrote a line of another kind. */
function isOther(text: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at + HAPROXY.length < to && at < from + 200; at++) {
    let same = 0;
    while (same < HAPROXY.length && text[at + same] === HAPROXY[same]) same++;
    if (same === HAPROXY.length) return true;
  }
  return false;
}
