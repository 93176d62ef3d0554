import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { hashAddress } from '../../base/hash.ts';
import { formatAddress, parseAddress } from '../../base/ip.ts';
import type { Attack } from '../../model/attack.ts';
import { FrequentItems } from '../../sketch/frequent-items.ts';
import { hllAdd, hllEstimate, hllMerge } from '../../sketch/hyperloglog.ts';
import {
  ADDRESSES_PRECISION,
  countTtls,
  PORTS_PRECISION,
  SOURCES_PRECISION,
  type TargetDetail,
} from '../../sketch/target-detail.ts';
import { readItems, readRegisters, writeItems } from './snapshot-parts.ts';

const TOP_SOURCES = 10;
const TOP_PORTS = 5;
const TOP_CAPACITY = 512;

/** Who takes part in an attack and what they send to, in fixed space, about 60 KB. */
export class AttackSketches {
  readonly #seed: number;
  readonly #sources = new Uint8Array(2 ** SOURCES_PRECISION);
  readonly #srcPorts = new Uint8Array(2 ** PORTS_PRECISION);
  readonly #dstPorts = new Uint8Array(2 ** PORTS_PRECISION);
  readonly #addresses = new Uint8Array(2 ** ADDRESSES_PRECISION);
  readonly #ttls = new Uint32Array(8);
  readonly #topSources: FrequentItems;
  readonly #topSrcPorts: FrequentItems;
  readonly #topDstPorts: FrequentItems;
  /** What was counted before by other registers: a count is never told as less than it was. */
  #before = { sources: 0, srcPorts: 0, dstPorts: 0, addresses: 0, ttls: 0 };

  constructor(seed: number) {
    this.#seed = seed;
    this.#topSources = new FrequentItems(TOP_CAPACITY, seed);
    this.#topSrcPorts = new FrequentItems(TOP_CAPACITY, seed);
    this.#topDstPorts = new FrequentItems(TOP_CAPACITY, seed);
  }

