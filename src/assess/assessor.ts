import type { SiteStatus } from '../model/incident.ts';
import type { Site } from '../model/site.ts';
import type { SiteSecond } from '../model/site-second.ts';
import type { CheckResult, Vantage } from '../model/vantage.ts';
import { ASSESS } from './parameters.ts';
import { type SiteChange, type SiteSnapshot, SiteWatch } from './site-watch.ts';

export interface AssessorOptions {
  /** Checks of one vantage are so far apart, ms; `ASSESS.intervalMs` where absent. */
  readonly intervalMs?: number | undefined;
  readonly onChange: (change: SiteChange) => void;
}

/** What the assessor keeps over a restart: JSON. */
export interface AssessorSnapshot {
  readonly sites: readonly SiteSnapshot[];
}

/**
 * Follows all sites: checks of vantages and seconds of logs become states and outages. A deterministic function of what it
 * is given; bounded by `ASSESS.sitesMax`.
 */
export class Assessor {
  readonly #options: AssessorOptions;
  readonly #watches = new Map<string, SiteWatch>();
  readonly #vantages = new Map<string, Vantage>();
  /** Checks and seconds that named a site that is not registered. */
  strangers = 0;

  constructor(options: AssessorOptions) {
    this.#options = options;
  }

  /** Takes over the register: sites that are not in it any more are forgotten. */
  setSites(sites: readonly Site[]): void {
    const names = new Set(sites.map(({ name }) => name));
    for (const name of this.#watches.keys()) if (!names.has(name)) this.#watches.delete(name);
    for (const site of sites.slice(0, ASSESS.sitesMax)) {
      const known = this.#watches.get(site.name);
      if (known === undefined) this.#watches.set(site.name, this.#watch(site));
      else known.site = site;
    }
  }

  setVantages(vantages: readonly Vantage[]): void {
    this.#vantages.clear();
    for (const vantage of vantages) this.#vantages.set(vantage.name, vantage);
  }

  #watch(site: Site, from?: SiteSnapshot): SiteWatch {
    const { intervalMs = ASSESS.intervalMs, onChange } = this.#options;
    return new SiteWatch({ site, vantages: this.#vantages, intervalMs, onChange }, from);
  }

  check(result: CheckResult): void {
    const watch = this.#watches.get(result.site);
    if (watch === undefined) this.strangers++;
    else watch.check(result);
  }

  second(told: SiteSecond): void {
    const watch = this.#watches.get(told.site);
    if (watch === undefined) this.strangers++;
    else watch.second(told);
  }

  /** An attack on a registered site, in words such as `a search flood`. */
  attack(site: string, id: string, words: string, startMs: number, endMs: number | undefined): void {
    this.#watches.get(site)?.attack(id, words, startMs, endMs);
  }

  /** Judges all sites at a moment. */
  advance(nowMs: number): void {
    for (const watch of this.#watches.values()) if (watch.known) watch.advance(nowMs);
  }

  site(name: string): Site | undefined {
    return this.#watches.get(name)?.site;
  }

  status(name: string, nowMs: number): SiteStatus | undefined {
    return this.#watches.get(name)?.status(nowMs);
  }

  statuses(nowMs: number): SiteStatus[] {
    return Array.from(this.#watches.values(), (watch) => watch.status(nowMs));
  }

  /** Outages that go on, as they stand. */
  outages(nowMs: number): ReturnType<SiteWatch['outage']>[] {
    return Array.from(this.#watches.values(), (watch) => watch.outage(nowMs)).filter(
      (outage) => outage?.ongoing === true,
    );
  }

  snapshot(): AssessorSnapshot {
    return {
      sites: Array.from(this.#watches.values())
        .filter(({ judged }) => judged)
        .map((watch) => watch.snapshot()),
    };
  }

  /** Goes on from a snapshot with the sites that are still registered. */
  restore(snapshot: AssessorSnapshot): void {
    for (const from of snapshot.sites) {
      const watch = this.#watches.get(from.site);
      if (watch !== undefined && !watch.known) this.#watches.set(from.site, this.#watch(watch.site, from));
    }
  }
}
