import { isIpv4 } from '../base/ip.ts';

/** What a table tells of an address: the number of an autonomous system, or the two letters of a country in one number. */
export type GeoKind = 'asn' | 'country';

/**
 * Ranges of addresses with a number each, in order and without overlaps, looked up by bisection and without allocating. As bytes
 * (little endian), which are used where they lie:
 *
 *   "BGEO" version kind count4 count6 names nameBytes length check          9 words and 16 bytes of 0
 *   starts4 | ends4 | values4                                               1 word a range
 *   starts6 | ends6 | values6                                               4, 4 and 1 words a range
 *   nameNumbers | nameEnds | name bytes                                     names of numbers, in order
 */
export class GeoTable {
  readonly kind: GeoKind;
  readonly bytes: Uint8Array;
  readonly ranges: number;
  readonly #starts4: Uint32Array;
  readonly #ends4: Uint32Array;
  readonly #values4: Uint32Array;
  readonly #starts6: Uint32Array;
  readonly #ends6: Uint32Array;
  readonly #values6: Uint32Array;
  readonly #nameNumbers: Uint32Array;
  readonly #nameEnds: Uint32Array;
  readonly #nameBytes: Uint8Array;

  private constructor(bytes: Uint8Array, header: Uint32Array) {
    this.bytes = bytes;
    this.kind = header[2] === 1 ? 'asn' : 'country';
    const [count4, count6, names, nameBytes] = header.subarray(3, 7);
    this.ranges = count4 + count6;
    let at = bytes.byteOffset + HEADER_BYTES;
    const words = (count: number): Uint32Array => {
      const view = new Uint32Array(bytes.buffer, at, count);
      at += 4 * count;
      return view;
    };
    this.#starts4 = words(count4);
    this.#ends4 = words(count4);
    this.#values4 = words(count4);
    this.#starts6 = words(4 * count6);
    this.#ends6 = words(4 * count6);
    this.#values6 = words(count6);
    this.#nameNumbers = words(names);
    this.#nameEnds = words(names);
    this.#nameBytes = new Uint8Array(bytes.buffer, at, nameBytes);
  }

  /** `undefined` where the bytes are not what `writeTable` made: of another version, cut or changed. They must lie at a multiple of four. */
  static open(bytes: Uint8Array): GeoTable | undefined {
    if (bytes.length < HEADER_BYTES || bytes.byteOffset % 4 !== 0) return undefined;
    const header = new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER_WORDS);
    const [magic, version, kind, count4, count6, names, nameBytes, length, check] = header;
    if (magic !== MAGIC || version !== VERSION || kind < 1 || kind > 2) return undefined;
    const expected = HEADER_BYTES + 12 * count4 + 36 * count6 + 8 * names + nameBytes;
    if (length !== bytes.length || expected > length || expected < length - 3) return undefined;
    if (checkOf(bytes) !== check) return undefined;
    return new GeoTable(bytes, header);
  }

  /** The number of the range that holds the address at `words[at .. at+3]`; 0 where none does. */
  find(words: Uint32Array, at: number): number {
    return isIpv4(words, at) ? this.#find4(words[at + 3]) : this.#find6(words, at);
  }

  #find4(address: number): number {
    const starts = this.#starts4;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 && address <= this.#ends4[low - 1] ? this.#values4[low - 1] : 0;
  }

  #find6(words: Uint32Array, at: number): number {
    const starts = this.#starts6;
    let low = 0;
    let high = this.#values6.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareWords(starts, 4 * middle, words, at) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compareWords(this.#ends6, 4 * (low - 1), words, at) >= 0 ? this.#values6[low - 1] : 0;
  }

  /** What a number is called; `undefined` where the source did not say. */
  nameOf(number: number): string | undefined {
    const numbers = this.#nameNumbers;
    let low = 0;
    let high = numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (numbers[middle] < number) low = middle + 1;
      else high = middle;
    }
    if (numbers[low] !== number) return undefined;
    const from = low === 0 ? 0 : this.#nameEnds[low - 1];
    return new TextDecoder().decode(this.#nameBytes.subarray(from, this.#nameEnds[low]));
  }
}

