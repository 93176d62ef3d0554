import { hashAddress, mix32 } from '../../base/hash.ts';
import type { RequestBatch } from '../../model/request-batch.ts';
import { REQUEST_HAS } from '../../model/request-columns.ts';
import type { ClientTable } from './client-table.ts';
import type { SeenFilter } from './seen-filter.ts';
import type { SiteTable } from './site-table.ts';
import type { TemplateTable } from './template-table.ts';
import { hashText } from './text-hash.ts';

/** Rows that are looked up together. */
export const KEYED_ROWS = 256;

/** What rows are looked up in. */
export interface Lookups {
  readonly sites: SiteTable;
  readonly clients: ClientTable;
  readonly templates: TemplateTable;
  readonly values: SeenFilter;
  readonly visitors: SeenFilter;
}

/**
 * Sites, clients and paths of some rows as hashes, and the lines of memory that counting these rows will ask for. Tables of clients and
 * of what was seen are larger than the caches: row by row, each request would wait for memory three times in turn. Here the places of
 * all rows are touched one behind the other, in loops so short that the processor asks for many at a time.
 */
export class RowKeys {
  readonly site = new Uint16Array(KEYED_ROWS);
  /** Hash of the site and the address or name of who asks; where neither is told it means nothing. */
  readonly client = new Uint32Array(KEYED_ROWS);
  /** Hash of site, path and query; where no path is told it means nothing. */
  readonly value = new Uint32Array(KEYED_ROWS);
  /** What was touched, so that no load may be left out. */
  touched = 0;
  readonly #seed: number;
  readonly #to: Lookups;

  constructor(seed: number, to: Lookups) {
    this.#seed = seed;
    this.#to = to;
  }

  /** Takes the rows [from, to), KEYED_ROWS at most, of a batch on whose text `view` is. */
  fill(batch: RequestBatch, from: number, to: number, view: DataView): void {
    const { sites, clients, templates } = this.#to;
    let touched = 0;
    for (let row = from; row < to; row++) {
      const at = row - from;
      const present = batch.present[row];
      const { index } = sites.of(batch, row, view);
      this.site[at] = index;
      const clientSeed = clientSeedOf(this.#seed, index);
      let client = 0;
      if ((present & REQUEST_HAS.client) !== 0) client = hashAddress(batch.client, 4 * row, clientSeed);
      else if ((present & REQUEST_HAS.clientName) !== 0)
        client = hashText(view, batch.clientName.at[row], batch.clientName.length[row], clientSeed);
      this.client[at] = client;
      touched ^= clients.touchSet(client);
      if ((present & REQUEST_HAS.path) === 0) continue;
      let value = hashText(view, batch.path.at[row], batch.path.length[row], valueSeedOf(this.#seed, index));
      const queryLength = (present & REQUEST_HAS.query) !== 0 ? batch.query.length[row] : 0;
      if (queryLength > 0) value = hashText(view, batch.query.at[row], queryLength, value);
      this.value[at] = value;
      touched ^= templates.touch(index, batch.method[row], value);
    }
    this.touched ^= touched ^ this.#touchRows(batch, from, to);
  }

  /** What lies behind the places that were touched: rows of clients, and the filters of what is new. */
  #touchRows(batch: RequestBatch, from: number, to: number): number {
    const { clients, templates, values, visitors } = this.#to;
    let touched = 0;
    for (let row = from; row < to; row++) {
      const at = row - from;
      const client = this.client[at];
      const word = clients.touchRow(client);
      touched ^= word < 0 ? visitors.touch(client) : word;
      if ((batch.present[row] & REQUEST_HAS.path) === 0) continue;
      const value = this.value[at];
      if (!templates.isRecent(this.site[at], batch.method[row], value)) touched ^= values.touch(value);
    }
    return touched;
  }
}

export function clientSeedOf(seed: number, site: number): number {
  return seed ^ Math.imul(site + 1, 0x85ebca6b);
}

export function valueSeedOf(seed: number, site: number): number {
  return seed ^ Math.imul(site + 1, 0x9e3779b1);
}

/** The second hash by which a filter knows a client or value. */
export function secondHash(first: number, seed: number): number {
  return mix32(first ^ seed);
}
