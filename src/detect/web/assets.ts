import { CLIENT, type ClientTable } from '../../sketch/web/client-table.ts';
import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { WINDOW_SUM } from '../../sketch/web/traits.ts';
import { type Harm, harmOf, percent } from './composition.ts';
import { WEB } from './parameters.ts';

/** Images and styles that nobody loads with a page, in numbers. */
export interface AssetFinding {
  readonly observed: number;
  readonly limit: number;
  readonly limitFrom: 'baseline' | 'floor';
  readonly usual: number;
  readonly words: readonly string[];
  readonly harm: Harm;
}

/**
 * Judges the assets that clients asked for who loaded no page, by the second that was folded. Two things are an attack: many of them
 * from clients that ask for the same few again and again, which no browser does; and any, where they are most of what is beyond the usual and
 * the site fails or is slow. The readers of a crowd load pages, a cache that was emptied asks for each file once, and what other sites
 * embed is asked for with their referrer: that is not counted at all (`COUNT.bare`).
 */
export function judgeAssets(site: SiteCounts, clients: ClientTable): AssetFinding | undefined {
  const usual = site.usual[COUNT.bare];
  const observed = site.window[COUNT.bare] / WINDOW_SUM;
  if (observed <= WEB.assetsHarmFloor || site.learned < WEB.learnedSecondsMin) return undefined;
  const harm = harmOf(site);
  const again = site.window[COUNT.bareAgain] / WINDOW_SUM;
  const ofAgain = limitOf(WEB.assetsFloor, site.usual[COUNT.bareAgain]);
  if (again > ofAgain.limit) {
    return {
      ...ofAgain,
      observed: again,
      usual: site.usual[COUNT.bareAgain],
      words: [
        `${text(again)} for images and styles from clients that load no page and ask for the same few again and again (usually ${text(site.usual[COUNT.bareAgain])})`,
        ...harmed(harm),
      ],
      harm,
    };
  }
  const limit = limitOf(WEB.assetsHarmFloor, usual);
  const beyond = site.window[COUNT.requests] / WINDOW_SUM - site.usual[COUNT.requests];
  if (!(harm.failing || harm.slow) || observed <= limit.limit || observed - usual < WEB.assetsShare * beyond)
    return undefined;
  // A host of nothing but files has no pages to load, and what fetches for others are few that ask for each file once.
  const filesOnly =
    site.usual[COUNT.pages] * site.learned < WEB.assetsPagesMin || usual > 0.5 * site.usual[COUNT.assets];
  if (filesOnly || (again < 0.5 * observed && bareClients(site, clients) <= WEB.assetsFetchers)) return undefined;
  return {
    ...limit,
    observed,
    usual,
    words: [
      `${text(observed)} for images and styles from clients that load no page (usually ${text(usual)})`,
      ...harmed(harm),
    ],
    harm,
  };
}

function limitOf(floor: number, usual: number): Pick<AssetFinding, 'limit' | 'limitFrom'> {
  const own = WEB.assetsOverUsual * usual;
  return own > floor ? { limit: own, limitFrom: 'baseline' } : { limit: floor, limitFrom: 'floor' };
}

function harmed(harm: Harm): string[] {
  return [
    ...(harm.failing
      ? [`${percent(harm.failedShare)} of all requests fail (usually ${percent(harm.failedShareBefore)})`]
      : []),
    ...(harm.slow ? [`the slowest 5 % take over ${harm.p95Ms} ms (usually ${harm.p95MsBefore} ms)`] : []),
  ];
}

/** Clients of the last seconds that loaded no page. */
function bareClients(site: SiteCounts, clients: ClientTable): number {
  let count = 0;
  for (let row = 0; row < clients.count; row++) {
    if (clients.site[row] !== site.index + 1 || site.lastSecond - clients.lastSecond(row) > 20) continue;
    const at = clients.at(row);
    if (clients.cells[at + CLIENT.pages] === 0 && clients.cells[at + CLIENT.assets] > 0) count++;
  }
  return count;
}

function text(rate: number): string {
  return `${Number(rate.toPrecision(2))} requests/s`;
}
