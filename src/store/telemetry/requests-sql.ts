import { BonghwaError } from '../../base/errors.ts';
import { formatAddress, parseAddress } from '../../base/ip.ts';
import { parsePrefix } from '../../base/prefix.ts';
import { METHODS } from '../../model/request-columns.ts';
import { KEPT } from './columns.ts';
import { type Dimension, nameIn, netOf, readKnown, readNet, readText } from './flow-dimensions.ts';
import { type Compiled, QUESTION_SETTINGS, within } from './flows-sql.ts';
import type { RequestDimension, RequestsQuery } from './requests-query.ts';
import type { SqlParameters } from './sql.ts';
import { secondsOf } from './time-span.ts';

type RequestKey = Pick<Dimension, 'sql' | 'read'>;

/** Who asked: an address, or the host name in its place. */
const CLIENT = "if(r.clientName != '', r.clientName, toString(r.client))";
const KEPT_AS = "(r.attackId != '')";

const text = (column: string): RequestKey => ({ sql: `r.${column}`, read: readText });

/** What requests can be grouped by: how the engine is asked for it, and how its answer reads. */
export const REQUEST_KEYS: Readonly<Record<RequestDimension, RequestKey>> = {
  site: text('site'),
  client: { sql: CLIENT, read: readClient },
  clientNet: { sql: netOf('r.client'), read: readNet },
  asn: { sql: 'r.asn', read: readKnown },
  country: text('country'),
  method: { sql: 'toUInt8(r.method)', read: nameIn(METHODS) },
  path: text('path'),
  query: text('query'),
  status: { sql: 'r.status', read: readKnown },
  httpVersion: { sql: 'r.httpVersion', read: readVersion },
  referrer: text('referrer'),
  userAgent: text('userAgent'),
  attackId: text('attackId'),
  kept: { sql: `toUInt8(${KEPT_AS})`, read: nameIn(KEPT) },
};

/** The address of who asked, or the host name; null where the line told neither. */
export function readClient(value: unknown): string | null {
  const words = parseAddress(String(value));
  if (words === undefined) return readText(value);
  return words.every((word) => word === 0) ? null : formatAddress(words);
}

export function readVersion(value: unknown): string | null {
  const tenth = Number(value);
  return tenth === 0 ? null : (tenth / 10).toFixed(1);
}

/** Columns: requests, bytes, rows, and the variance that sampling leaves of the measure asked. */
function estimates({ by }: RequestsQuery): string {
  const value = by === 'bytes' ? 'r.bytes' : '1';
  return [
    'sum(toFloat64(r.weight)) AS requests_',
    'sum(r.weight * r.bytes) AS bytes_',
    'toFloat64(count()) AS rows_',
    // A row of weight w was kept with the chance 1/w: the variance of its part of the sum is estimated by w (w - 1) x².
    `sum(r.weight * (r.weight - 1) * ${value} * ${value}) AS variance_`,
  ].join(', ');
}

const SUMS = ['requests_', 'bytes_', 'rows_', 'variance_'];

/** The largest groups with their estimates, each followed by the estimates over all groups and how many there are. */
export function compileRequestGroups(query: RequestsQuery, database: string): Compiled {
  const { where, parameters } = conditions(query);
  const named = query.top.map((name, at) => `${REQUEST_KEYS[name].sql} AS k${at}`).join(', ');
  const names = query.top.map((_, at) => `k${at}`).join(', ');
  const totals = SUMS.map((name) => `sum(${name}) OVER ()`);
  return {
    sql: `SELECT ${names}, ${SUMS.join(', ')}, ${totals.join(', ')}, toFloat64(count() OVER ())
FROM (SELECT ${named}, ${estimates(query)} FROM ${database}.requests AS r WHERE ${where} GROUP BY ${names})
ORDER BY ${query.by}_ DESC, ${names} LIMIT {limit:UInt32} ${QUESTION_SETTINGS}`,
    parameters: { ...parameters, limit: query.limit },
  };
}

/** The estimates over all requests that are asked for. */
export function compileRequestTotal(query: RequestsQuery, database: string): Compiled {
  const { where, parameters } = conditions(query);
  return {
    sql: `SELECT ${estimates(query)} FROM ${database}.requests AS r WHERE ${where} ${QUESTION_SETTINGS}`,
    parameters,
  };
}

/** Columns of a request that is told, and behind them those of its place. */
export const ROW_COLUMNS = [
  'toUnixTimestamp(r.time)',
  'r.millis',
  'r.site',
  CLIENT,
  'r.asn',
  'r.country',
  'toUInt8(r.method)',
  'r.path',
  'r.query',
  'r.status',
  'r.bytes',
  'r.requestMs',
  'r.httpVersion',
  'r.referrer',
  'r.userAgent',
  'r.attackId',
  'r.weight',
  'r.run',
  'r.number',
] as const;

