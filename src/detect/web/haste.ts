import { COUNT, type SiteCounts } from '../../sketch/web/site-counts.ts';
import { USUAL_SECONDS, WINDOW_SUM } from '../../sketch/web/traits.ts';
import { WEB } from './parameters.ts';

/** What is assumed of a site that was not learned from: one client in so many asks a second time at once. */
const PRIOR_CLIENTS = 10;

/** A population that asks faster than it could read. */
export interface Haste {
  /** Clients that asked for a second page of late. */
  readonly clients: number;
  /** Share of them, beyond the usual ones, that did so at once (`HASTY`); and what is usual. */
  readonly share: number;
  readonly usual: number;
  /** True where most of them asked for the same again. */
  readonly same: boolean;
}

/**
 * Whether the clients of late ask a second time at once, as those of this site never do in peace. One client that does says little, and
 * it takes many of its requests until they do; twenty that came a second ago say all, each with its second request. Each counts once, so
 * that one that asks much says no more than others. The test is the likelihood ratio of the share that is seen against the usual one, in
 * nats (half of Wilks' G); what is usual is the mean of Beta(1, 9) with all that was learned.
 */
export function hasteOf(site: SiteCounts): Haste | undefined {
  const { window, usual } = site;
  const [clients, hasty] = [window[COUNT.seconds], window[COUNT.hasty]];
  const learned = Math.min(USUAL_SECONDS, site.learned);
  const expected = (usual[COUNT.hasty] * learned + 1) / (usual[COUNT.seconds] * learned + PRIOR_CLIENTS);
  const beyond = clients - usual[COUNT.seconds] * WINDOW_SUM;
  const share = Math.min(1, (hasty - usual[COUNT.hasty] * WINDOW_SUM) / Math.max(1, beyond));
  const found = hasty / clients;
  if (!(share >= WEB.hasteShare && found > expected)) return undefined;
  if (clients * divergence(found, expected) < WEB.hasteNats) return undefined;
  return { clients: Math.round(beyond), share, usual: expected, same: window[COUNT.same] >= 0.5 * hasty };
}

/** How far one share is from another that is expected, by Kullback and Leibler, nats. */
function divergence(found: number, expected: number): number {
  const no = found < 1 ? (1 - found) * Math.log((1 - found) / (1 - expected)) : 0;
  return found * Math.log(found / expected) + no;
}
