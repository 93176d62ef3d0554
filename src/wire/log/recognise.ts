import { REJECT } from '../../model/rejection.ts';
import type { Dialect } from './dialect.ts';
import { createDialects, LOG_FORMAT_NAMES } from './log-formats.ts';
import { readMonth } from './log-time.ts';
import type { RequestRow } from './request-row.ts';

/** How `decode --json` begins a line: its fields have the names of others, and mean something else in part. */
const OWN_BEGIN = new TextEncoder().encode('{"kind":"request",');

/** Tells the layout of lines by trying all: that which reads most out of a line is it. */
export class Recogniser {
  readonly #text: readonly Dialect[];
  readonly #json: readonly Dialect[];
  readonly #own: readonly Dialect[];
  /** Why the line that was tried last is none, where no layout fits. */
  reason = 0;

  constructor() {
    this.#own = createDialects('bonghwa');
    const dialects = LOG_FORMAT_NAMES.filter((name) => name !== 'bonghwa').flatMap(createDialects);
    const isJson = ({ name }: Dialect): boolean => JSON_NAMES.has(name);
    this.#json = dialects.filter(isJson);
    this.#text = dialects.filter((dialect) => !isJson(dialect));
  }

  /** The dialect that reads most from the line in [from, to), with its message at `start`; undefined where none fits. The row is left begun anew. */
  recognise(row: RequestRow, from: number, start: number, to: number): Dialect | undefined {
    let best: Dialect | undefined;
    let bestScore = 0;
    this.reason = isErrorLog(row.text, start, to) ? REJECT['log-line-not-a-request'] : 0;
    const own = startsWith(row.text, start, OWN_BEGIN);
    const dialects = own ? this.#own : hasBrace(row.text, start, to) ? this.#json : this.#text;
    for (const dialect of dialects) {
      const free = row.free;
      row.begin();
      const reason = dialect.decode(row, dialect.name === 'haproxy' ? from : start, to) || row.time.settle(row.text);
      row.free = free;
      if (reason === 0) {
        const score = 1 + ones(row.present);
        if (score > bestScore) {
          best = dialect;
          bestScore = score;
        }
      } else this.reason = worse(this.reason, reason);
    }
    if (best === undefined && this.reason === 0) this.reason = REJECT['log-line-unparsed'];
    return best;
  }
}

const JSON_NAMES = new Set(['caddy', 'traefik-json', 'cloudflare', 'json']);

/** Of a line that no layout fits, what tells most: that it only lacks a time that can be, or else that it is another kind of line. */
function worse(known: number, reason: number): number {
  if (reason === REJECT['log-line-unparsed'] || reason === REJECT['log-time-invalid']) return known;
  return known === 0 || known === REJECT['log-line-not-a-request'] ? reason : known;
}

function startsWith(text: Uint8Array, from: number, begin: Uint8Array): boolean {
  for (let at = 0; at < begin.length; at++) if (text[from + at] !== begin[at]) return false;
  return true;
}

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** A brace at the start, or behind what a container writes before each line (`caddy  | {`). */
function hasBrace(text: Uint8Array, from: number, to: number): boolean {
  if (text[from] === 0x7b) return true;
  const end = Math.min(to, from + 64);
  for (let at = from; at + 1 < end; at++) {
    if (text[at] === 0x7b) return text[at + 1] === 0x22 && at >= 2 && text[at - 1] === 0x20;
    if (text[at] === 0x22 || text[at] === 0x5b) return false;
  }
  return false;
}

/** Lines of the error logs of nginx (`2021/12/01 13:53:33 [error]`) and Apache (`[Thu Oct 13 12:24:49.880562 2022]`). */
function isErrorLog(text: Uint8Array, from: number, to: number): boolean {
  if (to - from < 24) return false;
  if (text[from] === 0x5b) return text[from + 4] === 0x20 && readMonth(text, from + 5) >= 0;
  return (
    text[from + 4] === 0x2f &&
    text[from + 7] === 0x2f &&
    text[from + 10] === 0x20 &&
    text[from + 19] === 0x20 &&
    text[from + 20] === 0x5b
  );
}