const ORDER = ['toUnixTimestamp(r.time)', 'r.millis', 'r.run', 'r.number'] as const;

/** The requests themselves, the latest first: one more than asked for, where there are more. */
export function compileRequestRows(query: RequestsQuery, database: string): Compiled {
  const { where, parameters } = conditions(query);
  const place = query.before === undefined ? undefined : placeOf(query.before);
  if (query.before !== undefined && place === undefined)
    throw new BonghwaError('TELEMETRY_QUERY', 'before is no value of next', {
      hint: 'Ask without it for the first page',
    });
  const behind =
    place === undefined
      ? ''
      : ` AND (${ORDER.join(', ')}) < (${place.map((_, at) => `{place${at}:UInt32}`).join(', ')})`;
  const places = Object.fromEntries((place ?? []).map((value, at) => [`place${at}`, value]));
  return {
    sql: `SELECT ${ROW_COLUMNS.join(', ')} FROM ${database}.requests AS r WHERE ${where}${behind}
ORDER BY ${ORDER.map((column) => `${column} DESC`).join(', ')} LIMIT {limit:UInt32} ${QUESTION_SETTINGS}`,
    parameters: { ...parameters, ...places, limit: query.limit + 1 },
  };
}

/** The cursor behind a row of `ROW_COLUMNS`. */
export function cursorBehind(row: readonly unknown[]): string {
  const count = ROW_COLUMNS.length;
  return [row[0], row[1], row[count - 2], row[count - 1]].map(Number).join('.');
}

function placeOf(cursor: string): number[] | undefined {
  if (!/^\d{1,10}(\.\d{1,10}){3}$/.test(cursor)) return undefined;
  const place = cursor.split('.').map(Number);
  return place.every((value) => value <= 0xffffffff) ? place : undefined;
}

function conditions(query: RequestsQuery): { where: string; parameters: SqlParameters } {
  const parameters: Record<string, string | number | readonly (string | number)[]> = secondsOf(query);
  const where = ['r.time >= {since:UInt32}', 'r.time < {until:UInt32}'];
  const add = (
    name: string,
    type: string,
    value: string | number | readonly string[] | undefined,
    sql: string,
  ): void => {
    if (value === undefined) return;
    parameters[name] = value;
    where.push(`${sql}{${name}:${type}}`);
  };
  add('site', 'Array(String)', query.site, 'r.site IN ');
  if (query.client !== undefined) where.push(asked(query.client, parameters));
  if (query.status !== undefined) where.push(answered(query.status, parameters));
  add('method', 'String', query.method, 'r.method = ');
  for (const name of ['path', 'query', 'referrer', 'userAgent'] as const) {
    const wanted = query[name];
    if (wanted?.includes('*') === true) add(name, 'String', likeOf(wanted), `r.${name} LIKE `);
    else add(name, 'String', wanted, `r.${name} = `);
  }
  add('asn', 'UInt32', query.asn, 'r.asn = ');
  add('country', 'String', query.country?.toUpperCase(), 'r.country = ');
  add('attackId', 'String', query.attackId, 'r.attackId = ');
  if (query.kept !== undefined) where.push(query.kept === 'attack' ? KEPT_AS : `NOT ${KEPT_AS}`);
  return { where: where.join(' AND '), parameters };
}

/** True for requests of any of these addresses, prefixes and host names. */
function asked(clients: readonly string[], parameters: Parameters<typeof within>[3]): string {
  const prefixes = clients.filter((client) => parsePrefix(client) !== undefined);
  const names = clients.filter((client) => parsePrefix(client) === undefined);
  const ways: string[] = [];
  if (prefixes.length > 0) ways.push(within('client', 'client', prefixes, parameters, 'r'));
  if (names.length > 0) {
    parameters.clientNames = names;
    ways.push('r.clientName IN {clientNames:Array(String)}');
  }
  return `(${ways.join(' OR ')})`;
}

/** True for requests with any of these statuses, or of these classes of them. */
function answered(statuses: readonly string[], parameters: Parameters<typeof within>[3]): string {
  parameters.statuses = statuses.filter((status) => !status.endsWith('xx')).map(Number);
  parameters.classes = statuses.filter((status) => status.endsWith('xx')).map((status) => Number(status[0]));
  return '(r.status IN {statuses:Array(UInt16)} OR (r.status > 0 AND intDiv(r.status, 100) IN {classes:Array(UInt8)}))';
}

/** `*` stands for any characters, everything else for itself. */
function likeOf(pattern: string): string {
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
