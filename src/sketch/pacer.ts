import { mix32 } from '../base/hash.ts';
import { createFlowBatch, type FlowBatch } from '../model/flow-batch.ts';
import { UNCOUNTED } from './classify.ts';

/**
 * Records carried for less than this are counted in the second in which they arrive, ms: among many short flows early and late ones
 * balance, and no vector is told by a single one.
 */
export const PACED_DURATION_MIN_MS = 5000;
/** An exporter that was silent for this long and then sends is flushing what it gathered, ms. */
const FLUSH_GAP_MIN_MS = 2000;
/** No record is released over more seconds than this. */
const SHARES_MAX = 3600;

export interface PacerLimits {
  /** Records that wait for their later shares; about 200 bytes each. */
  readonly pendingMax: number;
  /** Exporters whose rhythm is remembered; those beyond are not smoothed. */
  readonly exportersMax: number;
}
export const PACER_LIMITS: PacerLimits = { pendingMax: 131_072, exportersMax: 4096 };

/** Takes rows `from` to `to` of a batch with their classes; `startsFlows` is false for later shares. */
export type RowTaker = (batch: FlowBatch, classes: Uint8Array, from: number, to: number, startsFlows: boolean) => void;

/**
 * Releases long flow records at the pace at which they were carried, from their arrival on.
 *
 *   carried   start ─────────────── end
 *   arrives                          ▼ T
 *   released                         T ┄┄┄┄┄┄┄┄┄┄┄┄┄ T + (end - start)
 *
 * A flow that goes on for minutes under a 60 s active timeout thus gives the same rate in every second, instead of a peak each minute.
 * An exporter that gathers and flushes (softflowd with its default expiry interval) has its records set apart again by their end times.
 * A share keeps the distance of its release from its carriage as the difference of observedMs and startMs: the true start of
 * an attack is told by it. When pending records fill up, half of the new ones are kept at twice the weight (their sampling
 * rate doubles, and so does the error bound's knowledge of it), then a quarter: the loss is unbiased and counted in `thinned`.
 * When there is no room at all a record is counted whole on arrival (`unpaced`): late traffic is better than lost traffic.
 */
export class Pacer {
  /** Records that were dropped by thinning; those that were kept stand for them. */
  thinned = 0;
  /** Records that were counted whole on arrival, because not even thinning left room for them. */
  unpaced = 0;
  #pending = 0;
  /** Makes equal records draw unequal lots. */
  #drawn = 0;
  /** Columns as counting reads them; packets, bytes and times are those of the share that is due. */
  readonly #rows: FlowBatch;
  readonly #classes: Uint8Array;
  /** Classes of the shares that are due; UNCOUNTED for the others. */
  readonly #due: Uint8Array;
  readonly #totalPackets: Float64Array;
  readonly #totalBytes: Float64Array;
  readonly #startMs: Float64Array;
  readonly #firstSecond: Float64Array;
  readonly #shares: Uint16Array;
  readonly #limits: PacerLimits;
  readonly #next: RowTaker;
  readonly #arrivedMs: Float64Array;
  readonly #flushStartMs: Float64Array;
  readonly #flushGapMs: Float64Array;
  readonly #flushOldestMs: Float64Array;

  constructor(next: RowTaker, limits: PacerLimits = PACER_LIMITS) {
    this.#next = next;
    this.#limits = limits;
    this.#rows = createFlowBatch(limits.pendingMax);
    this.#classes = new Uint8Array(limits.pendingMax);
    this.#due = new Uint8Array(limits.pendingMax);
    this.#totalPackets = new Float64Array(limits.pendingMax);
    this.#totalBytes = new Float64Array(limits.pendingMax);
    this.#startMs = new Float64Array(limits.pendingMax);
    this.#firstSecond = new Float64Array(limits.pendingMax);
    this.#shares = new Uint16Array(limits.pendingMax);
    this.#arrivedMs = new Float64Array(limits.exportersMax);
    this.#flushStartMs = new Float64Array(limits.exportersMax);
    this.#flushGapMs = new Float64Array(limits.exportersMax);
    this.#flushOldestMs = new Float64Array(limits.exportersMax);
  }

