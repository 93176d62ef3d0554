import { mix32 } from '../../base/hash.ts';

/**
 * The template of a request: method and path with its changing parts as `*`, and the keys of its query.
 *
 *   GET /news/2024-11-26-budget.html?page=2    GET /news/*-*-*-budget.html?page=*
 *
 * Runs of digits, hexadecimal names, and long segments without a word in them change. Names of many pages under one prefix are found
 * by their number instead (`TemplateTable`).
 */
const SEGMENTS_MAX = 8;
const SEGMENT_BYTES_MAX = 64;
const KEYS_MAX = 8;
const KEY_BYTES_MAX = 32;
const LONG_SEGMENT = 20;
const HEX_SEGMENT = 8;

const SLASH = 47;
const STAR = 42;
const AMPERSAND = 38;
const EQUALS = 61;
const QUESTION = 63;
const DOT = 46;

/** What a template is written to: bytes and their number, used again and again. */
export interface TemplateText {
  readonly bytes: Uint8Array;
  length: number;
  /** Bytes before the last segment of the path: the prefix that its siblings share. */
  prefixLength: number;
  /** Bytes of the path; the query follows. */
  pathLength: number;
  /**
   * Shape of what was asked for, 0 to 63: a hash of the sequence of letters, capitals, digits and others in it. Names that a program
   * draws by lot have few shapes, those that a scanner tries have many.
   */
  shape: number;
}

export function createTemplateText(): TemplateText {
  return { bytes: new Uint8Array(1024), length: 0, prefixLength: 0, pathLength: 0, shape: 0 };
}

/** Writes the template of a path (without query) to `into`; `from` and `length` say where it lies in `text`. */
export function writePath(text: Uint8Array, from: number, length: number, into: TemplateText): void {
  const bytes = into.bytes;
  const end = from + length;
  let to = 0;
  let at = from;
  let shape = 0;
  into.prefixLength = 0;
  for (let segment = 0; at < end && segment < SEGMENTS_MAX; segment++) {
    if (text[at] === SLASH) {
      at++;
      bytes[to++] = SLASH;
    }
    into.prefixLength = to;
    let stop = at;
    while (stop < end && text[stop] !== SLASH) stop++;
    shape = shapeOf(text, at, stop, shape);
    to = writeSegment(text, at, stop, bytes, to);
    at = stop;
  }
  if (at < end && to < bytes.length - 2) {
    bytes[to++] = SLASH;
    bytes[to++] = STAR;
  }
  into.length = to;
  into.pathLength = to;
  into.shape = (shape ^ (shape >>> 6) ^ (shape >>> 12)) & 63;
}

/** Appends `?key=*&…` for a query to a template. */
export function writeQuery(text: Uint8Array, from: number, length: number, into: TemplateText): void {
  const { bytes } = into;
  const end = from + length;
  let to = into.length;
  let at = from;
  for (let key = 0; at < end && key < KEYS_MAX; key++) {
    bytes[to++] = key === 0 ? QUESTION : AMPERSAND;
    let stop = at;
    let equals = -1;
    while (stop < end && text[stop] !== AMPERSAND) {
      if (text[stop] === EQUALS && equals < 0) equals = stop;
      stop++;
    }
    const keyEnd = equals < 0 ? stop : equals;
    // A value without a key, such as a number against caches, is a value.
    if (keyEnd - at > KEY_BYTES_MAX || (equals < 0 && keyEnd - at > 3)) bytes[to++] = STAR;
    else to = writeDigitsAway(text, at, keyEnd, bytes, to);
    if (equals >= 0) {
      bytes[to++] = EQUALS;
      bytes[to++] = STAR;
    }
    at = stop + 1;
  }
  into.length = to;
}

