import { BonghwaError } from '../base/errors.ts';
import type { Incident, Outage, SiteState, SiteStatus } from '../model/incident.ts';
import type { Receiver } from '../model/receiver.ts';
import type { Caller } from '../model/role.ts';
import type { Sector } from '../model/site.ts';
import type { Vantage } from '../model/vantage.ts';
import type { IncidentChange, IncidentSplit } from './contract/incidents.ts';
import type { ReceiverView } from './contract/notifications.ts';
import type {
  ChecksAnswer,
  SiteDays,
  SiteImport,
  SiteInput,
  SitesAnswer,
  SiteView,
  VantageMade,
  VantageView,
} from './contract/sites.ts';

/**
 * Ports that parts of a station stand behind. Every one is optional in `ApiDeps`: where a station does not have the part, its routes
 * answer 503. Faults are told by `BonghwaError`: `NOT_FOUND` where there is no such thing (404), `CONFLICT` where it was changed meanwhile or is there
 * already (409; see `conflict`), `INPUT_INVALID` where what was given cannot be (400), `STATE_DOWN` (503).
 */

/** Who changes something, and the version that the change was made to, where the client said so. */
export interface Change {
  readonly by: Caller;
  readonly version?: number | undefined;
}

export interface SiteQuery {
  /** Text in name, URL, address or organisation, whatever its case. */
  readonly q?: string | undefined;
  readonly sector?: Sector | undefined;
  readonly state?: SiteState | undefined;
  readonly limit: number;
  readonly before?: string | undefined;
}

/** Times are ms since 1970. */
export interface SpanQuery {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly limit: number;
  readonly before?: string | undefined;
}

/** The register of sites and what their checks found. */
export interface SitesPort {
  sites(query: SiteQuery): Promise<SitesAnswer>;
  site(name: string): Promise<SiteView | undefined>;
  /** Registers a site, from the API; rejects with CONFLICT where the name is taken. */
  add(site: SiteInput, by: Caller): Promise<SiteView>;
  /** `name` may be another than that of the site: it is then renamed. A site of the configuration is refused with CONFLICT. */
  change(name: string, site: SiteInput, change: Change): Promise<SiteView>;
  remove(name: string, change: Change): Promise<void>;
  /** Takes all sites of a CSV text or, where a line has a fault or `dryRun` is set, none of them. */
  import(csv: string, options: { readonly dryRun: boolean; readonly by: Caller }): Promise<SiteImport>;
  /** Checks, the latest first; undefined where no site has the name. */
  checks(name: string, query: SpanQuery & { readonly vantage?: string | undefined }): Promise<ChecksAnswer | undefined>;
  /** The last days up to today, UTC, the earliest first; undefined where no site has the name. */
  days(name: string, days: number): Promise<SiteDays | undefined>;
}

export interface VantagesPort {
  vantages(): Promise<readonly VantageView[]>;
  add(vantage: Vantage, by: Caller): Promise<VantageMade>;
  remove(name: string, by: Caller): Promise<void>;
}

export interface IncidentQuery extends SpanQuery {
  readonly state?: Incident['state'] | undefined;
  readonly site?: string | undefined;
  /** Text in title, id, owner or sites, whatever its case. */
  readonly q?: string | undefined;
}

export interface IncidentPage {
  readonly incidents: readonly Incident[];
  readonly next?: string;
  /** As in `StateStore.documents`. */
  readonly partial?: true;
  /** True where as many were looked at as may be, and not as many found as were asked for: `next` goes on behind them. */
  readonly bounded?: true;
}

export interface IncidentsPort {
  /** Incidents by start, the latest first. */
  incidents(query: IncidentQuery): Promise<IncidentPage>;
  incident(id: string): Promise<Incident | undefined>;
  /** Rejects with CONFLICT where `change.version` is not the version that it has. */
  change(id: string, to: Omit<IncidentChange, 'version'>, change: Change): Promise<Incident>;
  note(id: string, text: string, by: Caller): Promise<Incident>;
  /** Makes it part of another; resolves with the one that goes on. */
  merge(id: string, into: string, change: Change): Promise<Incident>;
  /** Makes some of its attacks and outages an incident of their own; resolves with the new one. */
  split(id: string, parts: Omit<IncidentSplit, 'version'>, change: Change): Promise<Incident>;
  outages(
    query: SpanQuery & { readonly site?: string | undefined; readonly ongoing?: boolean | undefined },
  ): Promise<{ readonly outages: readonly Outage[]; readonly next?: string; readonly partial?: true }>;
  /** How every site does that is known of, from memory. */
  statuses(): readonly SiteStatus[];
}

/** Who is told when something happens. */
export interface NotifyPort {
  /** Those of the configuration first. */
  receivers(): readonly ReceiverView[];
  /** Sets a receiver, in place of one of this name; one of the configuration is refused with CONFLICT. */
  save(receiver: Receiver, by: Caller): Promise<ReceiverView>;
  remove(name: string, by: Caller): Promise<void>;
  /** Delivers a test message; rejects with why it did not arrive. False where no receiver has the name. */
  test(name: string): Promise<boolean>;
}

export const notFound = (message: string): BonghwaError => new BonghwaError('NOT_FOUND', message);

export const inputInvalid = (message: string, hint?: string): BonghwaError =>
  new BonghwaError('INPUT_INVALID', message, hint === undefined ? {} : { hint });

/** Somebody else was first. `current` is how it stands now, and goes to the client as part of the problem. */
export const conflict = (message: string, current?: unknown, hint?: string): BonghwaError =>
  new BonghwaError('CONFLICT', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(current === undefined ? {} : { fields: { current } }),
  });

/** What a station has beside detection; a part that is not there, or not yet, is absent. */
export interface ApiPorts {
  readonly sites?: SitesPort | undefined;
  readonly vantages?: VantagesPort | undefined;
  readonly incidents?: IncidentsPort | undefined;
  readonly notify?: NotifyPort | undefined;
}
