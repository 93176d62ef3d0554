import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { Baseline } from './baseline.ts';
import { PARAMETERS } from './parameters.ts';
import { type UsualHour, WeekMemory } from './week.ts';

/** The cumulative sum counts what exceeds this multiple of the usual maximum … */
const CUSUM_SLACK = 1.2;
/** … and alarms at this many multiples of it together. */
const CUSUM_LIMIT = 8;
/** It stops here, so that a flood is forgotten within seconds of its end. */
const CUSUM_MAX = 10;
const HOUR_SECONDS = 3600;
/** An hour teaches the week when so many of its seconds were seen in peace … */
const HOUR_LEARNED_MIN = 900;
/** … and a week is begun when there was traffic in so many of them. */
const HOUR_ACTIVE_MIN = 60;
/** Where ticks and the clock disagree by more than this, the hours between were not seen, s. */
const UNSEEN_SECONDS_MIN = 60;
/** Steps of the running medians, in octaves: large at first, then fine. */
const STEP_FIRST = 0.5;
const STEP_LAST = 0.01;

/** How many targets and measures may have a week: memory of fixed size, for those that live long. */
export class WeekBudget {
  used = 0;
  readonly #max: number;

  constructor(max: number = PARAMETERS.weeksMax) {
    this.#max = max;
  }

  take(): boolean {
    if (this.used >= this.#max) return false;
    this.used++;
    return true;
  }

  giveBack(weeks: number): void {
    this.used -= weeks;
  }
}

/**
 * What is usual for one measure of one group of traffic at one target. The quick estimate tells of the last minutes and days; beside it, for
 * those that live long, the week tells of this hour. The limit follows from whichever allows more; once the week is settled, what was
 * large at another time of day no longer counts.
 */
export class GroupBaseline {
  readonly quick: Baseline;
  #week: WeekMemory | undefined;
  #cusum = 0;
  /** The hour that runs: its number since 1970, seconds seen and seconds with traffic, running medians (as log2(1 + value)), maximum. */
  #hour = -1;
  #seen = 0;
  #active = 0;
  #median = 0;
  #deviation = 0;
  #maximum = 0;
  /** The second of the clock that was learned last. */
  #lastSecond = -1;
  #usualHour = -1;
  #usual: UsualHour | undefined;

  constructor(quick: Baseline) {
    this.quick = quick;
  }

  get hasWeek(): boolean {
    return this.#week !== undefined;
  }

  get mean(): number {
    return this.quick.mean;
  }

  get learnedSeconds(): number {
    return this.quick.learnedSeconds;
  }

  /** The largest second that is usual in an hour (since 1970); 0 while nothing was learned. */
  maximum(hour: number): number {
    const usual = this.usual(hour);
    if (usual === undefined) return this.quick.maximum();
    return Math.max(usual.maximum, usual.settled ? this.quick.recentMaximum() : this.quick.maximum());
  }

  /** What a second of an hour may reach before it is too much; 0 while nothing was learned. */
  limit(hour: number): number {
    const { quick } = this;
    if (quick.learnedSeconds === 0) return 0;
    const overMaximum = PARAMETERS.overMaximum * this.maximum(hour);
    if (!quick.knowsDeviation) return overMaximum;
    return Math.max(overMaximum, quick.mean + PARAMETERS.overDeviations * quick.deviation);
  }

  /**
   * Follows a slow rise: adds up what exceeds the usual maximum and says whether the sum is too much. Does not learn.
   * `floor` keeps a quiet target from alarming about nothing.
   */
  rises(value: number, floor: number, hour: number): boolean {
    const usual = Math.max(this.maximum(hour), floor);
    this.#cusum = Math.max(0, Math.min(CUSUM_MAX, this.#cusum + value / usual - CUSUM_SLACK));
    return !this.quick.isQuick && this.#cusum > CUSUM_LIMIT;
  }

  /** What the week says of an hour since 1970. */
  usual(hour: number): UsualHour | undefined {
    if (hour !== this.#usualHour) {
      this.#usualHour = hour;
      this.#usual = this.#week?.usual(hour);
    }
    return this.#usual;
  }

