import { assert } from '../base/errors.ts';
import { hashAddress } from '../base/hash.ts';
import type { Prefix } from '../base/prefix.ts';
import { maskWord } from '../base/prefix.ts';
import type { FlowBatch } from '../model/flow-batch.ts';
import { HAS } from '../model/flow-columns.ts';
import { CLASS_COUNT } from '../model/traffic-class.ts';
import { ADDRESS_TABLE_LIMITS, AddressTable, type AddressTableLimits, tableBytes } from './address-table.ts';
import { INTAKE_ROWS, Intake } from './intake.ts';
import { type Count, countKernel } from './kernel/count.ts';
import { type Keep, keepKernel } from './kernel/keep.ts';
import { NETWORK_BYTES, type Place, placeKernel } from './kernel/place.ts';
import { type Sample, sampleKernel } from './kernel/sample.ts';
import { type Sift, siftKernel } from './kernel/sift.ts';
import { MEMO_KNOWN, TOP_ROW_BITS, type WatchRows, watchKernel } from './kernel/watch.ts';
import { RowSample, sampleBytes } from './row-sample.ts';
import type { SlowServer } from './slow-connections.ts';
import { markInside } from './small-answers.ts';
import { CELL_STRIDE, CLASS_BITS, CLASS_MASK, NUMBERS_SHIFT, ROW_OUT } from './table-cells.ts';
import { WATCH_LIMITS, Watch, type WatchLimits, watchBytes } from './watch.ts';

/** Rows that are counted together: what is looked at of them, and their cells, fit the first levels of the cache. */
const BLOCK_ROWS = 512;

/** More networks than these are looked through in JavaScript. */
const NETWORKS_MAX = 1024;

