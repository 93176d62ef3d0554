import type { Prefix } from '../base/prefix.ts';
import { BATCH_ROWS, type BatchSink, type FlowBatch } from '../model/flow-batch.ts';
import { NO_EXPORTER } from '../model/flow-columns.ts';
import { classifyRows, UNCOUNTED } from './classify.ts';
import { PACER_LIMITS, Pacer, type PacerLimits } from './pacer.ts';
import { SECOND_LIMITS, Second, type SecondLimits } from './second.ts';
import { SlowConnections } from './slow-connections.ts';

/** A silence longer than this is a jump of the clock: the seconds between are not gone through one by one. */
const JUMP_SECONDS_MIN = 3600;

/** Rows that are late by no more than this count in the second that is open, s. */
const LATE_SECONDS_MAX = 10;
/** So many rows in a row with a clock far behind are a clock set back, not strays. */
const BEHIND_ROWS_MIN = 100;

export interface SecondStreamOptions {
  readonly seed: number;
  readonly networks: readonly Prefix[];
  /** False counts long records in the second of their arrival; for measuring what pacing earns. */
  readonly pacing?: boolean;
  readonly secondLimits?: SecondLimits;
  readonly pacerLimits?: PacerLimits;
  /** Looks at the rows of a batch before they are counted, and gives those that are not to be counted the class UNCOUNTED. */
  readonly look?: (batch: FlowBatch, classes: Uint8Array, rows: number) => void;
}

/**
 * Takes a finished second. `coveredMs` is how much of it the input covers, up to `untilMs`; below 1000 only in the first and last
 * second of a capture.
 */
export interface SecondTaker {
  /** May set what the stream watches in the next second: `second.watch` is cleared before. */
  take(second: Second, coveredMs: number, untilMs: number): void;
  /** Fills the watch list of the second that begins. */
  prepare(second: Second): void;
}

/**
 * Cuts batches into seconds of event time. Rows may be late (they count in the second that is open) and seconds may be empty
 * (they are given too, so that baselines see silence).
 */
export class SecondStream implements BatchSink {
  /** Rows that came after their second had been closed. */
  late = 0;
  /** Rows that were not counted because their clock was far behind that of the others. */
  outOfTime = 0;
  /** Packets and bytes that telemetry reports, scaled by sampling. */
  reportedPackets = 0;
  reportedBytes = 0;
  /** Records that waited for release when the clock jumped. */
  lostByJump = 0;
  readonly #second: Second;
  /** What the next second protects, where that has changed. */
  #networksNext: readonly Prefix[] | undefined = undefined;
  readonly #pacer: Pacer | undefined;
  readonly #slow: SlowConnections;
  readonly #taker: SecondTaker;
  readonly #look: SecondStreamOptions['look'];
  #classes = new Uint8Array(BATCH_ROWS);
  /** Rows in a row whose clock was far behind. */
  #behind = 0;
  #firstMs = Number.NaN;
  /** Telemetry has told of traffic since before its first datagram: only captures begin and end inside a second. */
  #telemetrySeen = false;
  #lastMs = Number.NaN;

  constructor(options: SecondStreamOptions, taker: SecondTaker) {
    this.#taker = taker;
    this.#look = options.look;
    this.#second = new Second(options.seed, options.networks, options.secondLimits ?? SECOND_LIMITS);
    this.#slow = new SlowConnections(options.seed);
    const count = (batch: FlowBatch, classes: Uint8Array, from: number, to: number, startsFlows: boolean): void =>
      this.#second.add(batch, classes, from, to, startsFlows);
    this.#pacer = options.pacing === false ? undefined : new Pacer(count, options.pacerLimits ?? PACER_LIMITS);
  }

  /** Records that were thinned because too many waited for release. */
  get thinned(): number {
    return this.#pacer?.thinned ?? 0;
  }

  /** Long records that were counted whole on arrival, because too many waited for release. */
  get unpaced(): number {
    return this.#pacer?.unpaced ?? 0;
  }

  /** Protects other networks from the next second on. */
  protect(networks: readonly Prefix[]): void {
    this.#networksNext = networks;
  }

