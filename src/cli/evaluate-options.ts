import { InvalidArgumentError } from 'commander';
import { BonghwaError } from '../base/errors.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import type { WebSummary } from '../evaluate/web/summary.ts';

export interface Seeds {
  readonly from: number;
  readonly to: number;
}

/** A number that must be reached, or must not be exceeded: a name of MEASURES or WEB_MEASURES. */
export interface Floor {
  readonly name: string;
  readonly value: number;
}

/** What is measured of the whole, and whether it must be at least or at most what is given. */
interface Measure<Of> {
  readonly of: (whole: Of) => number | undefined;
  readonly atLeast: boolean;
}

const SEEDS_MAX = 10_000;

/** What `--fail-below` knows: shares must be at least, the rest at most what is given. */
export const MEASURES: Readonly<Record<string, Measure<Evaluation>>> = {
  recall: { of: ({ total }: Evaluation) => total.recall?.value, atLeast: true },
  precision: { of: ({ total }: Evaluation) => total.precision?.value, atLeast: true },
  vectors: { of: ({ total }: Evaluation) => total.vectorRight?.value, atLeast: true },
  'in-time': { of: ({ total }: Evaluation) => total.inTime?.value, atLeast: true },
  explained: { of: ({ total }: Evaluation) => total.explained?.value, atLeast: true },
  fragments: { of: ({ total }: Evaluation) => total.fragments, atLeast: false },
  'false-alarms': { of: ({ total }: Evaluation) => total.falsePerThousand, atLeast: false },
  'detect-p50': { of: ({ total }: Evaluation) => total.detect?.p50, atLeast: false },
  'detect-p95': { of: ({ total }: Evaluation) => total.detect?.p95, atLeast: false },
};

/** The same for the logs of web servers. */
export const WEB_MEASURES: Readonly<Record<string, Measure<WebSummary>>> = {
  recall: { of: ({ recall }) => recall, atLeast: true },
  precision: { of: ({ precision }) => precision, atLeast: true },
  vectors: { of: ({ vectorRight }) => vectorRight, atLeast: true },
  /** Share of the true sources that were named, and of the readers. */
  named: { of: ({ named }) => named, atLeast: true },
  'readers-named': { of: ({ innocents, innocentsNamed }) => share(innocentsNamed, innocents), atLeast: false },
  fragments: { of: ({ fragments }) => fragments, atLeast: false },
  /** Of a thousand logs. */
  'false-alarms': { of: ({ falseAlarms, cases }) => share(1000 * falseAlarms, cases), atLeast: false },
  'detect-p50': { of: ({ p50 }) => p50, atLeast: false },
  'detect-p95': { of: ({ p95 }) => p95, atLeast: false },
};

const share = (part: number, of: number): number | undefined => (of === 0 ? undefined : part / of);

/** In words, each floor that was missed or not measured. Throws OPTION_INVALID where a name means nothing here. */
export function missedFloors<Of>(
  whole: Of,
  measures: Readonly<Record<string, Measure<Of>>>,
  floors: readonly Floor[],
): string[] {
  return floors.flatMap(({ name, value }) => {
    const { of, atLeast } = measureOf(measures, name);
    const measured = of(whole);
    if (measured === undefined) return [`${name} was not measured`];
    if (atLeast ? measured >= value : measured <= value) return [];
    return [`${name} is ${measured.toFixed(4)}, ${atLeast ? 'below' : 'above'} ${value}`];
  });
}

/** Throws OPTION_INVALID where there is no measure of that name: before anything is run. */
export function measureOf<Of>(measures: Readonly<Record<string, Measure<Of>>>, name: string): Measure<Of> {
  if (Object.hasOwn(measures, name)) return measures[name];
  throw new BonghwaError('OPTION_INVALID', `--fail-below knows no '${name}' here`, {
    hint: `It knows: ${Object.keys(measures).join(', ')}.`,
  });
}

/** `3..7`, or `5` for one. */
export function parseSeeds(text: string): Seeds {
  const match = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match === null || to < from) throw new InvalidArgumentError('Seeds are given as FROM..TO, such as 1..4.');
  if (to - from >= SEEDS_MAX) throw new InvalidArgumentError(`At most ${SEEDS_MAX} seeds are run.`);
  return { from, to };
}

const NAMES: ReadonlySet<string> = new Set([...Object.keys(MEASURES), ...Object.keys(WEB_MEASURES)]);

/** `recall=0.99`. */
export function addFloor(text: string, earlier: readonly Floor[]): Floor[] {
  const match = /^([a-z0-9-]+)=(\d+(?:\.\d+)?)$/.exec(text);
  if (match === null || !NAMES.has(match[1])) {
    throw new InvalidArgumentError(`A limit is NAME=NUMBER; names are ${[...NAMES].join(', ')}.`);
  }
  return [...earlier, { name: match[1], value: Number(match[2]) }];
}
