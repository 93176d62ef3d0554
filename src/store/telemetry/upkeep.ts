import { MINUTE_COLUMNS, RATES } from './columns.ts';
import { PARTITION_DAYS, type TelemetryTable } from './schema.ts';
import type { Sql } from './sql.ts';
import type { TelemetryRetention } from './telemetry-store.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** A minute is made when its last second is this old: blocks of the station have come by then. */
const SETTLED_MS = 20_000;

/** What upkeep may take of the engine: it yields to everything else. */
const MODEST =
  'SETTINGS max_threads = 1, max_memory_usage = 500000000, max_bytes_before_external_group_by = 250000000, max_execution_time = 100';

/**
 * Makes minutes of the seconds from `fromMs` on that have settled by `nowMs`. Minutes that are made of all their seconds already
 * are passed over, so that this can be run again and again, and late seconds are taken in.
 */
export async function makeMinutes(sql: Sql, database: string, fromMs: number, nowMs: number): Promise<void> {
  const end = Math.floor((nowMs - SETTLED_MS) / MINUTE_MS) * MINUTE_MS;
  const columns = MINUTE_COLUMNS.map(({ name }) => name).join(', ');
  // Day by day, as seconds lie on disk: what one statement holds in memory is bounded by the targets of a day.
  for (let day = Math.floor(fromMs / DAY_MS) * DAY_MS; day < end; day += DAY_MS) {
    const from = Math.max(day, Math.floor(fromMs / MINUTE_MS) * MINUTE_MS) / 1000;
    const to = Math.min(day + DAY_MS, end) / 1000;
    const within = `time >= ${from} AND time < ${to}`;
    await sql.command(
      `INSERT INTO ${database}.minutes (${columns})
${minutesOf(
  `${database}.seconds`,
  `${within} AND toStartOfMinute(time) IN (
  SELECT minute FROM (
    SELECT toStartOfMinute(time) AS minute, count() AS have, 0 AS made FROM ${database}.seconds WHERE ${within} GROUP BY minute
    UNION ALL
    SELECT time AS minute, 0 AS have, sum(samples) AS made FROM ${database}.minutes FINAL WHERE ${within} GROUP BY minute
  ) GROUP BY minute HAVING sum(have) > sum(made))`,
)}
${MODEST}`,
    );
  }
}

/** Minutes of the rows of `seconds` that `condition` names, in the order of MINUTE_COLUMNS. */
export function minutesOf(table: string, condition: string): string {
  const rates = RATES.flatMap((rate) => [
    `avg(${rate}) AS ${rate}_`,
    `quantileExact(0.95)(${rate}) AS ${rate}P95`,
    `max(${rate}) AS ${rate}Max`,
  ]);
  const baselines = ['Bps', 'Pps', 'Fps'].map((rate) => `avg(baseline${rate}) AS baseline${rate}_`);
  return `SELECT toStartOfMinute(time) AS minute, kind, target, prefix, direction, count() AS samples,
  ${[...rates, ...baselines].join(', ')},
  max(excess) AS excess_, max(attackId) AS attackId_
FROM ${table} WHERE ${condition}
GROUP BY minute, kind, target, prefix, direction`;
}

/** Removes partitions of which no row is inside its retention any more. Gives how many went. */
export async function dropExpired(
  sql: Sql,
  database: string,
  retention: TelemetryRetention,
  nowMs: number,
): Promise<number> {
  const days: Readonly<Record<TelemetryTable, number>> = {
    flows: retention.flowsDays,
    seconds: retention.secondsDays,
    minutes: retention.minutesDays,
    requests: retention.requestsDays,
  };
  const { data } = await sql.ask(
    `SELECT DISTINCT table, partition_id FROM system.parts WHERE database = '${database}' AND active`,
    'upkeep',
  );
  let dropped = 0;
  for (const [table, partition] of data as [string, string][]) {
    const startMs = dayOf(partition);
    if (!isTable(table) || startMs === undefined) continue;
    if (startMs + PARTITION_DAYS[table] * DAY_MS > nowMs - days[table] * DAY_MS) continue;
    await sql.command(`ALTER TABLE ${database}.${table} DROP PARTITION ID '${partition}'`);
    dropped++;
  }
  return dropped;
}

/** Bytes of all tables on disk. */
export async function bytesOnDisk(sql: Sql, database: string): Promise<number> {
  const { data } = await sql.ask(
    `SELECT sum(bytes_on_disk) FROM system.parts WHERE database = '${database}' AND active`,
    'upkeep',
  );
  return Number(data[0][0]);
}

function isTable(name: string): name is TelemetryTable {
  return Object.hasOwn(PARTITION_DAYS, name);
}

/** `20261123` in ms since 1970. */
function dayOf(partition: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(partition);
  return match === null ? undefined : Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
}
