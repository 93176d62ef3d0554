import { Reader, type Response } from 'mmdb-lib';
import { formatAddress, IPV4_MAPPED_WORD, parseAddress } from '../base/ip.ts';
import { type GeoKind, GeoRanges, type GeoTable, RANGES_MAX, writeTable } from './geo-table.ts';

/** A source, as it lies on disk. */
export interface GeoFile {
  readonly name: string;
  /** All of it. */
  whole(): Uint8Array;
  /** Fills `into` with what begins at `at`, as far as there is anything; returns how many bytes that is. */
  read(into: Uint8Array, at: number): number;
}

/** Bytes of CSV that are in memory at a time; a line is shorter. */
const PIECE_BYTES = 1 << 16;
const HEAD_BYTES = 512;
const NAME_CHARACTERS_MAX = 120;
const ASN_MAX = 0xffffffff;

/** Two letters of a country in one number, as tables keep them; 0 where they are no such letters. */
export function countryNumber(code: string): number {
  if (!/^[A-Z]{2}$/.test(code)) return 0;
  return (code.charCodeAt(0) << 8) | code.charCodeAt(1);
}

/**
 * Makes one table of files that tell the same: CSV (`first,last,number,name` or `first,last,country`, addresses as text or as
 * numbers) or MaxMind DB. A string says what is wrong with which file.
 */
export function compileGeo(kind: GeoKind, files: readonly GeoFile[]): GeoTable | string {
  const ranges = new GeoRanges();
  const names = new Map<number, string>();
  for (const file of files) {
    const fault = file.name.endsWith('.mmdb')
      ? readMmdb(kind, file, ranges, names)
      : readCsv(kind, file, ranges, names);
    if (fault !== undefined) return `${file.name}: ${fault}`;
    if (ranges.length > RANGES_MAX) return `${file.name}: more than ${RANGES_MAX} ranges`;
  }
  if (ranges.length === 0) return 'no ranges at all';
  const table = writeTable(kind, ranges, names);
  return typeof table === 'string' ? `${files.map(({ name }) => name).join(', ')}: ${table}` : table;
}

/** What a file tells, by its first entry; `undefined` where that is neither. */
export function kindOf(file: GeoFile): GeoKind | undefined {
  if (file.name.endsWith('.mmdb')) {
    const reader = openMmdb(file.whole());
    const type = reader?.metadata.databaseType.toLowerCase() ?? '';
    if (type.includes('asn')) return 'asn';
    return type.includes('country') || type.includes('city') ? 'country' : undefined;
  }
  const head = new Uint8Array(HEAD_BYTES);
  const line = new TextDecoder()
    .decode(head.subarray(0, file.read(head, 0)))
    .split('\n', 1)[0]
    .trim();
  const [first, , value] = fieldsOf(line);
  if (value === undefined || addressOf(first) === undefined) return undefined;
  if (/^\d{1,10}$/.test(value)) return 'asn';
  return countryNumber(value) === 0 ? undefined : 'country';
}

function readCsv(kind: GeoKind, file: GeoFile, ranges: GeoRanges, names: Map<number, string>): string | undefined {
  const bytes = new Uint8Array(PIECE_BYTES);
  let rest = 0;
  let row = 1;
  for (let at = 0; ; ) {
    const read = file.read(bytes.subarray(rest), at);
    const end = rest + read;
    at += read;
    let from = 0;
    while (from < end) {
      let to = bytes.indexOf(NEWLINE, from);
      if (to < 0 || to >= end) {
        // The last line may have no end; of any other the rest is still to be read.
        if (read > 0) break;
        to = end;
      }
      const fault = addLine(kind, bytes, from, to, ranges, names);
      if (fault !== undefined) return `line ${row} ${fault}`;
      if (ranges.length > RANGES_MAX) return `more than ${RANGES_MAX} ranges`;
      from = to + 1;
      row++;
    }
    if (read === 0) return undefined;
    bytes.copyWithin(0, from, end);
    rest = Math.max(0, end - from);
    if (rest === bytes.length) return `line ${row} is longer than ${PIECE_BYTES} bytes`;
  }
}