/** Cells behind the table that small answers are counted in, one for each class; nobody reads them. */
const CLASSES_ROOM = 32;

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
  /** The rows in work. Those that were put there by who calls `add` need not be copied. */
  readonly intake: Intake;
  readonly table: AddressTable;
  readonly sample: RowSample;
  readonly watch: Watch;
  readonly #seed: number;
  #networks: readonly Prefix[] = [];
  /** The networks as `placeKernel` wants them. */
  readonly #networkWords: Uint32Array;
  readonly #slots = new Int32Array(16);
  readonly #sift: Sift;
  readonly #place: Place;
  readonly #count: Count;
  readonly #choose: Sample;
  readonly #keep: Keep;
  /** By cell of the table, which details it belongs to; for `watchKernel`. So many rows and spare cells may have an entry. */
  readonly #memo: Uint32Array;
  #memoVersion = -1;
  #memoRows = 0;
  #memoSpares = 0;
  /** True once a row was looked at for being a small answer. */
  #sifted = false;
  readonly #watchKernel: WatchRows;

  /**
   * `networks`: what is protected; with none, every destination is counted as inside. `receiveBytes`: room in the memory of the intake
   * for what is decoded into its rows.
   */
  constructor(seed: number, networks: readonly Prefix[] = [], limits: SecondLimits = SECOND_LIMITS, receiveBytes = 0) {
    this.#seed = seed;
    const watchEnd = watchBytes(limits.watch);
    const sampleEnd = watchEnd + sampleBytes(limits.sampleRows);
    assert(limits.watch.detailsMax < 1 << 15, 'numbers of details fit the memo');
    const memoLength = limits.table.cellsMax + CLASSES_ROOM;
    const memoEnd = sampleEnd + ((4 * memoLength + 63) & ~63);
    const tableEnd = memoEnd + tableBytes(limits.table);
    const tallyEnd = tableEnd + 8 * CELL_STRIDE * CLASSES_ROOM;
    this.intake = new Intake(tallyEnd + NETWORKS_MAX * NETWORK_BYTES, receiveBytes);
    const { own, hostFilter, prefixFilter } = this.intake;
    this.table = new AddressTable(seed, limits.table, own.subarray(memoEnd, tableEnd));
    this.#networkWords = new Uint32Array(own.buffer, own.byteOffset + tallyEnd, (NETWORKS_MAX * NETWORK_BYTES) / 4);
    this.#memo = new Uint32Array(own.buffer, own.byteOffset + sampleEnd, limits.table.cellsMax);
    // Small answers belong to no target that is watched.
    new Uint32Array(own.buffer, this.#memo.byteOffset + this.#memo.byteLength, CLASSES_ROOM).fill(MEMO_KNOWN);
    this.sample = new RowSample(limits.sampleRows, own.subarray(watchEnd, sampleEnd));
    this.watch = new Watch(seed, limits.watch, { hostFilter, prefixFilter, parts: own.subarray(0, watchEnd) });
    this.#sift = this.intake.bind<Sift>(siftKernel);
    this.#place = this.intake.bind<Place>(placeKernel);
    this.#count = this.intake.bind<Count>(countKernel);
    this.#keep = this.intake.bind<Keep>(keepKernel);
    this.#choose = this.intake.bind<Sample>(sampleKernel);
    this.#watchKernel = this.intake.bind<WatchRows>(watchKernel);
    this.protect(networks);
  }

  /** Protects other networks; between two seconds, whose rows would be told apart by both lists otherwise. */
  protect(networks: readonly Prefix[]): void {
    this.#networks = networks;
    for (const [at, { words, length }] of networks.slice(0, NETWORKS_MAX).entries()) {
      for (let word = 0; word < 4; word++) {
        this.#networkWords[(NETWORK_BYTES / 4) * at + word] = maskWord(length, word);
        this.#networkWords[(NETWORK_BYTES / 4) * at + 4 + word] = words[word];
      }
    }
    // Whose a row is the kernel cannot tell where it does not see all networks.
    markInside(this.intake.insideFilter, networks, networks.length > NETWORKS_MAX);
  }

  /**
   * Counts rows `from` (inclusive) to `to` (exclusive), with their traffic classes, into this second, whatever their times
   * say. `startsFlows` is false for the later parts of a long record that is released over several seconds.
   *
   * Passes over the rows of the intake: cells, counters, sample, details. Each is a short loop whose cache misses the processor can
   * overlap, and what one has fetched the next finds near.
   */
  add(batch: FlowBatch, classes: Uint8Array, from: number, to: number, startsFlows = true): void {
    const { intake } = this;
    if (batch === intake.batch) {
      this.#addIntake(from, to, startsFlows);
      return;
    }
    for (let at = from; at < to; at += INTAKE_ROWS) {
      const end = Math.min(at + INTAKE_ROWS, to);
      intake.copy(batch, at, end);
      intake.classes.set(classes.subarray(at, end));
      this.#addIntake(0, end - at, startsFlows);
    }
  }

  #addIntake(from: number, to: number, startsFlows: boolean): void {
    for (let block = from; block < to; block += BLOCK_ROWS)
      this.#addBlock(block, Math.min(block + BLOCK_ROWS, to), startsFlows);
  }

  #addBlock(from: number, to: number, startsFlows: boolean): void {
    const { results } = this.intake;
    this.#placeRows(from, to);
    this.#count(from, to, this.table.cellData.byteOffset, startsFlows ? 1 : 0);
    this.packets += results[0];
    this.bytes += results[1];
    this.flows += results[2];
    this.#sampleRows(from, to);
    if (this.watch.size > 0) this.#watchRows(from, to);
  }

  /** Finds or makes the cell of every row's destination and class; -1 where the row is nobody's here. */
  #placeRows(from: number, to: number): void {
    const { table } = this;
    const { batch, classes, hashes, cells, list, results } = this.intake;
    const { index, mask, cellData, cellsMax } = table;
    const guarded = this.#networks.length > 0;
    const { byteOffset } = this.#networkWords;
    // The kernel cannot tell whose a new row is where it does not see all networks.
    const seen = this.#networks.length <= NETWORKS_MAX;
    // Whether a row towards an outsider is anybody's here, its source tells.
    const metaMask = guarded ? CLASS_MASK | (ROW_OUT << CLASS_BITS) : CLASS_MASK;
    const networksEnd = seen ? byteOffset + NETWORK_BYTES * this.#networks.length : byteOffset;
    this.#sifted = true;
    const missing = this.#place(
      this.#sift(from, to, this.#seed, cellsMax << NUMBERS_SHIFT, byteOffset, networksEnd),
      index.byteOffset,
      mask,
      cellData.byteOffset,
      cellsMax,
      metaMask,
      table.rows,
      seen ? table.rowsRoom : 0,
      table.spares,
      table.sparesRoom,
      byteOffset,
      networksEnd,
    );
    table.grown(results[0], results[1]);
    for (let at = 0; at < missing; at++) {
      const row = list[at];
      cells[row] = guarded
        ? this.#guardedCell(batch, classes, row)
        : table.cell(table.row(batch.dstAddr, row << 2, hashes[row], 0), classes[row]);
    }
  }

  /** The cell of a row that is counted, where networks are protected; -1 where the row is nobody's. */
  #guardedCell(batch: FlowBatch, classes: Uint8Array, row: number): number {
    const { srcAddr, dstAddr } = batch;
    const table = this.table;
    const at = row << 2;
    const hash = this.intake.hashes[row];
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

  #sampleRows(from: number, to: number): void {
    const { sample } = this;
    if (sample.threshold === 0) return;
    // The threshold is a power of two: what is below has none of these bits.
    const count = this.#choose(from, to, -sample.threshold | 0);
    const { results } = this.intake;
    for (let at = 0; at < count && sample.threshold > 0; at = results[0]) {
      const length = this.#keep(at, count, -sample.threshold | 0, sample.length, sample.capacity + 1, ...sample.places);
      sample.grown(length);
    }
  }

  #watchRows(from: number, to: number): void {
    const { watch } = this;
    const { batch, listHashes: srcHashes, tops } = this.intake;
    const { srcAddr, srcPort, dstPort, ttl, srcAs, present, samplingRate, packets, bytes } = batch;
    const { uses, index, keys, detailOf, outPackets, outBytes, details } = watch.places;
    this.#refreshMemo();
    const count = this.#watchKernel(
      from,
      to,
      this.#seed,
      watch.uses,
      uses,
      index,
      watch.indexMask,
      keys,
      detailOf,
      outPackets,
      outBytes,
      details,
      tops.byteOffset,
      this.#memo.byteOffset,
      // A cell that is counted in for others is of no address alone.
      this.table.folded === 0 ? 1 : 0,
    );
    for (let top = 0; top < count; top++) {
      const row = tops[top] & (INTAKE_ROWS - 1);
      const has = present[row];
      const rate = samplingRate[row] > 1 ? samplingRate[row] : 1;
      const hasPorts = (has & HAS.srcPort) !== 0;
      watch.details[tops[top] >>> TOP_ROW_BITS].addTops(
        srcAddr,
        row << 2,
        srcHashes[row],
        hasPorts ? srcPort[row] : 0,
        hasPorts ? dstPort[row] : 0,
        (has & HAS.ttl) !== 0 ? ttl[row] : 0,
        (has & HAS.srcAs) !== 0 ? srcAs[row] : 0,
        packets[row] * rate,
        bytes[row] * rate,
      );
    }
  }

  /** Forgets what cells belong to where another second or list is watched, and notes which cells there are. */
  #refreshMemo(): void {
    const { table, watch } = this;
    const memo = this.#memo;
    if (watch.version !== this.#memoVersion) {
      memo.fill(0, 0, this.#memoRows);
      memo.fill(0, memo.length - this.#memoSpares);
      this.#memoVersion = watch.version;
      this.#memoRows = 0;
      this.#memoSpares = 0;
    }
    this.#memoRows = Math.max(this.#memoRows, table.rows);
    this.#memoSpares = Math.max(this.#memoSpares, table.spares);
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
    if (this.#sifted) this.intake.answerCounters.fill(0);
    this.#sifted = false;
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
