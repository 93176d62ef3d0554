import { assert } from '../base/errors.ts';
import { hashAddress, mix32 } from '../base/hash.ts';
import { isIpv4 } from '../base/ip.ts';
import { maskWord } from '../base/prefix.ts';
import { CLASS_COUNT } from '../model/traffic-class.ts';
import { TargetDetail } from './target-detail.ts';

/** Prefixes shorter than a /20 or /48 have no bit of their own in the filter: watching one lets every row through it. */
const FILTER_LENGTH_IPV4 = 116;
const FILTER_LENGTH_IPV6 = 48;

/** See `Watch.choose`. */
export const CHOSEN_RECEIVED = 1;
export const CHOSEN_SENT = 2;

export interface WatchLimits {
  readonly targetsMax: number;
  readonly detailsMax: number;
}
export const WATCH_LIMITS: WatchLimits = { targetsMax: 512, detailsMax: 512 };

const HOST_LENGTH = 128;
/** Filter bits; see `maybe`. */
const FILTER_BITS = 1 << 16;
/** Different prefix lengths that can be watched at a time: the steps of the ladder, and configured networks. */
const LENGTHS_MAX = 15;

/**
 * The targets that are watched in full detail during one second. The list is made between seconds and given to every worker, so that
 * their details merge exactly.
 *
 *   row ──► filters (a bit per address, a bit per /20 or /48; 8 KB each) ──► table by (prefix, length) ──► slot ──► detail of the row's traffic class
 */
export class Watch {
  size = 0;
  readonly keys: Uint32Array;
  readonly lengths: Uint8Array;
  /** Index of the detail plus one by slot and traffic class; 0 where that class is not watched. */
  readonly detailOf: Int32Array;
  /** What the target sent, by traffic class: packets scaled by sampling. */
  readonly outPackets: Float64Array;
  readonly outBytes: Float64Array;
  details: TargetDetail[] = [];
  detailsUsed = 0;
  readonly #limits: WatchLimits;
  readonly #seed: number;
  readonly #hostFilter = new Uint32Array(FILTER_BITS / 32);
  readonly #prefixFilter = new Uint32Array(FILTER_BITS / 32);
  readonly #index: Uint32Array;
  readonly #lengthsInUse = new Uint8Array(LENGTHS_MAX);
  #lengthCount = 0;
  readonly #masked = new Uint32Array(4);

  constructor(seed: number, limits: WatchLimits = WATCH_LIMITS) {
    this.#limits = limits;
    this.#seed = seed;
    this.keys = new Uint32Array(4 * limits.targetsMax);
    this.lengths = new Uint8Array(limits.targetsMax);
    this.detailOf = new Int32Array(CLASS_COUNT * limits.targetsMax);
    this.outPackets = new Float64Array(CLASS_COUNT * limits.targetsMax);
    this.outBytes = new Float64Array(limits.targetsMax);
    this.#index = new Uint32Array(4 * 2 ** Math.ceil(Math.log2(limits.targetsMax)));
  }

