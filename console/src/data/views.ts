import type { z } from 'zod';
import type { ROUTES } from '../../../src/api/contract.ts';
import type { DamageGrade, Incident, SiteState, SiteStatus } from '../../../src/model/incident.ts';
import type { Site } from '../../../src/model/site.ts';

/** What the station answers, by the contract of its interface. */
export type FlowsView = z.infer<(typeof ROUTES.flows.answer)['schema']>;
export type SecondsView = z.infer<(typeof ROUTES.seconds.answer)['schema']>;

/** An incident as lists have it. */
export type IncidentSummary = Omit<Incident, 'damage' | 'notes' | 'timeline'> & {
  readonly damage: DamageGrade;
  readonly notes: number;
};

/** A site as it is registered, how it does where that is known, and its version. */
export interface SiteView {
  readonly site: Site;
  readonly version: number;
  readonly status?: SiteStatus;
}

export interface SitesView {
  readonly sites: readonly SiteView[];
  readonly next?: string;
}

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
