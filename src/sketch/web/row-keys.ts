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
 * all rows are touched one behind the other, in loops of nothing but reads, so short that the processor has many of them under way.
 */
export class RowKeys {
  readonly site = new Uint16Array(KEYED_ROWS);
  /** Hash of the site and the address or name of who asks; where neither is told it means nothing. */
  readonly client = new Uint32Array(KEYED_ROWS);
  /** Hash of site and path, and of site, path and query; where no path is told they mean nothing. */
  readonly path = new Uint32Array(KEYED_ROWS);
  readonly value = new Uint32Array(KEYED_ROWS);
  /** What was touched, so that no load may be left out. */
  touched = 0;
  readonly #rows = new Uint32Array(KEYED_ROWS);
  readonly #strangers = new Uint32Array(KEYED_ROWS);
  readonly #novel = new Uint32Array(KEYED_ROWS);
  readonly #seed: number;
  readonly #to: Lookups;

  constructor(seed: number, to: Lookups) {
    this.#seed = seed;
    this.#to = to;
  }

  /** Takes the rows [from, to), KEYED_ROWS at most, of a batch on whose text `view` is. */
  fill(batch: RequestBatch, from: number, to: number, view: DataView): void {
    const { clients, templates, values, visitors } = this.#to;
    const count = to - from;
    this.#hashClients(batch, from, to, view);
    let touched = clients.touchSets(this.client, count);
    this.#hashPaths(batch, from, to, view);
    const known = clients.findRows(this.client, count, this.#rows, this.#strangers);
    touched ^= clients.touchRows(this.#rows, known) ^ visitors.touch(this.#strangers, count - known);
    let novel = 0;
    for (let at = 0; at < count; at++) {
      const value = this.value[at];
      this.#novel[novel] = value;
      novel += templates.isNovel(this.site[at], batch.method[from + at], value);
    }
    this.touched ^= touched ^ values.touch(this.#novel, novel);
  }

  #hashClients(batch: RequestBatch, from: number, to: number, view: DataView): void {
    const { sites } = this.#to;
    for (let row = from; row < to; row++) {
      const present = batch.present[row];
      const { index } = sites.of(batch, row, view);
      const seed = clientSeedOf(this.#seed, index);
      let client = 0;
      if ((present & REQUEST_HAS.client) !== 0) client = hashAddress(batch.client, 4 * row, seed);
      else if ((present & REQUEST_HAS.clientName) !== 0)
        client = hashText(view, batch.clientName.at[row], batch.clientName.length[row], seed);
      this.site[row - from] = index;
      this.client[row - from] = client;
    }
  }

  #hashPaths(batch: RequestBatch, from: number, to: number, view: DataView): void {
    for (let row = from; row < to; row++) {
      const at = row - from;
      const present = batch.present[row];
      if ((present & REQUEST_HAS.path) === 0) continue;
      const path = hashText(view, batch.path.at[row], batch.path.length[row], valueSeedOf(this.#seed, this.site[at]));
      const queryLength = (present & REQUEST_HAS.query) !== 0 ? batch.query.length[row] : 0;
      this.path[at] = path;
      this.value[at] = queryLength > 0 ? hashText(view, batch.query.at[row], queryLength, path) : path;
    }
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
