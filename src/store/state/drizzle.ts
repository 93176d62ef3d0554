import { createRequire } from 'node:module';
import type { PGlite } from '@electric-sql/pglite';
import type * as core from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type * as migrator from 'drizzle-orm/migrator';
import type * as nodePostgres from 'drizzle-orm/node-postgres';
import type * as pgCore from 'drizzle-orm/pg-core';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type * as pglite from 'drizzle-orm/pglite';
import type { Client } from 'pg';
import type * as schema from './schema.ts';

/**
 * Drizzle as CommonJS: its ES modules export each other's exports round and round, which takes V8 0.45 s of processor time and 170 MB
 * of heap to link; these take 0.05 s and 5 MB.
 */
const load = createRequire(import.meta.url);

export const { and, asc, desc, eq, gte, lt, or, sql } = load('drizzle-orm') as typeof core;
export const { readMigrationFiles } = load('drizzle-orm/migrator') as typeof migrator;
export const {
  bigint,
  boolean,
  customType,
  doublePrecision,
  index,
  inet,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
} = load('drizzle-orm/pg-core') as typeof pgCore;

/** Drizzle over PGlite. Loaded where it is used, as the next one is: each loads its engine's driver. */
export const drizzlePglite = (client: PGlite, tables: typeof schema): StateDrizzle =>
  (load('drizzle-orm/pglite') as typeof pglite).drizzle(client, { schema: tables });
export const drizzlePostgres = (client: Client, tables: typeof schema): StateDrizzle =>
  (load('drizzle-orm/node-postgres') as typeof nodePostgres).drizzle(client, { schema: tables });

/** The database of either engine, and a transaction in it. */
export type StateDrizzle = PgDatabase<PgQueryResultHKT, typeof schema>;
export type Transaction = Parameters<Parameters<StateDrizzle['transaction']>[0]>[0];

/** `SET column = excluded.column` for every column of a row but those that the conflict is about. */
export function excluded(row: object, ...keys: readonly string[]): Record<string, SQL> {
  const columns = Object.keys(row).filter((column) => !keys.includes(column));
  return Object.fromEntries(columns.map((column) => [column, sql`excluded.${sql.identifier(snakeCase(column))}`]));
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
