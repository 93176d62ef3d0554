import { hashAddress, mix32 } from '../base/hash.ts';
import type { Prefix } from '../base/prefix.ts';
import { maskWord } from '../base/prefix.ts';
import type { FlowBatch } from '../model/flow-batch.ts';
import { HAS, NO_EXPORTER } from '../model/flow-columns.ts';
import { CLASS, CLASS_COUNT } from '../model/traffic-class.ts';
import { ADDRESS_TABLE_LIMITS, AddressTable, type AddressTableLimits, ROW_OUT } from './address-table.ts';
import { UNCOUNTED } from './classify.ts';
import { RowSample } from './row-sample.ts';
import { WATCH_LIMITS, Watch, type WatchLimits } from './watch.ts';

export interface SecondLimits {
  readonly table: AddressTableLimits;
  readonly watch: WatchLimits;
  readonly sampleRows: number;
}
export const SECOND_LIMITS: SecondLimits = { table: ADDRESS_TABLE_LIMITS, watch: WATCH_LIMITS, sampleRows: 32_768 };

/**
 * Everything kept of one second of traffic: counters of every destination, a sample of rows, details of the watched targets.
 * Seconds of the same seed and watch list merge: sums add, registers take the maximum, samples unite, tops merge with their bound.
 */
export class Second {
  /** Seconds since 1970. */
  second = 0;
  /** Packets and bytes scaled by sampling, and rows, of everything added. */
  packets = 0;
  bytes = 0;
  flows = 0;
  readonly table: AddressTable;
  readonly sample: RowSample;
  readonly watch: Watch;
  readonly #seed: number;
  readonly #networks: readonly Prefix[];
  readonly #slots = new Int32Array(16);

  /** `networks`: what is protected; with none, every destination is counted as inside. */
  constructor(seed: number, networks: readonly Prefix[] = [], limits: SecondLimits = SECOND_LIMITS) {
    this.#seed = seed;
    this.#networks = networks;
    this.table = new AddressTable(seed, limits.table);
    this.sample = new RowSample(limits.sampleRows);
    this.watch = new Watch(seed, limits.watch);
  }

  /**
   * Counts rows `from` (inclusive) to `to` (exclusive), with their traffic classes, into this second, whatever their times say. `startsFlows` is false for the
   * later parts of a long record that is released over several seconds.
   */
  add(batch: FlowBatch, classes: Uint8Array, from: number, to: number, startsFlows = true): void {
    const { srcAddr, dstAddr, srcPort, dstPort, ttl, srcAs, present, samplingRate, packets, bytes } = batch;
    const { startMs, observedMs, exporter } = batch;
    const seed = this.#seed;
    const guarded = this.#networks.length > 0;
    const table = this.table;
    const sample = this.sample;
    const watching = this.watch.size > 0;
    for (let row = from; row < to; row++) {
      const trafficClass = classes[row];
      if (trafficClass === UNCOUNTED) continue;
      const at = 4 * row;
      const rate = samplingRate[row] > 1 ? samplingRate[row] : 1;
      const rowPackets = packets[row] * rate;
      const rowBytes = bytes[row] * rate;
      const has = present[row];
      const sourcePort = (has & HAS.srcPort) !== 0 ? srcPort[row] : 0;
      const targetPort = (has & HAS.dstPort) !== 0 ? dstPort[row] : 0;

      const dstHash = hashAddress(dstAddr, at, seed);
      let tableRow = table.find(dstAddr, at, dstHash);
      if (tableRow < 0 || guarded) {
        let flags = 0;
        if (guarded && (tableRow < 0 || (table.flags[tableRow] & ROW_OUT) !== 0) && !this.#inside(dstAddr, at)) {
          // Traffic between two outsiders is nobody's here.
          if (!this.#inside(srcAddr, at)) continue;
          flags = ROW_OUT;
        }
        if (tableRow < 0) tableRow = table.row(dstAddr, at, dstHash, flags);
      }
      const cell = table.cell(tableRow, trafficClass);
      const captured = exporter[row] === NO_EXPORTER;
      const flowCount = captured ? (trafficClass === CLASS.tcpSyn ? 1 : 0) : startsFlows ? 1 : 0;
      table.packets[cell] += rowPackets;
      table.bytes[cell] += rowBytes;
      table.flows[cell] += flowCount;
      if (rate > 1) table.variance[cell] += rowPackets * (rate - 1);
      if (!captured) table.lag[cell] += rowPackets * Math.round(observedMs[row] - startMs[row]);
      if (startMs[row] < table.firstMs[cell]) table.firstMs[cell] = startMs[row];
      this.packets += rowPackets;
      this.bytes += rowBytes;
      this.flows += flowCount;

      const srcHash = hashAddress(srcAddr, at, seed);
      const rowHash = mix32(
        dstHash ^
          Math.imul(srcHash, 5) ^
          ((sourcePort << 16) | targetPort) ^
          Math.imul(startMs[row] * 64, 0x9e3779b1) ^
          bytes[row],
      );
      if (rowHash < sample.threshold) {
        const hops = (has & HAS.ttl) !== 0 ? ttl[row] : 0;
        const origin = (has & HAS.srcAs) !== 0 ? srcAs[row] : 0;
        sample.add(
          rowHash,
          srcAddr,
          dstAddr,
          at,
          sourcePort,
          targetPort,
          trafficClass,
          hops,
          origin,
          rowPackets,
          rowBytes,
        );
      }
      if (watching) {
        if (this.watch.maybe(dstAddr, at)) {
          const hops = (has & HAS.ttl) !== 0 ? ttl[row] : 0;
          const origin = (has & HAS.srcAs) !== 0 ? srcAs[row] : 0;
          this.#toTargets(
            srcAddr,
            dstAddr,
            at,
            srcHash,
            dstHash,
            rowHash,
            sourcePort,
            targetPort,
            trafficClass,
            hops,
            origin,
            rowPackets,
            rowBytes,
          );
        }
        if (this.watch.maybe(srcAddr, at)) this.#fromTargets(srcAddr, at, trafficClass, rowPackets, rowBytes);
      }
    }
  }

