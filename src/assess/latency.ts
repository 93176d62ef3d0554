import { ASSESS } from './parameters.ts';

/** Buckets of equal ratio: eight for every doubling, from 1 ms to over a minute. A quantile is at most 9 % off. */
const PER_DOUBLING = 8;
const BUCKETS = 16 * PER_DOUBLING + 1;
/** After so many checks (a day of one every 30 s) all counts are halved: what is usual follows slowly. */
const CHECKS_MAX = 2880;

/** What is usual of a time to answer: its quantiles, learned while all is well. Fixed size. */
export class LatencyBaseline {
  readonly #counts: Float32Array;
  #total: number;

  constructor(counts: readonly number[] = []) {
    this.#counts = new Float32Array(BUCKETS);
    for (let at = 0; at < BUCKETS; at++) this.#counts[at] = usable(counts[at]);
    this.#total = this.#counts.reduce((sum, count) => sum + count, 0);
  }

  get checks(): number {
    return this.#total;
  }

  add(ms: number): void {
    this.#counts[bucketOf(ms)]++;
    if (++this.#total < CHECKS_MAX) return;
    this.#total = 0;
    for (let at = 0; at < BUCKETS; at++) {
      this.#counts[at] /= 2;
      this.#total += this.#counts[at];
    }
  }

  /** The time that a share `of` (0 to 1) of the checks stayed below, ms; undefined before enough are learned. */
  quantileMs(of: number): number | undefined {
    if (this.#total < ASSESS.latencyChecksMin) return undefined;
    let rest = of * this.#total;
    for (let at = 0; at < BUCKETS; at++) {
      rest -= this.#counts[at];
      if (rest <= 0) return 2 ** ((at + 0.5) / PER_DOUBLING);
    }
    return 2 ** (BUCKETS / PER_DOUBLING);
  }

  /** Above this an answer is slow, ms; undefined before enough is learned. */
  slowMs(): number | undefined {
    const usual = this.quantileMs(0.95);
    return usual === undefined ? undefined : Math.max(ASSESS.slowFloorMs, ASSESS.slowFactor * usual);
  }

  /** Counts as `constructor` takes them, without the empty end. */
  counts(): number[] {
    const counts = Array.from(this.#counts, (count) => Math.round(count * 16) / 16);
    return counts.slice(0, counts.findLastIndex((count) => count > 0) + 1);
  }
}

function bucketOf(ms: number): number {
  const at = Math.floor(Math.log2(Math.max(1, ms)) * PER_DOUBLING);
  return Math.min(BUCKETS - 1, Number.isFinite(at) ? at : 0);
}

const usable = (count: number | undefined): number =>
  count !== undefined && Number.isFinite(count) && count > 0 ? Math.min(count, CHECKS_MAX) : 0;
