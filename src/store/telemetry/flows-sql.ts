import { BonghwaError } from '../../base/errors.ts';
import { formatAddress } from '../../base/ip.ts';
import { maskWord, type Prefix, parsePrefix } from '../../base/prefix.ts';
import { DIMENSIONS } from './flow-dimensions.ts';
import { type FlowMeasure, type FlowsQuery, STEPS_MAX } from './flows-query.ts';
import type { SqlParameters } from './sql.ts';
import { secondsOf } from './time-span.ts';

/** One question in SQL. What a person typed is in `parameters` only. */
export interface Compiled {
  readonly sql: string;
  readonly parameters: SqlParameters;
}

/** What one question may take of the engine: seconds, and bytes of memory before it goes to disk and before it is refused. */
export const QUESTION_SETTINGS =
  'SETTINGS max_execution_time = 20, max_memory_usage = 1000000000, max_bytes_before_external_group_by = 400000000, max_bytes_before_external_sort = 400000000';

/** Points of all series of an answer together. */
const POINTS_MAX = 100_000;

/** Each kept row stands for `weight` rows: what it adds to a sum, and how uncertain that leaves the sum. */
const VALUES: Readonly<Record<FlowMeasure, string>> = { packets: 'packets', bytes: 'bytes', flows: '1' };

/** Groups beyond this are not all held in memory to find the largest: see `compileCandidates`. */
export const GROUPS_EXACT_MAX = 1_000_000;
/** Groups that `compileCandidates` gives. */
const CANDIDATES = 1000;
/** Rows that it looks at, about. */
const SAMPLE_ROWS = 500_000;
/** `compileLook` reads one granule of rows in so many. A granule of the table has 2^13. */
export const LOOK_EVERY = 64;
const GRANULE_BITS = 13;

/** Values of the dimensions of one group, as the engine gave them. */
export type RawKey = readonly unknown[];

/** Columns: packets, bytes, flows, rows, and the variance that sampling leaves of the measure asked. */
function estimates(by: FlowMeasure): string {
  const value = VALUES[by];
  return [
    'sum(weight * packets) AS packets_',
    'sum(weight * bytes) AS bytes_',
    'sum(toFloat64(weight)) AS flows_',
    'toFloat64(count()) AS rows_',
    // A row of weight w was kept with the chance 1/w: the variance of its part of the sum is estimated by w (w - 1) x².
    `sum(weight * (weight - 1) * ${value} * ${value}) AS variance_`,
  ].join(', ');
}

/**
 * The largest groups with their estimates, each followed by the estimates over all groups and how many there are. Refused with
 * TOO_MANY_ROWS where there are more than `groupsMax`.
 */
export function compileOnePass(query: FlowsQuery, database: string, groupsMax = GROUPS_EXACT_MAX): Compiled {
  const { where, parameters } = conditions(query);
  const { named, names } = keysOf(query);
  const sums = ['packets_', 'bytes_', 'flows_', 'rows_', 'variance_'];
  const totals = sums.map((name) => `sum(${name}) OVER ()`);
  return {
    sql: `SELECT ${names}, ${sums.join(', ')}, ${totals.join(', ')}, toFloat64(count() OVER ())
FROM (SELECT ${named}, ${estimates(query.by)} FROM ${database}.flows AS f WHERE ${where} GROUP BY ${names})
ORDER BY ${query.by}_ DESC, ${names} LIMIT {limit:UInt32}
${QUESTION_SETTINGS}, max_rows_to_group_by = ${groupsMax}, group_by_overflow_mode = 'throw'`,
    parameters: { ...parameters, limit: query.limit },
  };
}

/** The estimates over all flows that are asked for. */
export function compileTotal(query: FlowsQuery, database: string): Compiled {
  const { where, parameters } = conditions(query);
  return {
    sql: `SELECT ${estimates(query.by)} FROM ${database}.flows AS f WHERE ${where} ${QUESTION_SETTINGS}`,
    parameters,
  };
}

