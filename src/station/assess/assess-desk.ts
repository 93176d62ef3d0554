import {
  type Change,
  conflict,
  type IncidentQuery,
  type IncidentsPort,
  inputInvalid,
  notFound,
} from '../../api/ports.ts';
import { Assessor } from '../../assess/assessor.ts';
import { changeIncident, hasRoomFor, mergeIncidents, splitIncident } from '../../assess/incident-acts.ts';
import { IncidentBook } from '../../assess/incident-book.ts';
import type { IncidentParts } from '../../assess/incident-parts.ts';
import type { SiteChange } from '../../assess/site-watch.ts';
import type { Attack } from '../../model/attack.ts';
import type { Incident, Outage, SiteStatus } from '../../model/incident.ts';
import type { Caller } from '../../model/role.ts';
import type { Site } from '../../model/site.ts';
import type { SiteSecond } from '../../model/site-second.ts';
import type { StationEvent } from '../../model/station-event.ts';
import type { CheckResult, Vantage } from '../../model/vantage.ts';
import { VECTOR_TITLES } from '../../model/vector.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { AssessStore, newsOf } from './assess-store.ts';

export interface AssessDeskOptions {
  readonly state: StateStore;
  /** Checks of one vantage are so far apart, ms. */
  readonly intervalMs?: number | undefined;
  /** Outages and incidents that began before so many days are forgotten. */
  readonly retentionDays: number;
  /** IANA name of the local time of statements. */
  readonly zone?: string | undefined;
  readonly now?: (() => number) | undefined;
  readonly tell: (event: StationEvent) => void;
  readonly onProblem: (error: Error) => void;
}

type OutageQuery = Parameters<IncidentsPort['outages']>[0];

/** How often what time alone decides is looked at, and how often what was learned is kept, ms. */
const TICK_MS = 5_000;
const SNAPSHOT_MS = 60_000;
const KEEP_SOON_MS = 250;
/** How often incidents are asked for that the database did not tell at the start. */
const RESUME_MS = 30_000;
const PRUNE_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Checks of a clock that is so far ahead, or that come so late, are not used, ms. */
const AHEAD_MS_MAX = 60_000;
const LATE_MS_MAX = 15 * 60_000;

/**
 * The part of a station that says how sites do and what incidents there are: takes attacks, checks and seconds of logs, keeps outages and
 * incidents durably, and lets persons work on them.
 */
export class AssessDesk implements IncidentsPort {
  readonly #options: AssessDeskOptions;
  readonly #store: AssessStore;
  readonly #assessor: Assessor;
  readonly #book: IncidentBook;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Acts of persons, one after the other. */
  #acts: Promise<unknown> = Promise.resolve();
  #stopped = false;
  /** True once all incidents that were not closed are here. */
  #resumed = false;
  #keeping: NodeJS.Timeout | undefined;
  #vantages: readonly Vantage[] = [];
  /** Checks that were not used, by why. */
  readonly refused = { ahead: 0, late: 0 };

