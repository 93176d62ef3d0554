import { hexDigit } from './address-bytes.ts';

/**
 * Escapes of logs and of JSON, undone from one place of a text to a free one behind it. What is written is never longer than
 * what was read.
 */
const BACKSLASH = 0x5c;

/** `\"`, `\\`, `\n`, `\t`, `\r`, `\b`, `\f`, `\v`, `\xHH` (Apache and nginx), `\/`, `\uHHHH` (JSON). Returns the end of what was written at `at`. */
export function addUnescaped(text: Uint8Array, from: number, to: number, at: number): number {
  let end = at;
  for (let pos = from; pos < to; pos++) {
    const byte = text[pos];
    if (byte !== BACKSLASH || pos + 1 >= to) {
      text[end++] = byte;
      continue;
    }
    const kind = text[++pos];
    if (kind === 0x78 && pos + 2 < to + 0 && hexDigit(text[pos + 1]) >= 0 && hexDigit(text[pos + 2]) >= 0) {
      text[end++] = (hexDigit(text[pos + 1]) << 4) | hexDigit(text[pos + 2]);
      pos += 2;
    } else if (kind === 0x75) {
      const unit = readUnit(text, pos + 1, to);
      if (unit < 0) {
        text[end++] = BACKSLASH;
        text[end++] = kind;
        continue;
      }
      pos += 4;
      let code = unit;
      if (unit >= 0xd800 && unit < 0xdc00 && text[pos + 1] === BACKSLASH && text[pos + 2] === 0x75) {
        const low = readUnit(text, pos + 3, to);
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
          pos += 6;
        }
      }
      end = addUtf8(text, end, code);
    } else {
      text[end++] = SINGLE[kind];
    }
  }
  return end;
}

/** What a single byte behind a backslash stands for; most for themselves. */
const SINGLE = Uint8Array.from({ length: 256 }, (_, byte) => byte);
for (const [letter, byte] of Object.entries({ n: 0x0a, t: 0x09, r: 0x0d, b: 0x08, f: 0x0c, v: 0x0b })) {
  SINGLE[letter.charCodeAt(0)] = byte;
}

/** Four hexadecimal digits at `at`; -1 where there are none. */
function readUnit(text: Uint8Array, at: number, to: number): number {
  if (at + 4 > to) return -1;
  let unit = 0;
  for (let pos = at; pos < at + 4; pos++) {
    const digit = hexDigit(text[pos]);
    if (digit < 0) return -1;
    unit = (unit << 4) | digit;
  }
  return unit;
}

function addUtf8(text: Uint8Array, at: number, code: number): number {
  let end = at;
  if (code < 0x80) text[end++] = code;
  else if (code < 0x800) {
    text[end++] = 0xc0 | (code >> 6);
    text[end++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    text[end++] = 0xe0 | (code >> 12);
    text[end++] = 0x80 | ((code >> 6) & 0x3f);
    text[end++] = 0x80 | (code & 0x3f);
  } else {
    text[end++] = 0xf0 | (code >> 18);
    text[end++] = 0x80 | ((code >> 12) & 0x3f);
    text[end++] = 0x80 | ((code >> 6) & 0x3f);
    text[end++] = 0x80 | (code & 0x3f);
  }
  return end;
}

/** A plus stands for a space, as IIS writes user agents. */
export function addWithSpaces(text: Uint8Array, from: number, to: number, at: number): number {
  let end = at;
  for (let pos = from; pos < to; pos++) text[end++] = text[pos] === 0x2b ? 0x20 : text[pos];
  return end;
}

/** A doubled quote stands for one (W3C extended log file format, `""`). */
export function addUndoubled(text: Uint8Array, from: number, to: number, at: number): number {
  let end = at;
  for (let pos = from; pos < to; pos++) {
    text[end++] = text[pos];
    if (text[pos] === 0x22 && text[pos + 1] === 0x22) pos++;
  }
  return end;
}

/** `%20` and the like, undone (RFC 3986 section 2.1). */
export function addFromPercent(text: Uint8Array, from: number, to: number, at: number): number {
  let end = at;
  for (let pos = from; pos < to; pos++) {
    const high = text[pos] === 0x25 && pos + 2 < to ? hexDigit(text[pos + 1]) : -1;
    const low = high >= 0 ? hexDigit(text[pos + 2]) : -1;
    if (low >= 0) {
      text[end++] = (high << 4) | low;
      pos += 2;
    } else text[end++] = text[pos];
  }
  return end;
}