/** Rows, the measure and groups in one granule of LOOK_EVERY: what is to be expected of the whole. */
export function compileLook(query: FlowsQuery, database: string): Compiled {
  const { where, parameters } = conditions(query);
  const look = `bitAnd(bitShiftRight(_part_offset, ${GRANULE_BITS}), ${LOOK_EVERY - 1}) = 0`;
  return {
    sql: `SELECT toFloat64(count()), sum(weight * ${VALUES[query.by]}), toFloat64(uniq(${sqlOf(query)}))
FROM ${database}.flows AS f WHERE ${where} AND ${look} ${QUESTION_SETTINGS}`,
    parameters,
  };
}

/** The groups of `only` with their estimates, largest first. */
export function compileGroups(query: FlowsQuery, database: string, only: readonly RawKey[]): Compiled {
  const { where, parameters } = conditions(query, only);
  const { named, names } = keysOf(query);
  return {
    // Groups of equal size come in the order of their keys, so that the same question has the same answer.
    sql: `SELECT ${named}, ${estimates(query.by)} FROM ${database}.flows AS f WHERE ${where} GROUP BY ${names}
ORDER BY ${query.by}_ DESC, ${names} LIMIT {limit:UInt32} ${QUESTION_SETTINGS}`,
    parameters: { ...parameters, limit: query.limit },
  };
}

/**
 * The estimates over all flows that are asked for, about how many groups they are in, and the groups that are large, of more than
 * memory and a second have room for: ten million forged sources.
 *
 * A row whose part of the measure is x is looked at with the chance x / step, and then counts as `step` at least, where `step` is
 * about the total by SAMPLE_ROWS (threshold sampling: Duffield, Lund, Thorup, "Learn more, sample less", 2005). A group with a thousandth
 * of the total has some 500 rows in that sample, where others have one or two, and space-saving counters find it. A hash of the
 * row's place decides, so that the same question has the same answer until the engine merges its files.
 */
export function compileCandidates(query: FlowsQuery, database: string, total: number): Compiled {
  const { where, parameters } = conditions(query);
  const part = `weight * ${VALUES[query.by]}`;
  const key = query.top.length === 1 ? sqlOf(query) : `(${sqlOf(query)})`;
  const sampled = `intHash32(_part_offset) < 4294967296 * (${part} / {step:Float64})`;
  return {
    sql: `SELECT ${estimates(query.by)}, toFloat64(uniq(${sqlOf(query)})), topKWeightedIf(${CANDIDATES})(${key}, toUInt64(ceil(greatest(${part}, {step:Float64}))), ${sampled})
FROM ${database}.flows AS f WHERE ${where} ${QUESTION_SETTINGS}`,
    parameters: { ...parameters, step: total / SAMPLE_ROWS },
  };
}

const sqlOf = ({ top }: FlowsQuery): string => top.map((name) => DIMENSIONS[name].sql).join(', ');

/** The measure by step: of the groups of `only`, or without dimensions of all flows. */
export function compileSeries(query: FlowsQuery, stepMs: number, database: string, only?: readonly RawKey[]): Compiled {
  const { where, parameters } = conditions(query, only);
  const { named, names } = keysOf(query);
  const columns = only === undefined ? '' : `, ${named}`;
  return {
    sql: `SELECT intDiv(toUInt32(time) - {since:UInt32}, {step:UInt32}) AS step_, sum(weight * ${VALUES[query.by]})${columns}
FROM ${database}.flows AS f WHERE ${where} GROUP BY step_${only === undefined ? '' : `, ${names}`} ${QUESTION_SETTINGS}`,
    parameters: { ...parameters, step: stepMs / 1000 },
  };
}

function keysOf({ top }: FlowsQuery): { named: string; names: string } {
  return {
    named: top.map((name, at) => `${DIMENSIONS[name].sql} AS k${at}`).join(', '),
    names: top.map((_, at) => `k${at}`).join(', '),
  };
}

/** Step of a series in ms: what was asked, if an answer can hold that many points. */
export function stepOf({ since, until, stepMs, top, limit }: FlowsQuery): number | undefined {
  if (stepMs === undefined) return undefined;
  const step = Math.ceil(stepMs / 1000) * 1000;
  const steps = Math.ceil((until - since) / step);
  const groups = top.length === 0 ? 1 : limit;
  if (steps <= STEPS_MAX && steps * groups <= POINTS_MAX) return step;
  const fits = Math.min(STEPS_MAX, Math.floor(POINTS_MAX / groups));
  throw new BonghwaError('TELEMETRY_QUERY', `a step of ${step / 1000} s gives ${steps} points for ${groups} groups`, {
    hint: `Ask for steps of ${Math.ceil((until - since) / fits / 1000)} s or more`,
  });
}

