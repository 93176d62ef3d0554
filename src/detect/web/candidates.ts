import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { KIND } from '../../sketch/web/template.ts';
import type { TemplateTable } from '../../sketch/web/template-table.ts';
import { WINDOW_SUM } from '../../sketch/web/traits.ts';
import { type Surplus, surplusOfSite, surplusOfSuspects, surplusOfTemplates } from './composition.ts';
import { WEB } from './parameters.ts';

/** What is too much at a site in this second, compared with its past, or by absolute limits where it has none. */
export interface Candidates {
  readonly surpluses: readonly Surplus[];
  readonly cold: boolean;
}

/** A limit, and what set it. */
interface Limit {
  readonly value: number;
  readonly from: 'baseline' | 'floor';
}

function limitOf(floor: number, usual: number, deviation: number, largest: number): Limit {
  const own = Math.max(WEB.overUsual * usual, usual + WEB.overDeviations * deviation, WEB.overLargest * largest);
  return own > floor ? { value: own, from: 'baseline' } : { value: floor, from: 'floor' };
}

export function isCold(site: SiteCounts): boolean {
  return site.learned < WEB.learnedSecondsMin;
}

/** The candidates of a site whose second was folded. `over` are its templates over their own limits (`isOver`). */
export function candidatesOf(site: SiteCounts, table: TemplateTable, over: readonly number[]): Candidates {
  const surpluses: Surplus[] = [];
  const pages = site.window[COUNT.pages] / WINDOW_SUM;
  const suspects = site.window[COUNT.suspects] / WINDOW_SUM;
  if (isCold(site)) {
    const sudden = site.now[COUNT.pages] >= WEB.coldSecond;
    if (sudden || pages >= WEB.coldRate) surpluses.push(surplusOfSite(site, WEB.coldRate, 'floor'));
    if ((sudden && site.now[COUNT.suspects] >= WEB.coldSecond / 2) || suspects >= WEB.coldRate)
      surpluses.push(surplusOfSuspects(site, WEB.coldRate, 'floor'));
    return { surpluses, cold: true };
  }
  const ofSuspects = limitOf(WEB.suspectsFloor, site.usual[COUNT.suspects], site.deviation[1], site.largest[3]);
  if (suspects > ofSuspects.value) surpluses.push(surplusOfSuspects(site, ofSuspects.value, ofSuspects.from));
  if (over.length > 0) {
    let limit = 0;
    for (const id of over) limit += limitOfTemplate(table, id).value;
    surpluses.push(surplusOfTemplates(site, table, over, limit, limitOfTemplate(table, over[0]).from));
  }
  const ofSite = limitOf(WEB.siteFloor, site.usual[COUNT.pages], site.deviation[0], site.largest[1]);
  if (pages > ofSite.value) surpluses.push(surplusOfSite(site, ofSite.value, ofSite.from));
  return { surpluses, cold: false };
}

/** True where a template has more requests than its own limit. */
export function isOver(table: TemplateTable, id: number): boolean {
  return table.window[id] / WINDOW_SUM > limitOfTemplate(table, id).value;
}

function limitOfTemplate(table: TemplateTable, id: number): Limit {
  const expensive = (table.kinds[id] & (KIND.search | KIND.login | KIND.rpc)) !== 0;
  return limitOf(
    expensive ? WEB.expensiveFloor : WEB.templateFloor,
    table.usual[id],
    table.deviation[id],
    table.largest[id],
  );
}
