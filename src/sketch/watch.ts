import { assert } from '../base/errors.ts';
import { hashAddress } from '../base/hash.ts';
import { isIpv4 } from '../base/ip.ts';
import { maskWord } from '../base/prefix.ts';
import { CLASS_COUNT } from '../model/traffic-class.ts';
import { FILTER_BITS } from './intake.ts';
import { KEY_BYTES, KEY_USE, USE_BYTES, USE_SEED } from './kernel/watch.ts';
import { DETAIL_BYTES, TargetDetail } from './target-detail.ts';

/** Prefixes shorter than a /20 or /48 have no bit of their own in the filter: watching one lets every row through it. */
const FILTER_LENGTH_IPV4 = 116;
const FILTER_LENGTH_IPV6 = 48;

export interface WatchLimits {
  readonly targetsMax: number;
  readonly detailsMax: number;
}
export const WATCH_LIMITS: WatchLimits = { targetsMax: 512, detailsMax: 512 };

const HOST_LENGTH = 128;
/** Different prefix lengths that can be watched at a time: the steps of the ladder, and configured networks. */
const LENGTHS_MAX = 15;

/** Parts of the memory of a watch list, in their order, each from a line of the cache on. */
const PARTS = ['uses', 'index', 'keys', 'detailOf', 'outPackets', 'outBytes', 'details'] as const;
type Part = (typeof PARTS)[number];

function partBytes({ targetsMax, detailsMax }: WatchLimits): Readonly<Record<Part, number>> {
  return {
    uses: USE_BYTES * (1 + LENGTHS_MAX),
    index: 4 * indexSize(targetsMax),
    keys: KEY_BYTES * targetsMax,
    detailOf: 4 * CLASS_COUNT * targetsMax,
    outPackets: 8 * CLASS_COUNT * targetsMax,
    outBytes: 8 * targetsMax,
    details: DETAIL_BYTES * detailsMax,
  };
}

const aligned = (bytes: number): number => (bytes + 63) & ~63;

/** Bytes that a watch list needs. */
export function watchBytes(limits: WatchLimits): number {
  return Object.values(partBytes(limits)).reduce((sum, bytes) => sum + aligned(bytes), 0);
}

function indexSize(targetsMax: number): number {
  return 4 * 2 ** Math.ceil(Math.log2(targetsMax));
}

/** Where a watch list keeps what kernels look up. */
export interface WatchMemory {
  readonly hostFilter: Uint32Array;
  readonly prefixFilter: Uint32Array;
  /** `watchBytes(limits)` bytes, all 0. */
  readonly parts: Uint8Array;
}

function allocate(limits: WatchLimits): WatchMemory {
  return {
    hostFilter: new Uint32Array(FILTER_BITS / 32),
    prefixFilter: new Uint32Array(FILTER_BITS / 32),
    parts: new Uint8Array(watchBytes(limits)),
  };
}

/**
 * The targets that are watched in full detail during one second. The list is made between seconds and given to every worker, so that
 * their details merge exactly.
 *
 *   row ──► filters (a bit per address, a bit per /20 or /48; 8 KB each) ──► table by (prefix, length) ──► slot ──► detail of the row's traffic class
 */
export class Watch {
  size = 0;
  /** Changes whenever what is watched does. */
  version = 0;
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
  readonly #hostFilter: Uint32Array;
  readonly #prefixFilter: Uint32Array;
  readonly #index: Uint32Array;
  /** For kernels: the lengths in use, whole addresses first, and the targets. */
  readonly #uses: Uint32Array;
  readonly #useOf: Uint32Array;
  readonly #detailMemory: Uint8Array;
  /** Places of the parts in memory, for kernels. */
  readonly places: Readonly<Record<Part, number>>;
  readonly #lengthsInUse = new Uint8Array(LENGTHS_MAX);
  #lengthCount = 0;
  readonly #masked = new Uint32Array(4);

  constructor(seed: number, limits: WatchLimits = WATCH_LIMITS, memory = allocate(limits)) {
    this.#limits = limits;
    this.#seed = seed;
    const { targetsMax, detailsMax } = limits;
    const bytes = partBytes(limits);
    const { buffer, byteOffset } = memory.parts;
    const places: Partial<Record<Part, number>> = {};
    let at = byteOffset;
    for (const part of PARTS) {
      places[part] = at;
      at += aligned(bytes[part]);
    }
    this.places = places as Record<Part, number>;
    const { uses, index, keys, detailOf, outPackets, outBytes, details } = this.places;
    this.#hostFilter = memory.hostFilter;
    this.#prefixFilter = memory.prefixFilter;
    this.keys = new Uint32Array(4 * targetsMax);
    this.lengths = new Uint8Array(targetsMax);
    this.detailOf = new Int32Array(buffer, detailOf, CLASS_COUNT * targetsMax);
    this.outPackets = new Float64Array(buffer, outPackets, CLASS_COUNT * targetsMax);
    this.outBytes = new Float64Array(buffer, outBytes, targetsMax);
    this.#index = new Uint32Array(buffer, index, indexSize(targetsMax));
    this.#uses = new Uint32Array(buffer, uses, (USE_BYTES / 4) * (1 + LENGTHS_MAX));
    this.#useOf = new Uint32Array(buffer, keys, (KEY_BYTES / 4) * targetsMax);
    this.#detailMemory = new Uint8Array(buffer, details, DETAIL_BYTES * detailsMax);
    this.#setUse(0, HOST_LENGTH);
  }

  /** Whole addresses, and the prefix lengths that are watched. */
  get uses(): number {
    return 1 + this.#lengthCount;
  }

  get indexMask(): number {
    return this.#index.length - 1;
  }

  #setUse(use: number, length: number): void {
    const at = (USE_BYTES / 4) * use;
    for (let word = 0; word < 4; word++) this.#uses[at + word] = maskWord(length, word);
    this.#uses[at + USE_SEED / 4] = length === HOST_LENGTH ? this.#seed : this.#seed + length;
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
    this.version++;
    for (let word = 0; word < 4; word++) this.keys[4 * slot + word] = words[at + word];
    this.lengths[slot] = length;
    const key = (KEY_BYTES / 4) * slot;
    this.#useOf.set(this.keys.subarray(4 * slot, 4 * slot + 4), key);
    this.#useOf[key + KEY_USE / 4] = this.#useOfLength(length);
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
    if (this.detailsUsed === this.details.length) this.#newDetail();
    const detail = this.details[this.detailsUsed++];
    this.version++;
    detail.clear();
    detail.thinBits = thinBits;
    for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
      if ((classes >>> trafficClass) & 1) this.detailOf[slot * CLASS_COUNT + trafficClass] = this.detailsUsed;
    }
    return detail;
  }

  #newDetail(): void {
    const at = DETAIL_BYTES * this.details.length;
    this.details.push(new TargetDetail(this.#seed, this.#detailMemory.subarray(at, at + DETAIL_BYTES)));
  }

  #useOfLength(length: number): number {
    return length === HOST_LENGTH ? 0 : 1 + this.#lengthsInUse.indexOf(length);
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
    this.version++;
    this.size = 0;
    this.detailsUsed = 0;
    this.#lengthCount = 0;
  }

  #useLength(length: number): boolean {
    if (length === HOST_LENGTH) return true;
    for (let use = 0; use < this.#lengthCount; use++) if (this.#lengthsInUse[use] === length) return true;
    if (this.#lengthCount === LENGTHS_MAX) return false;
    this.#lengthsInUse[this.#lengthCount++] = length;
    this.#setUse(this.#lengthCount, length);
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
  return Math.imul(key, 0x9e3779b1) >>> 16;
}