/** Hash of all that `writeQuery` looks at in a query: its keys, whether each has a value, and nothing of the values. */
export function hashKeys(text: Uint8Array, from: number, length: number, seed: number): number {
  let hash = seed | 0;
  let inValue = false;
  let keys = 0;
  for (let at = from, end = from + length; at < end; at++) {
    const byte = text[at];
    if (byte === AMPERSAND) {
      if (++keys === KEYS_MAX) break;
      inValue = false;
    } else if (inValue) continue;
    else inValue = byte === EQUALS;
    hash = Math.imul(hash ^ byte, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return mix32(hash);
}

function writeSegment(text: Uint8Array, from: number, end: number, bytes: Uint8Array, to: number): number {
  const length = end - from;
  // The ending says what kind of thing it is.
  let stem = end;
  for (let dot = end - 1; dot > from && end - dot <= 6; dot--) if (text[dot] === DOT) stem = dot;
  if (length > SEGMENT_BYTES_MAX || isDrawn(text, from, stem)) {
    bytes[to] = STAR;
    return writeDigitsAway(text, stem, end, bytes, to + 1);
  }
  return writeDigitsAway(text, from, end, bytes, to);
}

/** Copies, with each run of digits, escape or byte beyond ASCII as one `*`. */
function writeDigitsAway(text: Uint8Array, from: number, end: number, bytes: Uint8Array, into: number): number {
  let to = into;
  for (let at = from; at < end; at++) {
    const byte = text[at];
    if ((byte >= 48 && byte <= 57) || byte === 37 || byte < 33 || byte > 126 || byte === STAR) {
      if (to === into || bytes[to - 1] !== STAR) bytes[to++] = STAR;
    } else bytes[to++] = byte;
  }
  return to;
}

/** True for what looks drawn by lot: hexadecimal with digits in it, or long, without separators, and mixed. */
function isDrawn(text: Uint8Array, from: number, end: number): boolean {
  const length = end - from;
  if (length < HEX_SEGMENT) return false;
  let digits = 0;
  let hex = 0;
  let upper = 0;
  let separators = 0;
  for (let at = from; at < end; at++) {
    const byte = text[at];
    if (byte >= 48 && byte <= 57) digits++;
    else if ((byte >= 97 && byte <= 102) || (byte >= 65 && byte <= 70)) hex++;
    if (byte >= 65 && byte <= 90) upper++;
    else if (byte === 45 || byte === 95 || byte === 46) separators++;
  }
  if (digits > 0 && digits + hex + separators === length && hex + digits >= HEX_SEGMENT) return true;
  return length >= LONG_SEGMENT && separators === 0 && (digits > 0 || upper > 2);
}

/** Goes on with the sequence of kinds of bytes of a segment: runs of one kind count by their length, up to 15. */
function shapeOf(text: Uint8Array, from: number, end: number, seed: number): number {
  let hash = Math.imul(seed + 1, 0x9e3779b1);
  let kindBefore = -1;
  let run = 0;
  for (let at = from; at < end; at++) {
    const byte = text[at];
    const kind = byte >= 97 && byte <= 122 ? 1 : byte >= 65 && byte <= 90 ? 2 : byte >= 48 && byte <= 57 ? 3 : byte;
    if (kind === kindBefore) {
      if (run < 15) run++;
      continue;
    }
    hash = Math.imul(hash ^ (run + (kind << 4)), 0x85ebca6b);
    kindBefore = kind;
    run = 1;
  }
  hash = Math.imul(hash ^ run, 0xc2b2ae35);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** What the name of a template says of it. */
export const KIND = { asset: 1, search: 2, login: 4, rpc: 8, interface: 16, folder: 32 } as const;

const ASSET = /\.(?:css|m?js|map|png|jpe?g|gif|svg|ico|webp|avif|bmp|woff[2*]?|ttf|otf|eot|mp[34*]|webm|webmanifest)$/i;
/** Folders of what pages are made of. Names in them may have no extension: /image/123/150x150. */
const FOLDER = /^\/(?:images?|img|pics?|pictures?|photos?|thumbs?|thumbnails?|static|assets|media|fonts?)\//i;
const SEARCH =
  /(?:^|[/_-])(?:search|suche|find|recherche|buscar|busca|cerca|zoeken|szukaj|hledat|sok|hae|otsing|paieska|hakukone)(?:[/._-]|$)/i;
const SEARCH_KEY = /[?&](?:q|s|query|search|keywords?|term|text|suche|recherche|buscar)=/i;
const LOGIN =
  /(?:log-?in|log-?on|sign-?in|auth(?:enticate|orize)?|session|anmeld(?:en|ung)|connexion|wp-login|passwor[dt]|account)(?:[/._-]|$)/i;
const RPC = /xmlrpc\.php$/i;
const INTERFACE = /(?:^|\/)(?:api|rest|graphql|rpc|ws|v\*|feeds?|rss)(?:\/|\.|$)|\.(?:json|xml|rss|atom)$/i;

/** The kinds of a template, from its path and query: a sum of `KIND`. */
export function kindsOf(path: string, query: string): number {
  if (ASSET.test(path)) return KIND.asset;
  return (
    (SEARCH.test(path) || SEARCH_KEY.test(query) ? KIND.search : 0) |
    (LOGIN.test(path) ? KIND.login : 0) |
    (RPC.test(path) ? KIND.rpc : 0) |
    (INTERFACE.test(path) ? KIND.interface : 0) |
    (FOLDER.test(path) ? KIND.folder : 0)
  );
}
