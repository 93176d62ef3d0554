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

/** The second tier: what one group of traffic classes towards one target is made of. About 30 KB, merged exactly but for the tops. */
export class TargetDetail {
  readonly sources = new Uint8Array(2 ** SOURCES_PRECISION);
  readonly srcPorts = new Uint8Array(2 ** PORTS_PRECISION);
  readonly dstPorts = new Uint8Array(2 ** PORTS_PRECISION);
  readonly addresses = new Uint8Array(2 ** ADDRESSES_PRECISION);
  readonly topSources: FrequentItems;
  readonly topSrcPorts: FrequentItems;
  readonly topDstPorts: FrequentItems;
  /** One bit per TTL or hop limit that was seen; bit 0 stands for unknown. */
  readonly ttls = new Uint32Array(8);
  /** Rows taken in; tells the next second how much to thin. */
  rows = 0;
  /** Packets by the size of the row's mean packet, in steps of 128 bytes; the last takes the rest. */
  readonly sizes = new Float64Array(13);
  /** Tops look at one row in 2^thinBits, chosen by the hash of its content. */
  thinBits = 0;

  constructor(seed: number) {
    this.topSources = new FrequentItems(SOURCES_CAPACITY, seed);
    this.topSrcPorts = new FrequentItems(PORTS_CAPACITY, seed);
    this.topDstPorts = new FrequentItems(PORTS_CAPACITY, seed);
  }

  /** Adds one row. `weight` scales it where the row stands for others (a sample); 1 otherwise. */
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
    if ((rowHash & ((1 << this.thinBits) - 1)) !== 0) return;
    const weight = packets * (1 << this.thinBits);
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