  /** Feeds the sampled rows to a watch list: the details of targets that were not watched while the second ran. */
  detailFromSample(watch: Watch): void {
    const sample = this.sample;
    const scale = 1 / sample.share();
    const slots = this.#slots;
    for (let row = 0; row < sample.length; row++) {
      const at = 4 * row;
      const trafficClass = sample.trafficClass[row];
      if (watch.maybe(sample.dstAddr, at)) {
        const count = watch.match(sample.dstAddr, at, slots);
        for (let match = 0; match < count; match++) {
          const detail = watch.detail(slots[match], trafficClass);
          if (detail === undefined) continue;
          detail.add(
            sample.srcAddr,
            at,
            hashAddress(sample.srcAddr, at, this.#seed),
            hashAddress(sample.dstAddr, at, this.#seed),
            0,
            sample.srcPort[row],
            sample.dstPort[row],
            sample.ttl[row],
            sample.srcAs[row],
            sample.packets[row] * scale,
            sample.bytes[row] * scale,
          );
        }
      }
      if (watch.maybe(sample.srcAddr, at)) {
        const count = watch.match(sample.srcAddr, at, slots);
        for (let match = 0; match < count; match++) {
          watch.outPackets[slots[match] * CLASS_COUNT + trafficClass] += sample.packets[row] * scale;
          watch.outBytes[slots[match]] += sample.bytes[row] * scale;
        }
      }
    }
  }

  merge(other: Second): void {
    this.packets += other.packets;
    this.bytes += other.bytes;
    this.flows += other.flows;
    this.table.merge(other.table);
    this.sample.merge(other.sample);
    this.watch.merge(other.watch);
  }

  /** Begins another second; what is watched is for the caller to set anew. */
  begin(second: number): void {
    this.second = second;
    this.packets = 0;
    this.bytes = 0;
    this.flows = 0;
    this.table.clear();
    this.sample.clear();
    this.watch.clear();
  }

  #toTargets(
    srcAddr: Uint32Array,
    dstAddr: Uint32Array,
    at: number,
    srcHash: number,
    dstHash: number,
    rowHash: number,
    sourcePort: number,
    targetPort: number,
    trafficClass: number,
    hops: number,
    origin: number,
    rowPackets: number,
    rowBytes: number,
  ): void {
    const watch = this.watch;
    const slots = this.#slots;
    const count = watch.match(dstAddr, at, slots);
    for (let match = 0; match < count; match++) {
      const index = watch.detailOf[slots[match] * CLASS_COUNT + trafficClass];
      if (index === 0) continue;
      watch.details[index - 1].add(
        srcAddr,
        at,
        srcHash,
        dstHash,
        rowHash,
        sourcePort,
        targetPort,
        hops,
        origin,
        rowPackets,
        rowBytes,
      );
    }
  }

  #fromTargets(srcAddr: Uint32Array, at: number, trafficClass: number, rowPackets: number, rowBytes: number): void {
    const watch = this.watch;
    const slots = this.#slots;
    const count = watch.match(srcAddr, at, slots);
    for (let match = 0; match < count; match++) {
      watch.outPackets[slots[match] * CLASS_COUNT + trafficClass] += rowPackets;
      watch.outBytes[slots[match]] += rowBytes;
    }
  }

  #inside(words: Uint32Array, at: number): boolean {
    const networks = this.#networks;
    for (let index = 0; index < networks.length; index++) {
      const prefix = networks[index];
      let differs = 0;
      for (let word = 0; word < 4; word++) {
        differs |= (words[at + word] ^ prefix.words[word]) & maskWord(prefix.length, word);
      }
      if (differs === 0) return true;
    }
    return false;
  }
}
