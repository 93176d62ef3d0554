import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';

/** Hours of a week. Hour 0 begins on Monday at 00:00 UTC; 1 January 1970 was a Thursday. */
export const WEEK_HOURS = 168;
const DAY_HOURS = 24;
const THURSDAY_HOURS = 72;

/** Weeks over which the median is averaged. */
const WEEKS_AVERAGED = 4;
/** An hour moves its median by no more than this factor in a week: a public holiday is not the new rule. */
const MEDIAN_STEP_MAX = 2;
/** A maximum that was not reached again loses this much in a week: half in four. */
const MAXIMUM_KEPT = 0.84;
/** A maximum counts up to this multiple of what the week knows; more must come again next week to count. */
const MAXIMUM_STEP_MAX = 4;
/** From so many weeks on an hour is known well enough to be held against itself alone. */
const WEEKS_SETTLED = 2;

/** Cells hold log2(1 + value) in steps of 1/1024: values to 2^63 within 0.07 %. */
const CODES_PER_OCTAVE = 1024;
const CODE_MAX = 0xffff;

/** What an hour of peace came to, a second. */
export interface HourSummary {
  readonly median: number;
  /** Median distance from the median. */
  readonly deviation: number;
  readonly maximum: number;
}

/** What this hour of the week usually comes to. `settled`: it and the hours beside it were seen in two weeks at least. */
export interface UsualHour extends HourSummary {
  readonly settled: boolean;
}

/**
 * What is usual for one measure of one target by hour of the week, in constant space:
 *
 *   cells  [ median deviation maximum weeks | median … ]    168 × 4 × 16 bits, values as logarithms
 *
 * An hour is asked for together with the hours beside it, so that summer time, and people, may be an hour early or late. An hour that
 * was never seen is told by the same hour of other days.
 */
export class WeekMemory {
  readonly #cells = new Uint16Array(4 * WEEK_HOURS);

  /** Learns one hour: `hour` since 1970. */
  learn(hour: number, summary: HourSummary): void {
    const at = 4 * hourOfWeek(hour);
    const cells = this.#cells;
    const weeks = cells[at + 3];
    if (weeks === 0) {
      cells[at] = encode(summary.median);
      cells[at + 1] = encode(summary.deviation);
      cells[at + 2] = encode(summary.maximum);
    } else {
      const weight = 1 / Math.min(weeks + 1, WEEKS_AVERAGED);
      const step = CODES_PER_OCTAVE * Math.log2(MEDIAN_STEP_MAX);
      for (const [place, value] of [
        [at, summary.median],
        [at + 1, summary.deviation],
      ]) {
        const move = weight * (encode(value) - cells[place]);
        cells[place] += Math.round(Math.max(-step, Math.min(step, move)));
      }
      const known = this.#around(hourOfWeek(hour)).maximum;
      const bound = Math.max(MAXIMUM_STEP_MAX * known, summary.median);
      cells[at + 2] = encode(Math.max(MAXIMUM_KEPT * decode(cells[at + 2]), Math.min(summary.maximum, bound)));
    }
    cells[at + 3] = Math.min(CODE_MAX, weeks + 1);
  }

  /** What is usual in an hour since 1970; `undefined` where neither it nor its like on other days was seen. */
  usual(hour: number): UsualHour | undefined {
    const own = hourOfWeek(hour);
    const weeks = this.#cells[4 * own + 3];
    if (weeks > 0) {
      const around = this.#around(own);
      return {
        median: decode(this.#cells[4 * own]),
        deviation: decode(this.#cells[4 * own + 1]),
        maximum: around.maximum,
        settled: around.weeks >= WEEKS_SETTLED,
      };
    }
    let median = 0;
    let deviation = 0;
    let maximum = 0;
    let known = false;
    for (let other = own % DAY_HOURS; other < WEEK_HOURS; other += DAY_HOURS) {
      const at = 4 * other;
      if (this.#cells[at + 3] === 0) continue;
      known = true;
      median = Math.max(median, decode(this.#cells[at]));
      deviation = Math.max(deviation, decode(this.#cells[at + 1]));
      maximum = Math.max(maximum, this.#around(other).maximum);
    }
    return known ? { median, deviation, maximum, settled: false } : undefined;
  }

  /** The largest maximum of an hour and those beside it, and the fewest weeks that any of them was seen in. */
  #around(own: number): { maximum: number; weeks: number } {
    let maximum = 0;
    let weeks = Number.POSITIVE_INFINITY;
    for (let beside = -1; beside <= 1; beside++) {
      const at = 4 * ((own + beside + WEEK_HOURS) % WEEK_HOURS);
      weeks = Math.min(weeks, this.#cells[at + 3]);
      if (this.#cells[at + 3] > 0) maximum = Math.max(maximum, decode(this.#cells[at + 2]));
    }
    return { maximum, weeks };
  }

  write(to: ByteWriter): void {
    for (let at = 0; at < this.#cells.length; at += 4) {
      to.number(this.#cells[at + 3]);
      if (this.#cells[at + 3] === 0) continue;
      for (let place = 0; place < 3; place++) to.uint16(this.#cells[at + place]);
    }
  }

  static read(from: ByteReader): WeekMemory {
    const week = new WeekMemory();
    for (let at = 0; at < week.#cells.length; at += 4) {
      week.#cells[at + 3] = from.count(CODE_MAX);
      if (week.#cells[at + 3] === 0) continue;
      for (let place = 0; place < 3; place++) week.#cells[at + place] = from.uint16();
    }
    return week;
  }
}

function hourOfWeek(hour: number): number {
  return (((hour + THURSDAY_HOURS) % WEEK_HOURS) + WEEK_HOURS) % WEEK_HOURS;
}

function encode(value: number): number {
  return Math.min(CODE_MAX, Math.ceil(CODES_PER_OCTAVE * Math.log2(1 + value)));
}

function decode(code: number): number {
  return 2 ** (code / CODES_PER_OCTAVE) - 1;
}
