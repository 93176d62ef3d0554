import { BonghwaError } from '../../base/errors.ts';
import { formatPrefix, parsePrefix } from '../../base/prefix.ts';
import { RATES } from './columns.ts';
import { type Compiled, QUESTION_SETTINGS } from './flows-sql.ts';
import { POINTS_MAX, type SecondsQuery } from './seconds-query.ts';
import { checkSpan } from './time-span.ts';
import { minutesOf } from './upkeep.ts';

/** Widths of a point that people read easily, seconds. */
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800, 2_592_000,
  31_536_000,
] as const;

/** What points are made of, and how wide one is. */
export interface SecondsPlan {
  readonly from: 'seconds' | 'minutes';
  readonly stepMs: number;
}

/** Earliest rows of the tables, ms since 1970; 0 where there are none. */
export interface Earliest {
  readonly secondsMs: number;
  readonly minutesMs: number;
}

/** Seconds where they reach back far enough, otherwise minutes. */
export function planSeconds({ since, until, stepMs }: SecondsQuery, earliest: Earliest): SecondsPlan {
  checkSpan({ since, until });
  const { secondsMs, minutesMs } = earliest;
  // A minute begins up to a minute before its first second.
  const older = minutesMs > 0 && (secondsMs === 0 || minutesMs + 60_000 <= secondsMs);
  const from = older && (secondsMs === 0 || since < secondsMs) ? 'minutes' : 'seconds';
  const unit = from === 'minutes' ? 60 : 1;
  const least = Math.max(unit, (until - since) / 1000 / POINTS_MAX);
  if (stepMs === undefined) {
    const step = STEPS.find((width) => width >= least) ?? Math.ceil(least / 86_400) * 86_400;
    return { from, stepMs: step * 1000 };
  }
  const step = Math.ceil(stepMs / 1000 / unit) * unit;
  if (step >= least) return { from, stepMs: step * 1000 };
  throw new BonghwaError('TELEMETRY_QUERY', `a step of ${step} s gives more than ${POINTS_MAX} points`, {
    hint: `Ask for steps of ${Math.ceil(least)} s or more`,
  });
}

/** Columns of an answer: the step, mean and maximum of each rate, the mean of each baseline, and the rest. */
export function compileSeconds(query: SecondsQuery, plan: SecondsPlan, database: string): Compiled {
  const since = Math.floor(query.since / 1000);
  const until = Math.ceil(query.until / 1000);
  const { where, parameters } = conditions(query);
  const within = `time >= {since:UInt32} AND time < {until:UInt32} AND ${where}`;
  const rows = plan.from === 'seconds' ? secondRows(database, within) : minuteRows(database, within);
  const columns = [
    ...RATES.map((rate) => `sum(u.${rate} * u.samples) / sum(u.samples)`),
    ...RATES.map((rate) => `max(u.${rate}Max)`),
    ...BASELINES.map((rate) => `sum(u.${rate} * u.samples) / sum(u.samples)`),
    'max(u.excess)',
    'sum(u.samples)',
    'max(u.attackId)',
  ];
  return {
    sql: `SELECT intDiv(toUInt32(u.time) - {origin:UInt32}, {step:UInt32}) AS step_, ${columns.join(', ')}
FROM (${rows}) AS u GROUP BY step_ ORDER BY step_ ${QUESTION_SETTINGS}`,
    parameters: {
      ...parameters,
      since,
      until,
      origin: originOf(query, plan) / 1000,
      step: plan.stepMs / 1000,
    },
  };
}

/** Time of the first point: `since`, at the start of its minute where points are made of minutes. */
export function originOf({ since }: SecondsQuery, plan: SecondsPlan): number {
  const unitMs = plan.from === 'minutes' ? 60_000 : 1000;
  return Math.floor(since / unitMs) * unitMs;
}

const BASELINES = ['baselineBps', 'baselinePps', 'baselineFps'] as const;

/** A site may be counted by several prefixes: its rate in a second is their sum. */
function secondRows(database: string, within: string): string {
  const sums = [
    ...RATES.flatMap((rate) => [`sum(${rate}) AS ${rate}_`, `${rate}_ AS ${rate}Max_`]),
    ...BASELINES.map((rate) => `sum(${rate}) AS ${rate}_`),
  ];
  return `SELECT time, 1 AS samples, ${named(sums)} FROM (
  SELECT time, ${sums.join(', ')}, max(excess) AS excess_, max(attackId) AS attackId_
  FROM ${database}.seconds WHERE ${within} GROUP BY time)`;
}

/** Minutes, and the seconds that are not in a minute yet. For several prefixes the maximum is that of their maxima. */
function minuteRows(database: string, within: string): string {
  const sums = [
    ...RATES.flatMap((rate) => [`sum(${rate} * samples) / max(samples) AS ${rate}_`, `sum(${rate}Max) AS ${rate}Max_`]),
    ...BASELINES.map((rate) => `sum(${rate} * samples) / max(samples) AS ${rate}_`),
  ];
  const minute = [
    'kind, target, prefix, direction, samples',
    ...RATES.flatMap((rate) => [rate, `${rate}P95`, `${rate}Max`]),
    ...BASELINES,
    'excess, attackId',
  ].join(', ');
  const fresh = `${within} AND time >= (SELECT max(time) + 60 FROM ${database}.minutes WHERE time < {until:UInt32})`;
  return `SELECT time, samples_ AS samples, ${named(sums)} FROM (
  SELECT time, max(samples) AS samples_, ${sums.join(', ')}, max(excess) AS excess_, max(attackId) AS attackId_
  FROM (
    SELECT time, ${minute} FROM ${database}.minutes FINAL WHERE ${within}
    UNION ALL
    ${minutesOf(`${database}.seconds`, fresh)}
  ) GROUP BY time)`;
}

/** The names without the mark that keeps an aggregate apart from its column. */
function named(sums: readonly string[]): string {
  const names = [...sums.map((sum) => sum.slice(sum.lastIndexOf(' ') + 1)), 'excess_', 'attackId_'];
  return names.map((name) => `${name} AS ${name.slice(0, -1)}`).join(', ');
}

function conditions({ target, prefix, direction }: SecondsQuery): {
  where: string;
  parameters: Record<string, string | number | readonly string[]>;
} {
  if (target === undefined && prefix === undefined) return { where: "kind = 'total'", parameters: {} };
  const where = ["kind != 'total'", 'direction = {direction:String}'];
  const parameters: Record<string, string | readonly string[]> = { direction };
  if (target !== undefined) {
    where.push('target IN {targets:Array(String)}');
    parameters.targets = spellings(target);
  }
  if (prefix !== undefined) {
    where.push('prefix IN {prefixes:Array(String)}');
    parameters.prefixes = spellings(prefix);
  }
  return { where: where.join(' AND '), parameters };
}

/** How an address or a prefix may stand in the table: as it was typed, in its canonical form, with or without its length. */
function spellings(text: string): readonly string[] {
  const parsed = parsePrefix(text);
  if (parsed === undefined) return [text];
  const canonical = formatPrefix(parsed.words, parsed.length);
  if (parsed.length < 128) return [...new Set([text, canonical])];
  return [...new Set([text, canonical, `${canonical}/${canonical.includes(':') ? 128 : 32}`])];
}
