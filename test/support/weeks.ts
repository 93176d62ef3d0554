import { Random } from '../../src/base/random.ts';
import { Baseline } from '../../src/detect/network/baseline.ts';
import { GroupBaseline, WeekBudget } from '../../src/detect/network/group-baseline.ts';
import { PARAMETERS } from '../../src/detect/network/parameters.ts';

/** A Monday at 00:00 UTC, s since 1970: 2 June 2025. */
export const MONDAY = 1_748_822_400;
export const HOUR = 3600;
export const DAY = 86_400;
export const WEEK = 604_800;

/** How a target is used over the week, packets a second; without the noise. */
export type Rhythm = (second: number) => number;

const hourOf = (second: number): number => (second % DAY) / HOUR;
/** Monday is 0. */
export const dayOf = (second: number): number => Math.floor((second - MONDAY) / DAY) % 7;
const rise = (value: number, from: number, over: number): number => Math.max(0, Math.min(1, (value - from) / over));

/** An office's site: busy from nine to six on working days, a rise of `riseHours`, a tenth of it at other times. */
export function office(peak: number, riseHours = 1): Rhythm {
  return (second) => {
    const hour = hourOf(second);
    const working = dayOf(second) < 5;
    const open = rise(hour, 9 - riseHours, riseHours) * (1 - rise(hour, 18, 2));
    return peak * (0.1 + (working ? 0.9 : 0.15) * open);
  };
}

/** A public site: a soft wave with its top in the evening, more on weekends. */
export function evening(peak: number): Rhythm {
  return (second) => {
    const wave = 0.5 - 0.5 * Math.cos((2 * Math.PI * (hourOf(second) - 8)) / 24);
    return peak * (0.15 + 0.85 * wave * (dayOf(second) >= 5 ? 1 : 0.8));
  };
}

/** Every night at two, for a quarter of an hour, ten times what is usual. */
export function nightly(level: number): Rhythm {
  return (second) => {
    const hour = hourOf(second);
    return hour >= 2 && hour < 2.25 ? 10 * level : level;
  };
}

/** Noise of a second round what is usual: spread of a fifth, and now and then a burst of up to twice as much for some seconds. */
export class Noise {
  readonly #random: Random;
  #burst = 1;
  #burstSeconds = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  apply(rate: number): number {
    const random = this.#random;
    if (this.#burstSeconds > 0) this.#burstSeconds--;
    else {
      this.#burst = 1;
      if (random.unit() < 1 / 1800) {
        this.#burst = 1.2 + 0.6 * random.unit();
        this.#burstSeconds = 1 + random.below(20);
      }
    }
    const spread = (random.unit() + random.unit() + random.unit() - 1.5) * 0.4;
    return Math.round(rate * this.#burst * (1 + spread));
  }
}

/** A stretch in which a second was too much, by volume alone. */
export interface Excess {
  readonly second: number;
  readonly value: number;
  readonly limit: number;
  readonly cusum: boolean;
}

/**
 * What a baseline alone says of a target, second by second. What is too much by volume is noted, and then turns out to be no
 * attack by its shape, so that it teaches: as everything does that a rhythm makes.
 */
export class VolumeAlarm {
  readonly excesses: Excess[] = [];
  baseline: GroupBaseline;
  readonly #floor: number;
  readonly #budget = new WeekBudget(10);
  #tick = 0;
  #over = 0;
  #lastOver = Number.NEGATIVE_INFINITY;

  constructor(floor: number, baseline = new GroupBaseline(new Baseline())) {
    this.#floor = floor;
    this.baseline = baseline;
  }

  /** What a second may reach. */
  limit(second: number): number {
    return Math.max(this.#floor, this.baseline.limit(Math.floor(second / HOUR)));
  }

  take(second: number, value: number): void {
    const tick = ++this.#tick;
    // Below the low-water mark nobody looks, and it counts as silence.
    if (value < PARAMETERS.lowWaterShare * this.#floor) return;
    const limit = this.limit(second);
    const cusum = this.baseline.rises(value, this.#floor, Math.floor(second / HOUR));
    const over = value >= limit || cusum;
    this.#over = ((this.#over << 1) | (over ? 1 : 0)) & 7;
    const confirmed = (this.#over & 1) + ((this.#over >> 1) & 1) + (this.#over >> 2) >= PARAMETERS.confirmSeconds;
    if (over && (confirmed || value >= PARAMETERS.suddenFactor * limit)) {
      if (second - this.#lastOver > PARAMETERS.closeAfterSeconds) this.excesses.push({ second, value, limit, cusum });
      this.#lastOver = second;
    }
    this.baseline.learn(tick, second, value, this.#budget);
  }

  /** The station was stopped until a second, and did not see what was between. */
  resume(second: number): void {
    this.#tick += 2;
    this.baseline.resume(Math.floor(second / HOUR));
  }
}

/** Runs an alarm through a rhythm, with noise, from second to second (exclusive). */
export function live(alarm: VolumeAlarm, rhythm: Rhythm, noise: Noise, from: number, to: number): void {
  for (let second = from; second < to; second++) alarm.take(second, noise.apply(rhythm(second)));
}