/** Below 0, 0 or above 0, as the first address is before, at or behind the second. */
export function compareWords(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number): number {
  for (let word = 0; word < 4; word++) {
    const difference = left[leftAt + word] - right[rightAt + word];
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Ranges that sources may have together. */
export const RANGES_MAX = 16_000_000;
/** Ranges by which their memory grows. */
const RANGES_STEP = 1 << 15;
const BOUNDS_BYTES = 32;
const VALUE_BYTES = 4;

/** Ranges in the order in which a source lists them. Their memory grows where it lies: a copy of it, while it grows, would be the most that is held. */
export class GeoRanges {
  length = 0;
  readonly #boundsBuffer = new ArrayBuffer(0, { maxByteLength: BOUNDS_BYTES * (RANGES_MAX + RANGES_STEP) });
  readonly #valuesBuffer = new ArrayBuffer(0, { maxByteLength: VALUE_BYTES * (RANGES_MAX + RANGES_STEP) });
  /** First and last address, four words each. */
  readonly bounds = new Uint32Array(this.#boundsBuffer);
  readonly values = new Uint32Array(this.#valuesBuffer);

  /** Adds a range, RANGES_MAX + 1 at most; one that goes on where the last ended, with the same number, makes that longer. */
  add(first: Uint32Array, last: Uint32Array, value: number): void {
    const { bounds } = this;
    const before = 8 * (this.length - 1);
    if (this.length > 0 && this.values[this.length - 1] === value && follows(bounds, before + 4, first)) {
      bounds.set(last, before + 4);
      return;
    }
    if (this.length % RANGES_STEP === 0) {
      this.#boundsBuffer.resize(BOUNDS_BYTES * (this.length + RANGES_STEP));
      this.#valuesBuffer.resize(VALUE_BYTES * (this.length + RANGES_STEP));
    }
    bounds.set(first, 8 * this.length);
    bounds.set(last, 8 * this.length + 4);
    this.values[this.length++] = value;
  }
}

/** True if an address is the one behind `words[at .. at+3]`. */
function follows(words: Uint32Array, at: number, next: Uint32Array): boolean {
  let carry = 1;
  for (let word = 3; word >= 0; word--) {
    const sum = words[at + word] + carry;
    if (sum >>> 0 !== next[word]) return false;
    carry = sum > 0xffffffff ? 1 : 0;
  }
  return true;
}

/** Writes the address before `words[at .. at+3]`, which is not the first of all. */
function decrement(words: Uint32Array, at: number, into: Uint32Array, intoAt: number): void {
  let borrow = 1;
  for (let word = 3; word >= 0; word--) {
    const rest = words[at + word] - borrow;
    into[intoAt + word] = rest >>> 0;
    borrow = rest < 0 ? 1 : 0;
  }
}

/** More ranges that overlap than this are no slips of the pen. */
const OVERLAPS_SHARE_MAX = 0.01;

/** Makes a table of ranges in any order. A string says why it cannot be: ranges that run backwards, or too many that overlap. */
export function writeTable(kind: GeoKind, ranges: GeoRanges, names: ReadonlyMap<number, string>): GeoTable | string {
  const { bounds, values, length } = ranges;
  const order = new Uint32Array(length);
  for (let index = 0; index < length; index++) order[index] = index;
  let sorted = true;
  for (let index = 1; index < length && sorted; index++)
    sorted = compareWords(bounds, 8 * (index - 1), bounds, 8 * index) < 0;
  if (!sorted) order.sort((left, right) => compareWords(bounds, 8 * left, bounds, 8 * right));
  // Those that are kept, in the memory of those that were looked at already.
  let keptCount = 0;
  let overlaps = 0;
  let count4 = 0;
  for (const index of order) {
    if (compareWords(bounds, 8 * index, bounds, 8 * index + 4) > 0) return 'a range runs backwards';
    if (isIpv4(bounds, 8 * index) !== isIpv4(bounds, 8 * index + 4)) return 'a range begins as IPv4 and ends as IPv6';
    const before = keptCount > 0 ? order[keptCount - 1] : -1;
    if (before >= 0 && compareWords(bounds, 8 * before + 4, bounds, 8 * index) >= 0) {
      // Of two that overlap, the one that begins later knows better; what the other said of addresses behind it is not used.
      overlaps++;
      decrement(bounds, 8 * index, bounds, 8 * before + 4);
      if (compareWords(bounds, 8 * before, bounds, 8 * before + 4) > 0) keptCount--;
    }
    order[keptCount++] = index;
  }
  const kept = order.subarray(0, keptCount);
  if (overlaps > OVERLAPS_SHARE_MAX * length) return `${overlaps} of ${length} ranges overlap`;
  for (const index of kept) if (isIpv4(bounds, 8 * index)) count4++;
  const numbers = Uint32Array.from(names.keys()).sort();
  const encoder = new TextEncoder();
  let nameBytes = 0;
  for (const name of names.values()) nameBytes += Buffer.byteLength(name);
  const count6 = keptCount - count4;
  const content = HEADER_BYTES + 12 * count4 + 36 * count6 + 8 * numbers.length + nameBytes;
  const bytes = new Uint8Array(4 * Math.ceil(content / 4));
  const words = new Uint32Array(bytes.buffer);
  words.set([MAGIC, VERSION, kind === 'asn' ? 1 : 2, count4, count6, numbers.length, nameBytes, bytes.length]);
  let at4 = HEADER_WORDS;
  let at6 = HEADER_WORDS + 3 * count4;
  const values6 = at6 + 8 * count6;
  let row6 = 0;
  for (const index of kept) {
    if (isIpv4(bounds, 8 * index)) {
      words[at4] = bounds[8 * index + 3];
      words[at4 + count4] = bounds[8 * index + 7];
      words[at4++ + 2 * count4] = values[index];
    } else {
      for (let word = 0; word < 4; word++) {
        words[at6 + word] = bounds[8 * index + word];
        words[at6 + 4 * count6 + word] = bounds[8 * index + 4 + word];
      }
      at6 += 4;
      words[values6 + row6++] = values[index];
    }
  }
  let at = values6 + count6;
  words.set(numbers, at);
  at += numbers.length;
  let end = 0;
  let byte = 4 * (at + numbers.length);
  for (const number of numbers) {
    const { written } = encoder.encodeInto(names.get(number) ?? '', bytes.subarray(byte));
    byte += written;
    end += written;
    words[at++] = end;
  }
  words[CHECK_WORD] = checkOf(bytes);
  return GeoTable.open(bytes) ?? 'a table that cannot be read';
}

const MAGIC = 0x4f454742;
const VERSION = 1;
const HEADER_WORDS = 16;
const HEADER_BYTES = 4 * HEADER_WORDS;
const CHECK_WORD = 8;

/** A hash of everything behind the header and of its counts: against files that were cut or damaged. */
function checkOf(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  let hash = 0x9e3779b9;
  for (let at = 0; at < words.length; at++) {
    if (at === CHECK_WORD) continue;
    hash = Math.imul(hash ^ words[at], 0x21f0aaad);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
