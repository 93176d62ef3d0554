import { hashAddress } from '../../base/hash.ts';
import type { FlowBatch } from '../../model/flow-batch.ts';
import { UNCOUNTED } from '../../sketch/classify.ts';

/** Exporters whose volumes are followed: those of which another tells the same flows, and these others. */
export const TRACKED_MAX = 16;
/** Addresses are told apart by this many counters; those that share one are judged together. */
const BUCKETS = 8192;
/** A long window covers any usual active timeout, so that two routers with other clocks and caches come to the same sum. */
const LONG_MS = 64_000;
/** A short one shows what begins now. */
const SHORT_MS = 2000;
/** The router whose rows count may be silent for so long; then the other counts. */
const KEEPER_SILENT_MAX_MS = 5000;
/** By how much the volumes of two routers on one path differ by caches, clocks and sampling. */
const LONG_FACTOR = 1.5;
const SHORT_FACTOR = 1.5;
/** The short window shows a surge where it holds over half more a second than the long one. */
const SURGE_FACTOR = 1.5;
/** Rows' worth of packets by which volumes may always differ: the noise of the few. */
const SLACK_ROWS = 64;

/**
 * Volumes of one exporter, in one memory that all threads share; only the thread that receives the exporter writes them:
 *
 *   0 time of the last row   1 number of the long window   2 number of the short one
 *   8 bucket │ bucket │ …      BUCKETS of them, by address and direction:  long, even   long, odd   short, even   short, odd
 */
const HEADER = 8;
const BUCKET_DOUBLES = 4;
const SLOT_DOUBLES = HEADER + BUCKET_DOUBLES * BUCKETS;
const LAST_MS = 0;
const LONG_NUMBER = 1;
const SHORT_NUMBER = 2;
/** Where the counters of the short windows stand in a bucket. */
const SHORT = 2;

/** The memory, to be made once and given to every receiver: 4 MB. */
export function createDuplicateVolumes(): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * SLOT_DOUBLES * TRACKED_MAX);
}

/** Of one exporter, whether its rows count. Sent to all receivers. */
export interface TrackedExporter {
  readonly key: string;
  /** Where its volumes are. */
  readonly slot: number;
  /** Where those of the exporter are that counts in its stead; -1 where it counts itself. */
  readonly keeperSlot: number;
  /** With `all`, `places` are those that count all the same; else they are the only ones that do not. See `SampledKeys`. */
  readonly all: boolean;
  readonly places: readonly number[];
}

/**
 * Decides of every row of an exporter that repeats another one whether it counts. It counts unless the other one tells as much
 * of the same address: so what an exporter alone sees is counted within seconds, and of no address less than two thirds of what
 * the exporter that sees most of it tells.
 */
export class DuplicateGuard {
  readonly #volumes: Float64Array;
  readonly #seed: number;

  constructor(memory: SharedArrayBuffer, seed: number) {
    this.#volumes = new Float64Array(memory);
    this.#seed = seed;
  }

  /** Begins a slot anew, for another exporter. */
  clear(slot: number): void {
    this.#volumes.fill(0, slot * SLOT_DOUBLES, (slot + 1) * SLOT_DOUBLES);
  }

  /** Turns the windows of an exporter to the time of its next row. NaN leaves them. */
  moveTo(slot: number, timeMs: number): void {
    const volumes = this.#volumes;
    const at = slot * SLOT_DOUBLES;
    // A clock that is set back would leave the windows standing.
    if (timeMs < volumes[at + LAST_MS] - LONG_MS) this.clear(slot);
    if (!(timeMs > volumes[at + LAST_MS])) return;
    volumes[at + LAST_MS] = timeMs;
    this.#turn(at + LONG_NUMBER, at + HEADER, Math.floor(timeMs / LONG_MS));
    this.#turn(at + SHORT_NUMBER, at + HEADER + SHORT, Math.floor(timeMs / SHORT_MS));
  }

  /**
   * Adds the row to the volumes of its exporter; `isFrom` where the protected address is its source. With a keeper, its class
   * becomes UNCOUNTED where the keeper tells as much of the address.
   */
  row(batch: FlowBatch, classes: Uint8Array, row: number, isFrom: boolean, slot: number, keeperSlot: number): void {
    const volumes = this.#volumes;
    const words = isFrom ? batch.srcAddr : batch.dstAddr;
    const bucket = hashAddress(words, row << 2, isFrom ? ~this.#seed : this.#seed) & (BUCKETS - 1);
    const rate = batch.samplingRate[row] > 1 ? batch.samplingRate[row] : 1;
    const packets = batch.packets[row] * rate;
    const own = slot * SLOT_DOUBLES;
    const ownLong = own + HEADER + BUCKET_DOUBLES * bucket;
    const ownShort = ownLong + SHORT;
    volumes[ownLong + (volumes[own + LONG_NUMBER] & 1)] += packets;
    volumes[ownShort + (volumes[own + SHORT_NUMBER] & 1)] += packets;
    if (keeperSlot < 0) return;
    const keeper = keeperSlot * SLOT_DOUBLES;
    if (volumes[own + LAST_MS] - volumes[keeper + LAST_MS] > KEEPER_SILENT_MAX_MS) return;
    const slack = SLACK_ROWS * rate;
    const keeperLong = keeper + HEADER + BUCKET_DOUBLES * bucket;
    const keeperPackets = volumes[keeperLong] + volumes[keeperLong + 1];
    // The keeper may tell of the same flow a little later, so the row itself is no excess, unless it is more than the keeper
    // has told of the address in a minute or two.
    if (packets > keeperPackets + slack) return;
    const long = volumes[ownLong] + volumes[ownLong + 1] - packets;
    if (long > LONG_FACTOR * keeperPackets + slack) return;
    const short = volumes[ownShort] + volumes[ownShort + 1] - packets;
    const keeperShort = keeperLong + SHORT;
    const shortLimit = SHORT_FACTOR * (volumes[keeperShort] + volumes[keeperShort + 1]) + slack;
    if (short > shortLimit && short * (LONG_MS / SHORT_MS) > SURGE_FACTOR * long) return;
    classes[row] = UNCOUNTED;
  }

  /** Opens window `number` in the place of the one before the last. */
  #turn(numberAt: number, countersAt: number, number: number): void {
    const volumes = this.#volumes;
    const before = volumes[numberAt];
    if (number === before) return;
    // A window is used again after the next one; after a pause both are past.
    const end = countersAt + BUCKET_DOUBLES * BUCKETS;
    for (let at = countersAt; at < end; at += BUCKET_DOUBLES) {
      volumes[at + (number & 1)] = 0;
      if (number !== before + 1) volumes[at + (~number & 1)] = 0;
    }
    volumes[numberAt] = number;
  }
}
