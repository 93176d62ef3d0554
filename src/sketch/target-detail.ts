import { mix32 } from '../base/hash.ts';
import { FrequentItems } from './frequent-items.ts';
import { hllAdd, hllMerge } from './hyperloglog.ts';

/** 2^11 registers: distinct sources are told with a relative standard error of 2.3 %. */
export const SOURCES_PRECISION = 11;
/** 2^9 registers: distinct ports with 4.6 %. */
export const PORTS_PRECISION = 9;
/** 2^8 registers: attacked addresses of a carpet with 6.5 %. */
export const ADDRESSES_PRECISION = 8;
/** Top sources are low by at most 1/128 of the packets, ports by at most 1/32. */
const SOURCES_CAPACITY = 256;
const PORTS_CAPACITY = 64;

/** A detail in memory: rows, the mask of thinning, then at the next line of the cache the registers that every row adds to. */
export const DETAIL_SOURCES = 64;
export const DETAIL_ADDRESSES = DETAIL_SOURCES + 2 ** SOURCES_PRECISION;
export const DETAIL_BYTES = DETAIL_ADDRESSES + 2 ** ADDRESSES_PRECISION;

/** The second tier: what one group of traffic classes towards one target is made of. About 30 KB, merged exactly but for the tops. */
export class TargetDetail {
  readonly sources: Uint8Array;
  readonly srcPorts = new Uint8Array(2 ** PORTS_PRECISION);
  readonly dstPorts = new Uint8Array(2 ** PORTS_PRECISION);
  readonly addresses: Uint8Array;
  readonly topSources: FrequentItems;
  readonly topSrcPorts: FrequentItems;
  readonly topDstPorts: FrequentItems;
  /** One bit per TTL or hop limit that was seen; bit 0 stands for unknown. */
  readonly ttls = new Uint32Array(8);
  /** Packets by the size of the row's mean packet, in steps of 128 bytes; the last takes the rest. */
  readonly sizes = new Float64Array(13);
  readonly #head: Uint32Array;

  /** `memory`: DETAIL_BYTES bytes, all 0. */
  constructor(seed: number, memory: Uint8Array = new Uint8Array(DETAIL_BYTES)) {
    this.#head = new Uint32Array(memory.buffer, memory.byteOffset, 2);
    this.sources = memory.subarray(DETAIL_SOURCES, DETAIL_ADDRESSES);
    this.addresses = memory.subarray(DETAIL_ADDRESSES, DETAIL_BYTES);
    this.topSources = new FrequentItems(SOURCES_CAPACITY, seed);
    this.topSrcPorts = new FrequentItems(PORTS_CAPACITY, seed);
    this.topDstPorts = new FrequentItems(PORTS_CAPACITY, seed);
  }

  /** Rows taken in; tells the next second how much to thin. */
  get rows(): number {
    return this.#head[0];
  }

  set rows(rows: number) {
    this.#head[0] = rows;
  }

  /** Tops look at one row in 2^thinBits, chosen by the hash of its content. */
  get thinBits(): number {
    return 32 - Math.clz32(this.#head[1]);
  }

  set thinBits(bits: number) {
    this.#head[1] = 2 ** bits - 1;
  }

  /** Adds one row; `rowHash` decides whether the tops look at it. */
  add(
    src: Uint32Array,
    at: number,
    srcHash: number,
    dstHash: number,
    rowHash: number,
    srcPort: number,
    dstPort: number,
    ttl: number,
    srcAs: number,
    packets: number,
    bytes: number,
  ): void {
    this.rows++;
    hllAdd(this.sources, 0, SOURCES_PRECISION, srcHash);
    hllAdd(this.addresses, 0, ADDRESSES_PRECISION, dstHash);
    if ((rowHash & this.#head[1]) === 0) this.addTops(src, at, srcHash, srcPort, dstPort, ttl, srcAs, packets, bytes);
  }

  /** What `add` does with a row that the tops look at, besides counting it. */
  addTops(
    src: Uint32Array,
    at: number,
    srcHash: number,
    srcPort: number,
    dstPort: number,
    ttl: number,
    srcAs: number,
    packets: number,
    bytes: number,
  ): void {
    const weight = packets * (this.#head[1] + 1);
    this.topSources.add(src, at, srcHash, weight, srcAs);
    this.topSrcPorts.addNumber(srcPort, weight);
    this.topDstPorts.addNumber(dstPort, weight);
    hllAdd(this.srcPorts, 0, PORTS_PRECISION, mix32(srcPort + 1));
    hllAdd(this.dstPorts, 0, PORTS_PRECISION, mix32(dstPort + 1));
    this.ttls[ttl >>> 5] |= 1 << (ttl & 31);
    const step = Math.floor(bytes / (packets * 128));
    this.sizes[step < 12 ? step : 12] += weight;
  }

  merge(other: TargetDetail): void {
    hllMerge(this.sources, 0, other.sources, 0, this.sources.length);
    hllMerge(this.srcPorts, 0, other.srcPorts, 0, this.srcPorts.length);
    hllMerge(this.dstPorts, 0, other.dstPorts, 0, this.dstPorts.length);
    hllMerge(this.addresses, 0, other.addresses, 0, this.addresses.length);
    this.topSources.merge(other.topSources);
    this.topSrcPorts.merge(other.topSrcPorts);
    this.topDstPorts.merge(other.topDstPorts);
    for (let word = 0; word < this.ttls.length; word++) this.ttls[word] |= other.ttls[word];
    for (let step = 0; step < this.sizes.length; step++) this.sizes[step] += other.sizes[step];
    this.rows += other.rows;
  }

  clear(): void {
    this.sources.fill(0);
    this.srcPorts.fill(0);
    this.dstPorts.fill(0);
    this.addresses.fill(0);
    this.topSources.clear();
    this.topSrcPorts.clear();
    this.topDstPorts.clear();
    this.ttls.fill(0);
    this.sizes.fill(0);
    this.rows = 0;
    this.thinBits = 0;
  }
}

/** Distinct known values of TTL or hop limit. */
export function countTtls(ttls: Uint32Array): number {
  let count = 0;
  for (let value = 1; value < 256; value++) if ((ttls[value >>> 5] >>> (value & 31)) & 1) count++;
  return count;
}
