import { METHODS } from '../../model/request-columns.ts';
import { Z95 } from './answers.ts';
import { readKnown, readText } from './flow-dimensions.ts';
import { type Compiled, QUESTION_SETTINGS } from './flows-sql.ts';
import type { KeptRequestAnswer, RequestsAnswer, RequestsQuery } from './requests-query.ts';
import {
  compileRequestGroups,
  compileRequestRows,
  compileRequestTotal,
  cursorBehind,
  REQUEST_KEYS,
  readClient,
  readVersion,
} from './requests-sql.ts';
import type { Sql, SqlRows } from './sql.ts';

/** Columns of an estimate. */
const ESTIMATES = 4;

/** Kept requests, one by one or in groups. Rejects with the faults of `Sql`, and with TELEMETRY_QUERY for a question that cannot be. */
export async function answerRequests(
  sql: Sql,
  database: string,
  query: RequestsQuery,
  signal?: AbortSignal,
): Promise<RequestsAnswer> {
  const startedMs = performance.now();
  const ask = async ({ sql: words, parameters }: Compiled): Promise<SqlRows['data']> =>
    (await sql.query(words, parameters, signal)).data;
  const keys = query.top.length;
  const earliest = {
    sql: `SELECT toUnixTimestamp(min(time)) FROM ${database}.requests ${QUESTION_SETTINGS}`,
    parameters: {},
  };
  const [found, totals, [first]] = await Promise.all([
    ask(keys === 0 ? compileRequestRows(query, database) : compileRequestGroups(query, database)),
    keys === 0 ? ask(compileRequestTotal(query, database)) : undefined,
    ask(earliest),
  ]);
  const all = totals === undefined ? found[0]?.slice(keys + ESTIMATES) : totals[0];
  const total = estimateOf(all, 0, query);
  const rows = keys === 0 ? found.slice(0, query.limit) : [];
  const last = rows.at(-1);
  const keptSince = Number(first?.[0] ?? 0);
  return {
    since: iso(query.since),
    until: iso(query.until),
    by: query.by,
    top: [...query.top],
    groups: keys === 0 ? [] : found.map((row) => groupOf(row, query, total)),
    requests: rows.map(requestOf),
    ...(found.length > rows.length && last !== undefined ? { next: cursorBehind(last) } : {}),
    total,
    distinct: keys === 0 ? 1 : Number(all?.[ESTIMATES] ?? 0),
    ...(keptSince > 0 ? { keptSince: iso(keptSince * 1000) } : {}),
    elapsedMs: performance.now() - startedMs,
  };
}

function groupOf(
  row: readonly unknown[],
  query: RequestsQuery,
  total: RequestsAnswer['total'],
): RequestsAnswer['groups'][number] {
  const { by, top } = query;
  const estimate = estimateOf(row, top.length, query);
  return {
    key: top.map((name, at) => REQUEST_KEYS[name].read(row[at])),
    ...estimate,
    share: total[by] > 0 ? Math.min(1, estimate[by] / total[by]) : 0,
  };
}

function estimateOf(row: readonly unknown[] | undefined, from: number, { by }: RequestsQuery): RequestsAnswer['total'] {
  const number = (at: number): number => Number(row?.[from + at] ?? 0);
  const estimate = { requests: number(0), bytes: number(1), rows: number(2) };
  const value = estimate[by];
  return { ...estimate, error: value > 0 ? (Z95 * Math.sqrt(Math.max(0, number(3)))) / value : 0 };
}

/** A row of `ROW_COLUMNS` as people read it. */
function requestOf(row: readonly unknown[]): KeptRequestAnswer {
  const [time, millis, site, client, asn, country, method, path, query, status, bytes, requestMs, version] = row;
  const [referrer, userAgent, attackId, weight] = row.slice(13);
  const known = <T>(name: string, value: T | null): { [name: string]: T } => (value === null ? {} : { [name]: value });
  return {
    time: iso(1000 * Number(time) + Number(millis)),
    site: String(site),
    ...known('client', readClient(client)),
    ...known('asn', readKnown(asn)),
    ...known('country', readText(country)),
    method: METHODS[Number(method)] ?? METHODS[0],
    ...known('path', readText(path)),
    ...known('query', readText(query)),
    ...known('status', readKnown(status)),
    bytes: Number(bytes),
    ...known('requestMs', Number(requestMs) < 0 ? null : Number(requestMs)),
    ...known('httpVersion', readVersion(version)),
    ...known('referrer', readText(referrer)),
    ...known('userAgent', readText(userAgent)),
    ...known('attackId', readText(attackId)),
    weight: Number(weight),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