  /** Counts all rows of a batch and empties it. */
  take(batch: FlowBatch): void {
    if (this.#classes.length < batch.capacity) this.#classes = new Uint8Array(batch.capacity);
    const classes = this.#classes;
    const { observedMs, exporter, samplingRate, packets, bytes } = batch;
    classifyRows(batch, 0, batch.length, classes);
    this.#look?.(batch, classes, batch.length);
    this.#slow.add(batch, classes, 0, batch.length);
    const rows = batch.length;
    const pacer = this.#pacer;
    // Before the first time nothing is open, not even the first second of 1970 (captures of a relative clock).
    let startMs = Number.isNaN(this.#firstMs) ? Number.NaN : this.#second.second * 1000;
    let lastMs = this.#lastMs;
    let reportedPackets = 0;
    let reportedBytes = 0;
    let from = 0;
    for (let row = 0; row < rows; row++) {
      const timeMs = observedMs[row];
      // A row without a time (a raw datagram of sFlow) belongs to the second that is open.
      if (!(timeMs >= startMs && timeMs < startMs + 1000)) {
        if (from < row) this.#second.add(batch, classes, from, row);
        from = row;
        this.#note(lastMs, reportedPackets, reportedBytes);
        reportedPackets = 0;
        reportedBytes = 0;
        if (!this.#moveTo(timeMs)) classes[row] = UNCOUNTED;
        startMs = Number.isNaN(this.#firstMs) ? Number.NaN : this.#second.second * 1000;
        lastMs = this.#lastMs;
      }
      if (timeMs > lastMs) lastMs = timeMs;
      // As signed integers, which the processor compares at once.
      if ((exporter[row] | 0) === (NO_EXPORTER | 0) || classes[row] === UNCOUNTED) continue;
      this.#telemetrySeen = true;
      const rate = samplingRate[row] > 1 ? samplingRate[row] : 1;
      reportedPackets += packets[row] * rate;
      reportedBytes += bytes[row] * rate;
      if (pacer !== undefined) pacer.pace(batch, classes, row, this.#second.second);
    }
    this.#note(lastMs, reportedPackets, reportedBytes);
    if (from < batch.length) this.#second.add(batch, classes, from, batch.length);
    batch.length = 0;
  }

  /** Keeps what the loop over rows holds in local variables. */
  #note(lastMs: number, reportedPackets: number, reportedBytes: number): void {
    this.#lastMs = lastMs;
    this.reportedPackets += reportedPackets;
    this.reportedBytes += reportedBytes;
  }

  /**
   * Says that it is now `timeMs`, though no row has come: seconds that are over by then are closed, so that a live station sees
   * silence too. Before the first row it opens the second of that time. A time that lies behind changes nothing.
   */
  advance(timeMs: number): void {
    if (timeMs < (this.#second.second + 1) * 1000 && !Number.isNaN(this.#firstMs)) return;
    this.#moveTo(timeMs);
    this.#lastMs = timeMs;
  }

  /** Closes the last second. Records still waiting for release stay unreleased: the input told no more. */
  finish(): void {
    if (Number.isNaN(this.#firstMs)) return;
    this.#close(this.#lastMs);
  }

  /**
   * Opens the second of a time, closing those before it. False where the row must not be counted: its clock is far behind. When one
   * such row follows another, it is the clock that has changed, and they open a second of their own.
   */
  #moveTo(timeMs: number): boolean {
    const second = Math.floor(timeMs / 1000);
    // Without a time the row belongs to the second that is open.
    if (Number.isNaN(second)) return true;
    if (Number.isNaN(this.#firstMs)) {
      this.#firstMs = timeMs;
      this.#lastMs = timeMs;
      this.#begin(second);
      return true;
    }
    if (second < this.#second.second) {
      this.late++;
      if (this.#second.second - second <= LATE_SECONDS_MAX) return true;
      this.#behind++;
      if (this.#behind < BEHIND_ROWS_MIN) {
        this.outOfTime++;
        return false;
      }
      this.#jumpTo(second);
      return true;
    }
    this.#behind = 0;
    if (second - this.#second.second > JUMP_SECONDS_MIN) {
      this.#jumpTo(second);
      return true;
    }
    while (this.#second.second < second) {
      const next = this.#second.second + 1;
      this.#close(next * 1000);
      this.#begin(next);
      this.#pacer?.advance(next);
    }
    return true;
  }

  #jumpTo(second: number): void {
    this.#behind = 0;
    this.#close((this.#second.second + 1) * 1000);
    this.lostByJump += this.#pacer?.drop() ?? 0;
    this.#begin(second);
  }

  #begin(second: number): void {
    this.#second.begin(second);
    if (this.#networksNext !== undefined) this.#second.protect(this.#networksNext);
    this.#networksNext = undefined;
    this.#taker.prepare(this.#second);
  }

  /** Gives the open second to the taker; the input covers it up to `untilMs`. */
  #close(untilMs: number): void {
    const startMs = this.#second.second * 1000;
    this.#second.slowServers = this.#slow.servers(this.#second.second);
    if (this.#telemetrySeen) {
      this.#taker.take(this.#second, 1000, startMs + 1000);
      return;
    }
    const endMs = Math.min(untilMs, startMs + 1000);
    this.#taker.take(this.#second, Math.max(0, endMs - Math.max(this.#firstMs, startMs)), endMs);
  }
}