  add(detail: TargetDetail): void {
    hllMerge(this.#sources, 0, detail.sources, 0, this.#sources.length);
    hllMerge(this.#srcPorts, 0, detail.srcPorts, 0, this.#srcPorts.length);
    hllMerge(this.#dstPorts, 0, detail.dstPorts, 0, this.#dstPorts.length);
    hllMerge(this.#addresses, 0, detail.addresses, 0, this.#addresses.length);
    for (let word = 0; word < 8; word++) this.#ttls[word] |= detail.ttls[word];
    this.#topSources.merge(detail.topSources);
    this.#topSrcPorts.merge(detail.topSrcPorts);
    this.#topDstPorts.merge(detail.topDstPorts);
  }

  /** Adds sources that were counted elsewhere; what is added again keeps its share. */
  addSources(sources: FrequentItems): void {
    for (const slot of sources.top(sources.capacity)) {
      hllAdd(this.#sources, 0, SOURCES_PRECISION, hashAddress(sources.keys, 4 * slot, this.#seed));
    }
    this.#topSources.merge(sources);
  }

  /** Takes over what an attack came to before its sketches were lost. */
  adopt(attack: Attack): void {
    const { evidence, sources } = attack;
    const before = this.#before;
    this.#before = {
      sources: Math.max(before.sources, sources.distinct),
      srcPorts: Math.max(before.srcPorts, evidence.srcPortsDistinct),
      dstPorts: Math.max(before.dstPorts, evidence.dstPortsDistinct),
      addresses: Math.max(before.addresses, evidence.addresses ?? 0),
      ttls: Math.max(before.ttls, evidence.ttlsDistinct ?? 0),
    };
    if (this.#topSources.total > 0 || !(evidence.packets > 0)) return;
    for (const { addr, share, asn } of sources.top) {
      const words = parseAddress(addr);
      if (words === undefined || !(share > 0)) continue;
      const hash = hashAddress(words, 0, this.#seed);
      this.#topSources.add(words, 0, hash, share * evidence.packets, asn ?? 0);
    }
    for (const { port, share } of evidence.srcPorts) {
      if (share > 0) this.#topSrcPorts.addNumber(port, share * evidence.packets);
    }
    for (const { port, share } of evidence.dstPorts) {
      if (share > 0) this.#topDstPorts.addNumber(port, share * evidence.packets);
    }
    for (const top of [this.#topSources, this.#topSrcPorts, this.#topDstPorts]) top.total = evidence.packets;
  }

  get sourcesDistinct(): number {
    return Math.max(this.#before.sources, Math.round(hllEstimate(this.#sources, 0, SOURCES_PRECISION)));
  }

  get srcPortsDistinct(): number {
    return Math.max(this.#before.srcPorts, Math.round(hllEstimate(this.#srcPorts, 0, PORTS_PRECISION)));
  }

  get dstPortsDistinct(): number {
    return Math.max(this.#before.dstPorts, Math.round(hllEstimate(this.#dstPorts, 0, PORTS_PRECISION)));
  }

  get addressesDistinct(): number {
    return Math.max(this.#before.addresses, Math.round(hllEstimate(this.#addresses, 0, ADDRESSES_PRECISION)));
  }

  get ttlsDistinct(): number {
    return Math.max(this.#before.ttls, countTtls(this.#ttls));
  }

  get srcPorts(): { port: number; share: number }[] {
    return topPorts(this.#topSrcPorts);
  }

  get dstPorts(): { port: number; share: number }[] {
    return topPorts(this.#topDstPorts);
  }

  topSources(): Attack['sources']['top'] {
    const top = this.#topSources;
    return top.top(TOP_SOURCES).map((slot) => ({
      addr: formatAddress(top.keys, 4 * slot),
      share: roundShare(top.counts[slot] / top.total),
      ...(top.tags[slot] > 0 ? { asn: top.tags[slot] } : {}),
    }));
  }

  /** The heaviest sources, heaviest first, and the share of the attack's packets that each sent: for where they come from. */
  sources(): AttackSources {
    const top = this.#topSources;
    const slots = top.top(TOP_CAPACITY);
    const sources = { words: new Uint32Array(4 * slots.length), shares: new Float64Array(slots.length) };
    for (const [at, slot] of slots.entries()) {
      for (let word = 0; word < 4; word++) sources.words[4 * at + word] = top.keys[4 * slot + word];
      sources.shares[at] = top.counts[slot] / top.total;
    }
    return sources;
  }

  write(to: ByteWriter): void {
    for (const registers of [this.#sources, this.#srcPorts, this.#dstPorts, this.#addresses]) to.raw(registers);
    for (const word of this.#ttls) to.uint32(word);
    const { sources, srcPorts, dstPorts, addresses, ttls } = this.#before;
    for (const count of [sources, srcPorts, dstPorts, addresses, ttls]) to.number(count);
    for (const items of [this.#topSources, this.#topSrcPorts, this.#topDstPorts]) writeItems(to, items);
  }

  /** `sameSeed`: the registers were filled by the same hashes; otherwise what they came to is kept, and no more. */
  static read(from: ByteReader, seed: number, sameSeed: boolean): AttackSketches {
    const sketches = new AttackSketches(seed);
    for (const registers of [sketches.#sources, sketches.#srcPorts, sketches.#dstPorts, sketches.#addresses])
      readRegisters(from, registers);
    for (let word = 0; word < 8; word++) sketches.#ttls[word] = from.uint32();
    sketches.#before = {
      sources: from.amount(),
      srcPorts: from.amount(),
      dstPorts: from.amount(),
      addresses: from.amount(),
      ttls: from.amount(),
    };
    if (!sameSeed) {
      sketches.#before = {
        sources: sketches.sourcesDistinct,
        srcPorts: sketches.srcPortsDistinct,
        dstPorts: sketches.dstPortsDistinct,
        addresses: sketches.addressesDistinct,
        ttls: sketches.ttlsDistinct,
      };
      for (const registers of [sketches.#sources, sketches.#srcPorts, sketches.#dstPorts, sketches.#addresses])
        registers.fill(0);
    }
    for (const items of [sketches.#topSources, sketches.#topSrcPorts, sketches.#topDstPorts])
      readItems(from, items, seed);
    return sketches;
  }
}

/** Row `i` of an address is the four words at `4 * i`. */
export interface AttackSources {
  readonly words: Uint32Array;
  readonly shares: Float64Array;
}

function topPorts(ports: FrequentItems): { port: number; share: number }[] {
  return ports
    .top(TOP_PORTS)
    .map((slot) => ({ port: ports.keys[4 * slot + 3], share: roundShare(ports.counts[slot] / ports.total) }))
    .filter(({ port, share }) => port > 0 && share >= 0.01);
}

/** Shares and ratios to four decimals. */
export function roundShare(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
