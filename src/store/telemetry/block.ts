/** Tables that blocks are encoded for; `minutes` is made of `seconds` by the engine. */
export const BLOCK_TABLES = ['flows', 'seconds', 'requests'] as const;
export type BlockTable = (typeof BLOCK_TABLES)[number];

/**
 * Rows of one table that are kept whole or not at all: the seconds `from` to `to` (seconds since 1970, both inside) of one run of
 * a station. No other block of that table and run has any of these seconds.
 */
export interface Block {
  readonly table: BlockTable;
  readonly run: number;
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Native format. */
  readonly bytes: Uint8Array;
  /** True where it was handed to an engine that did not say what became of it: it may be kept already. */
  uncertain: boolean;
}

/** What an engine that knows deduplication is told, so that a block sent twice is kept once. */
export function tokenOf({ table, run, from, to }: Block): string {
  return `${table}-${run}-${from}-${to}`;
}
