import { DIMENSIONS } from './flow-dimensions.ts';
import type { FlowsAnswer, FlowsQuery } from './flows-query.ts';
import {
  type Compiled,
  compileCandidates,
  compileGroups,
  compileLook,
  compileOnePass,
  compileSeries,
  compileTotal,
  GROUPS_EXACT_MAX,
  LOOK_EVERY,
  QUESTION_SETTINGS,
  stepOf,
} from './flows-sql.ts';
import type { SecondsAnswer, SecondsQuery } from './seconds-query.ts';
import { compileSeconds, type Earliest, originOf, planSeconds } from './seconds-sql.ts';
import { CODE, type Sql, SqlLost, SqlRefused, type SqlRows } from './sql.ts';

/** 97.5 % of a normal distribution lie below so many standard deviations. */
export const Z95 = 1.96;

/** Kept flows, in groups. Rejects with the faults of `Sql`, and with TELEMETRY_QUERY for a question that cannot be. */
export async function answerFlows(
  sql: Sql,
  database: string,
  query: FlowsQuery,
  signal?: AbortSignal,
  groupsExactMax = GROUPS_EXACT_MAX,
): Promise<FlowsAnswer> {
  const startedMs = performance.now();
  const stepMs = stepOf(query);
  const ask = async ({ sql: text, parameters }: Compiled): Promise<SqlRows['data']> =>
    (await sql.query(text, parameters, signal)).data;
  const earliest = ask({
    sql: `SELECT toUnixTimestamp(min(time)) FROM ${database}.flows ${QUESTION_SETTINGS}`,
    parameters: {},
  });
  const keys = query.top.length;
  const [{ rows, all }, [first]] = await Promise.all([askGroups(ask, database, query, groupsExactMax), earliest]);
  const total = estimateOf(all, 0, query);
  const distinct = Number(all?.[ESTIMATES] ?? 0);
  const series = stepMs === undefined ? undefined : await askSeries(ask, database, query, stepMs, rows);
  const keptSince = Number(first?.[0] ?? 0);
  return {
    since: iso(query.since),
    until: iso(query.until),
    by: query.by,
    top: [...query.top],
    groups: rows.map((row) => {
      const estimate = estimateOf(row, keys, query);
      const of = total[query.by];
      const points = series?.get(keyOf(row, 0, keys));
      return {
        key: query.top.map((name, at) => DIMENSIONS[name].read(row[at])),
        ...estimate,
        share: of > 0 ? Math.min(1, estimate[query.by] / of) : 0,
        ...(points === undefined ? {} : { series: points }),
      };
    }),
    total,
    distinct: keys === 0 ? 1 : Math.max(distinct, rows.length),
    ...(stepMs === undefined
      ? {}
      : { series: { from: iso(Math.floor(query.since / 1000) * 1000), stepMs, total: series?.get(ALL) ?? [] } }),
    ...(keptSince > 0 ? { keptSince: iso(keptSince * 1000) } : {}),
    elapsedMs: performance.now() - startedMs,
  };
}

type Ask = (question: Compiled) => Promise<SqlRows['data']>;

/** Columns of an estimate. */
const ESTIMATES = 5;

interface Groups {
  readonly rows: SqlRows['data'];
  /** Estimates over all groups, and how many there are; absent where there is no flow. */
  readonly all: readonly unknown[] | undefined;
}

/** All groups at once where they are not too many; else those that are large, and then their figures. */
async function askGroups(ask: Ask, database: string, query: FlowsQuery, exactMax: number): Promise<Groups> {
  const keys = query.top.length;
  if (keys === 0) return { rows: [], all: (await ask(compileTotal(query, database)))[0] };
  const [[rows, measure, groups]] = (await ask(compileLook(query, database))) as [[number, number, number]];
  // Where nearly every row that was looked at is of another group, there are some five times as many groups at least.
  if (groups < SINGLE_SHARE * rows || 4 * rows < exactMax) {
    const found = await ask(compileOnePass(query, database, exactMax)).catch(unlessTooMany);
    if (found !== undefined) return { rows: found, all: found[0]?.slice(keys + ESTIMATES) };
  }
  const total =
    measure > 0 ? LOOK_EVERY * measure : estimateOf((await ask(compileTotal(query, database)))[0], 0, query)[query.by];
  const [all] = await ask(compileCandidates(query, database, total));
  const found = all[ESTIMATES + 1] as readonly unknown[];
  const candidates = found.map((key) => (keys === 1 ? [key] : (key as unknown[])));
  return { rows: await ask(compileGroups(query, database, candidates)), all };
}

