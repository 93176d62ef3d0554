import type { Attack } from '../../../src/model/attack.ts';
import type { SecondsView } from './views.ts';

/** What is drawn of a target round an attack. */
export interface Series {
  /** Seconds since 1970. */
  readonly x: readonly number[];
  readonly values: readonly (number | null)[];
  /** What was usual; absent where only the attack's own picture is there. */
  readonly usual?: readonly (number | null)[] | undefined;
}

type Told = 'bps' | 'pps';

/** The points of the store, with a gap where nothing was kept: the line breaks there, in place of a slope that nobody saw. */
export function seriesOf({ points, stepMs }: SecondsView, measure: Told): Series {
  const x: number[] = [];
  const values: (number | null)[] = [];
  const usual: (number | null)[] = [];
  let lastMs = Number.NaN;
  for (const point of points) {
    const atMs = Date.parse(point.at);
    if (atMs - lastMs > 3 * stepMs) {
      x.push((lastMs + stepMs) / 1000);
      values.push(null);
      usual.push(null);
    }
    x.push(atMs / 1000);
    values.push(point.max[measure]);
    usual.push(point.baseline[measure]);
    lastMs = atMs;
  }
  return { x, values, usual };
}

/** The picture that an attack carries, for when the store has nothing of it. */
export function ownSeries({ timeline, baseline }: Attack, measure: Told | 'rps'): Series {
  const values = measure === 'rps' ? (timeline.rps ?? []) : timeline[measure];
  const fromMs = Date.parse(timeline.from);
  const usual = baseline[measure];
  return {
    x: values.map((_, at) => (fromMs + at * timeline.stepMs) / 1000),
    values,
    usual: usual === undefined ? undefined : values.map(() => usual),
  };
}
