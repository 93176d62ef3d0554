import type { Prefix } from '../base/prefix.ts';
import { type BatchSink, createFlowBatch, type FlowBatch } from '../model/flow-batch.ts';
import { NO_EXPORTER } from '../model/flow-columns.ts';
import { clearAbsent, UNCOUNTED } from './classify.ts';
import { copyCounted, INTAKE_ROWS } from './intake.ts';
import { type Classify, classifyKernel } from './kernel/classify.ts';
import {
  SCAN_BYTES,
  SCAN_LAST_MS,
  SCAN_LATE,
  SCAN_LISTED,
  SCAN_LONG,
  SCAN_PACKETS,
  SCAN_ROW_SHIFT,
  SCAN_RUN,
  SCAN_SLOW,
  SCAN_TELEMETRY,
  type Scan,
  scanKernel,
} from './kernel/scan.ts';
import { PACER_LIMITS, Pacer, type PacerLimits } from './pacer.ts';
import { SECOND_LIMITS, Second, type SecondLimits } from './second.ts';
import { SlowConnections } from './slow-connections.ts';

/** A silence longer than this is a jump of the clock, unless another bound is given: the seconds between are not gone through one by one. */
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
  /**
   * A silence longer than this, s, is a jump. Short where `advance` tells the time all along, as in a live station: there a gap is a clock
   * that was set or a machine that slept, and no silence.
   */
  readonly jumpSecondsMin?: number;
  /**
   * Looks at the rows of a batch before they are counted, and gives those that are not to be counted the class UNCOUNTED. The first `count`
   * of `chosen` are the rows that `PORTS_CHOSEN` chooses.
   */
  readonly look?: (batch: FlowBatch, classes: Uint8Array, rows: number, chosen: Int32Array, count: number) => void;
  readonly secondLimits?: SecondLimits;
  /** Room behind `batch` to receive into. */
  readonly receiveBytes?: number;
  readonly pacerLimits?: PacerLimits;
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
  readonly #pacer: Pacer | undefined;
  readonly #slow: SlowConnections;
  readonly #taker: SecondTaker;
  readonly #jumpSecondsMin: number;
  readonly #classify: Classify;
  readonly #scan: Scan;
  readonly #look: SecondStreamOptions['look'];
  /** Classes of the batch that was looked at, and its chosen rows. */
  #looked = new Uint8Array(0);
  #chosen = new Int32Array(0);
  /** Rows of the intake that wait while others go through it. */
  #aside: FlowBatch | undefined = undefined;
  /** What the next second protects, where that has changed. */
  #networksNext: readonly Prefix[] | undefined = undefined;
  /** Rows in a row whose clock was far behind. */
  #behind = 0;
  #firstMs = Number.NaN;
  /** Telemetry has told of traffic since before its first datagram: only captures begin and end inside a second. */
  #telemetrySeen = false;
  #lastMs = Number.NaN;

  constructor(options: SecondStreamOptions, taker: SecondTaker) {
    this.#taker = taker;
    this.#jumpSecondsMin = options.jumpSecondsMin ?? JUMP_SECONDS_MIN;
    this.#look = options.look;
    this.#second = new Second(
      options.seed,
      options.networks,
      options.secondLimits ?? SECOND_LIMITS,
      options.receiveBytes ?? 0,
    );
    this.#slow = new SlowConnections(options.seed);
    this.#classify = this.#second.intake.bind<Classify>(classifyKernel);
    this.#scan = this.#second.intake.bind<Scan>(scanKernel);
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

  /**
   * A batch whose rows `take` counts where they are. Between two calls of `take` it is its user's, as long as it is empty whenever
   * `advance`, or `take` with another batch, is called.
   */
  get batch(): FlowBatch {
    return this.#second.intake.batch;
  }

  /** Counts all rows of a batch and empties it. */
  take(batch: FlowBatch): void {
    const { intake } = this.#second;
    if (batch === intake.batch) {
      const count = this.#classify(0, batch.length);
      this.#look?.(batch, intake.classes, batch.length, intake.list, count);
      this.#count(batch, 0, batch.length);
      batch.length = 0;
      return;
    }
    if (this.#look !== undefined) this.#lookAt(batch, this.#look);
    for (let at = 0; at < batch.length; at += INTAKE_ROWS) {
      const end = Math.min(at + INTAKE_ROWS, batch.length);
      intake.copy(batch, at, end);
      if (this.#look === undefined) this.#classify(0, end - at);
      else intake.classes.set(this.#looked.subarray(at, end));
      this.#count(batch, at, end);
    }
    batch.length = 0;
  }

  /** Classifies the whole batch, and shows it. */
  #lookAt(batch: FlowBatch, look: NonNullable<SecondStreamOptions['look']>): void {
    const { intake } = this.#second;
    if (this.#looked.length < batch.capacity) {
      this.#looked = new Uint8Array(batch.capacity);
      this.#chosen = new Int32Array(batch.capacity);
    }
    clearAbsent(batch, 0, batch.length);
    let count = 0;
    for (let at = 0; at < batch.length; at += INTAKE_ROWS) {
      const end = Math.min(at + INTAKE_ROWS, batch.length);
      intake.copy(batch, at, end);
      const found = this.#classify(0, end - at);
      for (let index = 0; index < found; index++) this.#chosen[count++] = at + intake.list[index];
      this.#looked.set(intake.classes.subarray(0, end - at), at);
    }
    look(batch, this.#looked, batch.length, this.#chosen, count);
  }

  /** Counts the rows of the intake, which were copied from rows `at` to `to` of the batch, or are its own. */
  #count(batch: FlowBatch, at: number, to: number): void {
    const { intake } = this.#second;
    const { classes } = intake;
    let source = batch;
    let end = to;
    /** Where in the source the rows of the intake begin. */
    let from = at;
    let row = 0;
    while (from + row < end) {
      const until = this.#scanRows(row, end - from);
      if (until > row) this.#second.add(intake.batch, classes, row, until);
      row = until;
      if (from + row === end) return;
      const open = Number.isNaN(this.#firstMs) ? Number.NaN : this.#second.second;
      const waiting = classes.slice(row, end - from);
      if (source === intake.batch) {
        source = this.#setAside(row, end);
        from = -row;
        end -= row;
      }
      if (!this.#moveTo(intake.batch.observedMs[row])) {
        // A row far behind the others is passed over.
        row++;
      } else if (this.#second.second !== open) {
        // What waited for its pace went through the intake before the rows of the new second.
        from += row;
        row = 0;
        intake.copy(source, from, end);
        this.#classify(0, end - from);
        classes.set(waiting);
      }
    }
  }

  /** Copies rows of the intake. */
  #setAside(from: number, to: number): FlowBatch {
    this.#aside ??= createFlowBatch(INTAKE_ROWS);
    copyCounted(this.#second.intake.batch, from, to, this.#aside);
    return this.#aside;
  }

  /** Looks at rows up to the first that does not count in the open second, and returns which that is. */
  #scanRows(from: number, to: number): number {
    const { batch, listHashes, results } = this.#second.intake;
    // Before the first time nothing is open, not even the first second of 1970 (captures of a relative clock).
    const startMs = Number.isNaN(this.#firstMs) ? Number.POSITIVE_INFINITY : this.#second.second * 1000;
    results[0] = startMs - 1000 * LATE_SECONDS_MAX;
    results[1] = startMs;
    results[2] = startMs + 1000;
    const until = this.#scan(from, to, this.#slow.answersWanted ? 1 : 0);
    if (results[SCAN_LAST_MS] > this.#lastMs) this.#lastMs = results[SCAN_LAST_MS];
    this.reportedPackets += results[SCAN_PACKETS];
    this.reportedBytes += results[SCAN_BYTES];
    this.late += results[SCAN_LATE];
    if (results[SCAN_TELEMETRY] > 0) this.#telemetrySeen = true;
    this.#slow.add(batch, listHashes, results[SCAN_SLOW]);
    if (this.#pacer !== undefined) this.#paceRows(this.#pacer, until, results[SCAN_LISTED]);
    return until;
  }

  /** The list of the scan has every row that is long, and the first of every run of rows of one exporter and time. */
  #paceRows(pacer: Pacer, until: number, count: number): void {
    const { classes, batch, list } = this.#second.intake;
    const { second } = this.#second;
    let steady = true;
    for (let at = 0; at < count; at++) {
      const row = list[at] >>> SCAN_ROW_SHIFT;
      if ((list[at] & SCAN_RUN) !== 0) steady = pacer.isSteady(batch.exporter[row], batch.observedMs[row]);
      if (steady) {
        if ((list[at] & SCAN_LONG) !== 0) pacer.paceSteady(batch, classes, row, second);
        continue;
      }
      // Each row may be set apart, up to the next that is listed.
      const end = at + 1 < count ? list[at + 1] >>> SCAN_ROW_SHIFT : until;
      for (let each = row; each < end; each++) {
        if (batch.exporter[each] !== NO_EXPORTER && classes[each] !== UNCOUNTED)
          pacer.pace(batch, classes, each, second);
      }
    }
  }

  /**
   * Says that it is now `timeMs`, though no row has come: seconds that are over by then are closed, so that a live station sees
   * silence too. Before the first row it opens the second of that time. A time that lies a little behind changes nothing; one that lies
   * behind by more than `jumpSecondsMin` is that of a clock that was set back.
   */
  advance(timeMs: number): void {
    const behind = Number.isNaN(this.#firstMs) ? 0 : this.#second.second - Math.floor(timeMs / 1000);
    if (behind > this.#jumpSecondsMin) this.#jumpTo(Math.floor(timeMs / 1000));
    else if (timeMs < (this.#second.second + 1) * 1000 && !Number.isNaN(this.#firstMs)) return;
    else this.#moveTo(timeMs);
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
    if (second - this.#second.second > this.#jumpSecondsMin) {
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
    if (this.#networksNext !== undefined) this.#second.protect(this.#networksNext);
    this.#networksNext = undefined;
    this.#second.begin(second);
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