const SINGLE_SHARE = 0.9;

function unlessTooMany(error: unknown): undefined {
  if (!(error instanceof SqlRefused && error.code === CODE.TOO_MANY_ROWS)) throw error;
}

/** Key of the total among the series. */
const ALL = '';

/** The series of every group, by its key, and of the total. */
async function askSeries(
  ask: Ask,
  database: string,
  query: FlowsQuery,
  stepMs: number,
  groups: SqlRows['data'],
): Promise<ReadonlyMap<string, number[]>> {
  const steps = Math.ceil((query.until - Math.floor(query.since / 1000) * 1000) / stepMs);
  const series = new Map<string, number[]>();
  const add = (key: string, step: number, value: number): void => {
    let points = series.get(key);
    if (points === undefined) {
      points = new Array<number>(steps).fill(0);
      series.set(key, points);
    }
    if (step >= 0 && step < steps) points[step] += value;
  };
  for (const [step, value] of await ask(compileSeries(query, stepMs, database))) add(ALL, Number(step), Number(value));
  if (groups.length === 0) return series;
  const keys = query.top.length;
  const only = groups.map((row) => row.slice(0, keys));
  for (const row of await ask(compileSeries(query, stepMs, database, only))) {
    add(keyOf(row, 2, keys), Number(row[0]), Number(row[1]));
  }
  return series;
}

/** Never empty, so that no group is taken for the total. */
function keyOf(row: readonly unknown[], from: number, count: number): string {
  return JSON.stringify(row.slice(from, from + count));
}

function estimateOf(row: readonly unknown[] | undefined, keys: number, query: FlowsQuery): FlowsAnswer['total'] {
  const number = (at: number): number => Number(row?.[keys + at] ?? 0);
  const estimate = { packets: number(0), bytes: number(1), flows: number(2), rows: number(3) };
  const value = estimate[query.by];
  return { ...estimate, error: value > 0 ? (Z95 * Math.sqrt(Math.max(0, number(4)))) / value : 0 };
}

/** Rates of a target over time. Rejects as `answerFlows` does. */
export async function answerSeconds(
  sql: Sql,
  database: string,
  query: SecondsQuery,
  signal?: AbortSignal,
): Promise<SecondsAnswer> {
  const startedMs = performance.now();
  const plan = planSeconds(query, earliestOf(await sql.query(earliestSql(database), {}, signal)));
  const { sql: text, parameters } = compileSeconds(query, plan, database);
  const { data } = await sql.query(text, parameters, signal);
  const origin = originOf(query, plan);
  return {
    since: iso(query.since),
    until: iso(query.until),
    stepMs: plan.stepMs,
    from: plan.from,
    points: data.map((row) => {
      const rate = (at: number) => ({ bps: Number(row[at]), pps: Number(row[at + 1]), fps: Number(row[at + 2]) });
      const attackId = String(row[12]);
      return {
        at: iso(origin + Number(row[0]) * plan.stepMs),
        mean: rate(1),
        max: rate(4),
        baseline: rate(7),
        excess: Number(row[10]),
        seconds: Number(row[11]),
        ...(attackId === '' ? {} : { attackId }),
      };
    }),
    elapsedMs: performance.now() - startedMs,
  };
}

function earliestSql(database: string): string {
  const of = (table: string): string => `(SELECT toUnixTimestamp(min(time)) FROM ${database}.${table})`;
  return `SELECT ${of('seconds')}, ${of('minutes')}`;
}

function earliestOf({ data }: SqlRows): Earliest {
  const row = data[0];
  if (row === undefined) throw new SqlLost('the engine gave an empty answer');
  return { secondsMs: Number(row[0]) * 1000, minutesMs: Number(row[1]) * 1000 };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
