import { PARAMETERS } from './parameters.ts';

/** Seconds after which the quick mean has forgotten two thirds. */
const MEAN_SECONDS = 300;
/** Peacetime maxima are kept by the minute; a minute counts from two minutes after its end, so that a slow rise does not teach itself. */
const BLOCK_SECONDS = 60;
const BLOCKS_DELAYED = 2;
/** The long memory of the maximum halves in a day. */
const MAXIMUM_HALF_LIFE_SECONDS = 86_400;
/** Until this much was seen, what is learned counts at once: a fresh station has nothing better. */
const QUICK_SECONDS = 180;
/** From this much on the deviation is known; a few seconds of a rise would make it as large as the rise itself. */
const DEVIATION_SECONDS = 60;
/** The cumulative sum counts what exceeds this multiple of the usual maximum … */
const CUSUM_SLACK = 1.2;
/** … and alarms at this many multiples of it together. */
const CUSUM_LIMIT = 8;

/**
 * What is usual for one measure of one target: a mean, the mean absolute deviation, and a maximum that forgets slowly. It learns
 * only in peace, in constant space (about 100 bytes), and is deterministic in what it was given.
 */
export class Baseline {
  mean = 0;
  deviation = 0;
  /** Seconds it has learned from. */
  learnedSeconds = 0;
  #maximum = 0;
  #blockMaximum = 0;
  #blockStart = -1;
  readonly #delayed = new Float64Array(BLOCKS_DELAYED);
  #lastSecond: number;
  #cusum = 0;

  /** `quietSince`: the second from which on silence is known, as the target was looked for and not found; -1 for never. */
  constructor(quietSince = -1) {
    this.#lastSecond = quietSince;
  }

  /** The largest second of peacetime; 0 while nothing was learned. */
  maximum(): number {
    if (this.learnedSeconds >= QUICK_SECONDS) return this.#maximum;
    let maximum = Math.max(this.#maximum, this.#blockMaximum);
    for (const waiting of this.#delayed) maximum = Math.max(maximum, waiting);
    return maximum;
  }

  /** What a second may reach before it is too much; 0 while nothing was learned. */
  limit(): number {
    if (this.learnedSeconds === 0) return 0;
    const overMaximum = PARAMETERS.overMaximum * this.maximum();
    if (this.learnedSeconds < DEVIATION_SECONDS) return overMaximum;
    return Math.max(overMaximum, this.mean + PARAMETERS.overDeviations * this.deviation);
  }

  /** Learns one second of peace. Seconds that were not given since the last were silent. */
  learn(second: number, value: number): void {
    const silent = this.#lastSecond < 0 ? 0 : Math.max(0, second - this.#lastSecond - 1);
    this.#lastSecond = second;
    if (silent > 0) {
      const kept = (1 - 1 / MEAN_SECONDS) ** silent;
      this.mean *= kept;
      this.deviation *= kept;
      this.#maximum *= 0.5 ** (silent / MAXIMUM_HALF_LIFE_SECONDS);
      this.learnedSeconds += Math.min(silent, MEAN_SECONDS);
    }
    // The first second says nothing about how far seconds are from each other.
    if (this.learnedSeconds === 0) this.mean = value;
    this.learnedSeconds++;
    const weight = Math.max(1 / MEAN_SECONDS, 1 / this.learnedSeconds);
    this.deviation += weight * (Math.abs(value - this.mean) - this.deviation);
    this.mean += weight * (value - this.mean);
    if (this.#blockStart < 0) this.#blockStart = second;
    while (second - this.#blockStart >= BLOCK_SECONDS) {
      this.#rotate();
      this.#blockStart += BLOCK_SECONDS;
      if (second - this.#blockStart >= BLOCK_SECONDS * (BLOCKS_DELAYED + 1)) this.#blockStart = second;
    }
    this.#blockMaximum = Math.max(this.#blockMaximum, value);
  }

  /**
   * Follows a slow rise: adds up what exceeds the usual maximum and says whether the sum is too much. Does not learn.
   * `floor` keeps a quiet target from alarming about nothing.
   */
  rises(value: number, floor: number): boolean {
    const usual = Math.max(this.maximum(), floor);
    this.#cusum = Math.max(0, this.#cusum + value / usual - CUSUM_SLACK);
    return this.learnedSeconds >= QUICK_SECONDS && this.#cusum > CUSUM_LIMIT;
  }

  #rotate(): void {
    this.#maximum = Math.max(this.#maximum * 0.5 ** (BLOCK_SECONDS / MAXIMUM_HALF_LIFE_SECONDS), this.#delayed[0]);
    this.#delayed.copyWithin(0, 1);
    this.#delayed[BLOCKS_DELAYED - 1] = this.#blockMaximum;
    this.#blockMaximum = 0;
  }
}
