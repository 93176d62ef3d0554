import { formatShare } from '../base/units.ts';
import type { SiteSecond } from '../model/site-second.ts';
import { median, wilson } from './chance.ts';
import { DemandBaseline, type DemandSnapshot, SLOT_SECONDS } from './demand.ts';
import { LatencyBaseline } from './latency.ts';
import { ASSESS } from './parameters.ts';

/** Sums of a length of time of a log. */
export interface LogSums {
  readonly requests: number;
  readonly failed: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** What the log says of the site now. */
export interface LogWord {
  readonly service: 'good' | 'degraded' | 'out' | 'silent';
  /** Clause with numbers. */
  readonly why: string;
  readonly requests: number;
  /** Second in which it began, ms, where it is not good, and the last second before that was. */
  readonly fromMs: number;
  readonly goodMs: number;
}

const SECONDS = ASSESS.logSeconds;

/** One site as its own log tells it: the last minutes second by second, and what is usual. */
export class LogView {
  readonly demand: DemandBaseline;
  readonly latency: LatencyBaseline;
  readonly #seconds = new Float64Array(SECONDS).fill(Number.NaN);
  readonly #requests = new Float32Array(SECONDS);
  readonly #failed = new Float32Array(SECONDS);
  readonly #bytes = new Float64Array(SECONDS);
  readonly #p95 = new Float32Array(SECONDS);
  lastSecond = Number.NEGATIVE_INFINITY;
  /** The start of the slot that is learned next, in seconds. */
  #learnFrom: number | undefined;

  constructor(from?: { readonly demand: DemandSnapshot; readonly latency: readonly number[] }) {
    this.demand = new DemandBaseline(from?.demand);
    this.latency = new LatencyBaseline(from?.latency);
  }

