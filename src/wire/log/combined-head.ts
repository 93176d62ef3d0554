import type { RequestRow } from './request-row.ts';

/**
 * The head of a combined line that is not the usual one: with a virtual host before the client, a list of addresses in its place, a
 * host name, a user.
 *
 *   example.com:80 "10.5.102.222, 175.16.199.1" 10.2.1.185 - frank [07/Dec/2016:…
 *   └─ vhost ────┘ └─ forwarded for ──────────┘ └─ peer ─┘ │ └user
 *                                                        ident
 */
const SPACE = 0x20;
const DASH = 0x2d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const OPEN = 0x5b;
const SLASH = 0x2f;

/** Bytes in which a head ends: a longer one is none. */
const HEAD_BYTES_MAX = 4096;
/** Groups before the ident: host, list, peer. */
const GROUPS_MAX = 3;

const STARTS = new Int32Array(GROUPS_MAX);
const ENDS = new Int32Array(GROUPS_MAX);

/** Places what stands before the time, and returns where the time begins, behind its bracket; -1 where this is no such head. */
export function placeHead(row: RequestRow, from: number, to: number): number {
  const { text } = row;
  const open = timeAt(text, from, Math.min(to, from + HEAD_BYTES_MAX));
  if (open <= from + 1 || text[open - 1] !== SPACE) return -1;
  const end = open - 1;
  // ` - ` before the user, as almost all write; a name of RFC 1413 in its place is rare.
  let before = dashAt(text, from, end);
  let userFrom = before + 3;
  if (before < 0) {
    before = secondLastSpace(text, from, end);
    if (before < 0) return -1;
    userFrom = before + 1;
    while (userFrom < end && text[userFrom] !== SPACE) userFrom++;
    userFrom++;
  }
  if (userFrom < end && !row.absent(userFrom, end)) row.user(userFrom, end);
  return placeGroups(row, from, before) ? open + 1 : -1;
}

/** Where `[dd/Mon/` begins; -1 where it does not. */
function timeAt(text: Uint8Array, from: number, to: number): number {
  for (let at = from; at + 8 < to; at++) {
    if (text[at] === OPEN && text[at + 3] === SLASH && text[at + 7] === SLASH) return at;
  }
  return -1;
}

/** Where ` - ` begins, or ` -` that ends the head (no user); -1 where there is none. */
function dashAt(text: Uint8Array, from: number, end: number): number {
  for (let at = from; at + 1 < end; at++) {
    if (text[at] === SPACE && text[at + 1] === DASH && (at + 2 === end || text[at + 2] === SPACE)) return at;
  }
  return -1;
}

function secondLastSpace(text: Uint8Array, from: number, end: number): number {
  let spaces = 0;
  for (let at = end - 1; at > from; at--) if (text[at] === SPACE && ++spaces === 2) return at;
  return -1;
}

/** Groups of words that a comma holds together, or quotes: the client alone, or with a virtual host before it, or with its proxies. */
function placeGroups(row: RequestRow, from: number, to: number): boolean {
  const { text } = row;
  let count = 0;
  let lists = 0;
  let isList = -1;
  for (let pos = from; pos < to; ) {
    if (count === GROUPS_MAX) return false;
    let start = pos;
    let end: number;
    if (text[pos] === QUOTE) {
      start++;
      end = start;
      while (end < to && text[end] !== QUOTE) end++;
      pos = end + 2;
      isList = count;
      lists++;
    } else {
      end = groupEnd(text, pos, to);
      if (hasComma(text, pos, end)) {
        isList = count;
        lists++;
      }
      pos = end + 1;
    }
    STARTS[count] = start;
    ENDS[count] = end;
    count++;
  }
  if (count === 0 || lists > 1) return false;
  let at = 0;
  // `list peer`, and `host client`, `host list`, `host list peer`.
  if (count === 3 || (count === 2 && isList !== 0)) {
    row.host(STARTS[0], ENDS[0]);
    at = 1;
  }
  if (count - at === 2) {
    row.forwarded(STARTS[at], ENDS[at], false);
    at++;
  }
  if (!row.absent(STARTS[at], ENDS[at])) row.client(STARTS[at], ENDS[at]);
  return true;
}

function groupEnd(text: Uint8Array, from: number, to: number): number {
  let pos = from;
  while (pos < to && (text[pos] !== SPACE || text[pos - 1] === COMMA)) pos++;
  return pos;
}

function hasComma(text: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (text[at] === COMMA) return true;
  return false;
}