function conditions(query: FlowsQuery, only?: readonly RawKey[]): { where: string; parameters: SqlParameters } {
  const parameters: Record<string, string | number | readonly (string | number)[]> = secondsOf(query);
  const where = ['time >= {since:UInt32}', 'time < {until:UInt32}'];
  const add = (name: string, type: string, value: string | number | undefined, sql = `f.${name} = `): void => {
    if (value === undefined) return;
    parameters[name] = value;
    where.push(`${sql}{${name}:${type}}`);
  };
  for (const [name, column, prefixes] of [
    ['target', 'dstAddr', query.targets],
    ['src', 'srcAddr', query.src],
    ['dst', 'dstAddr', query.dst],
    ['exporter', 'exporter', query.exporter === undefined ? undefined : [query.exporter]],
  ] as const) {
    if (prefixes !== undefined) where.push(within(name, column, prefixes, parameters));
  }
  add('proto', 'UInt8', query.proto);
  add('srcPort', 'UInt16', query.srcPort);
  add('dstPort', 'UInt16', query.dstPort);
  if (query.port !== undefined) {
    parameters.port = query.port;
    where.push('(f.srcPort = {port:UInt16} OR f.dstPort = {port:UInt16})');
  }
  add('class', 'String', query.class);
  add('srcAsn', 'UInt32', query.srcAsn);
  add('srcCountry', 'String', query.srcCountry?.toUpperCase());
  add('attackId', 'String', query.attackId);
  add('kept', 'String', query.kept);
  if (only !== undefined) where.push(among(query, only, parameters));
  return { where: where.join(' AND '), parameters };
}

/** True for flows of the groups of `only`. */
function among(query: FlowsQuery, only: readonly RawKey[], parameters: Record<string, unknown>): string {
  const keys = query.top.map((name) => DIMENSIONS[name]);
  for (const [at] of keys.entries()) parameters[`only${at}`] = only.map((key) => key[at]);
  const arrays = keys.map(({ type }, at) => `{only${at}:Array(${type})}`);
  const columns = keys.map((_, at) => `tupleElement(t, ${at + 1})`);
  if (keys.length === 1) return `${keys[0].sql} IN ${arrays[0]}`;
  return `(${keys.map(({ sql }) => sql).join(', ')}) IN (SELECT ${columns.join(', ')} FROM (SELECT arrayJoin(arrayZip(${arrays.join(', ')})) AS t))`;
}

/** True for addresses of `column` inside any of the prefixes. */
export function within(
  name: string,
  column: string,
  texts: readonly string[],
  parameters: Record<string, string | number | readonly (string | number)[]>,
  table = 'f',
): string {
  const hosts: string[] = [];
  const ranges: string[] = [];
  for (const text of texts) {
    const prefix = parsePrefix(text);
    if (prefix === undefined) {
      throw new BonghwaError('TELEMETRY_QUERY', `'${text.slice(0, 64)}' is no address or prefix`, {
        hint: 'Write it as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32',
      });
    }
    if (prefix.length === 128) {
      hosts.push(mapped(prefix.words));
      continue;
    }
    const low = `${name}Low${ranges.length}`;
    const high = `${name}High${ranges.length}`;
    parameters[low] = mapped(prefix.words);
    parameters[high] = mapped(lastOf(prefix));
    ranges.push(`(${table}.${column} >= {${low}:IPv6} AND ${table}.${column} <= {${high}:IPv6})`);
  }
  if (hosts.length > 0) {
    parameters[`${name}Hosts`] = hosts;
    ranges.unshift(`${table}.${column} IN {${name}Hosts:Array(IPv6)}`);
  }
  // A filter that names nothing lets nothing through.
  return ranges.length === 0 ? '0' : `(${ranges.join(' OR ')})`;
}

function lastOf({ words, length }: Prefix): Uint32Array {
  return words.map((word, at) => (word | ~maskWord(length, at)) >>> 0);
}

/** An address as the engine reads it for a column of IPv6. */
function mapped(words: Uint32Array): string {
  const text = formatAddress(words);
  return text.includes(':') ? text : `::ffff:${text}`;
}