  /** Records that wait. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Notes that telemetry of an exporter arrived at a time, and says whether it comes as it happens: then `delayMs` need not be asked for
   * each of its rows.
   */
  isSteady(exporter: number, nowMs: number): boolean {
    if (exporter >= this.#limits.exportersMax) return true;
    const before = this.#arrivedMs[exporter];
    const gapMs = this.#flushGapMs[exporter];
    const sinceMs = nowMs - this.#flushStartMs[exporter];
    const flushes = nowMs - before >= FLUSH_GAP_MIN_MS || (gapMs !== 0 && sinceMs >= 0 && sinceMs <= gapMs / 4);
    if (before !== 0 && flushes) return false;
    this.#arrivedMs[exporter] = nowMs;
    return true;
  }

  /**
   * Looks at one telemetry row that arrived in `second`, before it is counted. A long one becomes its own first share where it stands,
   * and the rest waits; one that must wait as a whole, or was thinned out, gets the class UNCOUNTED.
   */
  pace(batch: FlowBatch, classes: Uint8Array, row: number, second: number): void {
    this.#paceRow(batch, classes, row, second, this.#delayMs(batch, row));
  }

  /** As `pace`, for a row of a steady exporter. */
  paceSteady(batch: FlowBatch, classes: Uint8Array, row: number, second: number): void {
    this.#paceRow(batch, classes, row, second, 0);
  }

  #paceRow(batch: FlowBatch, classes: Uint8Array, row: number, second: number, delayMs: number): void {
    const durationMs = batch.endMs[row] - batch.startMs[row];
    const isLong = durationMs >= PACED_DURATION_MIN_MS;
    if ((!isLong && delayMs < 1000) || classes[row] === UNCOUNTED) return;
    if (this.#pending >= this.#limits.pendingMax) {
      this.unpaced++;
      return;
    }
    const thinning = this.#thinning(batch, row);
    if (thinning === 0) {
      this.thinned++;
      classes[row] = UNCOUNTED;
      return;
    }
    if (thinning > 1) batch.samplingRate[row] = thinning * Math.max(1, batch.samplingRate[row]);
    const slot = this.#pending++;
    const shares = isLong ? Math.min(SHARES_MAX, Math.ceil(durationMs / 1000)) : 1;
    copyRow(batch, row, this.#rows, slot);
    this.#classes[slot] = classes[row];
    this.#totalPackets[slot] = batch.packets[row];
    this.#totalBytes[slot] = batch.bytes[row];
    this.#startMs[slot] = batch.startMs[row];
    this.#firstSecond[slot] = second + Math.floor(delayMs / 1000);
    this.#shares[slot] = shares;
    if (delayMs >= 1000) {
      classes[row] = UNCOUNTED;
      return;
    }
    const total = batch.packets[row];
    const packets = packetsUntil(total, 1, shares);
    batch.bytes[row] = bytesUntil(batch.bytes[row], packets, total);
    batch.packets[row] = packets;
  }

  /** Releases the shares that are due in `second`; call once for every second, in order, before its own records. */
  advance(second: number): void {
    let beginning = 0;
    for (let slot = 0; slot < this.#pending; slot++) {
      const share = second - this.#firstSecond[slot];
      this.#due[slot] = UNCOUNTED;
      if (share === 0) beginning++;
      else if (share > 0 && share < this.#shares[slot] && this.#prepare(slot, share))
        this.#due[slot] = this.#classes[slot];
    }
    if (this.#pending > 0) this.#next(this.#rows, this.#due, 0, this.#pending, false);
    if (beginning > 0) this.#begin(second);
    for (let slot = 0; slot < this.#pending; slot++) {
      if (second - this.#firstSecond[slot] < this.#shares[slot] - 1) continue;
      this.#remove(slot);
      slot--;
    }
  }

  /**
   * Forgets what waits, and the rhythm of every exporter: after a jump of the clock, which is no silence of theirs. Returns how many records
   * were lost by that.
   */
  drop(): number {
    const lost = this.#pending;
    this.#pending = 0;
    for (const times of [this.#arrivedMs, this.#flushStartMs, this.#flushGapMs, this.#flushOldestMs]) times.fill(0);
    return lost;
  }

  /** Releases the first shares of the records that had to wait as a whole. */
  #begin(second: number): void {
    for (let slot = 0; slot < this.#pending; slot++) {
      const begins = second === this.#firstSecond[slot] && this.#prepare(slot, 0);
      this.#due[slot] = begins ? this.#classes[slot] : UNCOUNTED;
    }
    this.#next(this.#rows, this.#due, 0, this.#pending, true);
  }

  /** Makes a pending row its share; false where that share has no packet. Shares are whole numbers that add up to the record. */
  #prepare(slot: number, share: number): boolean {
    const rows = this.#rows;
    const total = this.#totalPackets[slot];
    const before = packetsUntil(total, share, this.#shares[slot]);
    const until = packetsUntil(total, share + 1, this.#shares[slot]);
    // The first share has a packet always, and with it the flow; bytes go with the packets, so an empty share loses nothing.
    if (until === before) return false;
    const bytes = this.#totalBytes[slot];
    rows.packets[slot] = until - before;
    rows.bytes[slot] = bytesUntil(bytes, until, total) - bytesUntil(bytes, before, total);
    const carriedMs = this.#startMs[slot] + share * 1000;
    rows.startMs[slot] = carriedMs;
    rows.observedMs[slot] = Math.max((this.#firstSecond[slot] + share) * 1000, carriedMs);
    return true;
  }

  /** The last pending record takes the place of the finished one. */
  #remove(slot: number): void {
    const last = --this.#pending;
    if (slot === last) return;
    copyRow(this.#rows, last, this.#rows, slot);
    this.#classes[slot] = this.#classes[last];
    this.#totalPackets[slot] = this.#totalPackets[last];
    this.#totalBytes[slot] = this.#totalBytes[last];
    this.#startMs[slot] = this.#startMs[last];
    this.#firstSecond[slot] = this.#firstSecond[last];
    this.#shares[slot] = this.#shares[last];
  }

  /** How long a record has to wait so that a flushed batch comes out at the pace at which it was gathered, ms. */
  #delayMs(batch: FlowBatch, row: number): number {
    const exporter = batch.exporter[row];
    if (exporter >= this.#limits.exportersMax) return 0;
    const nowMs = batch.observedMs[row];
    const endMs = batch.endMs[row];
    const before = this.#arrivedMs[exporter];
    this.#arrivedMs[exporter] = nowMs;
    if (before === 0) return 0;
    if (nowMs - before >= FLUSH_GAP_MIN_MS) {
      this.#flushStartMs[exporter] = nowMs;
      this.#flushGapMs[exporter] = nowMs - before;
      this.#flushOldestMs[exporter] = endMs;
    }
    const gapMs = this.#flushGapMs[exporter];
    const sinceMs = nowMs - this.#flushStartMs[exporter];
    // A flush is short against the silence before it; what goes on for longer is traffic as it happens.
    if (gapMs === 0 || sinceMs < 0 || sinceMs > gapMs / 4) return 0;
    if (endMs < this.#flushOldestMs[exporter]) this.#flushOldestMs[exporter] = endMs;
    const delayMs = endMs - this.#flushOldestMs[exporter] - sinceMs;
    return delayMs < gapMs ? Math.max(0, delayMs) : gapMs;
  }

  /** 1 to keep the record as it is, 2 or more to keep it for as many, 0 to drop it. */
  #thinning(batch: FlowBatch, row: number): number {
    const room = 1 - this.#pending / this.#limits.pendingMax;
    if (room > 0.5) return 1;
    const oneIn = room > 0.25 ? 2 : room > 0.05 ? 4 : 16;
    this.#drawn = (this.#drawn + 0x9e3779b9) >>> 0;
    const salt = mix32(batch.srcAddr[4 * row + 3] ^ (batch.startMs[row] & 0x7fffffff) ^ this.#drawn);
    return salt >>> 28 < 16 / oneIn ? oneIn : 0;
  }
}

/** Packets of the first `share` of `shares` shares: whole, at least one of the first, all of the last. */
function packetsUntil(total: number, share: number, shares: number): number {
  return share >= shares ? total : Math.min(total, Math.ceil((total * share) / shares));
}

/** Bytes of the first `packets` of a record's `total` packets, in whole numbers. */
function bytesUntil(bytes: number, packets: number, total: number): number {
  return packets >= total ? bytes : Math.round((bytes * packets) / total);
}

/** Copies the columns that counting reads. */
function copyRow(from: FlowBatch, row: number, to: FlowBatch, at: number): void {
  for (let word = 0; word < 4; word++) {
    to.srcAddr[4 * at + word] = from.srcAddr[4 * row + word];
    to.dstAddr[4 * at + word] = from.dstAddr[4 * row + word];
  }
  to.observedMs[at] = from.observedMs[row];
  to.startMs[at] = from.startMs[row];
  to.exporter[at] = from.exporter[row];
  to.samplingRate[at] = from.samplingRate[row];
  to.packets[at] = from.packets[row];
  to.bytes[at] = from.bytes[row];
  to.srcPort[at] = from.srcPort[row];
  to.dstPort[at] = from.dstPort[row];
  to.proto[at] = from.proto[row];
  to.tcpFlags[at] = from.tcpFlags[row];
  to.ttl[at] = from.ttl[row];
  to.srcAs[at] = from.srcAs[row];
  to.present[at] = from.present[row];
}
