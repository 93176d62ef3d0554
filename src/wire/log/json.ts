import { REJECT } from '../../model/rejection.ts';
import { REQUEST_HAS as HAS } from '../../model/request-columns.ts';
import type { Dialect } from './dialect.ts';
import { FIELD } from './field.ts';
import { JsonMap, type JsonPaths, NO_KEY } from './json-map.ts';
import type { RequestRow } from './request-row.ts';

/**
 * JSON lines (RFC 8259, one object a line), scanned byte by byte: keys are looked up as they go by, values that nobody asked for
 * are stepped over, and no string or object is made. What stands before the first brace, as of syslog or a container, is passed over.
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_ARRAY = 0x5b;

/**
 * What a byte means inside a string, among values that are stepped over, and in a number. The line feed behind the line stops all, so
 * that no step has to ask where the line ends.
 */
const IN_STRING = stops('"\\\n');
const IN_NESTED = stops('"{}[]\n');
const IN_PLAIN = stops(',}] \t\r\n');

function stops(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** Bytes before the first brace at most. */
const PREFIX_BYTES_MAX = 512;

/** A row has one of these at least, and else is a line about something else. */
const REQUEST_BITS = HAS.path | HAS.status;

export class JsonDialect implements Dialect {
  readonly name: string;
  readonly #map: JsonMap;
  /** Set where a value was not what its field should be. */
  #fault = 0;
  /** Of the key that was read last. */
  #slot = NO_KEY;

  constructor(name: string, paths: JsonPaths) {
    this.name = name;
    this.#map = new JsonMap(paths);
  }

  decode(row: RequestRow, from: number, to: number): number {
    const { text } = row;
    let pos = from;
    const prefixEnd = Math.min(to, from + PREFIX_BYTES_MAX);
    while (pos < prefixEnd && text[pos] !== OPEN) pos++;
    if (pos >= prefixEnd) return REJECT['log-line-unparsed'];
    this.#fault = 0;
    const end = this.#object(row, pos, to, 0);
    if (end < 0 || end > to) return REJECT['log-line-unparsed'];
    if ((row.present & REQUEST_BITS) === 0) return REJECT['log-line-not-a-request'];
    return this.#fault;
  }

  /** Reads the object whose brace is at `at`; returns behind it, or -1. */
  #object(row: RequestRow, at: number, to: number, node: number): number {
    const { text } = row;
    const map = this.#map;
    let pos = skipBlanks(text, at + 1, to);
    if (text[pos] === CLOSE) return pos + 1;
    while (pos < to) {
      if (text[pos] !== QUOTE) return -1;
      let slot = map.expected(node, row.view, pos + 1, to);
      if (slot !== NO_KEY) pos = map.behind(slot, pos + 1);
      else {
        pos = this.#key(row, pos + 1, to, node);
        if (pos < 0) return -1;
        slot = this.#slot;
      }
      if (text[pos] <= 0x20) pos = skipBlanks(text, pos, to);
      const end = text[pos] === QUOTE && slot !== NO_KEY ? row.markFrom(pos + 1) : to;
      if (end < to && text[end] === QUOTE) {
        this.#set(row, map.field[slot], pos + 1, end);
        pos = end + 1;
      } else {
        pos = this.#value(row, pos, to, slot);
        if (pos < 0) return -1;
      }
      if (text[pos] <= 0x20) pos = skipBlanks(text, pos, to);
      if (text[pos] !== COMMA) return pos < to && text[pos] === CLOSE ? pos + 1 : -1;
      if (text[++pos] <= 0x20) pos = skipBlanks(text, pos, to);
    }
    return -1;
  }

  /** Reads the key from behind its quote, leaves its slot, and returns behind its colon, or -1. */
  #key(row: RequestRow, from: number, to: number, node: number): number {
    const { text } = row;
    let pos = row.markFrom(from);
    // A key with an escape in it is none that is known; it ends where its string does.
    if (text[pos] === BACKSLASH) pos = stringEnd(text, pos, to);
    if (pos >= to || text[pos] !== QUOTE) return -1;
    this.#slot = this.#map.find(node, text, from, pos);
    if (text[++pos] !== COLON) {
      pos = skipBlanks(text, pos, to);
      if (text[pos] !== COLON) return -1;
    }
    return pos + 1;
  }

  #value(row: RequestRow, at: number, to: number, slot: number): number {
    const { text } = row;
    if (at >= to) return -1;
    const first = text[at];
    const field = slot === NO_KEY ? FIELD.skip : this.#map.field[slot];
    if (first === QUOTE) {
      if (field === FIELD.skip) {
        let end = row.markFrom(at + 1);
        if (text[end] === BACKSLASH) end = stringEnd(text, end, to);
        return end < to && text[end] === QUOTE ? end + 1 : -1;
      }
      return this.#string(row, at + 1, to, field);
    }
    if (first === OPEN) {
      if (slot !== NO_KEY && this.#map.child[slot] > 0) return this.#object(row, at, to, this.#map.child[slot]);
      return skipNested(text, at, to);
    }
    if (first === OPEN_ARRAY) {
      // Of several values of a header the first is taken.
      if (field !== FIELD.skip) {
        const inner = skipBlanks(text, at + 1, to);
        if (inner < to && text[inner] === QUOTE && this.#string(row, inner + 1, to, field) < 0) return -1;
      }
      return skipNested(text, at, to);
    }
    let pos = at;
    while (IN_PLAIN[text[pos]] === 0) pos++;
    if (pos === at || pos > to) return -1;
    // null, true and false are no values of any column.
    if (field !== FIELD.skip && first !== 0x6e && first !== 0x74 && first !== 0x66) {
      this.#set(row, field, at, pos);
    }
    return pos;
  }

  /** Reads the string from behind its quote; returns behind the other, or -1. */
  #string(row: RequestRow, from: number, to: number, field: number): number {
    const { text } = row;
    let pos = row.markFrom(from);
    const escaped = text[pos] === BACKSLASH;
    if (escaped) pos = stringEnd(text, pos, to);
    if (pos >= to || text[pos] !== QUOTE) return -1;
    if (escaped) {
      const begin = row.unescape(from, pos);
      this.#set(row, field, begin, row.free);
    } else this.#set(row, field, from, pos);
    return pos + 1;
  }

  #set(row: RequestRow, field: number, from: number, to: number): void {
    if (row.set(field, from, to)) return;
    if (field >= FIELD.timeClf && field <= FIELD.timeAny) this.#fault = REJECT['log-time-invalid'];
    else if (field === FIELD.status) this.#fault = REJECT['log-line-unparsed'];
  }
}

function skipBlanks(text: Uint8Array, from: number, to: number): number {
  let pos = from;
  while (pos < to && (text[pos] === 0x20 || text[pos] === 0x09)) pos++;
  return pos;
}

/** Where the quote is that closes the string around `from`; `to` or beyond where there is none. */
function stringEnd(text: Uint8Array, from: number, to: number): number {
  let pos = from;
  for (;;) {
    while (IN_STRING[text[pos]] === 0) pos++;
    if (text[pos] !== BACKSLASH || pos >= to) return text[pos] === QUOTE ? pos : to;
    pos += 2;
  }
}

/** Behind the object or array that begins at `from`; -1 where it does not end. */
function skipNested(text: Uint8Array, from: number, to: number): number {
  let depth = 0;
  for (let pos = from; pos < to; pos++) {
    while (IN_NESTED[text[pos]] === 0) pos++;
    const byte = text[pos];
    if (byte === QUOTE) pos = stringEnd(text, pos + 1, to);
    else if (byte === OPEN || byte === OPEN_ARRAY) depth++;
    else if (byte === 0x0a) return -1;
    else if (--depth === 0) return pos < to ? pos + 1 : -1;
  }
  return -1;
}
