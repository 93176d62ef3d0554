import { CLIENT, type ClientTable, popcount, SUSPECT_POINTS } from '../../sketch/web/client-table.ts';
import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { TRAIT } from '../../sketch/web/traits.ts';
import { nameOf } from './attackers.ts';
import { type Composition, type Harm, percent } from './composition.ts';
import { WEB } from './parameters.ts';
import type { Profile } from './profile.ts';

/** What demand is that is no attack, and why. */
export interface Benign {
  readonly kind: string;
  readonly reason: string;
}

/** What is judged: a surplus with its composition, and who asks. */
export interface Judged {
  readonly site: SiteCounts;
  readonly composition: Composition;
  readonly harm: Harm;
  readonly profile: Profile;
  readonly cold: boolean;
}

/** What demand is in spite of its points: few who ask much, a crawler, a scan; undefined for an attack. */
export function excuse(judged: Judged, clients: ClientTable): Benign | undefined {
  const { site, composition, harm, profile } = judged;
  const { surplus } = composition;
  const harmed = harm.failing || harm.slow;
  const crawlers = profile.weight > 0 ? profile.crawlers / profile.weight : 0;
  if (!harmed && crawlers >= 0.6 && profile.clients <= WEB.crawlerClients && surplus.rate <= WEB.crawlerRate) {
    return {
      kind: 'crawler',
      reason: `${text(surplus.rate)} from ${profile.clients} clients that say that they are crawlers, without harm`,
    };
  }
  const probing = probes(site);
  const shapes = popcount(site.shapesLow | site.shapesLowBefore) + popcount(site.shapesHigh | site.shapesHighBefore);
  if (
    !harm.slow &&
    profile.clients <= WEB.scanClients &&
    surplus.shares[TRAIT.refused] >= 0.5 &&
    (shapes >= WEB.scanShapes || probing) &&
    surplus.rate <= WEB.scanRate
  ) {
    return {
      kind: 'vulnerability-scan',
      reason: `${text(surplus.rate)} from ${who(profile, clients)}, ${percent(surplus.shares[TRAIT.refused])} of them refused, ${probing ? 'most with what breaks into pages in them' : `of ${shapes} shapes`}: it looks for weaknesses`,
    };
  }
  const { interfaces } = composition;
  // A log that tells no user agents does not tell crawlers either.
  const fewClients = tellsAgents(judged.site) ? WEB.fewClients : WEB.fewClientsUnnamed;
  const few = interfaces ? WEB.fewInterfaceRate : WEB.fewRate;
  const now = site.now[surplus.of === 'suspects' ? COUNT.suspects : COUNT.pages];
  const sudden = judged.cold && now >= WEB.coldSecond && !interfaces;
  if (!harmed && profile.clients <= fewClients && surplus.rate < few && !sudden) {
    return interfaces
      ? {
          kind: 'api-client',
          reason: `${text(surplus.rate)} from ${who(profile, clients)} for an interface that programs use`,
        }
      : { kind: 'few-clients', reason: `${text(surplus.rate)} from ${who(profile, clients)}, without harm` };
  }
  const doubtful = judged.cold ? surplus.rate < WEB.fewInterfaceRate : composition.points < WEB.pointsInterface;
  if (interfaces && !harmed && doubtful) {
    return { kind: 'api-clients', reason: `${text(surplus.rate)} for an interface that programs use, without harm` };
  }
  return undefined;
}

/** What stands in requests that try whether a page can be made to run, read or ask what it should not; and in hardly any other. */
const PROBE = /<|%3c|%27|%00|\.\.\/|%2e%2e|\$\{|\$%7b|union(?:\+|%20)+(?:all(?:\+|%20)+)?select|\/etc\/passwd/i;

/** True where most of the requests that were kept are such. */
function probes({ kept }: SiteCounts): boolean {
  return kept.length > 0 && 2 * kept.filter(({ line }) => PROBE.test(line)).length >= kept.length;
}

/** What demand below the points is. */
export function benignOf(judged: Judged, clients: ClientTable): Benign {
  const { composition, harm, profile } = judged;
  const { surplus, assetsShare } = composition;
  const rate = text(surplus.rate);
  const suspects = surplus.shares[TRAIT.suspect];
  const before = harm.failing ? `; ${percent(harm.failedShare)} of all requests fail` : '';
  if (
    profile.largestRow >= 0 &&
    profile.largest >= 0.5 * profile.weight &&
    clients.cells[clients.at(profile.largestRow) + CLIENT.agentChanges] >= 3
  ) {
    return {
      kind: 'office-nat',
      reason: `${rate} more than usual, half of it from ${nameOf(clients, profile.largestRow)}, behind which many browsers stand: they fetch what pages need`,
    };
  }
  if (surplus.shares[TRAIT.newClient] < 0.35 && (harm.failing || surplus.shares[TRAIT.failed] >= 0.3)) {
    return {
      kind: 'retry-storm',
      reason: `${rate} more than usual from clients that were here before${before}: they try again`,
    };
  }
  if (suspects < 0.3 && (assetsShare === undefined || assetsShare >= 0.3)) {
    const assets =
      assetsShare === undefined ? '' : `, and fetch ${percent(Math.min(1, assetsShare))} of the assets that readers do`;
    return { kind: 'flash-crowd', reason: `${rate} more than usual; they behave as readers do${assets}${before}` };
  }
  return {
    kind: 'demand',
    reason: `${rate} more than usual, with ${composition.points} of ${WEB.points} points: ${composition.words.join('; ') || 'nothing unusual but its number'}`,
  };
}

/** True for clients that take part in a surplus: all of them, or those that behave as no browser does. */
export function acceptsFor(clients: ClientTable, site: SiteCounts, composition: Composition): (row: number) => boolean {
  const { of, templates, shares } = composition.surplus;
  if (of === 'suspects' || shares[TRAIT.suspect] >= 0.5)
    return (row) => clients.suspicion(row, site.norms, true) >= SUSPECT_POINTS;
  if (of === 'site') return () => true;
  const set = new Set(templates);
  return (row) => set.has(clients.cells[clients.at(row) + CLIENT.template]);
}

function tellsAgents(site: SiteCounts): boolean {
  let all = 0;
  for (const count of site.agents) all += count;
  return site.agents[NO_AGENT] < 0.99 * all;
}

/** Where requests without a user agent are counted. */
const NO_AGENT = 1;

function who(profile: Profile, clients: ClientTable): string {
  if (profile.clients === 1 && profile.largestRow >= 0) return nameOf(clients, profile.largestRow);
  return `${profile.clients} clients`;
}

function text(rate: number): string {
  return `${Number(rate.toPrecision(2))} requests/s`;
}
