import type { SiteNorms } from '../../sketch/web/client-table.ts';
import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { TRAIT } from '../../sketch/web/traits.ts';

/** Pages that must have been seen before anything is expected of browsers. */
const PAGES_MIN = 100;
const SECONDS_MIN = 30;
/** A version with a larger share than this is usual. */
const VERSION_SHARE = 0.02;

/** What browsers of a site do, as far as its log tells: fetch assets, name referrers, speak these versions of HTTP. */
export function normsOf(site: SiteCounts): SiteNorms {
  const { usual, usualTraits, usualVersions, learned } = site;
  const pages = usual[COUNT.pages];
  if (learned < SECONDS_MIN || pages * learned < PAGES_MIN) return site.norms;
  let all = 0;
  for (const rate of usualVersions) all += rate;
  let versions = 0;
  for (const [place, rate] of usualVersions.entries())
    if (all > 0 && rate > VERSION_SHARE * all) versions |= 1 << place;
  return {
    assets: usual[COUNT.assets] >= 0.4 * pages,
    referrers: usualTraits[TRAIT.noReferrer] <= 0.6 * pages,
    versions,
  };
}