/** Adds the range of a line; a string says what is wrong with it. */
function addLine(
  kind: GeoKind,
  bytes: Uint8Array,
  from: number,
  to: number,
  ranges: GeoRanges,
  names: Map<number, string>,
): string | undefined {
  if (kind === 'asn' && addUsual(bytes, from, to, ranges, names)) return undefined;
  const line = TEXT.decode(bytes.subarray(from, to)).trimEnd();
  if (line === '') return undefined;
  const [first, last, value, name] = fieldsOf(line);
  const firstWords = addressOf(first);
  const lastWords = addressOf(last);
  const number = kind === 'country' ? countryNumber(value ?? '') : Number(value);
  if (firstWords === undefined || lastWords === undefined) return 'does not begin with two addresses';
  if (!Number.isInteger(number) || number < 0 || number > ASN_MAX) return `has no ${kind}`;
  if (number === 0) return undefined;
  ranges.add(firstWords, lastWords, number);
  if (name !== undefined && name !== '' && !names.has(number)) names.set(number, plain(name));
  return undefined;
}

const TEXT = new TextDecoder();
const NEWLINE = 10;
const COMMA = 44;
const DOT = 46;

/**
 * The usual line, of which there are hundreds of thousands, straight from its bytes: two IPv4 addresses and a number whose name is known.
 * False where it is another, and nothing was done.
 */
function addUsual(bytes: Uint8Array, from: number, to: number, ranges: GeoRanges, names: Map<number, string>): boolean {
  let at = from;
  for (const words of [USUAL_FIRST, USUAL_LAST]) {
    let address = 0;
    for (let octet = 0; octet < 4; octet++) {
      const end = octet < 3 ? DOT : COMMA;
      let value = 0;
      let digits = 0;
      for (; at < to && bytes[at] !== end; at++, digits++) {
        const digit = bytes[at] - 48;
        if (digit < 0 || digit > 9) return false;
        value = 10 * value + digit;
      }
      if (digits === 0 || digits > 3 || value > 255 || at++ >= to) return false;
      address = 256 * address + value;
    }
    words[3] = address;
  }
  let number = 0;
  const begin = at;
  for (; at < to && bytes[at] !== COMMA; at++) {
    const digit = bytes[at] - 48;
    if (digit < 0 || digit > 9) return false;
    number = 10 * number + digit;
  }
  if (at === begin || number === 0 || number > ASN_MAX || !names.has(number)) return false;
  ranges.add(USUAL_FIRST, USUAL_LAST, number);
  return true;
}

const USUAL_FIRST = Uint32Array.of(0, 0, IPV4_MAPPED_WORD, 0);
const USUAL_LAST = Uint32Array.of(0, 0, IPV4_MAPPED_WORD, 0);

/** Fields of a line; the last may be quoted, with doubled quotes inside. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  let from = 0;
  while (fields.length < 3) {
    const comma = line.indexOf(',', from);
    if (comma < 0) return [...fields, unquoted(line.slice(from))];
    fields.push(unquoted(line.slice(from, comma)));
    from = comma + 1;
  }
  return [...fields, unquoted(line.slice(from))];
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** An address as text, or as one number. */
function addressOf(text: string | undefined): Uint32Array | undefined {
  if (text === undefined || !/^\d{1,39}$/.test(text)) return text === undefined ? undefined : parseAddress(text);
  const number = BigInt(text);
  if (number <= 0xffffffffn) return Uint32Array.of(0, 0, IPV4_MAPPED_WORD, Number(number));
  if (number >> 128n !== 0n) return undefined;
  const words = new Uint32Array(4);
  for (let word = 0; word < 4; word++) words[word] = Number((number >> BigInt(32 * (3 - word))) & 0xffffffffn);
  return words;
}

/** A name as it may stand on a terminal: without control characters, and not endless. */
function plain(name: string): string {
  return name.replace(/\p{C}+/gu, ' ').slice(0, NAME_CHARACTERS_MAX);
}

interface Entry {
  readonly country_code?: string;
  readonly country?: { readonly iso_code?: string };
  readonly registered_country?: { readonly iso_code?: string };
  readonly autonomous_system_number?: number;
  readonly autonomous_system_organization?: string;
}

