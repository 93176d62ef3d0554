import type { WebCaseScore } from './score.ts';

/** What became of a group of made logs. */
export interface WebSummary {
  readonly name: string;
  readonly cases: number;
  readonly attacks: number;
  readonly found: number;
  readonly falseAlarms: number;
  /** Shares; undefined where there was nothing to be right about. */
  readonly recall: number | undefined;
  readonly precision: number | undefined;
  readonly vectorRight: number | undefined;
  /** Mean share of the sources of a found attack that were named; share of all readers that were. */
  readonly named: number | undefined;
  readonly innocentsNamed: number;
  readonly innocents: number;
  /** Time to detect, s. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly fragments: number | undefined;
}

export function summariseWeb(name: string, cases: readonly WebCaseScore[]): WebSummary {
  const attacks = cases.flatMap((each) => each.attacks);
  const found = attacks.filter((attack) => attack.found);
  const falseAlarms = cases.reduce((sum, each) => sum + each.falseAlarms.length, 0);
  const times = found.map(({ detectSeconds }) => detectSeconds ?? 0).sort((left, right) => left - right);
  const share = (of: number, all: number): number | undefined => (all === 0 ? undefined : of / all);
  const mean = (values: readonly number[]): number | undefined =>
    share(
      values.reduce((sum, value) => sum + value, 0),
      values.length,
    );
  return {
    name,
    cases: cases.length,
    attacks: attacks.length,
    found: found.length,
    falseAlarms,
    recall: share(found.length, attacks.length),
    precision: share(found.length, found.length + falseAlarms),
    vectorRight: share(found.filter(({ vectorRight }) => vectorRight).length, found.length),
    named: mean(found.map(({ named }) => named)),
    innocentsNamed: cases.reduce((sum, each) => sum + each.innocentsNamed, 0),
    innocents: cases.reduce((sum, each) => sum + each.innocents, 0),
    p50: times[Math.floor(times.length / 2)],
    p95: times[Math.min(times.length - 1, Math.floor(times.length * 0.95))],
    fragments: mean(found.map(({ fragments }) => fragments)),
  };
}

export function summariesOf(cases: readonly WebCaseScore[]): {
  total: WebSummary;
  byScenario: WebSummary[];
  byFormat: WebSummary[];
} {
  return {
    total: summariseWeb('all', cases),
    byScenario: [...groupBy(cases, (each) => each.scenario)].map(([name, group]) => summariseWeb(name, group)),
    byFormat: [...groupBy(cases, (each) => each.format)].map(([name, group]) => summariseWeb(name, group)),
  };
}

function groupBy(
  cases: readonly WebCaseScore[],
  keyOf: (each: WebCaseScore) => string,
): ReadonlyMap<string, WebCaseScore[]> {
  const groups = new Map<string, WebCaseScore[]>();
  for (const each of cases) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return groups;
}

/** What went wrong in a log, in words; empty where nothing did. */
export function webFaultsOf(score: WebCaseScore): string[] {
  return [
    ...score.attacks.flatMap((attack) => {
      if (!attack.found) return ['not found'];
      return [
        ...(attack.vectorRight ? [] : [`named ${attack.told?.split(':')[0]}`]),
        ...(attack.named < 0.95 ? [`${(100 * attack.named).toFixed(0)} % of its sources are named`] : []),
        ...(attack.fragments > 1 ? [`told as ${attack.fragments} attacks`] : []),
      ];
    }),
    ...score.falseAlarms.map(({ why }) => `false alarm: ${why}`),
    ...(score.innocentsNamed > 0 ? [`${score.innocentsNamed} of ${score.innocents} readers are named`] : []),
    ...(score.unread === undefined ? [] : [`${score.unread} lines were not read`]),
  ];
}
