import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { PARAMETERS } from './parameters.ts';

/** Seconds after which the quick mean has forgotten two thirds. */
const MEAN_SECONDS = PARAMETERS.meanSeconds;
/** Peacetime maxima are kept by the minute; a minute counts from two minutes after its end, so that a slow rise does not teach itself. */
const BLOCK_SECONDS = 60;
const BLOCKS_DELAYED = 2;
/** The long memory of the maximum halves in a day, the short one in six hours. */
const MAXIMUM_HALF_LIFE_SECONDS = 86_400;
const RECENT_HALF_LIFE_SECONDS = 21_600;
/** Until this much was seen, what is learned counts at once: a fresh station has nothing better. */
const QUICK_SECONDS = 180;
/** From this much on the deviation is known; a few seconds of a rise would make it as large as the rise itself. */
const DEVIATION_SECONDS = 60;

/**
 * The quick estimate of what is usual for one measure of one target: a mean, the mean absolute deviation, and maxima that forget
 * slowly. It learns only in peace, in constant space (about 100 bytes), and is deterministic in what it was given.
 *
 * It counts in ticks: seconds that the station has seen. What it has not seen, while it was stopped or its clock jumped, was no silence.
 */
export class Baseline {
  mean = 0;
  deviation = 0;
  /** Seconds it has learned from. */
  learnedSeconds = 0;
  #maximum = 0;
  #recent = 0;
  #blockMaximum = 0;
  #blockStart = -1;
  /** Maxima of the last whole minutes, which wait before they count; the older first. */
  #waitingOld = 0;
  #waitingNew = 0;
  /** The last two seconds, which wait until two more have come after them in peace: the first one of a flood, cut short, is below every limit. */
  #youngOld = 0;
  #youngNew = 0;
  #lastTick: number;

  /** `quietSince`: the tick from which on silence is known, as the target was looked for and not found; -1 for never. */
  constructor(quietSince = -1) {
    this.#lastTick = quietSince;
  }

  /** Enough was learned for the maximum to be one. */
  get isQuick(): boolean {
    return this.learnedSeconds < QUICK_SECONDS;
  }

  /** Enough was learned for the deviation to be one. */
  get knowsDeviation(): boolean {
    return this.learnedSeconds >= DEVIATION_SECONDS;
  }

  /** The largest second of peacetime, which halves in a day; 0 while nothing was learned. */
  maximum(): number {
    return this.isQuick ? this.#atOnce(this.#maximum) : this.#maximum;
  }

  /** The largest second of the last hours. */
  recentMaximum(): number {
    return this.isQuick ? this.#atOnce(this.#recent) : this.#recent;
  }

  #atOnce(maximum: number): number {
    const known = Math.max(maximum, this.#blockMaximum, this.#waitingOld, this.#waitingNew);
    // Who knows nothing else has to take the first seconds as they are.
    return this.learnedSeconds > PARAMETERS.coldSeconds ? known : Math.max(known, this.#youngOld, this.#youngNew);
  }

  /** Learns one second of peace. Ticks that were not given since the last were silent; returns how many. */
  learn(tick: number, value: number): number {
    const silent = this.#lastTick < 0 ? 0 : Math.max(0, tick - this.#lastTick - 1);
    this.#lastTick = tick;
    if (silent > 0) {
      this.#ripen(0);
      this.#ripen(0);
      const kept = (1 - 1 / MEAN_SECONDS) ** silent;
      this.mean *= kept;
      this.deviation *= kept;
      this.#maximum *= 0.5 ** (silent / MAXIMUM_HALF_LIFE_SECONDS);
      this.#recent *= 0.5 ** (silent / RECENT_HALF_LIFE_SECONDS);
      this.learnedSeconds += Math.min(silent, MEAN_SECONDS);
    }
    // The first second says nothing about how far seconds are from each other.
    if (this.learnedSeconds === 0) this.mean = value;
    this.learnedSeconds++;
    const weight = Math.max(1 / MEAN_SECONDS, 1 / this.learnedSeconds);
    this.deviation += weight * (Math.abs(value - this.mean) - this.deviation);
    this.mean += weight * (value - this.mean);
    if (this.#blockStart < 0) this.#blockStart = tick;
    while (tick - this.#blockStart >= BLOCK_SECONDS) {
      this.#rotate();
      this.#blockStart += BLOCK_SECONDS;
      if (tick - this.#blockStart >= BLOCK_SECONDS * (BLOCKS_DELAYED + 1)) this.#blockStart = tick;
    }
    this.#ripen(value);
    return silent;
  }

  /** A second comes, and that of two seconds ago counts from now on. */
  #ripen(value: number): void {
    this.#blockMaximum = Math.max(this.#blockMaximum, this.#youngOld);
    this.#youngOld = this.#youngNew;
    this.#youngNew = value;
  }

  /** What came before this tick is not learned: neither as peace nor as silence. */
  skip(tick: number): void {
    this.#lastTick = Math.max(this.#lastTick, tick);
    this.#youngOld = 0;
    this.#youngNew = 0;
  }

  /** Puts another mean in the place of one that is too old to tell of now. */
  rebase(mean: number): void {
    this.mean = mean;
  }

  #rotate(): void {
    const waited = this.#waitingOld;
    this.#maximum = Math.max(this.#maximum * 0.5 ** (BLOCK_SECONDS / MAXIMUM_HALF_LIFE_SECONDS), waited);
    this.#recent = Math.max(this.#recent * 0.5 ** (BLOCK_SECONDS / RECENT_HALF_LIFE_SECONDS), waited);
    this.#waitingOld = this.#waitingNew;
    this.#waitingNew = this.#blockMaximum;
    this.#blockMaximum = 0;
  }

  write(to: ByteWriter): void {
    to.number(this.mean);
    to.number(this.deviation);
    to.number(this.learnedSeconds);
    to.number(this.#maximum);
    to.number(this.#recent);
    to.number(this.#blockMaximum);
    to.number(this.#blockStart + 1);
    to.number(this.#waitingOld);
    to.number(this.#waitingNew);
    to.number(this.#youngOld);
    to.number(this.#youngNew);
    to.number(this.#lastTick + 1);
  }

  static read(from: ByteReader): Baseline {
    const baseline = new Baseline();
    baseline.mean = from.amount();
    baseline.deviation = from.amount();
    baseline.learnedSeconds = from.count();
    baseline.#maximum = from.amount();
    baseline.#recent = from.amount();
    baseline.#blockMaximum = from.amount();
    baseline.#blockStart = from.count() - 1;
    baseline.#waitingOld = from.amount();
    baseline.#waitingNew = from.amount();
    baseline.#youngOld = from.amount();
    baseline.#youngNew = from.amount();
    baseline.#lastTick = from.count() - 1;
    return baseline;
  }
}
