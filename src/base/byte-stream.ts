import { mix32 } from './hash.ts';

/**
 * Compact bytes of numbers, for snapshots. A number is either
 *
 *   value + 1 in groups of seven bits, the lowest first; the top bit says that another follows      (integers 0 … 2^53 - 2)
 *   00 and eight bytes, IEEE 754, little endian                                                       (all others)
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** `room`: bytes to begin with; it grows. */
  constructor(room = 64 * 1024) {
    this.#bytes = new Uint8Array(room);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  number(value: number): void {
    if (this.#length + NUMBER_BYTES_MAX > this.#bytes.length) this.#grow(NUMBER_BYTES_MAX);
    const bytes = this.#bytes;
    // The most usual: small integers.
    if (value >= 0 && value < 127 && (value | 0) === value) {
      bytes[this.#length++] = value + 1;
      return;
    }
    if (!(value >= 0 && value < INTEGER_MAX && Number.isInteger(value))) {
      bytes[this.#length] = 0;
      this.#view.setFloat64(this.#length + 1, value, true);
      this.#length += 9;
      return;
    }
    let rest = value + 1;
    while (rest >= 2 ** 31) {
      bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    let low = rest | 0;
    while (low >= 128) {
      bytes[this.#length++] = (low & 127) | 128;
      low >>>= 7;
    }
    bytes[this.#length++] = low;
  }

  uint16(value: number): void {
    if (this.#length + 2 > this.#bytes.length) this.#grow(2);
    this.#bytes[this.#length++] = value & 0xff;
    this.#bytes[this.#length++] = value >>> 8;
  }

  uint32(value: number): void {
    if (this.#length + 4 > this.#bytes.length) this.#grow(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** Bytes, with their number before them. */
  bytes(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.raw(bytes);
  }

  /** Bytes as they are: the reader knows how many. */
  raw(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  text(text: string): void {
    this.bytes(new TextEncoder().encode(text));
  }

  /** What was written, with its checksum behind it. */
  seal(): Uint8Array {
    const [low, high] = checksum(this.#bytes, this.#length);
    this.uint32(low);
    this.uint32(high);
    return this.#bytes.slice(0, this.#length);
  }

  #grow(room: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + room));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/**
 * Reads what a `ByteWriter` wrote. The bytes may be anything: where something is not as it must be, `fault` says what, from then on
 * everything reads as 0 or empty, and nothing throws.
 */
export class ByteReader {
  fault: string | undefined;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Holds the bytes against the checksum behind them, which is no part of what is read. */
  unseal(): void {
    if (this.#bytes.length < CHECKSUM_BYTES) {
      this.fail('cut short');
      return;
    }
    const end = this.#bytes.length - CHECKSUM_BYTES;
    const [low, high] = checksum(this.#bytes, end);
    if (this.#view.getUint32(end, true) !== low || this.#view.getUint32(end + 4, true) !== high)
      this.fail('damaged: the checksum is another');
    else this.#end = end;
  }

  fail(fault: string): void {
    this.fault ??= fault;
    this.#at = this.#end;
  }

  /** Any number but NaN. */
  number(): number {
    const bytes = this.#bytes;
    if (this.#at >= this.#end) return this.#short();
    if (bytes[this.#at] === 0) {
      if (this.#at + 9 > this.#end) return this.#short();
      const value = this.#view.getFloat64(this.#at + 1, true);
      this.#at += 9;
      if (Number.isNaN(value)) this.fail('a number that is none');
      return this.fault === undefined ? value : 0;
    }
    let value = 0;
    let scale = 1;
    for (let group = 0; group < GROUPS_MAX; group++) {
      if (this.#at >= this.#end) return this.#short();
      const byte = bytes[this.#at++];
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value - 1;
    }
    this.fail('a number that does not end');
    return 0;
  }

  /** An integer from 0 to `max`. */
  count(max = INTEGER_MAX): number {
    const value = this.number();
    if (Number.isInteger(value) && value >= 0 && value <= max) return value;
    this.fail('a count out of its bounds');
    return 0;
  }

  /** A number from 0 to `max`. */
  amount(max = AMOUNT_MAX): number {
    const value = this.number();
    if (value >= 0 && value <= max) return value;
    this.fail('an amount out of its bounds');
    return 0;
  }

  uint16(): number {
    if (this.#at + 2 > this.#end) return this.#short();
    const value = this.#bytes[this.#at] | (this.#bytes[this.#at + 1] << 8);
    this.#at += 2;
    return value;
  }

  uint32(): number {
    if (this.#at + 4 > this.#end) return this.#short();
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** A copy of the next `length` bytes. */
  raw(length: number): Uint8Array {
    if (this.#at + length > this.#end) {
      this.#short();
      return new Uint8Array(length);
    }
    const bytes = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  /** Text of at most `max` bytes. */
  text(max: number): string {
    return new TextDecoder().decode(this.raw(this.count(Math.min(max, Math.max(0, this.left)))));
  }

  #short(): number {
    this.fail('cut short');
    return 0;
  }
}

const INTEGER_MAX = 2 ** 53 - 1;
const AMOUNT_MAX = 2 ** 63;
const NUMBER_BYTES_MAX = 9;
const GROUPS_MAX = 8;
const CHECKSUM_BYTES = 8;

/** Two hashes of 32 bits over the bytes, a word each in turn: against damage, not against forgery. */
function checksum(bytes: Uint8Array, length: number): [number, number] {
  // Words must lie at their own size; bytes that do not are copied.
  const whole = length >>> 3;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice(0, length);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, 2 * whole);
  let low = mix32(length);
  let high = mix32(~length);
  for (let at = 0; at < words.length; at += 2) {
    low = Math.imul(low ^ words[at], 0x21f0aaad);
    low ^= low >>> 15;
    high = Math.imul(high ^ words[at + 1], 0x735a2d97);
    high ^= high >>> 15;
  }
  for (let at = 8 * whole; at < length; at++) {
    low = mix32(low ^ bytes[at]);
    high = mix32(high + bytes[at]);
  }
  return [mix32(low ^ high), mix32(high)];
}
