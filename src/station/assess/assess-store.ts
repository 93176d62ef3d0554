import type { IncidentQuery, SpanQuery } from '../../api/ports.ts';
import type { AssessorSnapshot } from '../../assess/assessor.ts';
import type { Attack } from '../../model/attack.ts';
import { type Incident, incidentSchema, type Outage, outageSchema } from '../../model/incident.ts';
import type { IncidentNews } from '../../model/station-event.ts';
import { DOCUMENT_BYTES_MAX, type StateStore } from '../../store/state/state-store.ts';
import { fitIncident } from './fit-incident.ts';

const INCIDENTS = 'incident';
const OUTAGES = 'outage';
const SNAPSHOT_BLOB = 'assess';
/** A document has room for 64 tags: sites beyond are found by the incident's other sites. */
const SITE_TAGS_MAX = 56;
const LIVE_TAG = 'live';
const LIVE_MAX = 2_000;
const PAGE = 500;
const NEWS_SITES_MAX = 20;

export interface KeptIncident {
  readonly incident: Incident;
  readonly attacks: readonly Attack[];
  readonly outages: readonly Outage[];
}

/** Outages and incidents in the state store: found by state, site and time; never loaded all at once. */
export class AssessStore {
  readonly #state: StateStore;
  readonly #onProblem: (error: Error) => void;
  /** What is being written. */
  readonly #writing = new Set<Promise<void>>();
  #fault: Error | undefined;

  constructor(state: StateStore, onProblem: (error: Error) => void) {
    this.#state = state;
    this.#onProblem = onProblem;
  }

  saveIncident(whole: Incident): void {
    const incident = fitIncident(whole, DOCUMENT_BYTES_MAX);
    const { id, state, sites, start } = incident;
    const tags = [`state:${state}`, ...sites.slice(0, SITE_TAGS_MAX).map((site) => `site:${site}`)];
    if (state !== 'closed') tags.push(LIVE_TAG);
    this.#write(this.#state.saveDocument(INCIDENTS, id, incident, { at: Date.parse(start), tags: tags.slice(0, 64) }));
  }

  saveOutage(outage: Outage): void {
    const { id, site, start, ongoing } = outage;
    const tags = [`site:${site}`, ongoing ? 'ongoing' : 'over', `${ongoing ? 'ongoing' : 'over'} site:${site}`];
    this.#write(this.#state.saveDocument(OUTAGES, id, outage, { at: Date.parse(start), tags }));
  }

