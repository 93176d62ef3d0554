import { SITE_ROUTES, type SiteDays, type SiteView } from '../api/contract/sites.ts';
import { BonghwaError } from '../base/errors.ts';
import type { SiteState } from '../model/incident.ts';
import { CRITICALITIES } from '../model/site.ts';
import type { StationClient } from './client.ts';
import { availability } from './render-days.ts';

/** How much of the history of sites is looked at. */
export interface HistoryQuestion {
  readonly days: number;
  /** Sites that are shown. */
  readonly limit: number;
}

export interface SiteHistory {
  /** Those that are worst off first. */
  readonly sites: readonly SiteDays[];
  readonly total: number;
}

interface Told {
  readonly view: SiteView;
  readonly days: SiteDays;
}

/** Sites whose days are asked for, and questions at a time. */
const ASKED_MAX = 200;
const ASKED_AT_ONCE = 8;
const PAGE = 1000;
const WORST_FIRST: readonly SiteState[] = ['down', 'geo-fenced', 'partial', 'flapping', 'degraded', 'maintenance'];

/** Asks how sites did day by day: those that are not well now, then those on which most hangs, up to `ASKED_MAX`; of these the least available. */
export async function askHistory(client: StationClient, { days, limit }: HistoryQuestion): Promise<SiteHistory> {
  const views: SiteView[] = [];
  let before: string | undefined;
  do {
    const { path, answer } = SITE_ROUTES.sites;
    const page = (await client.ask(path, answer.schema, { limit: PAGE, before })).answer;
    views.push(...page.sites);
    before = page.next;
  } while (before !== undefined);
  const asked = views.sort((left, right) => urgency(left) - urgency(right)).slice(0, Math.max(limit, ASKED_MAX));
  const told: Told[] = [];
  for (let at = 0; at < asked.length; at += ASKED_AT_ONCE)
    told.push(
      ...(await Promise.all(asked.slice(at, at + ASKED_AT_ONCE).map((view) => daysOf(client, view, days)))).flat(),
    );
  const share = (one: SiteDays): number => availability(one.days) ?? 2;
  const sites = told
    .sort((left, right) => state(left.view) - state(right.view) || share(left.days) - share(right.days))
    .slice(0, limit)
    .map((one) => one.days);
  return { sites, total: views.length };
}

/** Nothing where the site was taken off meanwhile. */
async function daysOf(client: StationClient, view: SiteView, days: number): Promise<Told[]> {
  const { path, answer } = SITE_ROUTES.siteDays;
  try {
    const asked = path.replace('{name}', encodeURIComponent(view.site.name));
    return [{ view, days: (await client.ask(asked, answer.schema, { days })).answer }];
  } catch (error) {
    if (error instanceof BonghwaError && error.code === 'STATION_REFUSED') return [];
    throw error;
  }
}

/** The worst states first; all that is not bad alike. */
function state({ status }: SiteView): number {
  const at = status === undefined ? -1 : WORST_FIRST.indexOf(status.state);
  return at < 0 ? WORST_FIRST.length : at;
}

const urgency = (view: SiteView): number =>
  state(view) * CRITICALITIES.length + CRITICALITIES.indexOf(view.site.criticality);
