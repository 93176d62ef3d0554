/** Counts of a histogram as they stand: what is told to Prometheus. */
export interface HistogramCounts {
  /** Upper bounds of the buckets, inclusive, rising; one more bucket without a bound follows. */
  readonly bounds: readonly number[];
  /** Values in each bucket, not cumulated; one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts values in fixed buckets. Values that are no number are left out. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    if (Number.isNaN(value)) return;
    let at = 0;
    while (at < this.#bounds.length && value > this.#bounds[at]) at++;
    this.#counts[at]++;
    this.#sum += value;
  }

  counts(): HistogramCounts {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}
