import { COUNT, quantileMs, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { KIND } from '../../sketch/web/template.ts';
import type { TemplateTable } from '../../sketch/web/template-table.ts';
import { TRAIT, TRAIT_COUNT, TRAITS, type Trait, WINDOW_SUM } from '../../sketch/web/traits.ts';
import { hasteOf } from './haste.ts';
import { WEB } from './parameters.ts';

/** Requests beyond what is usual: of templates, of the site, or of clients that behave as no browser does. */
export interface Surplus {
  readonly of: 'templates' | 'site' | 'suspects';
  readonly templates: readonly number[];
  /** Requests a second beyond the usual, and all of them. */
  readonly rate: number;
  readonly all: number;
  readonly limit: number;
  readonly limitFrom: 'baseline' | 'floor';
  /** Share of the surplus that has each trait, and what is usual for it. */
  readonly shares: Float64Array;
  readonly usual: Float64Array;
}

/** What was done to the site meanwhile. */
export interface Harm {
  readonly failedShare: number;
  readonly failedShareBefore: number;
  readonly p95Ms: number | undefined;
  readonly p95MsBefore: number | undefined;
  readonly failing: boolean;
  readonly slow: boolean;
}

/** How unlike people the surplus is, in points, and each of them in words. */
export interface Composition {
  readonly points: number;
  readonly words: readonly string[];
  /** Share of the assets that a surplus of readers would have fetched; undefined where the site's log does not tell. */
  readonly assetsShare: number | undefined;
  /** True where most of it is for an interface that programs ask. */
  readonly interfaces: boolean;
  readonly surplus: Surplus;
}

export function surplusOfTemplates(
  site: SiteCounts,
  table: TemplateTable,
  templates: readonly number[],
  limit: number,
  limitFrom: Surplus['limitFrom'],
): Surplus {
  let all = 0;
  let usualRate = 0;
  const shares = new Float64Array(TRAIT_COUNT);
  const usual = new Float64Array(TRAIT_COUNT);
  for (const id of templates) {
    all += table.window[id];
    usualRate += table.usual[id];
    for (let trait = 0; trait < TRAIT_COUNT; trait++) {
      shares[trait] += table.windowTraits[TRAIT_COUNT * id + trait];
      usual[trait] += table.usualTraits[TRAIT_COUNT * id + trait];
    }
  }
  const own = usualRate * site.learned >= 30 ? usualRate : 0;
  return {
    of: 'templates',
    templates,
    rate: all / WINDOW_SUM - usualRate,
    all: all / WINDOW_SUM,
    limit,
    limitFrom,
    ...sharesOf(
      shares,
      all,
      usual,
      usualRate,
      own > 0 ? usual : site.usualTraits,
      own > 0 ? own : site.usual[COUNT.pages],
    ),
  };
}

export function surplusOfSite(site: SiteCounts, limit: number, limitFrom: Surplus['limitFrom']): Surplus {
  const all = site.window[COUNT.pages];
  const usualRate = site.usual[COUNT.pages];
  return {
    of: 'site',
    templates: [],
    rate: all / WINDOW_SUM - usualRate,
    all: all / WINDOW_SUM,
    limit,
    limitFrom,
    ...sharesOf(site.windowTraits, all, site.usualTraits, usualRate, site.usualTraits, usualRate),
  };
}

export function surplusOfSuspects(site: SiteCounts, limit: number, limitFrom: Surplus['limitFrom']): Surplus {
  const all = site.window[COUNT.suspects];
  const usualRate = site.usual[COUNT.suspects];
  const none = new Float64Array(TRAIT_COUNT);
  return {
    of: 'suspects',
    templates: [],
    rate: all / WINDOW_SUM - usualRate,
    all: all / WINDOW_SUM,
    limit,
    limitFrom,
    // What suspects usually do is not known by trait: of few suspects in peace nothing is taken away.
    ...sharesOf(site.suspectTraits, all, none, 0, site.usualTraits, site.usual[COUNT.pages]),
  };
}

function sharesOf(
  counts: Float64Array,
  all: number,
  expected: Float64Array,
  expectedRate: number,
  usual: Float64Array,
  usualRate: number,
): { shares: Float64Array; usual: Float64Array } {
  const surplus = Math.max(1, all - expectedRate * WINDOW_SUM);
  const share = (value: number): number => Math.min(1, Math.max(0, value));
  return {
    shares: counts.map((count, at) => share((count - expected[at] * WINDOW_SUM) / surplus)),
    usual: usual.map((rate) => (usualRate > 0 ? share(rate / usualRate) : 0)),
  };
}

export function harmOf(site: SiteCounts): Harm {
  const requests = Math.max(1, site.window[COUNT.requests]);
  const failedShare = site.window[COUNT.failed] / requests;
  const failedShareBefore = site.usual[COUNT.requests] > 0 ? site.usual[COUNT.failed] / site.usual[COUNT.requests] : 0;
  const p95Ms = quantileMs(site.windowTimes, 0.95);
  const p95MsBefore =
    site.learned >= WEB.learnedSecondsMin ? quantileMs(scaled(site.usualTimes, site.learned), 0.95) : undefined;
  return {
    failedShare,
    failedShareBefore,
    p95Ms,
    p95MsBefore,
    failing: site.window[COUNT.failed] >= WEB.harmFailed && failedShare - failedShareBefore >= WEB.harmShare,
    slow:
      p95Ms !== undefined &&
      p95MsBefore !== undefined &&
      p95Ms >= WEB.harmMs &&
      p95Ms >= WEB.harmTimes * Math.max(1, p95MsBefore),
  };
}

function scaled(rates: Float64Array, seconds: number): Float64Array {
  return rates.map((rate) => rate * seconds);
}

const NOVEL_SHARE = 0.6;

/** What each trait of a surplus is worth: points, from which share on, and how far beyond the usual. */
const WEIGHTS: readonly { trait: Trait; points: number; share: number; beyond: number; words: string }[] = [
  { trait: 'suspect', points: 3, share: 0.5, beyond: 0.3, words: 'of clients that behave as no browser does' },
  { trait: 'fast', points: 2, share: 0.5, beyond: 0.3, words: 'of clients that ask faster than a person can look' },
  { trait: 'novel', points: 2, share: NOVEL_SHARE, beyond: 0.3, words: 'for something never asked for before' },
  { trait: 'tool', points: 2, share: 0.5, beyond: 0.3, words: 'with the user agent of a program, or none' },
  { trait: 'post', points: 1.5, share: 0.6, beyond: 0.4, words: 'POST' },
  { trait: 'noReferrer', points: 1, share: 0.75, beyond: 0.4, words: 'without a referrer' },
  { trait: 'newClient', points: 0.5, share: 0.6, beyond: 0.4, words: 'of clients that were never here before' },
  { trait: 'refused', points: 0.5, share: 0.6, beyond: 0.4, words: 'refused (4xx)' },
  { trait: 'aborted', points: 1, share: 0.4, beyond: 0.3, words: 'given up by the client (499)' },
];

/** Judges a surplus against what is usual for the site. `cold`: nothing is known of what is usual yet. */
export function compose(
  site: SiteCounts,
  surplus: Surplus,
  harm: Harm,
  cold: boolean,
  interfaces: boolean,
): Composition {
  const words: string[] = [];
  let points = 0;
  const add = (worth: number, text: string): void => {
    points += worth;
    words.push(text);
  };
  for (const { trait, points: worth, share, beyond, words: text } of WEIGHTS) {
    const [now, before] = [surplus.shares[TRAIT[trait]], surplus.usual[TRAIT[trait]]];
    // At the beginning of a log everything is new: only what never repeats is.
    const needed = cold && trait === 'novel' ? 0.9 : cold && trait === 'newClient' ? 2 : share;
    if (now < needed || now - (cold ? 0 : before) < beyond) continue;
    if (cold && trait === 'noReferrer') continue;
    // Programs are who asks an interface for programs.
    if (interfaces && (trait === 'tool' || trait === 'noReferrer' || trait === 'fast')) continue;
    add(worth, `${percent(now)} ${text}${cold ? '' : ` (usually ${percent(before)})`}`);
  }
  const suspects = surplus.shares[TRAIT.suspect];
  if (!cold && surplus.of !== 'suspects' && suspects >= 0.85 && suspects - surplus.usual[TRAIT.suspect] >= 0.6)
    points += 1;
  const assetsShare = cold ? undefined : assetsShareOf(site);
  const follows = assetsShare !== undefined && surplus.of !== 'suspects' && answeredEnough(site);
  if (follows && assetsShare < 0.3) {
    add(2, `readers would have fetched images and styles with these pages; ${percent(assetsShare)} of that was`);
  }
  if (follows && assetsShare >= 0.6) points -= 2;
  const haste = cold || surplus.of === 'suspects' ? undefined : hasteOf(site);
  if (haste !== undefined) {
    // Where a log tells nothing of browsers, a frame in the page that a crowd comes for looks the same; but all have the same frame.
    const { assets, referrers } = site.norms;
    const sure = haste.same || assets || referrers || surplus.shares[TRAIT.novel] >= NOVEL_SHARE;
    add(
      sure ? 2 : 1,
      `${percent(haste.share)} of ${haste.clients} clients asked a second time sooner than anybody reads (usually ${percent(haste.usual)})`,
    );
  }
  const agents = shiftOf(site.agents, site.usualAgents);
  if (!cold && surplus.of !== 'suspects' && agents >= 0.6)
    add(1, `other user agents than usual (${percent(agents)} differ)`);
  const versions = shiftOf(site.versions, site.usualVersions);
  if (!cold && surplus.of !== 'suspects' && versions >= 0.5)
    add(1, `another HTTP version than usual (${percent(versions)})`);
  if (harm.failing)
    add(1.5, `${percent(harm.failedShare)} of all requests fail (usually ${percent(harm.failedShareBefore)})`);
  if (harm.slow) add(1.5, `the slowest 5 % take over ${harm.p95Ms} ms (usually ${harm.p95MsBefore} ms)`);
  if (!cold && surplus.shares[TRAIT.newClient] < 0.3 && surplus.shares[TRAIT.suspect] < 0.5) points -= 1;
  return { points, words, assetsShare, interfaces, surplus };
}

/** True where so many pages were answered that assets would have followed. */
function answeredEnough(site: SiteCounts): boolean {
  const answered = site.window[COUNT.answered] - site.usual[COUNT.answered] * WINDOW_SUM;
  const pages = site.window[COUNT.pages] - site.usual[COUNT.pages] * WINDOW_SUM;
  return answered >= 15 && answered >= 0.5 * pages;
}

/** Assets beyond the usual for each page beyond the usual, over what is usual; undefined where no assets are logged. */
function assetsShareOf(site: SiteCounts): number | undefined {
  if (!site.norms.assets) return undefined;
  const usual = site.usual[COUNT.assets] / Math.max(1e-9, site.usual[COUNT.answered]);
  const answered = site.window[COUNT.answered] - site.usual[COUNT.answered] * WINDOW_SUM;
  const assets = site.window[COUNT.assets] - site.usual[COUNT.assets] * WINDOW_SUM;
  return Math.min(2, Math.max(0, assets / Math.max(1, answered) / usual));
}

/** Total variation between what is now beyond the usual and what is usual: 0 the same, 1 nothing in common. */
function shiftOf(window: Float64Array, usual: Float64Array): number {
  let surplus = 0;
  let usualAll = 0;
  for (let at = 0; at < window.length; at++) {
    surplus += Math.max(0, window[at] - usual[at] * WINDOW_SUM);
    usualAll += usual[at];
  }
  if (surplus < 10 || usualAll <= 0) return 0;
  let shift = 0;
  for (let at = 0; at < window.length; at++) {
    const share = Math.max(0, window[at] - usual[at] * WINDOW_SUM) / surplus;
    shift += Math.max(0, share - usual[at] / usualAll);
  }
  return shift;
}

/** True where most of a surplus is for an interface that programs ask. `shares` are its templates. */
export function isInterface(shares: readonly TemplateShare[], table: TemplateTable): boolean {
  let of = 0;
  for (const { template, share } of shares) if ((table.kinds[template] & KIND.interface) !== 0) of += share;
  return of >= 0.6;
}

/** Requests beyond the usual by template. */
export interface TemplateShare {
  readonly template: number;
  readonly share: number;
}

/** Templates that a surplus is made of, largest share first; those that suspect clients ask for where they alone matter. */
export function templatesOf(
  site: SiteCounts,
  table: TemplateTable,
  surplus: Surplus,
  bySuspects = false,
): TemplateShare[] {
  const found: { template: number; count: number }[] = [];
  let all = 0;
  for (const id of table.active) {
    if (table.site[id] !== site.index) continue;
    const count =
      surplus.of === 'suspects' || bySuspects
        ? table.windowTraits[TRAIT_COUNT * id + TRAIT.suspect]
        : table.window[id] - table.usual[id] * WINDOW_SUM;
    if (count < 0.5) continue;
    found.push({ template: id, count });
    all += count;
  }
  found.sort((left, right) => right.count - left.count || left.template - right.template);
  return found.map(({ template, count }) => ({ template, share: count / all }));
}

/** Shares of a surplus by the name of the trait, for the evidence. */
export function shareOf(surplus: Surplus, trait: Trait): number {
  return surplus.shares[TRAITS.indexOf(trait)];
}

export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
