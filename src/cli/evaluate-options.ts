import { InvalidArgumentError } from 'commander';
import type { Evaluation } from '../evaluate/evaluate.ts';

export interface Seeds {
  readonly from: number;
  readonly to: number;
}

/** A number that must be reached, or must not be exceeded. */
export interface Floor {
  readonly name: keyof typeof MEASURES;
  readonly value: number;
}

const SEEDS_MAX = 10_000;

/** What `--fail-below` knows: shares must be at least, the rest at most what is given. */
export const MEASURES = {
  recall: { of: ({ total }: Evaluation) => total.recall?.value, atLeast: true },
  precision: { of: ({ total }: Evaluation) => total.precision?.value, atLeast: true },
  vectors: { of: ({ total }: Evaluation) => total.vectorRight?.value, atLeast: true },
  'in-time': { of: ({ total }: Evaluation) => total.inTime?.value, atLeast: true },
  explained: { of: ({ total }: Evaluation) => total.explained?.value, atLeast: true },
  fragments: { of: ({ total }: Evaluation) => total.fragments, atLeast: false },
  'false-alarms': { of: ({ total }: Evaluation) => total.falsePerThousand, atLeast: false },
  'detect-p50': { of: ({ total }: Evaluation) => total.detect?.p50, atLeast: false },
  'detect-p95': { of: ({ total }: Evaluation) => total.detect?.p95, atLeast: false },
} as const;

const isMeasure = (name: string): name is keyof typeof MEASURES => name in MEASURES;

/** `3..7`, or `5` for one. */
export function parseSeeds(text: string): Seeds {
  const match = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match === null || to < from) throw new InvalidArgumentError('Seeds are given as FROM..TO, such as 1..4.');
  if (to - from >= SEEDS_MAX) throw new InvalidArgumentError(`At most ${SEEDS_MAX} seeds are run.`);
  return { from, to };
}

/** `recall=0.99`. */
export function addFloor(text: string, earlier: readonly Floor[]): Floor[] {
  const match = /^([a-z0-9-]+)=(\d+(?:\.\d+)?)$/.exec(text);
  if (match === null || !isMeasure(match[1])) {
    throw new InvalidArgumentError(`A limit is NAME=NUMBER; names are ${Object.keys(MEASURES).join(', ')}.`);
  }
  return [...earlier, { name: match[1], value: Number(match[2]) }];
}