  constructor(options: AssessDeskOptions) {
    this.#options = options;
    this.#store = new AssessStore(options.state, options.onProblem);
    this.#assessor = new Assessor({ intervalMs: options.intervalMs, onChange: (change) => this.#changed(change) });
    this.#book = new IncidentBook({
      zone: options.zone,
      watched: (site) => this.#watched(site),
      onIncident: (incident, state) => {
        this.#store.saveIncident(incident);
        this.#options.tell({ kind: 'incident', state, at: this.#at(), incident: newsOf(incident) });
      },
    });
  }

  /** Goes on with what was kept. The register of sites has to be set before. */
  async start(): Promise<void> {
    const snapshot = await this.#store.loadSnapshot();
    if (snapshot !== undefined) this.#assessor.restore(snapshot);
    await this.#resume();
    // What only the database knows comes when it answers; nobody waits for that.
    this.#options.state
      .settled()
      .then(() => this.#resume())
      .catch((error: Error) => this.#options.onProblem(error));
    this.#every(RESUME_MS, () => this.#resume());
    this.#every(TICK_MS, () => this.#tick());
    this.#every(SNAPSHOT_MS, () => this.keep());
    this.#every(PRUNE_MS, () => this.#store.prune(this.#now() - this.#options.retentionDays * DAY_MS));
  }

  /** Takes up the incidents that were not closed, as far as they are not here yet, until all of them are. */
  async #resume(): Promise<void> {
    if (this.#resumed) return;
    const going = new Set(this.#assessor.outages(this.#now()).map((outage) => outage?.id));
    const { kept, complete } = await this.#store.loadLive((id) => this.#book.get(id) !== undefined);
    this.#resumed = complete;
    for (const { incident, attacks, outages } of kept) {
      if (this.#stopped || this.#book.get(incident.id) !== undefined) continue;
      this.#book.adopt(incident, attacks, outages);
      for (const outage of outages) if (outage.ongoing && !going.has(outage.id)) this.#lost(outage);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#keeping);
    await this.keep();
    await this.#store.settled();
  }

  /** Keeps what was learned. */
  async keep(): Promise<void> {
    await this.#store.saveSnapshot(this.#assessor.snapshot());
  }

  #keepSoon(): void {
    this.#keeping ??= setTimeout(() => {
      this.#keeping = undefined;
      this.keep().catch((error: Error) => this.#options.onProblem(error));
    }, KEEP_SOON_MS).unref();
  }

  setSites(sites: readonly Site[]): void {
    this.#assessor.setSites(sites);
    this.#book.setSites(sites);
  }

  setVantages(vantages: readonly Vantage[]): void {
    this.#vantages = vantages;
    this.#assessor.setVantages(vantages);
  }

  /** Vantages that places and networks are known of. */
  get vantages(): readonly Vantage[] {
    return this.#vantages;
  }

  takeCheck(check: CheckResult): void {
    const offMs = Date.parse(check.at) + check.totalMs - this.#now();
    if (offMs > AHEAD_MS_MAX) this.refused.ahead++;
    else if (offMs < -LATE_MS_MAX) this.refused.late++;
    else this.#assessor.check(check);
  }

  takeSecond(second: SiteSecond): void {
    // Logs know a site by its host.
    const site = this.#book.nameOf(second.site);
    if (site !== undefined) this.#assessor.second(site === second.site ? second : { ...second, site });
  }

  takeAttack(attack: Attack): void {
    const startMs = Date.parse(attack.start);
    const endMs = attack.ongoing ? undefined : Date.parse(attack.end ?? attack.detectedAt);
    const title = VECTOR_TITLES[attack.vectors[0].name];
    const words = `${/^[aeiou]/i.test(title) ? 'an' : 'a'} ${title}`;
    for (const site of this.#book.sitesOf(attack)) this.#assessor.attack(site, attack.id, words, startMs, endMs);
    this.#book.takeAttack(attack, this.#now());
  }

  #changed(change: SiteChange): void {
    const at = this.#at();
    if (change.kind === 'state') {
      this.#options.tell({ kind: 'site-state', at, status: this.#withIncident(change.status) });
      return;
    }
    const { outage, state } = change;
    this.#store.saveOutage(outage);
    // What follows an outage lasts over a restart as the outage itself does.
    if (state !== 'updated') this.#keepSoon();
    this.#options.tell({ kind: 'outage', state, at, outage });
    this.#book.takeOutage(outage, this.#now());
  }

  /** An outage that the last run told of and did not live to follow: when it ended is not known. */
  #lost(outage: Outage): void {
    const over: Outage = { ...outage, ongoing: false, end: outage.confirmedAt };
    this.#store.saveOutage(over);
    this.#book.takeOutage(over, this.#now());
  }

  #tick(): Promise<void> {
    const nowMs = this.#now();
    this.#assessor.advance(nowMs);
    // How long an outage has lasted is part of the damage of its incident.
    for (const outage of this.#assessor.outages(nowMs)) if (outage !== undefined) this.#book.takeOutage(outage, nowMs);
    this.#book.advance(nowMs);
    return Promise.resolve();
  }

  #watched(site: string): boolean {
    const status = this.#assessor.status(site, this.#now());
    return status !== undefined && (status.vantages.length > 0 || status.evidence.length > 0);
  }

  #withIncident(status: SiteStatus): SiteStatus {
    const incident = this.#book.ofSite(status.site);
    return incident === undefined ? status : { ...status, incident: incident.id };
  }

  statuses(): readonly SiteStatus[] {
    return this.#assessor.statuses(this.#now()).map((status) => this.#withIncident(status));
  }

  status(site: string): SiteStatus | undefined {
    const status = this.#assessor.status(site, this.#now());
    return status === undefined ? undefined : this.#withIncident(status);
  }

  incidents(query: IncidentQuery): ReturnType<IncidentsPort['incidents']> {
    return this.#store.incidents(query);
  }

  async incident(id: string): Promise<Incident | undefined> {
    const nowMs = this.#now();
    if (this.#book.get(id) === undefined) return this.#store.incident(id);
    for (const outage of this.#assessor.outages(nowMs)) if (outage !== undefined) this.#book.takeOutage(outage, nowMs);
    return this.#book.current(id, nowMs);
  }

  async outages(query: OutageQuery): ReturnType<IncidentsPort['outages']> {
    const page = await this.#store.outages(query);
    // What goes on is told as it stands now.
    const now = new Map(this.#assessor.outages(this.#now()).map((outage) => [outage?.id, outage]));
    return { ...page, outages: page.outages.map((outage) => now.get(outage.id) ?? outage) };
  }

  change(id: string, to: Parameters<IncidentsPort['change']>[1], change: Change): Promise<Incident> {
    return this.#act(async () =>
      changeIncident(this.#book, await this.#parts(id, change.version), to, this.#by(change.by)),
    );
  }

  note(id: string, text: string, by: Caller): Promise<Incident> {
    return this.#act(async () => {
      const parts = await this.#parts(id);
      if (!hasRoomFor(parts.incident, text))
        throw inputInvalid('the notes of this incident are full', 'Write it elsewhere, and note where.');
      return changeIncident(this.#book, parts, { note: text }, this.#by(by));
    });
  }

  merge(id: string, into: string, change: Change): Promise<Incident> {
    return this.#act(async () => {
      if (id === into) throw inputInvalid('an incident cannot be merged into itself');
      const [from, to] = [await this.#parts(id, change.version), await this.#parts(into)];
      return mergeIncidents(this.#book, to, [from], this.#by(change.by));
    });
  }

  split(id: string, parts: Parameters<IncidentsPort['split']>[1], change: Change): Promise<Incident> {
    return this.#act(async () => {
      const from = await this.#parts(id, change.version);
      const ids = [...parts.attacks, ...parts.outages];
      const done = splitIncident(this.#book, from, { ids, title: parts.title }, this.#by(change.by));
      if (done !== undefined) return done.split;
      throw inputInvalid(
        'some, and not all, of its own attacks and outages are needed',
        'GET the incident to see their ids.',
      );
    });
  }

  /** An incident with all that it is made of, from memory or as it was kept. */
  async #parts(id: string, version?: number): Promise<IncidentParts> {
    let parts = this.#book.get(id);
    if (parts === undefined) {
      const kept = await this.#store.load(id);
      if (kept === undefined) throw notFound(`no incident has the id '${id}'`);
      if (kept.incident.mergedInto !== undefined)
        throw conflict(`it was merged into ${kept.incident.mergedInto}`, kept.incident);
      parts = this.#book.adopt(kept.incident, kept.attacks, kept.outages);
    }
    if (version !== undefined && version !== parts.incident.version)
      throw conflict(
        'somebody else changed it meanwhile',
        parts.incident,
        'Look at how it stands now, and decide again.',
      );
    return parts;
  }

  /** One act after the other, and each durable before it is answered. */
  #act(work: () => Promise<Incident>): Promise<Incident> {
    const done = this.#acts.then(() => this.#store.durably(work));
    this.#acts = done.catch(() => undefined);
    return done;
  }

  #by(caller: Caller): { readonly by: string; readonly nowMs: number } {
    return { by: caller.name, nowMs: this.#now() };
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #at(): string {
    return new Date(this.#now()).toISOString();
  }

  #every(periodMs: number, work: () => Promise<void>): void {
    const timer = setInterval(() => {
      work().catch((error: Error) => this.#options.onProblem(error));
    }, periodMs);
    timer.unref();
    this.#timers.push(timer);
  }
}
