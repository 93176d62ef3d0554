import { madSigma, median } from './chance.ts';

/** Requests are counted in slots of so many seconds. */
export const SLOT_SECONDS = 10;
/** Slots of the last half hour that went well: what is usual now. */
const RECENT_SLOTS = 180;
const RECENT_SLOTS_MIN = 3;
/** Spans of the day, in UTC: a quarter of an hour each. */
const SPANS = 96;
const SPAN_SLOTS = 90;
/** How much a day weighs that is learned anew, and days that have to be learned before the time of day is relied on. */
const DAY_WEIGHT = 0.25;
const DAYS_MIN = 2;

/** What is expected of a length of time: requests, and their standard deviation. */
export interface Expected {
  readonly requests: number;
  readonly sigma: number;
}

/**
 * The usual demand of a site: requests that it answers, by the time of day where days were learned, else as in the last half hour that
 * went well. Fixed size.
 */
export class DemandBaseline {
  readonly #recent: number[];
  /** Mean of the slots of each span, their variance, and how many days were learned. */
  readonly #mean = new Float64Array(SPANS);
  readonly #variance = new Float64Array(SPANS);
  readonly #days = new Float64Array(SPANS);
  #span = -1;
  #spanSlots: number[] = [];

  constructor(from?: DemandSnapshot) {
    this.#recent = (from?.recent ?? []).filter((value) => value >= 0 && Number.isFinite(value)).slice(-RECENT_SLOTS);
    for (const [at, [mean, variance, days]] of (from?.spans ?? []).slice(0, SPANS).entries()) {
      this.#mean[at] = mean;
      this.#variance[at] = variance;
      this.#days[at] = days;
    }
  }

  get learned(): boolean {
    return this.#recent.length >= RECENT_SLOTS_MIN;
  }

  /** One slot that went well, in the order of time: its start in ms, and the requests that were answered in it. */
  add(startMs: number, answered: number): void {
    this.#recent.push(answered);
    if (this.#recent.length > RECENT_SLOTS) this.#recent.shift();
    const span = spanOf(startMs);
    if (span !== this.#span) this.#endSpan();
    this.#span = span;
    this.#spanSlots.push(answered);
  }

  #endSpan(): void {
    // Half a quarter of an hour that went well tells of it; less does not.
    if (this.#spanSlots.length >= SPAN_SLOTS / 2) {
      const at = this.#span;
      const mean = this.#spanSlots.reduce((sum, value) => sum + value, 0) / this.#spanSlots.length;
      const spread = madSigma(this.#spanSlots) ** 2;
      const weight = this.#days[at] === 0 ? 1 : DAY_WEIGHT;
      const off = mean - this.#mean[at];
      this.#mean[at] += weight * off;
      this.#variance[at] += weight * (spread + (weight === 1 ? 0 : (1 - weight) * off * off) - this.#variance[at]);
      this.#days[at]++;
    }
    this.#spanSlots = [];
  }

  /** What is usual from one moment to another, ms; undefined before enough is learned. */
  expected(fromMs: number, toMs: number): Expected | undefined {
    if (!this.learned) return undefined;
    const level = median(this.#recent);
    const recentVariance = Math.max(level, madSigma(this.#recent) ** 2);
    let requests = 0;
    let variance = 0;
    let levelSigma = 0;
    const step = SPAN_SLOTS * SLOT_SECONDS * 1000;
    for (let at = fromMs; at < toMs; ) {
      const next = Math.min(toMs, (Math.floor(at / step) + 1) * step);
      const slots = (next - at) / (SLOT_SECONDS * 1000);
      const span = spanOf(at);
      const known = this.#days[span] >= DAYS_MIN;
      const slotVariance = known ? Math.max(this.#mean[span], this.#variance[span]) : recentVariance;
      requests += slots * (known ? this.#mean[span] : level);
      variance += slots * slotVariance;
      // How well the level itself is known: few slots tell less of it.
      levelSigma += slots * Math.sqrt(slotVariance / (known ? this.#days[span] : this.#recent.length));
      at = next;
    }
    return { requests, sigma: Math.hypot(Math.sqrt(variance), levelSigma) };
  }

  /** Requests of an ordinary day; undefined before nearly all of its spans were learned. */
  daily(): number | undefined {
    let known = 0;
    let sum = 0;
    for (let at = 0; at < SPANS; at++) {
      if (this.#days[at] === 0) continue;
      known++;
      sum += this.#mean[at] * SPAN_SLOTS;
    }
    return known >= 0.9 * SPANS ? (sum * SPANS) / known : undefined;
  }

  snapshot(): DemandSnapshot {
    const rounded = (value: number): number => Math.round(value * 1000) / 1000;
    return {
      recent: this.#recent.map(rounded),
      // Before a day was learned there is nothing to tell of its course.
      spans: this.#days.some((days) => days > 0)
        ? Array.from(this.#mean, (mean, at) => [rounded(mean), rounded(this.#variance[at]), this.#days[at]])
        : [],
    };
  }
}

export interface DemandSnapshot {
  readonly recent: readonly number[];
  /** Mean, variance and days of every quarter of an hour of the day. */
  readonly spans: readonly (readonly [number, number, number])[];
}

const spanOf = (timeMs: number): number => Math.floor(timeMs / (SPAN_SLOTS * SLOT_SECONDS * 1000)) % SPANS;