  #write(work: Promise<void>): void {
    const writing = work
      .catch((error: Error) => {
        this.#fault = error;
        this.#onProblem(error);
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Resolves when what `work` wrote is durable. Rejects with STATE_NOT_KEPT where it is not. */
  async durably<T>(work: () => Promise<T>): Promise<T> {
    await this.settled();
    this.#fault = undefined;
    const done = await work();
    await this.settled();
    if (this.#fault !== undefined) throw this.#fault;
    return done;
  }

  /** Resolves when what was written up to now is durable, or was told as a problem. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async incident(id: string): Promise<Incident | undefined> {
    await this.settled();
    const found = await this.#state.document(INCIDENTS, id);
    return found === undefined ? undefined : incidentSchema.parse(found.body);
  }

  /** An incident with its attacks and outages. */
  async load(id: string): Promise<KeptIncident | undefined> {
    const incident = await this.incident(id);
    return incident === undefined ? undefined : this.#withParts(incident);
  }

  async #withParts(incident: Incident): Promise<KeptIncident> {
    const attacks: Attack[] = [];
    const outages: Outage[] = [];
    for (const id of incident.attacks) {
      const attack = await this.#state.attack(id);
      if (attack !== undefined) attacks.push(attack);
    }
    for (const id of incident.outages) {
      const found = await this.#state.document(OUTAGES, id);
      const outage = found === undefined ? undefined : outageSchema.safeParse(found.body).data;
      if (outage !== undefined) outages.push(outage);
    }
    return { incident, attacks, outages };
  }

  /**
   * Incidents that were not closed, with their parts; at most `LIVE_MAX`, the latest, without those that are known. `complete` is false where
   * the database did not tell all of it: half an incident is none, and is left for the next time.
   */
  async loadLive(
    known: (id: string) => boolean,
  ): Promise<{ readonly kept: readonly KeptIncident[]; readonly complete: boolean }> {
    const kept: KeptIncident[] = [];
    let complete = true;
    let before: string | undefined;
    do {
      const page = await this.#state.documents(INCIDENTS, { tag: LIVE_TAG, limit: PAGE, before });
      if (page.partial === true) complete = false;
      for (const { id, body } of page.documents) {
        if (known(id)) continue;
        const parsed = incidentSchema.safeParse(body);
        const whole = parsed.success ? await this.#withParts(parsed.data).catch(() => undefined) : undefined;
        if (whole !== undefined) kept.push(whole);
        else if (parsed.success) complete = false;
      }
      before = page.next;
    } while (before !== undefined && kept.length < LIVE_MAX);
    return { kept, complete };
  }

  async incidents({ state, site, since, until, limit, before }: IncidentQuery): Promise<{
    readonly incidents: readonly Incident[];
    readonly next?: string;
    readonly partial?: true;
  }> {
    await this.settled();
    // A page by site may hold fewer of a state than were asked for: its cursor leads on.
    const tag = site !== undefined ? `site:${site}` : state !== undefined ? `state:${state}` : undefined;
    const page = await this.#state.documents(INCIDENTS, { tag, since, until, limit, before });
    const incidents = page.documents
      .map(({ body }) => incidentSchema.parse(body))
      .filter((incident) => state === undefined || incident.state === state);
    return {
      incidents,
      ...(page.next === undefined ? {} : { next: page.next }),
      ...(page.partial === true ? { partial: true } : {}),
    };
  }

  async outages({
    site,
    ongoing,
    since,
    until,
    limit,
    before,
  }: SpanQuery & { readonly site?: string | undefined; readonly ongoing?: boolean | undefined }): Promise<{
    readonly outages: readonly Outage[];
    readonly next?: string;
    readonly partial?: true;
  }> {
    await this.settled();
    const going = ongoing === undefined ? undefined : ongoing ? 'ongoing' : 'over';
    const parts = [going, site === undefined ? undefined : `site:${site}`].filter((part) => part !== undefined);
    const tag = parts.length === 0 ? undefined : parts.join(' ');
    const page = await this.#state.documents(OUTAGES, { tag, since, until, limit, before });
    const outages = page.documents.map(({ body }) => outageSchema.parse(body));
    return {
      outages,
      ...(page.next === undefined ? {} : { next: page.next }),
      ...(page.partial === true ? { partial: true } : {}),
    };
  }

  /** Forgets what began before a moment. */
  async prune(beforeMs: number): Promise<void> {
    await this.#state.pruneDocuments(INCIDENTS, beforeMs);
    await this.#state.pruneDocuments(OUTAGES, beforeMs);
  }

  async saveSnapshot(snapshot: AssessorSnapshot): Promise<void> {
    await this.#state.saveBlob(SNAPSHOT_BLOB, new TextEncoder().encode(JSON.stringify(snapshot)));
  }

  /** What was kept; undefined where there is nothing, or nothing that can be read. */
  async loadSnapshot(): Promise<AssessorSnapshot | undefined> {
    const bytes = await this.#state.loadBlob(SNAPSHOT_BLOB);
    if (bytes === undefined) return undefined;
    try {
      const snapshot: AssessorSnapshot = JSON.parse(new TextDecoder().decode(bytes));
      return Array.isArray(snapshot.sites) ? snapshot : undefined;
    } catch (error) {
      this.#onProblem(new Error(`what was learned of sites cannot be read: ${(error as Error).message}`));
      return undefined;
    }
  }
}

/** What an event tells of an incident. */
export function newsOf(incident: Incident): IncidentNews {
  const { id, version, title, state, severity, owner, sites, start, end, damage } = incident;
  return {
    id,
    version,
    title,
    state,
    severity,
    ...(owner === undefined ? {} : { owner }),
    sites: sites.slice(0, NEWS_SITES_MAX),
    sitesTotal: sites.length,
    start,
    ...(end === undefined ? {} : { end }),
    damage: damage.grade,
    sentence: damage.sentence,
  };
}
