import type { Rate } from '../../model/attack.ts';
import { hllEstimate, hllMerge } from '../../sketch/hyperloglog.ts';
import { SOURCES_PRECISION, type TargetDetail } from '../../sketch/target-detail.ts';
import type { AttackRecord } from './attack-record.ts';
import { Baseline } from './baseline.ts';
import type { Measure } from './groups.ts';
import { PARAMETERS } from './parameters.ts';

const MEASURES: readonly Measure[] = ['pps', 'bps', 'fps'];
/** Rows a second that the tops of an attacked group look at. */
const DETAIL_ROWS = 4096;
/** And those of a group that is only a candidate. */
const DETAIL_ROWS_PEACE = 256;
/** A pause of more seconds than this ends a rise. */
const RISE_GAP_SECONDS = 2;
/** Peacetime sources are remembered for one to two of these, s. */
const SOURCES_GENERATION_SECONDS = 600;
/** Sources count as new only where peace was watched for this long, s. */
const SOURCES_LEARNED_MIN = 30;

/** What is remembered of one target between seconds: baselines, its recent rates, and the attack that is open on it. */
export class TargetState {
  readonly key: string;
  readonly words: Uint32Array;
  readonly length: number;
  /** Its groups were below their low-water marks from this second on until it was first seen. */
  readonly #quietSince: number;
  attack: AttackRecord | undefined;
  /** The last second in which it was looked at. */
  lastSecond = -1;
  /** Traffic from the target was seen at least once. */
  replySeen = false;
  readonly total = { pps: new Baseline(), bps: new Baseline(), fps: new Baseline() };
  readonly #groups = new Map<number, Baseline>();
  readonly #over = new Map<number, { bits: number; second: number }>();
  readonly #rising = new Map<number, { sinceMs: number; since: number; second: number; rate: number }>();
  readonly #history: Rate[] = [];
  #historySecond = -1;
  readonly #rows = new Map<number, number>();
  #sources: { old: Uint8Array; young: Uint8Array; since: number; seconds: number } | undefined;

  constructor(key: string, words: Uint32Array, length: number, quietSince: number) {
    this.#quietSince = quietSince;
    this.key = key;
    this.words = words;
    this.length = length;
  }

  baseline(group: number, measure: Measure): Baseline {
    const index = group * MEASURES.length + MEASURES.indexOf(measure);
    let baseline = this.#groups.get(index);
    if (baseline === undefined) {
      baseline = new Baseline(this.#quietSince);
      this.#groups.set(index, baseline);
    }
    return baseline;
  }

  /** The group's baseline where there is one. */
  knownBaseline(group: number, measure: Measure): Baseline | undefined {
    return this.#groups.get(group * MEASURES.length + MEASURES.indexOf(measure));
  }

  /**
   * Notes that a group stands out in this second with a rate, and that its first such packet was carried at `startMs`. A leap
   * begins another rise: a crowd that came before a flood is no part of it.
   */
  noteRise(group: number, second: number, startMs: number, rate: number): void {
    const known = this.#rising.get(group);
    const leaps =
      known !== undefined && rate > PARAMETERS.suddenFactor * known.rate && second - known.since > RISE_GAP_SECONDS;
    if (known === undefined || leaps || second - known.second > RISE_GAP_SECONDS) {
      this.#rising.set(group, { sinceMs: startMs, since: second, second, rate });
      return;
    }
    known.second = second;
    known.rate = rate;
  }

  /** Since when the group has stood out, ms since 1970. */
  risingSince(group: number): number | undefined {
    return this.#rising.get(group)?.sinceMs;
  }

  /** Notes that a group had the volume and shape of an attack in this second; returns in how many of the last three. */
  over(group: number, second: number): number {
    const known = this.#over.get(group);
    const bits = known === undefined ? 0 : second - known.second > 2 ? 0 : known.bits << (second - known.second);
    const now = (bits | 1) & 7;
    this.#over.set(group, { bits: now, second });
    return (now & 1) + ((now >>> 1) & 1) + ((now >>> 2) & 1);
  }

  /** Learns what the target usually receives in all. */
  learnTotal(second: number, rate: Rate): void {
    this.total.pps.learn(second, rate.pps);
    this.total.bps.learn(second, rate.bps);
    this.total.fps.learn(second, rate.fps);
  }

  /** What the target usually receives in all; 0 where nothing was learned. */
  usual(): Rate {
    return { bps: this.total.bps.mean, pps: this.total.pps.mean, fps: this.total.fps.mean };
  }

  /** Keeps the total rates of a second for the picture of what came before. */
  remember(second: number, rate: Rate): void {
    const silent = this.#historySecond < 0 ? 0 : Math.min(PARAMETERS.historySeconds, second - this.#historySecond - 1);
    for (let gap = 0; gap < silent; gap++) this.#history.push({ bps: 0, pps: 0, fps: 0 });
    this.#history.push(rate);
    if (this.#history.length > PARAMETERS.historySeconds) {
      this.#history.splice(0, this.#history.length - PARAMETERS.historySeconds);
    }
    this.#historySecond = second;
  }

  /** Rates of the seconds up to and without `second`, oldest first. */
  history(second: number): Rate[] {
    const gap = this.#historySecond < 0 ? 0 : Math.min(PARAMETERS.historySeconds, second - this.#historySecond - 1);
    const rates = this.#historySecond >= second ? this.#history.slice(0, -1) : [...this.#history];
    for (let empty = 0; empty < gap; empty++) rates.push({ bps: 0, pps: 0, fps: 0 });
    return rates.slice(-PARAMETERS.historySeconds);
  }

  /**
   * Bits by which the tops of a group's next detail are thinned, so that one target costs a bounded share of a second. A target that
   * is not under attack gets what tells its shape.
   */
  thinBits(group: number): number {
    const known = this.#rows.get(group);
    const wanted = this.attack === undefined ? DETAIL_ROWS_PEACE : DETAIL_ROWS;
    if (known === undefined) return 4;
    return known <= wanted ? 0 : Math.min(12, Math.ceil(Math.log2(known / wanted)));
  }

  noteRows(group: number, rows: number): void {
    this.#rows.set(group, rows);
  }

  /** Remembers who sends in peace. */
  learnSources(second: number, detail: TargetDetail): void {
    if (this.#sources === undefined) {
      const registers = detail.sources.length;
      this.#sources = { old: new Uint8Array(registers), young: new Uint8Array(registers), since: second, seconds: 0 };
    }
    const known = this.#sources;
    if (second - known.since > SOURCES_GENERATION_SECONDS) {
      known.old.set(known.young);
      known.young.fill(0);
      known.since = second;
    }
    known.seconds++;
    hllMerge(known.young, 0, detail.sources, 0, detail.sources.length);
  }

  /** Share of a detail's sources that peace did not know; `undefined` where peace was not watched for long enough. */
  newSources(detail: TargetDetail): number | undefined {
    if (this.#sources === undefined || this.#sources.seconds < SOURCES_LEARNED_MIN) return undefined;
    const known = this.#sources.old.slice();
    hllMerge(known, 0, this.#sources.young, 0, known.length);
    const before = hllEstimate(known, 0, SOURCES_PRECISION);
    hllMerge(known, 0, detail.sources, 0, known.length);
    const after = hllEstimate(known, 0, SOURCES_PRECISION);
    const now = hllEstimate(detail.sources, 0, SOURCES_PRECISION);
    return now > 0 ? Math.max(0, Math.min(1, (after - before) / now)) : undefined;
  }
}
