import { BonghwaError } from '../../base/errors.ts';
import { type Column, FLOW_COLUMNS, MINUTE_COLUMNS, REQUEST_COLUMNS, SECOND_COLUMNS } from './columns.ts';
import type { Sql } from './sql.ts';

/** Where the tables are, unless the address of a server names another database. */
export const DATABASE = 'bonghwa';

/** Blocks whose tokens a table remembers: an hour of them, far more than can be under way. */
const TOKENS_MAX = 1000;

/**
 * Every table of telemetry: its order is the order of rows on disk, and serves the questions. The hour comes first, so that a
 * question about two hours reads two hours, and new rows land behind old ones; then the target, so that one target of an hour lies
 * together, which also compresses best. Old data goes as whole partitions.
 *
 * An acknowledged block is on disk (`fsync_after_insert`); one that is sent twice with one token is kept once
 * (`non_replicated_deduplication_window`).
 */
const DURABLE = `fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = ${TOKENS_MAX}`;

function table(
  name: string,
  columns: readonly Column[],
  engine: string,
  settings: string,
): (database: string) => string {
  const list = columns.map((column) => `  ${column.name} ${column.type} CODEC(${column.codec})`).join(',\n');
  return (database) => `CREATE TABLE IF NOT EXISTS ${database}.${name} (\n${list}\n)\n${engine}\nSETTINGS ${settings}`;
}

/**
 * Statements that bring the tables from one version to the next, in order. Each can be run again: a station may be killed between
 * a statement and the note that it ran. A column that is added later stands in `columns.ts` and in a migration of its own.
 */
export const MIGRATIONS: readonly (readonly ((database: string) => string)[])[] = [
  [
    table(
      'flows',
      Object.values(FLOW_COLUMNS),
      'ENGINE = MergeTree PARTITION BY toYYYYMMDD(time) ORDER BY (toStartOfHour(time), dstAddr, time)',
      DURABLE,
    ),
    table(
      'seconds',
      Object.values(SECOND_COLUMNS),
      'ENGINE = MergeTree PARTITION BY toYYYYMMDD(time) ORDER BY (toStartOfHour(time), kind, target, prefix, direction, time)',
      DURABLE,
    ),
    table(
      'minutes',
      MINUTE_COLUMNS,
      // Of a minute that was made twice, the one made of more seconds stays.
      'ENGINE = ReplacingMergeTree(samples) PARTITION BY toYYYYMMDD(toMonday(time)) ORDER BY (toDate(time), kind, target, prefix, direction, time)',
      'fsync_after_insert = 1, fsync_part_directory = 1',
    ),
  ],
  [
    table(
      'requests',
      Object.values(REQUEST_COLUMNS),
      // Days are those on which rows were kept: a log that is read late is kept for as long as any other.
      'ENGINE = MergeTree PARTITION BY toYYYYMMDD(keptAt) ORDER BY (toStartOfHour(time), site, time)',
      DURABLE,
    ),
  ],
];

/** How partitions of a table are cut: the days that one has. */
export const PARTITION_DAYS = { flows: 1, seconds: 1, minutes: 7, requests: 1 } as const;
export type TelemetryTable = keyof typeof PARTITION_DAYS;

/**
 * Makes the database and its tables, or brings them up to this release. Rejects with TELEMETRY_DOWN where a later release has been
 * here: its tables are left alone.
 */
export async function migrate(sql: Sql, database: string, migrations = MIGRATIONS): Promise<void> {
  await sql.command(`CREATE DATABASE IF NOT EXISTS ${database}`);
  await sql.command(
    `CREATE TABLE IF NOT EXISTS ${database}.versions (version UInt32, at DateTime('UTC') DEFAULT now()) ENGINE = MergeTree ORDER BY version SETTINGS fsync_after_insert = 1`,
  );
  const { data } = await sql.ask(`SELECT max(version) FROM ${database}.versions`, 'upkeep');
  const version = Number(data[0][0]);
  if (version > migrations.length) {
    throw new BonghwaError(
      'TELEMETRY_DOWN',
      `the telemetry tables are of version ${version}, this release knows ${migrations.length}`,
      { hint: 'Use the release that made them, or another directory or database' },
    );
  }
  for (let at = version; at < migrations.length; at++) {
    for (const statement of migrations[at]) await sql.command(statement(database));
    await sql.command(`INSERT INTO ${database}.versions (version) SELECT ${at + 1}`);
  }
}
