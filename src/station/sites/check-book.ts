import type { CheckResult } from '../../model/vantage.ts';

export interface CheckQuery {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly vantage?: string | undefined;
  readonly limit: number;
  readonly before?: string | undefined;
}

export interface CheckPage {
  readonly checks: CheckResult[];
  readonly next?: string;
  /** True where older checks were asked for than are remembered. */
  readonly partial?: true;
}

/** Checks that are remembered over all sites: about half a kilobyte each. */
export const CHECKS_MAX = 200_000;
/** Of one site: a day of one URL from one vantage in both families, every 30 s. */
export const CHECKS_PER_SITE_MAX = 5760;
/** Checks that are kept over a restart. */
export const CHECKS_KEPT_MAX = 20_000;
/** However many sites there are, so many of each. */
const CHECKS_PER_SITE_MIN = 8;

interface Entry {
  readonly number: number;
  readonly atMs: number;
  readonly result: CheckResult;
}

interface SiteChecks {
  /** In the order in which they came in. */
  readonly entries: Entry[];
  forgotten: boolean;
}

/** The latest checks of every site, in memory: what is older is forgotten, the oldest first. */
export class CheckBook {
  readonly #sites = new Map<string, SiteChecks>();
  #number = 0;
  #first = 0;

  /** Takes a result of a registered site. */
  take(result: CheckResult): void {
    let checks = this.#sites.get(result.site);
    if (checks === undefined) {
      checks = { entries: [], forgotten: false };
      this.#sites.set(result.site, checks);
    }
    checks.entries.push({ number: ++this.#number, atMs: Date.parse(result.at), result });
    const most = this.#perSite();
    // Cut in blocks: moving the rest costs once for many.
    if (checks.entries.length <= most + Math.max(4, most >> 3)) return;
    checks.entries.splice(0, checks.entries.length - most);
    checks.forgotten = true;
  }

  /** Forgets the sites that are not in the register any more. */
  keepOnly(known: (name: string) => boolean): void {
    for (const name of this.#sites.keys()) if (!known(name)) this.#sites.delete(name);
  }

  /** The latest first; those that came in later first among those of one time. */
  page(
    site: string,
    { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, vantage, limit, before }: CheckQuery,
  ): CheckPage {
    const checks = this.#sites.get(site);
    if (checks === undefined) return { checks: [] };
    const below = before === undefined ? Number.POSITIVE_INFINITY : Number(before);
    const found: Entry[] = [];
    for (let at = checks.entries.length - 1; at >= 0 && found.length <= limit; at--) {
      const entry = checks.entries[at];
      if (entry.number >= below || entry.atMs < since || entry.atMs >= until) continue;
      if (vantage === undefined || entry.result.vantage === vantage) found.push(entry);
    }
    const more = found.length > limit;
    const shown = found.slice(0, limit);
    const oldest = checks.entries[0]?.atMs ?? 0;
    return {
      checks: shown.map(({ result }) => result),
      ...(more ? { next: String(shown[shown.length - 1].number) } : {}),
      ...(!more && checks.forgotten && since < oldest ? { partial: true as const } : {}),
    };
  }

  /** The last result of each URL, vantage and family. */
  latest(site: string): readonly CheckResult[] {
    const found = new Map<string, CheckResult>();
    for (const { result } of this.#sites.get(site)?.entries ?? [])
      found.set(`${result.vantage} ${result.subject} ${result.family ?? ''}`, result);
    return [...found.values()];
  }

  /** The latest of each site, `CHECKS_KEPT_MAX` in all, in the order in which they came in. */
  snapshot(): CheckResult[] {
    const share = Math.max(1, Math.floor(CHECKS_KEPT_MAX / Math.max(1, this.#sites.size)));
    const kept = [...this.#sites.values()].flatMap(({ entries }) => entries.slice(-share));
    return kept
      .sort((left, right) => left.number - right.number)
      .slice(-CHECKS_KEPT_MAX)
      .map(({ result }) => result);
  }

  /** Puts what an earlier run kept before what came in since. */
  restore(results: readonly CheckResult[]): void {
    for (const result of results.toReversed()) {
      const checks = this.#sites.get(result.site) ?? { entries: [], forgotten: true };
      this.#sites.set(result.site, checks);
      checks.forgotten = true;
      if (checks.entries.length >= CHECKS_PER_SITE_MAX) continue;
      checks.entries.unshift({ number: --this.#first, atMs: Date.parse(result.at), result });
    }
  }

  #perSite(): number {
    const share = Math.floor(CHECKS_MAX / Math.max(1, this.#sites.size));
    return Math.max(CHECKS_PER_SITE_MIN, Math.min(CHECKS_PER_SITE_MAX, share));
  }
}