  take(told: SiteSecond): void {
    const { second } = told;
    if (!Number.isSafeInteger(second) || second < this.lastSecond - SECONDS / 2) return;
    const at = second % SECONDS;
    const more = this.#seconds[at] === second;
    if (!more && this.#seconds[at] > second) return;
    this.#seconds[at] = second;
    this.#requests[at] = told.requests + (more ? this.#requests[at] : 0);
    this.#failed[at] = told.failed + (more ? this.#failed[at] : 0);
    this.#bytes[at] = told.bytes + (more ? this.#bytes[at] : 0);
    this.#p95[at] = Math.max(told.p95Ms ?? 0, more ? this.#p95[at] : 0);
    this.lastSecond = Math.max(this.lastSecond, second);
    this.#learnFrom ??= second;
  }

  sums(fromMs: number, toMs: number): LogSums {
    let [requests, failed, bytes] = [0, 0, 0];
    const from = Math.max(Math.ceil(fromMs / 1000), this.lastSecond - SECONDS + 1);
    const to = Math.min(Math.ceil(toMs / 1000), this.lastSecond + 1);
    for (let second = from; second < to; second++) {
      const at = second % SECONDS;
      if (this.#seconds[at] !== second) continue;
      requests += this.#requests[at];
      failed += this.#failed[at];
      bytes += this.#bytes[at];
    }
    return { requests, failed, bytes, seconds: Math.max(0, to - from) };
  }

  /** Learns what is behind `untilMs`, unless `well` says that the time was none to learn from. */
  learn(untilMs: number, well: (fromMs: number, toMs: number) => boolean): void {
    if (this.#learnFrom === undefined) return;
    let from = Math.max(Math.ceil(this.#learnFrom / SLOT_SECONDS) * SLOT_SECONDS, this.lastSecond - SECONDS + 1);
    for (; (from + SLOT_SECONDS) * 1000 <= untilMs && from + SLOT_SECONDS <= this.lastSecond; from += SLOT_SECONDS) {
      const [fromMs, toMs] = [from * 1000, (from + SLOT_SECONDS) * 1000];
      if (!well(fromMs, toMs)) continue;
      const { requests, failed } = this.sums(fromMs, toMs);
      this.demand.add(fromMs, requests - failed);
      for (let second = from; second < from + SLOT_SECONDS; second++) {
        const at = second % SECONDS;
        if (this.#seconds[at] === second && this.#p95[at] > 0) this.latency.add(this.#p95[at]);
      }
    }
    this.#learnFrom = from;
  }

  /** What the last `windowMs` say, as far as they are after `sinceMs`; undefined where they say nothing. */
  word(nowMs: number, windowMs: number, sinceMs: number): LogWord | undefined {
    const untilMs = Math.min(nowMs, (this.lastSecond + 1) * 1000);
    if (nowMs - untilMs > 2 * windowMs) return this.#silence(nowMs, windowMs);
    const fromMs = Math.max(untilMs - windowMs, sinceMs);
    if (untilMs - fromMs < windowMs / 3) return undefined;
    const { requests, failed } = this.sums(fromMs, untilMs);
    const told = { requests, goodMs: 0, fromMs: 0 };
    if (requests < ASSESS.logRequestsMin / 2) return this.#silence(nowMs, windowMs);
    const share = failed / requests;
    const expected = this.demand.expected(fromMs, untilMs)?.requests;
    const answered = requests - failed;
    const percent = `${formatShare(share)} of ${requests} requests in the log failed`;
    const usual =
      expected === undefined ? '' : `, ${Math.round(answered)} answered where ${Math.round(expected)} are usual`;
    const few = expected === undefined || answered < ASSESS.logGoodShare * expected;
    const enough = requests >= ASSESS.logRequestsMin;
    if (enough && share >= ASSESS.logOutShare && few)
      return { ...told, service: 'out', why: `${percent}${usual}`, ...this.#began(untilMs, ASSESS.logOutShare / 2) };
    if (
      enough &&
      wilson(failed, requests).low > ASSESS.errorShare &&
      (expected === undefined || answered < 0.9 * expected)
    )
      return { ...told, service: 'degraded', why: `${percent}${usual}`, ...this.#began(untilMs, ASSESS.errorShare) };
    const slow = this.#slow(fromMs, untilMs);
    if (slow !== undefined && enough)
      return { ...told, service: 'degraded', why: slow, ...this.#began(untilMs, Number.POSITIVE_INFINITY) };
    return { ...told, service: 'good', why: `${requests - failed} of ${requests} requests in the log were answered` };
  }

  #slow(fromMs: number, untilMs: number): string | undefined {
    const slowMs = this.latency.slowMs();
    if (slowMs === undefined) return undefined;
    const times: number[] = [];
    for (let second = Math.ceil(fromMs / 1000); second * 1000 < untilMs; second++) {
      const at = second % SECONDS;
      if (this.#seconds[at] === second && this.#p95[at] > 0) times.push(this.#p95[at]);
    }
    const now = median(times);
    // Fewer seconds than that are no lasting slowness.
    if (times.length < 5 || !(now > slowMs)) return undefined;
    const usual = this.latency.quantileMs(0.5) ?? 0;
    return `95 of 100 requests in the log took up to ${Math.round(now)} ms, usually ${Math.round(usual)} ms`;
  }

  #silence(nowMs: number, windowMs: number): LogWord | undefined {
    const expected = this.demand.expected(nowMs - windowMs, nowMs);
    if (expected === undefined || expected.requests < 30) return undefined;
    const fromMs = (this.lastSecond + 1) * 1000;
    const why = `the log is silent, where ${Math.round(expected.requests)} requests in ${Math.round(windowMs / 1000)} s are usual`;
    return { service: 'silent', why, requests: 0, fromMs, goodMs: fromMs };
  }

  /** The first second of those at the end in which service was bad, and the last before it that was not. */
  #began(untilMs: number, share: number): { readonly fromMs: number; readonly goodMs: number } {
    const slowMs = this.latency.slowMs() ?? Number.POSITIVE_INFINITY;
    const end = Math.floor(untilMs / 1000);
    let from = end;
    let calm = 0;
    for (let second = end - 1; second > this.lastSecond - SECONDS; second--) {
      const at = second % SECONDS;
      if (this.#seconds[at] !== second) continue;
      if (this.#failed[at] > share * this.#requests[at] || this.#p95[at] > slowMs) {
        from = second;
        calm = 0;
      } else if (++calm >= 5) break;
    }
    // Lines are written when a request is over: what failed in this second may have come a while before.
    return { fromMs: from * 1000, goodMs: this.#goodBefore(from) };
  }

  #goodBefore(second: number): number {
    for (let before = second - 1; before > this.lastSecond - SECONDS; before--) {
      const at = before % SECONDS;
      if (this.#seconds[at] === before && this.#requests[at] > this.#failed[at]) return before * 1000;
    }
    return Number.NEGATIVE_INFINITY;
  }

  /** The last second from `fromMs` on in which over a share of the requests failed or answers were slow, ms. */
  lastFailed(fromMs: number, share: number): number | undefined {
    const slowMs = this.latency.slowMs() ?? Number.POSITIVE_INFINITY;
    for (let second = this.lastSecond; second > this.lastSecond - SECONDS && second * 1000 >= fromMs; second--) {
      const at = second % SECONDS;
      if (this.#seconds[at] !== second) continue;
      if (this.#failed[at] > share * this.#requests[at] || this.#p95[at] > slowMs) return second * 1000;
    }
    return undefined;
  }

  /** The first second from `fromMs` to `toMs` in which at least half of the requests failed, ms. */
  firstFailed(fromMs: number, toMs: number): number | undefined {
    for (let second = Math.ceil(fromMs / 1000); second * 1000 < toMs && second <= this.lastSecond; second++) {
      const at = second % SECONDS;
      if (this.#seconds[at] === second && this.#failed[at] > 0 && this.#failed[at] >= this.#requests[at] / 2)
        return second * 1000;
    }
    return undefined;
  }
}
