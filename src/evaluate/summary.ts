import type { AttackScore, CaseScore } from './score.ts';

/** A share, and the interval (95 %) that so many trials leave it in. */
export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly of: number;
}

export interface Summary {
  readonly name: string;
  readonly cases: number;
  readonly attacks: number;
  readonly recall: Share | undefined;
  readonly precision: Share | undefined;
  readonly vectorRight: Share | undefined;
  readonly targetRight: Share | undefined;
  readonly inTime: Share | undefined;
  readonly explained: Share | undefined;
  /** From the first packet to the word, s. */
  readonly detect: Quantiles | undefined;
  /** From the telemetry to the word, s. */
  readonly detectAfterTold: Quantiles | undefined;
  /** How far the end that was told is from the true one, s, either way. */
  readonly endOff: Quantiles | undefined;
  readonly fragments: number | undefined;
  readonly falseAlarms: number;
  readonly targetDays: number;
  /** False alarms a thousand target-days, and at most how many (95 %). */
  readonly falsePerThousand: number | undefined;
  readonly falsePerThousandMax: number | undefined;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly of: number;
}

/** Wilson's score interval (Wilson 1927) of `hits` in `of`, 95 %. */
export function wilson(hits: number, of: number): Share | undefined {
  if (of === 0) return undefined;
  const z = 1.959964;
  const value = hits / of;
  const middle = (value + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((value * (1 - value)) / of + (z * z) / (4 * of * of));
  return { value, low: Math.max(0, middle - half), high: Math.min(1, middle + half), of };
}

/** The values that half, and 95 of 100, are not above: the smallest of those that are so (nearest rank). */
export function quantiles(values: readonly number[]): Quantiles | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return { p50: at(0.5), p95: at(0.95), of: sorted.length };
}

/** At most so many events, where `count` were seen (95 %, one side): the bound of Poisson by Wilson and Hilferty (1931). */
export function poissonMax(count: number): number {
  const degrees = count + 1;
  return degrees * (1 - 1 / (9 * degrees) + 1.644854 / (3 * Math.sqrt(degrees))) ** 3;
}

function shareOf(values: readonly (boolean | undefined)[]): Share | undefined {
  const known = values.filter((value) => value !== undefined);
  return wilson(known.filter((value) => value).length, known.length);
}

const known = (values: readonly (number | undefined)[]): number[] => values.filter((value) => value !== undefined);

/** Cases in one line. */
export function summarise(name: string, cases: readonly CaseScore[]): Summary {
  const attacks: readonly AttackScore[] = cases.flatMap((each) => each.attacks);
  const found = attacks.filter((attack) => attack.found);
  const falseAlarms = cases.reduce((sum, each) => sum + each.falseAlarms.length, 0);
  const alarms = cases.reduce((sum, each) => sum + each.alarms, 0);
  const targetDays = cases.reduce((sum, each) => sum + each.targetDays, 0);
  const fragments = found.reduce((sum, attack) => sum + attack.fragments, 0);
  return {
    name,
    cases: cases.length,
    attacks: attacks.length,
    recall: shareOf(attacks.map((attack) => attack.found)),
    // Where there is nothing to find, false alarms are counted by target-days.
    precision: attacks.length === 0 ? undefined : wilson(alarms - falseAlarms, alarms),
    vectorRight: shareOf(found.map((attack) => attack.vectorRight)),
    targetRight: shareOf(found.map((attack) => attack.targetRight)),
    inTime: shareOf(attacks.map((attack) => attack.inTime)),
    explained: shareOf(found.map((attack) => attack.explained)),
    detect: quantiles(known(found.map((attack) => attack.afterStart))),
    detectAfterTold: quantiles(known(found.map((attack) => attack.afterTold))),
    endOff: quantiles(known(found.map((attack) => attack.endOff)).map(Math.abs)),
    fragments: found.length === 0 ? undefined : fragments / found.length,
    falseAlarms,
    targetDays,
    falsePerThousand: targetDays === 0 ? undefined : (1000 * falseAlarms) / targetDays,
    falsePerThousandMax: targetDays === 0 ? undefined : (1000 * poissonMax(falseAlarms)) / targetDays,
  };
}

/** Cases by what `key` says of them, in the order of their first. */
export function groupBy(cases: readonly CaseScore[], key: (each: CaseScore) => string): Map<string, CaseScore[]> {
  const groups = new Map<string, CaseScore[]>();
  for (const each of cases) {
    const group = groups.get(key(each));
    if (group === undefined) groups.set(key(each), [each]);
    else group.push(each);
  }
  return groups;
}
