import type { IncidentPage, IncidentQuery, SpanQuery } from '../../api/ports.ts';
import type { AssessorSnapshot } from '../../assess/assessor.ts';
import type { Attack } from '../../model/attack.ts';
import { type Incident, incidentSchema, type Outage, outageSchema } from '../../model/incident.ts';
import type { IncidentNews } from '../../model/station-event.ts';
import { documentCursorOf } from '../../store/state/document-query.ts';
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
/** Incidents that are read from the database at a time, and that one question looks at. */
const READ_AT_ONCE = 100;
const LOOKED_MAX = 5_000;

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

  /**
   * Incidents in the order of the store. A large page is read in parts, so that each is soon answered: where the database stays behind in the
   * middle, the page ends with what it told before, and its cursor leads on.
   */
  async incidents({ state, site, q, since, until, limit, before }: IncidentQuery): Promise<IncidentPage> {
    await this.settled();
    const tag = site !== undefined ? `site:${site}` : state !== undefined ? `state:${state}` : undefined;
    const wanted = q?.toLowerCase();
    // Where the database does not choose alone, it takes more of them to find as many as were asked for.
    const chosen = q === undefined && (site === undefined || state === undefined);
    const found: Incident[] = [];
    let cursor = before;
    for (let looked = 0; looked < LOOKED_MAX; ) {
      const atOnce = Math.min(READ_AT_ONCE, LOOKED_MAX - looked, chosen ? limit - found.length : READ_AT_ONCE);
      const asked = { tag, since, until, limit: atOnce, before: cursor };
      const page = await this.#state.documents(INCIDENTS, asked);
      const partial = page.partial === true;
      if (partial && looked > 0) return pageOf(found, cursor);
      for (const [at, { id, at: time, body }] of page.documents.entries()) {
        const incident = incidentSchema.parse(body);
        const fits = (state === undefined || incident.state === state) && holdsText(incident, wanted);
        if (!fits) continue;
        found.push(incident);
        if (found.length < limit) continue;
        const more = at + 1 < page.documents.length || page.next !== undefined;
        return pageOf(found, more ? documentCursorOf({ at: time, id }) : undefined, partial);
      }
      cursor = page.next;
      looked += page.documents.length;
      if (cursor === undefined || partial) return pageOf(found, cursor, partial);
    }
    return { ...pageOf(found, cursor), bounded: true };
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

function pageOf(incidents: readonly Incident[], next: string | undefined, partial = false): IncidentPage {
  return { incidents, ...(next === undefined ? {} : { next }), ...(partial ? { partial } : {}) };
}

/** True where a text in lower case stands in what an incident is known by. */
export const holdsText = ({ title, id, owner = '', sites }: Incident, text: string | undefined): boolean =>
  text === undefined || [title, id, owner, ...sites].some((one) => one.toLowerCase().includes(text));

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
