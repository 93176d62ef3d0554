import { hashAddress, mix32 } from '../base/hash.ts';
import type { Prefix } from '../base/prefix.ts';
import { maskWord } from '../base/prefix.ts';
import { BATCH_ROWS, type FlowBatch } from '../model/flow-batch.ts';
import { HAS, NO_EXPORTER } from '../model/flow-columns.ts';
import { CLASS, CLASS_COUNT } from '../model/traffic-class.ts';
import {
  ADDRESS_TABLE_LIMITS,
  AddressTable,
  type AddressTableLimits,
  CELL_BYTES,
  CELL_FIRST_MS,
  CELL_LAG,
  CELL_PACKETS,
  CELL_VARIANCE,
  ROW_OUT,
  WORD_FLOWS,
} from './address-table.ts';
import { UNCOUNTED } from './classify.ts';
import { RowSample } from './row-sample.ts';
import type { SlowServer } from './slow-connections.ts';
import { CHOSEN_RECEIVED, CHOSEN_SENT, WATCH_LIMITS, Watch, type WatchLimits } from './watch.ts';

/** Rows that are counted together: their cells fit the first level of the cache. */
const BLOCK_ROWS = 256;

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
  /** Servers held open by slow connections, as far as was found by the end of this second. */
  slowServers: readonly SlowServer[] = [];
  readonly table: AddressTable;
  readonly sample: RowSample;
  readonly watch: Watch;
  readonly #seed: number;
  #networks: readonly Prefix[];
  readonly #slots = new Int32Array(16);
  /** Hash and cell of each row of the batch in hand. */
  #hashes = new Uint32Array(BATCH_ROWS);
  #cells = new Int32Array(BATCH_ROWS);
  /** Rows of a block that a pass has chosen, and what they hash to. */
  readonly #chosen = new Int32Array(BLOCK_ROWS + 1);
  readonly #rowHashes = new Uint32Array(BLOCK_ROWS + 1);

  /** `networks`: what is protected; with none, every destination is counted as inside. */
  constructor(seed: number, networks: readonly Prefix[] = [], limits: SecondLimits = SECOND_LIMITS) {
    this.#seed = seed;
    this.#networks = networks;
    this.table = new AddressTable(seed, limits.table);
    this.sample = new RowSample(limits.sampleRows);
    this.watch = new Watch(seed, limits.watch);
  }

  /** Protects other networks; between two seconds, whose rows would be told apart by both lists otherwise. */
  protect(networks: readonly Prefix[]): void {
    this.#networks = networks;
  }

  /**
   * Counts rows `from` (inclusive) to `to` (exclusive), with their traffic classes, into this second, whatever their times
   * say. `startsFlows` is false for the later parts of a long record that is released over several seconds.
   *
   * Passes over a block of rows: hashes, cells, counters, sample. Each is a short loop whose cache misses the processor can overlap,
   * and what one has fetched the next finds near.
   */
  add(batch: FlowBatch, classes: Uint8Array, from: number, to: number, startsFlows = true): void {
    if (this.#hashes.length < batch.capacity) {
      this.#hashes = new Uint32Array(batch.capacity);
      this.#cells = new Int32Array(batch.capacity);
    }
    for (let block = from; block < to; block += BLOCK_ROWS) {
      const end = Math.min(block + BLOCK_ROWS, to);
      this.#place(batch, classes, block, end);
      this.#count(batch, classes, block, end, startsFlows);
      this.#sampleRows(batch, classes, block, end);
      if (this.watch.size > 0) this.#watchRows(batch, classes, block, end);
    }
  }

  /** Finds or makes the cell of every row's destination and class; -1 where the row is nobody's here. */
  #place(batch: FlowBatch, classes: Uint8Array, from: number, to: number): void {
    const dstAddr = batch.dstAddr;
    const table = this.table;
    const seed = this.#seed;
    const hashes = this.#hashes;
    const cells = this.#cells;
    for (let row = from; row < to; row++) hashes[row] = hashAddress(dstAddr, row << 2, seed);
    // Cells that were found must stay where they are until they have counted.
    table.reserve(to - from);
    const guarded = this.#networks.length > 0;
    // Whether a row towards an outsider is anybody's here, its source tells.
    table.cellAll(dstAddr, hashes, classes, cells, from, to, guarded ? ROW_OUT : 0);
    for (let row = from; row < to; row++) {
      if (cells[row] >= 0 || classes[row] === UNCOUNTED) continue;
      cells[row] = guarded
        ? this.#guardedCell(batch, classes, row)
        : table.cell(table.row(dstAddr, row << 2, hashes[row], 0), classes[row]);
    }
  }

  /** The cell of a row that is counted, where networks are protected; -1 where the row is nobody's. */
  #guardedCell(batch: FlowBatch, classes: Uint8Array, row: number): number {
    const { srcAddr, dstAddr } = batch;
    const table = this.table;
    const at = row << 2;
    const hash = this.#hashes[row];
    let tableRow = table.find(dstAddr, at, hash);
    let flags = 0;
    if ((tableRow < 0 || (table.flagsOf(tableRow) & ROW_OUT) !== 0) && !this.#inside(dstAddr, at)) {
      // Traffic between two outsiders is nobody's here.
      if (!this.#inside(srcAddr, at)) return -1;
      flags = ROW_OUT;
    }
    if (tableRow < 0) tableRow = table.row(dstAddr, at, hash, flags);
    return table.cell(tableRow, classes[row]);
  }

  #count(batch: FlowBatch, classes: Uint8Array, from: number, to: number, startsFlows: boolean): void {
    const { samplingRate, packets, bytes, startMs, observedMs, exporter } = batch;
    const cells = this.#cells;
    const data = this.table.cellData;
    const words = this.table.rowData;
    const recordFlows = startsFlows ? 1 : 0;
    let totalPackets = 0;
    let totalBytes = 0;
    let totalFlows = 0;
    for (let row = from; row < to; row++) {
      const at = cells[row];
      if (at < 0) continue;
      let rowPackets = packets[row];
      let rowBytes = bytes[row];
      const rate = samplingRate[row];
      if (rate > 1) {
        rowPackets *= rate;
        rowBytes *= rate;
        data[at + CELL_VARIANCE] += rowPackets * (rate - 1);
      }
      data[at + CELL_PACKETS] += rowPackets;
      data[at + CELL_BYTES] += rowBytes;
      const carriedMs = startMs[row];
      let flows = recordFlows;
      // As signed integers: the processor has no comparison of unsigned ones with a number of 32 bits that V8 would use.
      if ((exporter[row] | 0) === (NO_EXPORTER | 0)) {
        flows = classes[row] === CLASS.tcpSyn ? 1 : 0;
      } else {
        const lagMs = Math.round(observedMs[row] - carriedMs);
        // Rows without a time have no lag to tell.
        if (!Number.isNaN(lagMs)) data[at + CELL_LAG] += rowPackets * lagMs;
      }
      words[(at << 1) + WORD_FLOWS] += flows;
      if (carriedMs < data[at + CELL_FIRST_MS]) data[at + CELL_FIRST_MS] = carriedMs;
      totalPackets += rowPackets;
      totalBytes += rowBytes;
      totalFlows += flows;
    }
    this.packets += totalPackets;
    this.bytes += totalBytes;
    this.flows += totalFlows;
  }

  /** The first loop chooses without a branch, which nobody could predict; the second takes what was chosen. */
  #sampleRows(batch: FlowBatch, classes: Uint8Array, from: number, to: number): void {
    const { srcAddr, dstAddr, srcPort, dstPort, proto, tcpFlags, ttl, srcAs, exporter, present } = batch;
    const { samplingRate, packets, bytes, startMs } = batch;
    const sample = this.sample;
    if (sample.threshold === 0) return;
    const hashes = this.#hashes;
    const cells = this.#cells;
    const chosen = this.#chosen;
    const rowHashes = this.#rowHashes;
    // The threshold is a power of two: what is below has none of these bits.
    const above = -sample.threshold | 0;
    let count = 0;
    for (let row = from; row < to; row++) {
      const at = row << 2;
      const content = hashes[row] ^ Math.imul(srcAddr[at + 3] ^ srcAddr[at + 1], 0x9e3779b1) ^ bytes[row];
      const rowHash = mix32(content ^ (srcPort[row] << 16) ^ dstPort[row] ^ Math.imul(startMs[row] * 64, 0x85ebca6b));
      chosen[count] = row;
      rowHashes[count] = rowHash;
      const refused = (rowHash & above) | (cells[row] & 0x80000000);
      count += ((refused | -refused) >>> 31) ^ 1;
    }
    for (let index = 0; index < count; index++) {
      const rowHash = rowHashes[index];
      if (rowHash >= sample.threshold) continue;
      const row = chosen[index];
      const has = present[row];
      const rate = samplingRate[row] > 1 ? samplingRate[row] : 1;
      const hasPorts = (has & HAS.srcPort) !== 0;
      sample.add(
        rowHash,
        srcAddr,
        dstAddr,
        row << 2,
        hasPorts ? srcPort[row] : 0,
        hasPorts ? dstPort[row] : 0,
        classes[row],
        (has & HAS.proto) !== 0 ? proto[row] : 0,
        (has & HAS.tcpFlags) !== 0 ? tcpFlags[row] : 0,
        (has & HAS.ttl) !== 0 ? ttl[row] : 0,
        (has & HAS.srcAs) !== 0 ? srcAs[row] : 0,
        exporter[row],
        packets[row] * rate,
        bytes[row] * rate,
      );
    }
  }

  #watchRows(batch: FlowBatch, classes: Uint8Array, from: number, to: number): void {
    const { srcAddr, dstAddr, srcPort, dstPort, ttl, srcAs, present, samplingRate, packets, bytes, startMs } = batch;
    const watch = this.watch;
    const hashes = this.#hashes;
    const cells = this.#cells;
    const slots = this.#slots;
    const seed = this.#seed;
    const chosen = this.#chosen;
    const chosenCount = watch.choose(srcAddr, dstAddr, cells, from, to, chosen);
    for (let index = 0; index < chosenCount; index++) {
      const row = chosen[index] >>> 2;
      const at = row << 2;
      const received = (chosen[index] & CHOSEN_RECEIVED) !== 0;
      const sent = (chosen[index] & CHOSEN_SENT) !== 0;
      const srcHash = hashAddress(srcAddr, at, seed);
      const rate = samplingRate[row] > 1 ? samplingRate[row] : 1;
      if (received) {
        const has = present[row];
        const hasPorts = (has & HAS.srcPort) !== 0;
        const thinHash = mix32(
          srcHash ^ (srcPort[row] << 16) ^ dstPort[row] ^ Math.imul(startMs[row] * 64, 0x85ebca6b),
        );
        const count = watch.match(dstAddr, at, hashes[row], slots);
        for (let match = 0; match < count; match++) {
          const detail = watch.detailOf[slots[match] * CLASS_COUNT + classes[row]];
          if (detail === 0) continue;
          watch.details[detail - 1].add(
            srcAddr,
            at,
            srcHash,
            hashes[row],
            thinHash,
            hasPorts ? srcPort[row] : 0,
            hasPorts ? dstPort[row] : 0,
            (has & HAS.ttl) !== 0 ? ttl[row] : 0,
            (has & HAS.srcAs) !== 0 ? srcAs[row] : 0,
            packets[row] * rate,
            bytes[row] * rate,
          );
        }
      }
      if (sent) {
        const count = watch.match(srcAddr, at, srcHash, slots);
        for (let match = 0; match < count; match++) {
          watch.outPackets[slots[match] * CLASS_COUNT + classes[row]] += packets[row] * rate;
          watch.outBytes[slots[match]] += bytes[row] * rate;
        }
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
      const dstHash = hashAddress(sample.dstAddr, at, this.#seed);
      const srcHash = hashAddress(sample.srcAddr, at, this.#seed);
      if (watch.maybe(sample.dstAddr, at)) {
        const count = watch.match(sample.dstAddr, at, dstHash, slots);
        for (let match = 0; match < count; match++) {
          const detail = watch.detail(slots[match], trafficClass);
          if (detail === undefined) continue;
          detail.add(
            sample.srcAddr,
            at,
            srcHash,
            dstHash,
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
        const count = watch.match(sample.srcAddr, at, srcHash, slots);
        for (let match = 0; match < count; match++) {
          watch.outPackets[slots[match] * CLASS_COUNT + trafficClass] += sample.packets[row] * scale;
          watch.outBytes[slots[match]] += sample.bytes[row] * scale;
        }
      }
    }
  }

  merge(other: Second): void {
    this.slowServers = [...this.slowServers, ...other.slowServers];
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
    this.slowServers = [];
    this.packets = 0;
    this.bytes = 0;
    this.flows = 0;
    this.table.clear();
    this.sample.clear();
    this.watch.clear();
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
