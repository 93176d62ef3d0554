import type { RequestBatch } from '../../model/request-batch.ts';

/** Until so many lines told how late they come, a second waits for the longest, ms. */
const LINES_MIN = 100;
export const GRACE_MS_MAX = 500;
/** A line that is further behind than this is of another time: what was written while nobody read. */
const BEHIND_MS_MAX = 3000;
/** Width of a bucket, ms, and how many there are below the longest wait. */
const BUCKET_MS = 25;
const BUCKETS = GRACE_MS_MAX / BUCKET_MS;
/** All but one line in so many have to have come, with room for a turn more. */
const LATE_ONE_IN = 100;
const ROOM_MS = 50;
/** What is kept of the past with every second: half of it after a minute or so. */
const KEEP = 0.99;

/**
 * How long a second of a log has to be waited for when the clock says that it is over: a server writes a line when a request ends, or
 * its buffer when that is full, and what it wrote is read a moment later. Nothing is lost with a line that comes later still: it counts in
 * the next second.
 */
export class Lateness {
  /** Lines by how long after the end of their second they were read; the last bucket is for all that came later. */
  readonly #lines = new Float64Array(BUCKETS + 1);
  #graceMs = GRACE_MS_MAX;

  /** How long to wait, ms. */
  get graceMs(): number {
    return this.#graceMs;
  }

  /** Takes rows that were read now, by the clock of their log. */
  take(batch: RequestBatch, nowMs: number): void {
    const { timeMs, length } = batch;
    for (let row = 0; row < length; row++) {
      const afterMs = nowMs - 1000 * (Math.floor(timeMs[row] / 1000) + 1);
      if (!(afterMs < BEHIND_MS_MAX)) continue;
      const bucket = afterMs <= 0 ? 0 : Math.floor(afterMs / BUCKET_MS);
      this.#lines[bucket < BUCKETS ? bucket : BUCKETS]++;
    }
  }

  /** A second is over: says anew how long to wait, and lets the past fade. */
  endSecond(): void {
    let all = 0;
    for (const count of this.#lines) all += count;
    let left = all / LATE_ONE_IN;
    let bucket = BUCKETS;
    while (bucket > 0 && left >= this.#lines[bucket]) left -= this.#lines[bucket--];
    this.#graceMs = all < LINES_MIN ? GRACE_MS_MAX : Math.min(GRACE_MS_MAX, (bucket + 1) * BUCKET_MS + ROOM_MS);
    for (let at = 0; at <= BUCKETS; at++) this.#lines[at] *= KEEP;
  }
}
