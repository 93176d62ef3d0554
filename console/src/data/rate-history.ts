import type { StationStatus } from '../../../src/model/station-view.ts';

/** Points of one series, and series that are remembered. */
const POINTS_MAX = 180;
const SERIES_MAX = 200;

export type RateName = 'bps' | 'pps';

export interface RatePoint {
  readonly atMs: number;
  readonly bps: number;
  readonly pps: number;
}

/** Rates of the attacked targets as they were told since the page was opened, for the small pictures in tables. */
export class RateHistory {
  readonly #series = new Map<string, RatePoint[]>();

  add(status: StationStatus): void {
    const atMs = Date.parse(status.decidedAt ?? status.now);
    this.#push('', { atMs, bps: status.total.bps, pps: status.total.pps });
    for (const { attackId, rate } of status.targets)
      if (attackId !== undefined) this.#push(attackId, { atMs, bps: rate.bps, pps: rate.pps });
  }

  /** Of an attack, or of the whole station (`''`). */
  of(key: string): readonly RatePoint[] {
    return this.#series.get(key) ?? [];
  }

  #push(key: string, point: RatePoint): void {
    let points = this.#series.get(key);
    if (points === undefined) {
      if (this.#series.size >= SERIES_MAX) {
        const [oldest] = this.#series.keys();
        this.#series.delete(oldest);
      }
      points = [];
      this.#series.set(key, points);
    }
    if (points.at(-1)?.atMs === point.atMs) return;
    points.push(point);
    if (points.length > POINTS_MAX) points.shift();
  }
}
