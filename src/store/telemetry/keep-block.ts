import { type Block, type BlockTable, tokenOf } from './block.ts';
import { FLOW_COLUMNS, REQUEST_COLUMNS, SECOND_COLUMNS } from './columns.ts';
import type { Sql } from './sql.ts';

const COLUMNS = {
  flows: Object.keys(FLOW_COLUMNS).join(', '),
  seconds: Object.keys(SECOND_COLUMNS).join(', '),
  requests: Object.keys(REQUEST_COLUMNS).join(', '),
} as const;

/** The column that has the seconds of a block. */
const SECOND_OF: Readonly<Record<BlockTable, string>> = { flows: 'time', seconds: 'time', requests: 'keptAt' };

/**
 * Keeps a block once, whatever happened to it before. Resolves when it is on disk.
 *
 * Two things hold that together. The engine remembers tokens of blocks, so that one that is sent again while the first is still
 * under way is kept once. But it notes the token before it shows the rows: killed between the two, it would take the block for kept
 * that is not. So the table itself is asked for a block of uncertain fate, by its run and seconds, before and after.
 */
export async function keepBlock(sql: Sql, database: string, block: Block): Promise<void> {
  const token = tokenOf(block);
  if (!block.uncertain) {
    await insert(sql, database, block, token);
    return;
  }
  if (await isKept(sql, database, block)) return;
  await insert(sql, database, block, token);
  if (!(await isKept(sql, database, block))) await insert(sql, database, block, `${token}-again`);
}

async function insert(sql: Sql, database: string, block: Block, token: string): Promise<void> {
  const { table, bytes } = block;
  await sql.insert(
    `INSERT INTO ${database}.${table} (${COLUMNS[table]}) SETTINGS insert_deduplication_token = '${token}', async_insert = 0`,
    bytes,
  );
}

async function isKept(sql: Sql, database: string, { table, run, from, to }: Block): Promise<boolean> {
  const second = SECOND_OF[table];
  const { data } = await sql.ask(
    `SELECT count() > 0 FROM ${database}.${table} WHERE ${second} >= ${from} AND ${second} <= ${to} AND run = ${run}`,
    'write',
  );
  return Number(data[0][0]) > 0;
}
