import { readEndpoint, readIpv4 } from './address-bytes.ts';
import { FIELD } from './field.ts';
import { readNumber } from './log-time.ts';
import type { RequestRow } from './request-row.ts';

/**
 * What stands behind the user agent of a combined line. A tail that is not known is passed over: the row is whole without it.
 *
 *   nginx, `main` of its packages   "X-Forwarded-For"
 *   Traefik                         count "router" "server URL" 2ms
 *   ingress of Kubernetes           length time [service] [alternative] server length time status id
 *   names and values                rt=0.012 urt="0.010" host=www.example.org
 */
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN = 0x5b;
const EQUALS = 0x3d;
const COMMA = 0x2c;

const WORDS_MAX = 16;
const STARTS = new Int32Array(WORDS_MAX);
const ENDS = new Int32Array(WORDS_MAX);
const ADDRESS = new Uint32Array(4);

/** Places the tail in [pos, to) of the line that begins at `from`; always 0, for the line is one without it. */
export function placeTail(row: RequestRow, from: number, pos: number, to: number): number {
  const { text } = row;
  const count = splitWords(text, pos, to);
  if (count === 0) return 0;
  const first = STARTS[0];
  if (text[first - 1] === QUOTE) {
    if (isAddressList(text, first, ENDS[0])) placeForwarded(row, from, first, ENDS[0]);
  } else if (count === 4 && isDigit(text[first]) && isDigit(text[STARTS[3]]) && text[ENDS[3] - 1] === 0x73) {
    row.set(FIELD.duration, STARTS[3], ENDS[3]);
    return 0;
  } else if (count >= 8 && isDigit(text[first]) && text[STARTS[2]] === OPEN) {
    placeIngress(row, count);
    return 0;
  }
  for (let at = 0; at < count; at++) placeNamed(row, STARTS[at], ENDS[at]);
  return 0;
}

/** The row has the other end as its client already; here it is placed again, with what was forwarded. */
function placeForwarded(row: RequestRow, lineFrom: number, from: number, to: number): void {
  const { text } = row;
  const end = readIpv4(text, lineFrom, to, ADDRESS, 0);
  if (end > 0 && text[end] === SPACE) row.client(lineFrom, end);
  row.forwarded(from, to, false);
}

function placeIngress(row: RequestRow, count: number): void {
  row.set(FIELD.seconds, STARTS[1], ENDS[1]);
  // Behind the names of services: server, length, time, status, each a list where several servers were asked.
  let at = 2;
  while (at < count && row.text[STARTS[at]] === OPEN) at++;
  let seconds = -1;
  for (let word = at; word < count; word++) {
    const listed = row.text[ENDS[word] - 1] === COMMA;
    const value = readNumber(row.text, STARTS[word], listed ? ENDS[word] - 1 : ENDS[word]);
    if (!Number.isNaN(value) && hasPoint(row.text, STARTS[word], ENDS[word])) seconds = Math.max(0, seconds) + value;
  }
  if (seconds >= 0) row.setUpstreamMs(Math.round(seconds * 1e6) / 1000);
}

/** `rt=0.012` and the like, as performance guides for nginx propose. */
function placeNamed(row: RequestRow, from: number, to: number): void {
  const { text } = row;
  let equals = from;
  while (equals < to && text[equals] !== EQUALS) equals++;
  if (equals === to) return;
  const field = NAMED.get(nameKey(text, from, equals));
  if (field === undefined) return;
  let start = equals + 1;
  let end = to;
  if (text[start] === QUOTE) start++;
  if (end > start && text[end - 1] === QUOTE) end--;
  row.set(field, start, end);
}

function nameKey(text: Uint8Array, from: number, to: number): number {
  let key = 0;
  for (let at = from; at < to; at++) key = (Math.imul(key, 31) + text[at]) | 0;
  return key;
}

const NAMED = new Map<number, number>();
for (const [name, field] of [
  ['rt', FIELD.seconds],
  ['request_time', FIELD.seconds],
  ['urt', FIELD.upstreamSeconds],
  ['upstream_response_time', FIELD.upstreamSeconds],
  ['host', FIELD.host],
  ['http_host', FIELD.host],
] as const) {
  const bytes = new TextEncoder().encode(name);
  NAMED.set(nameKey(bytes, 0, bytes.length), field);
}

/** Words with spaces between, quoted ones without their quotes; as many as there is room for. */
function splitWords(text: Uint8Array, from: number, to: number): number {
  let count = 0;
  let pos = from;
  while (pos < to && count < WORDS_MAX) {
    while (pos < to && text[pos] === SPACE) pos++;
    if (pos >= to) break;
    const quoted = text[pos] === QUOTE;
    if (quoted) pos++;
    STARTS[count] = pos;
    while (pos < to && text[pos] !== (quoted ? QUOTE : SPACE)) pos++;
    ENDS[count++] = pos;
    pos++;
  }
  return count;
}

function isAddressList(text: Uint8Array, from: number, to: number): boolean {
  let end = from;
  while (end < to && text[end] !== 0x2c) end++;
  return end > from && readEndpoint(text, from, end, ADDRESS, 0);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function hasPoint(text: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (text[at] === 0x2e) return true;
  return false;
}