  /** Learns one second of peace. `tick` counts the seconds that the station saw, `second` is that of the clock. */
  learn(tick: number, second: number, value: number, budget: WeekBudget): void {
    const silent = this.quick.learn(tick, value);
    const hour = Math.floor(second / HOUR_SECONDS);
    const passed = second - this.#lastSecond - 1;
    const allSeen = this.#lastSecond >= 0 && passed >= 0 && passed - silent < UNSEEN_SECONDS_MIN;
    if (allSeen) this.#silence(this.#lastSecond + 1, second, budget);
    if (hour !== this.#hour) this.#turn(hour, budget);
    this.#lastSecond = second;
    this.#note(value, 1);
    if (value > 0) this.#active++;
    this.#maximum = Math.max(this.#maximum, value);
  }

  /** What came before this second is not learned: neither as peace nor as silence. */
  skip(tick: number, second: number): void {
    this.quick.skip(tick);
    this.#lastSecond = second;
  }

  /** Goes through seconds without traffic, hour by hour; more than a week of them says no more than a week. */
  #silence(from: number, to: number, budget: WeekBudget): void {
    let second = Math.max(from, to - WEEK_SECONDS);
    while (second < to) {
      const hour = Math.floor(second / HOUR_SECONDS);
      const until = Math.min(to, HOUR_SECONDS * (hour + 1));
      if (hour !== this.#hour) this.#turn(hour, budget);
      this.#note(0, until - second);
      second = until;
    }
  }

  /** Moves the running medians by `seconds` alike seconds: half a step up where the value is larger, down where it is smaller. */
  #note(value: number, seconds: number): void {
    const code = Math.log2(1 + value);
    if (this.#seen === 0) {
      this.#median = code;
      this.#deviation = 0;
      this.#seen = seconds;
      return;
    }
    this.#seen += seconds;
    const reach = seconds * Math.max(STEP_LAST, STEP_FIRST / Math.sqrt(this.#seen));
    this.#median = towards(this.#median, code, reach);
    const distance = Math.log2(1 + Math.abs(value - (2 ** this.#median - 1)));
    this.#deviation = towards(this.#deviation, distance, reach);
  }

  #turn(hour: number, budget: WeekBudget): void {
    if (this.#seen >= HOUR_LEARNED_MIN) {
      if (this.#week === undefined && this.#active >= HOUR_ACTIVE_MIN && budget.take()) this.#week = new WeekMemory();
      this.#week?.learn(this.#hour, {
        median: 2 ** this.#median - 1,
        deviation: 2 ** this.#deviation - 1,
        maximum: this.#maximum,
      });
    }
    this.#hour = hour;
    this.#usualHour = -1;
    this.#seen = 0;
    this.#active = 0;
    this.#maximum = 0;
  }

  /** After a time in which nothing was seen the mean is that of another hour: where the week knows better, it says so. */
  resume(hour: number): void {
    const usual = this.usual(hour);
    if (usual !== undefined) this.quick.rebase(usual.median);
  }

  write(to: ByteWriter): void {
    this.quick.write(to);
    for (const value of [this.#cusum, this.#hour + 1, this.#seen, this.#active]) to.number(value);
    for (const value of [this.#median, this.#deviation, this.#maximum, this.#lastSecond + 1]) to.number(value);
    to.number(this.#week === undefined ? 0 : 1);
    this.#week?.write(to);
  }

  static read(from: ByteReader, weeks: WeekBudget): GroupBaseline {
    const baseline = new GroupBaseline(Baseline.read(from));
    baseline.#cusum = from.amount();
    baseline.#hour = from.count() - 1;
    baseline.#seen = from.count();
    baseline.#active = from.count();
    baseline.#median = from.amount(OCTAVES_MAX);
    baseline.#deviation = from.amount(OCTAVES_MAX);
    baseline.#maximum = from.amount();
    baseline.#lastSecond = from.count() - 1;
    if (from.count(1) === 0) return baseline;
    // A week that there is no room for any more is read, and forgotten.
    const week = WeekMemory.read(from);
    if (weeks.take()) baseline.#week = week;
    return baseline;
  }
}

const WEEK_SECONDS = 604_800;
const OCTAVES_MAX = 1024;

function towards(from: number, to: number, reach: number): number {
  return to > from ? Math.min(to, from + reach) : Math.max(to, from - reach);
}
