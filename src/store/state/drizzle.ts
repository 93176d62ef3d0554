import { type SQL, sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type * as schema from './schema.ts';

/** The database of either engine, and a transaction in it. */
export type StateDrizzle = PgDatabase<PgQueryResultHKT, typeof schema>;
export type Transaction = Parameters<Parameters<StateDrizzle['transaction']>[0]>[0];

/** `SET column = excluded.column` for every column of a row but those that the conflict is about. */
export function excluded(row: object, ...keys: readonly string[]): Record<string, SQL> {
  const columns = Object.keys(row).filter((column) => !keys.includes(column));
  return Object.fromEntries(columns.map((column) => [column, sql`excluded.${sql.identifier(snakeCase(column))}`]));
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
