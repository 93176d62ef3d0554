import type { z } from 'zod';
import type { SiteStates, SiteView } from '../../../src/api/contract/sites.ts';
import type { ROUTES } from '../../../src/api/contract.ts';
import type { SiteState } from '../../../src/model/incident.ts';

/** What the station answers, by the contract of its interface. */
export type FlowsView = z.infer<(typeof ROUTES.flows.answer)['schema']>;
export type RequestsView = z.infer<(typeof ROUTES.requests.answer)['schema']>;
export type SecondsView = z.infer<(typeof ROUTES.seconds.answer)['schema']>;

export type { IncidentSummary } from '../../../src/api/contract/incidents.ts';
export type { SitesAnswer, SiteView } from '../../../src/api/contract/sites.ts';

/** A site in short, as the first page shows all of them. */
export type SiteInShort = SiteStates['sites'][number];

/** A site with what lists need at hand. */
export interface ListedSite extends SiteView {
  readonly name: string;
  /** `unknown` where nobody has looked at it. */
  readonly state: SiteState;
}

export const listed = (view: SiteView): ListedSite => ({
  ...view,
  name: view.site.name,
  state: view.status?.state ?? 'unknown',
});
