import type { RequestBatch } from '../../model/request-batch.ts';
import { REQUEST_HAS } from '../../model/request-columns.ts';
import { SiteCounts } from './site-counts.ts';
import { hashText, textOf } from './text-hash.ts';

export interface SiteNames {
  /** Name of the site whose log has the index `source`, for lines that name no host. */
  readonly siteOf: (source: number) => string;
  /** Name of the site that a host belongs to; the host itself where absent. */
  readonly nameOf?: (host: string) => string;
}

/** The sites of web server logs, by name, by the host that a line tells, and by the log that it came from. */
export class SiteTable {
  readonly sites: SiteCounts[] = [];
  readonly #seed: number;
  readonly #sitesMax: number;
  readonly #names: SiteNames;
  readonly #byName = new Map<string, SiteCounts>();
  readonly #byHash = new Map<number, SiteCounts>();
  readonly #ofSource: SiteCounts[] = [];
  #before: SiteCounts | undefined;
  #hashBefore = -1;

  constructor(seed: number, sitesMax: number, names: SiteNames) {
    this.#seed = seed;
    this.#sitesMax = sitesMax;
    this.#names = names;
  }

  /** The site of that name, made where it is missing; the last one stands for all beyond the bound. */
  named(name: string): SiteCounts {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const full = this.sites.length >= this.#sitesMax - 1;
    const told = full ? '(other sites)' : name;
    let site = this.#byName.get(told);
    if (site === undefined) {
      site = new SiteCounts(told, this.sites.length);
      this.sites.push(site);
      this.#byName.set(told, site);
    }
    return site;
  }

  /** The site of a row; `view` is on the text of the batch. */
  of(batch: RequestBatch, row: number, view: DataView): SiteCounts {
    const length = (batch.present[row] & REQUEST_HAS.site) !== 0 ? batch.site.length[row] : 0;
    if (length === 0) {
      const source = batch.source[row];
      const site = this.#ofSource[source] ?? this.named(this.#names.siteOf(source));
      this.#ofSource[source] = site;
      return site;
    }
    const hash = hashText(view, batch.site.at[row], length, this.#seed);
    if (hash === this.#hashBefore) return this.#before!;
    let site = this.#byHash.get(hash);
    if (site === undefined) {
      const host = textOf(batch, batch.site.at[row], length);
      site = this.named(this.#names.nameOf?.(host) ?? host);
      // Hosts that clients make up fill no table: beyond the bound each is looked up by its name.
      if (this.#byHash.size < this.#sitesMax) this.#byHash.set(hash, site);
    }
    this.#hashBefore = hash;
    this.#before = site;
    return site;
  }

  /** Asks anew which site a host belongs to: from now on it may be another. */
  forgetNames(): void {
    this.#byHash.clear();
    this.#hashBefore = -1;
    this.#before = undefined;
  }
}