function openMmdb(bytes: Uint8Array): Reader<Entry & Response> | undefined {
  try {
    return new Reader<Entry & Response>(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch {
    return undefined;
  }
}

/**
 * Walks the tree of a MaxMind DB (format 2.0) from its first address to its last. IPv4 lies in ::/96; other places that lead into the
 * same subtree are the same addresses by other names and are passed over.
 */
function readMmdb(kind: GeoKind, file: GeoFile, ranges: GeoRanges, names: Map<number, string>): string | undefined {
  const bytes = file.whole();
  const reader = openMmdb(bytes);
  if (reader === undefined) return 'not a MaxMind DB';
  const { nodeCount, recordSize, ipVersion } = reader.metadata;
  if (nodeCount * (recordSize / 4) > bytes.length) return 'cut short';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const child = (node: number, bit: number): number => {
    if (recordSize === 32) return view.getUint32(8 * node + 4 * bit);
    if (recordSize === 24) return view.getUint16(6 * node + 3 * bit) * 256 + bytes[6 * node + 3 * bit + 2];
    const middle = bytes[7 * node + 3];
    const high = bit === 0 ? middle >>> 4 : middle & 15;
    return high * 2 ** 24 + (view.getUint32(7 * node + 4 * bit - (bit === 0 ? 0 : 1)) & 0xffffff00) / 256;
  };
  return new MmdbWalk(kind, reader, nodeCount, child, ranges, names).run(ipVersion === 4 ? 96 : 0);
}

class MmdbWalk {
  readonly #kind: GeoKind;
  readonly #reader: Reader<Entry & Response>;
  readonly #nodeCount: number;
  readonly #child: (node: number, bit: number) => number;
  readonly #ranges: GeoRanges;
  readonly #names: Map<number, string>;
  /** Numbers by what a leaf points to: few, beside the leaves. */
  readonly #numbers = new Map<number, number>();
  readonly #first = new Uint32Array(4);
  #steps = 0;
  #ipv4Root = -1;

  constructor(
    kind: GeoKind,
    reader: Reader<Entry & Response>,
    nodeCount: number,
    child: (node: number, bit: number) => number,
    ranges: GeoRanges,
    names: Map<number, string>,
  ) {
    this.#kind = kind;
    this.#reader = reader;
    this.#nodeCount = nodeCount;
    this.#child = child;
    this.#ranges = ranges;
    this.#names = names;
  }

  run(depth: number): string | undefined {
    if (depth === 0) {
      let node = 0;
      for (let bit = 0; bit < 96 && node < this.#nodeCount; bit++) node = this.#child(node, 0);
      this.#ipv4Root = node < this.#nodeCount ? node : -1;
    }
    try {
      this.#visit(0, depth);
    } catch (error) {
      return `cannot be read: ${error instanceof Error ? error.message : 'unknown'}`;
    }
    return this.#steps > STEPS_MAX ? 'its tree does not end' : undefined;
  }

  #visit(node: number, depth: number): void {
    if (++this.#steps > STEPS_MAX) return;
    if (node === this.#nodeCount) return;
    if (node > this.#nodeCount) {
      this.#leaf(node, depth);
      return;
    }
    const first = this.#first;
    const isIpv4 = depth >= 96 && first[0] === 0 && first[1] === 0 && first[2] === 0;
    if (depth === 128 || (node === this.#ipv4Root && !isIpv4)) return;
    this.#visit(this.#child(node, 0), depth + 1);
    const word = depth >>> 5;
    const mask = 2 ** (31 - (depth & 31));
    first[word] += mask;
    this.#visit(this.#child(node, 1), depth + 1);
    first[word] -= mask;
  }

  #leaf(pointer: number, depth: number): void {
    const first = this.#first.slice();
    const isIpv4 = depth >= 96 && first[0] === 0 && first[1] === 0 && first[2] === 0;
    if (isIpv4) first[2] = IPV4_MAPPED_WORD;
    const number = this.#numberOf(pointer, first);
    if (number === 0) return;
    const last = first.slice();
    for (let word = 0; word < 4; word++) {
      const free = Math.min(32, Math.max(0, 32 * (word + 1) - depth));
      last[word] += 2 ** free - 1;
    }
    this.#ranges.add(first, last, number);
  }

  #numberOf(pointer: number, address: Uint32Array): number {
    const known = this.#numbers.get(pointer);
    if (known !== undefined) return known;
    const entry = this.#reader.get(formatAddress(address));
    const code = entry?.country_code ?? entry?.country?.iso_code ?? entry?.registered_country?.iso_code ?? '';
    const asn = entry?.autonomous_system_number ?? 0;
    const number = this.#kind === 'country' ? countryNumber(code) : Number.isInteger(asn) && asn > 0 ? asn : 0;
    this.#numbers.set(pointer, number);
    const name = entry?.autonomous_system_organization;
    if (this.#kind === 'asn' && number > 0 && typeof name === 'string') {
      this.#names.set(number, plain(name));
    }
    return number;
  }
}

const STEPS_MAX = 64_000_000;
