import type { Evaluation } from './evaluate.ts';
import type { AttackScore } from './score.ts';
import { type Quantiles, quantiles } from './summary.ts';
import { VIEWS, type ViewName, viewOf } from './views.ts';

/** A number that detection is to reach, and what was measured. */
export interface Goal {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}

/** A flow is short where the telemetry tells of an attack within so many seconds of its start. */
const SHORT_FLOW_SECONDS = 3;

/** The numbers of an evaluation beside what is wanted; those of which nothing was measured are left out. */
export function goalsOf({ cases, total, parts }: Evaluation): Goal[] {
  const goals: Goal[] = [];
  const add = (what: string, wanted: string, measured: string | undefined, reached: boolean): void => {
    if (measured !== undefined) goals.push({ what, wanted, measured, reached });
  };
  const atLeast = (what: string, least: number, value: number | undefined): void =>
    add(what, `≥ ${least}`, value?.toFixed(3), (value ?? 0) >= least);
  atLeast('recall', 0.99, total.recall?.value);
  atLeast('precision', 0.99, total.precision?.value);
  atLeast('vectors named rightly', 0.97, total.vectorRight?.value);
  add('attacks told for each true one', '≤ 1.05', total.fragments?.toFixed(3), (total.fragments ?? 0) <= 1.05);
  const sudden = ({ carpet, ownDeadline }: AttackScore): boolean => !carpet && !ownDeadline;
  const of = (views: (view: string) => boolean, which: (attack: AttackScore) => boolean): AttackScore[] =>
    cases.filter((each) => views(each.view)).flatMap((each) => each.attacks.filter(which));
  const quick = timesOf(of(isQuick, sudden));
  add(
    'floods, export delay at most 1 s: time to detect, p50 and p95',
    '≤ 2 s, ≤ 4 s',
    timesText(quick),
    quick !== undefined && quick.p50 <= 2 && quick.p95 <= 4,
  );
  const short = timesOf(
    of(
      (view) => view === 'v9-60',
      (attack) => sudden(attack) && isShort(attack),
    ),
  );
  add('floods of short flows, active timeout 60 s: p95', '≤ 5 s', short?.p95.toFixed(1), (short?.p95 ?? 0) <= 5);
  const inTime = (what: string, wanted: string, attacks: readonly AttackScore[]): void => {
    const right = attacks.filter((attack) => attack.inTime === true).length;
    add(what, wanted, attacks.length === 0 ? undefined : `${right} of ${attacks.length}`, right === attacks.length);
  };
  inTime(
    'carpets',
    'within 10 s',
    of(
      () => true,
      ({ carpet }) => carpet,
    ),
  );
  const ramps = cases.filter(({ scenario }) => scenario === 'ramp').flatMap(({ attacks }) => attacks);
  inTime('ramps', 'before three times the limit', ramps);
  const benign = parts.filter((part) => part.attacks === 0);
  for (const part of benign) {
    const { falsePerThousand: value, falsePerThousandMax: most, targetDays } = part;
    const text = `${value?.toFixed(2) ?? ''}, at most ${most?.toFixed(2) ?? ''} (95 %, ${targetDays.toFixed(0)} target-days)`;
    const name = `false alarms a thousand target-days, ${part.name}`;
    add(name, '≤ 1', value === undefined ? undefined : text, (value ?? 0) <= 1);
  }
  return goals;
}

const isQuick = (view: string): boolean => view in VIEWS && viewOf(view as ViewName).quick;

function isShort({ afterStart, afterTold }: AttackScore): boolean {
  return afterStart !== undefined && afterTold !== undefined && afterStart - afterTold <= SHORT_FLOW_SECONDS;
}

function timesOf(attacks: readonly AttackScore[]): Quantiles | undefined {
  return quantiles(attacks.flatMap(({ afterStart }) => (afterStart === undefined ? [] : [afterStart])));
}

function timesText(of: Quantiles | undefined): string | undefined {
  return of === undefined ? undefined : `${of.p50.toFixed(2)} s, ${of.p95.toFixed(2)} s (${of.of} attacks)`;
}
