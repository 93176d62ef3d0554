import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { hashAddress } from '../../base/hash.ts';
import { IPV4_MAPPED_WORD, isIpv4 } from '../../base/ip.ts';
import type { Rate } from '../../model/attack.ts';
import type { FrequentItems } from '../../sketch/frequent-items.ts';

/** Times are told to the end of the year 9999. */
export const TIME_MAX_MS = 253_402_300_799_999;
/** No register of 32-bit hashes is larger. */
const REGISTER_MAX = 33;

/** The four words of an address: one where it is IPv4. */
export function writeWords(to: ByteWriter, words: Uint32Array, at = 0): void {
  const short = isIpv4(words, at);
  to.number(short ? 1 : 0);
  for (let word = short ? 3 : 0; word < 4; word++) to.uint32(words[at + word]);
}

export function readWords(from: ByteReader, words: Uint32Array, at = 0): void {
  const short = from.count(1) === 1;
  if (short) {
    words[at] = 0;
    words[at + 1] = 0;
    words[at + 2] = IPV4_MAPPED_WORD;
  }
  for (let word = short ? 3 : 0; word < 4; word++) words[at + word] = from.uint32();
}

/** Times of captures may lie before 1970. */
export function readTime(from: ByteReader): number {
  const timeMs = from.number();
  if (Math.abs(timeMs) <= TIME_MAX_MS) return timeMs;
  from.fail('a time out of its bounds');
  return 0;
}

/** A number that may be below 0 but not endless. */
export function readSigned(from: ByteReader, max: number): number {
  const value = from.number();
  if (Math.abs(value) <= max) return value;
  from.fail('a number out of its bounds');
  return 0;
}

export function writeRate(to: ByteWriter, rate: Rate): void {
  to.number(rate.bps);
  to.number(rate.pps);
  to.number(rate.fps);
}

export function readRate(from: ByteReader): Rate {
  return { bps: from.amount(), pps: from.amount(), fps: from.amount() };
}

export function writeRates(to: ByteWriter, rates: readonly Rate[]): void {
  to.number(rates.length);
  for (const rate of rates) writeRate(to, rate);
}

export function readRates(from: ByteReader, max: number): Rate[] {
  const rates: Rate[] = [];
  const count = from.count(max);
  for (let index = 0; index < count && from.fault === undefined; index++) rates.push(readRate(from));
  return rates;
}

/** The keys of a summary with their counts, in the order of their weight. */
export function writeItems(to: ByteWriter, items: FrequentItems): void {
  const slots = items.top(items.capacity);
  to.number(slots.length);
  to.number(items.total);
  to.number(items.errorMax);
  for (const slot of slots) {
    writeWords(to, items.keys, 4 * slot);
    to.number(items.counts[slot]);
    to.number(items.tags[slot]);
  }
}

/** Reads into a summary that is empty; keys are placed by its own seed. */
export function readItems(from: ByteReader, into: FrequentItems, seed: number): void {
  const length = from.count(into.capacity);
  const total = from.amount();
  const errorMax = from.amount();
  const keys = new Uint32Array(4 * length);
  const counts = new Float64Array(length);
  const tags = new Uint32Array(length);
  const hashes = new Uint32Array(length);
  let sum = 0;
  for (let at = 0; at < length; at++) {
    readWords(from, keys, 4 * at);
    counts[at] = from.amount();
    sum += counts[at];
    tags[at] = from.count(2 ** 32 - 1);
    hashes[at] = hashAddress(keys, 4 * at, seed);
  }
  // What is added up in another order differs in the last digits, and a share of more than all would be told otherwise.
  if (sum > (1 + 1e-9) * total) from.fail('a summary of more than its total');
  if (from.fault === undefined) into.merge({ keys, counts, tags, hashes, total, errorMax });
}

export function readRegisters(from: ByteReader, into: Uint8Array): void {
  into.set(from.raw(into.length));
  if (into.some((register) => register > REGISTER_MAX)) from.fail('a register out of its bounds');
}
