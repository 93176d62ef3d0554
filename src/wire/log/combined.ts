import { REJECT } from '../../model/rejection.ts';
import { readIpv4 } from './address-bytes.ts';
import { placeHead } from './combined-head.ts';
import { placeTail } from './combined-tail.ts';
import type { Dialect } from './dialect.ts';
import type { RequestRow } from './request-row.ts';

/**
 * Common and combined log format, as Apache and nginx write it by default, with what is often put before and behind:
 *
 *   [vhost[:port] ] client ident user [time] "request" status bytes [ "referrer" "user agent" [tail]]
 *
 * `client` may be a list as of X-Forwarded-For. The tail may be that of nginx (`"X-Forwarded-For"`), of Traefik, or of the nginx
 * ingress of Kubernetes; any other is passed over.
 *
 * The usual line takes the way in `decode`, all else the longer ones of combined-head.ts and combined-tail.ts.
 */
const SPACE = 0x20;
const DASH = 0x2d;
const QUOTE = 0x22;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;

/** Octets and mapping of the address that was read last. */
const WORDS = new Uint32Array(4);

export class CombinedDialect implements Dialect {
  readonly name = 'combined';

  decode(row: RequestRow, from: number, to: number): number {
    const { text } = row;
    let pos = readIpv4(text, from, to, WORDS, 0);
    // The usual head: an address, ` - - [`.
    if (
      pos > 0 &&
      text[pos] === SPACE &&
      text[pos + 1] === DASH &&
      text[pos + 2] === SPACE &&
      text[pos + 3] === DASH &&
      text[pos + 4] === SPACE &&
      text[pos + 5] === OPEN
    ) {
      row.clientIpv4(WORDS[3]);
      pos += 6;
    } else {
      pos = placeHead(row, from, to);
      if (pos < 0) return REJECT['log-line-unparsed'];
    }
    const timeMs = row.time.times.readClf(text, pos, to);
    if (Number.isNaN(timeMs)) return REJECT['log-time-invalid'];
    row.time.ms = timeMs;
    pos = row.time.times.end;
    if (text[pos] !== CLOSE || text[pos + 1] !== SPACE || text[pos + 2] !== QUOTE || pos + 3 >= to)
      return REJECT['log-line-unparsed'];
    pos += 3;
    let end = quoteEnd(row, pos, to);
    if (end < 0) return REJECT['log-line-unparsed'];
    if (quoteEscaped) {
      const begin = row.unescape(pos, end);
      row.request(begin, row.free);
    } else row.request(pos, end);
    pos = end + 1;
    if (pos >= to || text[pos] !== SPACE) return REJECT['log-line-unparsed'];
    pos = placeStatusAndBytes(row, pos + 1, to);
    if (pos < 0) return REJECT['log-line-unparsed'];
    if (pos >= to) return 0;
    // ` "referrer" "user agent"`; Traefik leaves the quotes out where there is no referrer.
    if (text[pos + 1] === QUOTE) {
      end = quoteEnd(row, pos + 2, to);
      if (end < 0) return REJECT['log-line-unparsed'];
      if (quoteEscaped) {
        const begin = row.unescape(pos + 2, end);
        row.referrer(begin, row.free);
      } else row.referrer(pos + 2, end);
      pos = end + 1;
    } else if (text[pos + 1] === DASH && text[pos + 2] === SPACE) pos += 2;
    if (pos + 1 >= to) return 0;
    if (text[pos + 1] === QUOTE) {
      end = quoteEnd(row, pos + 2, to);
      // A line that was cut short in its last field still tells who asked for what.
      if (end < 0) end = to;
      if (quoteEscaped) {
        const begin = row.unescape(pos + 2, end);
        row.userAgent(begin, row.free);
      } else row.userAgent(pos + 2, end);
      pos = end + 1;
    }
    return pos < to ? placeTail(row, from, pos, to) : 0;
  }
}

/** Whether the quoted text that `quoteEnd` found last has an escape in it. */
export let quoteEscaped = false;

/**
 * Where the quote is that closes the text from `from` on; -1 where there is none. One behind a backslash does not close it. Bytes are gone
 * through only where there is a backslash.
 */
export function quoteEnd(row: RequestRow, from: number, to: number): number {
  const { text } = row;
  const end = row.markFrom(from);
  quoteEscaped = false;
  if (end >= to) return -1;
  if (text[end] === QUOTE) return end;
  for (let pos = end; pos < to; pos++) {
    const byte = text[pos];
    if (byte === QUOTE) return pos;
    if (byte === BACKSLASH) {
      quoteEscaped = true;
      pos++;
    }
  }
  return -1;
}

/** ` 200 1234`, each `-` where there is none; returns where they end, at a space or the end of the line, or -1. */
function placeStatusAndBytes(row: RequestRow, from: number, to: number): number {
  const { text } = row;
  let pos = from;
  let status = 0;
  if (text[pos] === DASH && pos + 1 < to && text[pos + 1] === SPACE) pos++;
  else {
    for (; pos < to; pos++) {
      const digit = text[pos] - 0x30;
      if (digit < 0 || digit > 9) break;
      status = status * 10 + digit;
    }
    if (pos === from || pos - from > 3) return -1;
    row.setStatus(status);
  }
  if (pos === to) return pos;
  if (text[pos] !== SPACE) return -1;
  pos++;
  const start = pos;
  let bytes = 0;
  for (; pos < to; pos++) {
    const digit = text[pos] - 0x30;
    if (digit < 0 || digit > 9) break;
    bytes = bytes * 10 + digit;
  }
  if (pos === start) {
    if (text[pos] !== DASH) return -1;
    pos++;
  } else if (pos - start > 15) return -1;
  else row.setBytes(bytes);
  return pos === to || text[pos] === SPACE ? pos : -1;
}