  /**
   * Watches a target (an address has length 128) and returns its slot, or -1 when the list is full.
   * Watching it again gives the same slot.
   */
  watch(words: Uint32Array, at: number, length: number): number {
    const known = this.#find(words, at, length);
    if (known >= 0) return known;
    if (this.size >= this.#limits.targetsMax || !this.#useLength(length)) return -1;
    const slot = this.size++;
    for (let word = 0; word < 4; word++) this.keys[4 * slot + word] = words[at + word];
    this.lengths[slot] = length;
    this.detailOf.fill(0, slot * CLASS_COUNT, (slot + 1) * CLASS_COUNT);
    this.outPackets.fill(0, slot * CLASS_COUNT, (slot + 1) * CLASS_COUNT);
    this.outBytes[slot] = 0;
    const mask = this.#index.length - 1;
    let place = this.#hash(words, at, length) & mask;
    while (this.#index[place] !== 0) place = (place + 1) & mask;
    this.#index[place] = slot + 1;
    if (length === HOST_LENGTH) {
      const bit = hostBit(words, at);
      this.#hostFilter[bit >>> 5] |= 1 << (bit & 31);
      return slot;
    }
    if (length < (isIpv4(words, at) ? FILTER_LENGTH_IPV4 : FILTER_LENGTH_IPV6)) this.#prefixFilter.fill(0xffffffff);
    const bit = filterBit(words, at);
    this.#prefixFilter[bit >>> 5] |= 1 << (bit & 31);
    return slot;
  }

  /** Gives the slot a detail for a set of classes (a bit mask); `undefined` when details have run out. */
  addDetail(slot: number, classes: number, thinBits: number): TargetDetail | undefined {
    assert(slot >= 0 && slot < this.size, 'the slot is watched');
    if (this.detailsUsed >= this.#limits.detailsMax) return undefined;
    if (this.detailsUsed === this.details.length) this.details.push(new TargetDetail(this.#seed));
    const detail = this.details[this.detailsUsed++];
    detail.clear();
    detail.thinBits = thinBits;
    for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
      if ((classes >>> trafficClass) & 1) this.detailOf[slot * CLASS_COUNT + trafficClass] = this.detailsUsed;
    }
    return detail;
  }

  /** The detail of a slot that covers a traffic class. */
  detail(slot: number, trafficClass: number): TargetDetail | undefined {
    const index = this.detailOf[slot * CLASS_COUNT + trafficClass];
    return index === 0 ? undefined : this.details[index - 1];
  }

  /** Slot of a target, or -1. */
  find(words: Uint32Array, at: number, length: number): number {
    return this.size === 0 ? -1 : this.#find(words, at, length);
  }

  /** False if surely nothing that covers the address is watched. */
  maybe(words: Uint32Array, at: number): boolean {
    const bit = hostBit(words, at);
    if (((this.#hostFilter[bit >>> 5] >>> (bit & 31)) & 1) !== 0) return true;
    if (this.#lengthCount === 0) return false;
    const prefixBit = filterBit(words, at);
    return ((this.#prefixFilter[prefixBit >>> 5] >>> (prefixBit & 31)) & 1) !== 0;
  }

  /**
   * The rows `from` to `to` (exclusive) whose destination or source may be watched, written to `chosen` as row × 4 plus
   * `CHOSEN_RECEIVED` and `CHOSEN_SENT`; returns how many. Rows without a cell are nobody's. Without a branch on what is found:
   * in an attack half of the rows are the target's, in no order.
   */
  choose(
    srcAddr: Uint32Array,
    dstAddr: Uint32Array,
    cells: Int32Array,
    from: number,
    to: number,
    chosen: Int32Array,
  ): number {
    const hosts = this.#hostFilter;
    const prefixes = this.#prefixFilter;
    const withPrefixes = this.#lengthCount > 0;
    let count = 0;
    for (let row = from; row < to; row++) {
      const at = row << 2;
      const dst = hostBit(dstAddr, at);
      const src = hostBit(srcAddr, at);
      let received = hosts[dst >>> 5] >>> (dst & 31);
      let sent = hosts[src >>> 5] >>> (src & 31);
      if (withPrefixes) {
        const dstPrefix = filterBit(dstAddr, at);
        const srcPrefix = filterBit(srcAddr, at);
        received |= prefixes[dstPrefix >>> 5] >>> (dstPrefix & 31);
        sent |= prefixes[srcPrefix >>> 5] >>> (srcPrefix & 31);
      }
      const found = ((received & 1) | ((sent & 1) << 1)) & ~(cells[row] >> 31);
      chosen[count] = (row << 2) | found;
      count += (found | (found >>> 1)) & 1;
    }
    return count;
  }

  /** Slots that cover the address, written to `slots`; returns how many (at most 1 + LENGTHS_MAX). */
  match(words: Uint32Array, at: number, hash: number, slots: Int32Array): number {
    let count = 0;
    const host = this.#findAt(words, at, HOST_LENGTH, hash);
    if (host >= 0) slots[count++] = host;
    for (let use = 0; use < this.#lengthCount; use++) {
      const length = this.#lengthsInUse[use];
      const masked = this.#masked;
      for (let word = 0; word < 4; word++) masked[word] = words[at + word] & maskWord(length, word);
      const slot = this.#find(masked, 0, length);
      if (slot >= 0) slots[count++] = slot;
    }
    return count;
  }

  merge(other: Watch): void {
    assert(other.size === this.size && other.detailsUsed === this.detailsUsed, 'workers watch the same targets');
    const counters = this.size * CLASS_COUNT;
    for (let at = 0; at < counters; at++) this.outPackets[at] += other.outPackets[at];
    for (let slot = 0; slot < this.size; slot++) this.outBytes[slot] += other.outBytes[slot];
    for (let at = 0; at < this.detailsUsed; at++) this.details[at].merge(other.details[at]);
  }

  /** Watches nothing any more. */
  clear(): void {
    if (this.size > 0) {
      this.#index.fill(0);
      this.#hostFilter.fill(0);
      this.#prefixFilter.fill(0);
    }
    this.size = 0;
    this.detailsUsed = 0;
    this.#lengthCount = 0;
  }

  #useLength(length: number): boolean {
    if (length === HOST_LENGTH) return true;
    for (let use = 0; use < this.#lengthCount; use++) if (this.#lengthsInUse[use] === length) return true;
    if (this.#lengthCount === LENGTHS_MAX) return false;
    this.#lengthsInUse[this.#lengthCount++] = length;
    return true;
  }

  #find(words: Uint32Array, at: number, length: number): number {
    return this.#findAt(words, at, length, this.#hash(words, at, length));
  }

  #findAt(words: Uint32Array, at: number, length: number, hash: number): number {
    const mask = this.#index.length - 1;
    let place = hash & mask;
    for (let entry = this.#index[place]; entry !== 0; entry = this.#index[place]) {
      const key = 4 * (entry - 1);
      if (
        this.lengths[entry - 1] === length &&
        this.keys[key + 3] === words[at + 3] &&
        this.keys[key + 2] === words[at + 2] &&
        this.keys[key + 1] === words[at + 1] &&
        this.keys[key] === words[at]
      ) {
        return entry - 1;
      }
      place = (place + 1) & mask;
    }
    return -1;
  }

  #hash(words: Uint32Array, at: number, length: number): number {
    return hashAddress(words, at, length === HOST_LENGTH ? this.#seed : this.#seed + length);
  }
}

/** A cheap hash: most rows are told apart here, before their own hash is needed. */
function hostBit(words: Uint32Array, at: number): number {
  return Math.imul(words[at + 3] ^ Math.imul(words[at + 1], 0x85ebca6b), 0x9e3779b1) >>> 16;
}

/** One bit per IPv4 /20 or IPv6 /48. */
function filterBit(words: Uint32Array, at: number): number {
  const key = isIpv4(words, at) ? words[at + 3] >>> 12 : words[at] ^ Math.imul(words[at + 1] >>> 16, 0x9e3779b1);
  return mix32(key) & (FILTER_BITS - 1);
}
