import { hashText } from '../base/hash.ts';
import type { Attack } from '../model/attack.ts';
import type { Incident, Outage, TimelineEntry } from '../model/incident.ts';
import type { Site } from '../model/site.ts';
import { VECTOR_TITLES } from '../model/vector.ts';
import { type AttackWord, assessDamage } from './damage.ts';
import { endOf, type IncidentParts, severityOf, siteNames, titleOf, withEntry, wordOf } from './incident-parts.ts';
import { SiteMatcher } from './match-site.ts';
import { timeOf } from './outage-record.ts';
import { ASSESS } from './parameters.ts';

export type IncidentState = Incident['state'];

export interface IncidentBookOptions {
  /** Told of every change; what is told is to be kept, and replaces what was told under the same id before. */
  readonly onIncident: (incident: Incident, state: 'opened' | 'updated' | 'closed') => void;
  /** True where a vantage or a log tells of the site. */
  readonly watched: (site: string) => boolean;
  /** IANA name of the local time of statements; that of the sites' country where absent. */
  readonly zone?: string | undefined;
}

/** How often what goes on is told anew, ms. */
const TELL_MS = 60_000;
/** An attack without harm for so long is contained, ms. */
const CONTAINED_MS = 60_000;

/**
 * Joins attacks and outages into incidents: one for each site and wave. Deterministic and bounded; holds the incidents that
 * are not closed, and those that a person works on.
 */
export class IncidentBook {
  readonly #options: IncidentBookOptions;
  readonly #live = new Map<string, IncidentParts>();
  /** Which incident an attack or outage belongs to. */
  readonly #memberOf = new Map<string, string>();
  readonly #toldMs = new Map<string, number>();
  #register = new Map<string, Site>();
  #matcher = new SiteMatcher([]);
  /** Incidents that were let go of because there were too many: the oldest, closed. */
  displaced = 0;

  constructor(options: IncidentBookOptions) {
    this.#options = options;
  }

  setSites(sites: readonly Site[]): void {
    this.#register = new Map(sites.map((site) => [site.name, site]));
    this.#matcher = new SiteMatcher(sites);
  }

  /** The registered site that a name or a host means. */
  nameOf(text: string): string | undefined {
    return this.#matcher.nameOf(text);
  }

  /** Sites that an attack is on. */
  sitesOf(attack: Attack): string[] {
    return this.#matcher.sitesOf(attack.target);
  }

  takeAttack(attack: Attack, nowMs: number): void {
    if (attack.direction === 'out') return;
    const word = wordOf(attack, this.sitesOf(attack));
    const known = this.#partsOf(attack.id);
    const parts =
      known ?? this.#join(word.sites, word, nowMs) ?? this.#open(word.sites, word.startMs, attack.id, nowMs);
    const before = parts.attacks.get(attack.id);
    if (before === undefined && parts.attacks.size >= ASSESS.attacksPerIncidentMax) return;
    parts.attacks.set(attack.id, word);
    this.#memberOf.set(attack.id, parts.incident.id);
    this.#addSites(parts, word.sites);
    const on = word.sites.length > 0 ? word.sites.slice(0, 3).join(', ') : word.target;
    if (before === undefined)
      this.#note(parts, {
        at: attack.start,
        kind: 'attack',
        ref: attack.id,
        text: `${VECTOR_TITLES[word.vector]} on ${on} began`,
      });
    if (word.endMs !== undefined && before?.endMs === undefined)
      this.#note(parts, {
        at: timeOf(word.endMs),
        kind: 'attack',
        ref: attack.id,
        text: `${VECTOR_TITLES[word.vector]} on ${on} was over`,
      });
    this.#moved(parts, nowMs, before === undefined || before.endMs !== word.endMs || before.vector !== word.vector);
  }

  takeOutage(outage: Outage, nowMs: number): void {
    // What was announced is no incident, and neither is a site that was not seen at all.
    if (outage.planned === true) return;
    const startMs = Date.parse(outage.start);
    const known = this.#partsOf(outage.id);
    const parts =
      known ?? this.#join([outage.site], { startMs }, nowMs) ?? this.#open([outage.site], startMs, outage.id, nowMs);
    const before = parts.outages.get(outage.id);
    if (before === undefined && parts.outages.size >= ASSESS.outagesPerIncidentMax) return;
    parts.outages.set(outage.id, outage);
    this.#memberOf.set(outage.id, parts.incident.id);
    this.#addSites(parts, [outage.site]);
    const since = before?.states.length ?? 0;
    // States that were told in passing and turned out to be none are not told again.
    for (const { state, from, why } of outage.states.slice(Math.max(0, since)))
      this.#note(parts, {
        at: from,
        kind: 'outage',
        ref: outage.id,
        text: `${outage.site} ${state === 'up' ? 'is up again' : `is ${state}`}: ${why}`,
      });
    this.#moved(
      parts,
      nowMs,
      before === undefined ||
        before.ongoing !== outage.ongoing ||
        before.state !== outage.state ||
        since !== outage.states.length,
    );
  }

  /** What time alone decides: an incident is contained, recovered, closed. */
  advance(nowMs: number): void {
    for (const parts of this.#live.values()) this.#moved(parts, nowMs, false);
  }

  get(id: string): IncidentParts | undefined {
    return this.#live.get(id);
  }

  /** An incident as it stands: what goes on has lasted longer than when it was told last. */
  current(id: string, nowMs: number): Incident | undefined {
    const parts = this.#live.get(id);
    if (parts === undefined || parts.incident.end !== undefined) return parts?.incident;
    return this.#derived(parts, nowMs, parts.incident.sites);
  }

  /** Incidents that are not closed, the latest first. */
  live(): Incident[] {
    return Array.from(this.#live.values(), ({ incident }) => incident).sort((left, right) =>
      left.start < right.start ? 1 : -1,
    );
  }

  /** The incident that a site is in now. */
  ofSite(site: string): Incident | undefined {
    for (const { incident } of this.#live.values())
      if (incident.state !== 'closed' && incident.state !== 'recovered' && incident.sites.includes(site))
        return incident;
    return undefined;
  }

  /** Takes up an incident that was kept, with its attacks and outages. */
  adopt(incident: Incident, attacks: readonly Attack[], outages: readonly Outage[]): IncidentParts {
    const parts: IncidentParts = {
      incident,
      attacks: new Map(attacks.map((attack) => [attack.id, wordOf(attack, this.sitesOf(attack))])),
      outages: new Map(outages.map((outage) => [outage.id, outage])),
    };
    this.#hold(parts);
    for (const id of [...incident.attacks, ...incident.outages]) this.#memberOf.set(id, incident.id);
    return parts;
  }

  /** Moves attacks and outages from one incident to another, which a person does. */
  move(from: IncidentParts, to: IncidentParts, ids: ReadonlySet<string>): void {
    for (const [id, word] of from.attacks) {
      if (!ids.has(id)) continue;
      from.attacks.delete(id);
      to.attacks.set(id, word);
      this.#memberOf.set(id, to.incident.id);
    }
    for (const [id, outage] of from.outages) {
      if (!ids.has(id)) continue;
      from.outages.delete(id);
      to.outages.set(id, outage);
      this.#memberOf.set(id, to.incident.id);
    }
  }

  /** Makes a new incident of nothing yet, for a person who splits one. */
  split(from: Incident, atMs: number): IncidentParts {
    return this.#open([], Date.parse(from.start), `split ${from.id} ${atMs}`, atMs);
  }

  /** Tells an incident that a person changed; follows from its parts anew. */
  changed(parts: IncidentParts, nowMs: number): Incident {
    parts.incident = this.#derived(parts, nowMs, siteNames(parts));
    this.#tell(parts, nowMs, 'updated');
    return parts.incident;
  }

  /** Tells an incident that is part of another now, and lets go of it. */
  mergedAway(parts: IncidentParts, nowMs: number): void {
    this.#tell(parts, nowMs, 'closed');
    this.release(parts.incident.id);
  }

  #partsOf(member: string): IncidentParts | undefined {
    const id = this.#memberOf.get(member);
    return id === undefined ? undefined : this.#live.get(id);
  }

  /** The incident that something on these sites belongs to: of the same site lately, or of the same wave. */
  #join(
    sites: readonly string[],
    of: Partial<AttackWord> & { readonly startMs: number },
    nowMs: number,
  ): IncidentParts | undefined {
    let found: IncidentParts | undefined;
    for (const parts of this.#live.values()) {
      const { incident } = parts;
      if (incident.state === 'closed' || incident.mergedInto !== undefined) continue;
      const overMs = incident.end === undefined ? nowMs : Date.parse(incident.end);
      if (of.startMs - overMs > ASSESS.joinMs || Date.parse(incident.start) - of.startMs > ASSESS.joinMs) continue;
      const same =
        sites.length === 0
          ? [...parts.attacks.values()].some(({ target }) => target === of.target)
          : sites.some((site) => incident.sites.includes(site));
      if (!same && !this.#sameWave(parts, sites, of)) continue;
      // Of several the one that began last: the others are further in the past.
      if (found === undefined || found.incident.start < incident.start) found = parts;
    }
    return found;
  }

  /** Sites that are attacked alike at the same time are one wave; a site that goes out beside one of the same addresses is part of it. */
  #sameWave(
    parts: IncidentParts,
    sites: readonly string[],
    of: Partial<AttackWord> & { readonly startMs: number },
  ): boolean {
    if (parts.incident.sites.length >= ASSESS.sitesPerIncidentMax) return false;
    if (of.vector !== undefined) {
      for (const attack of parts.attacks.values())
        if (attack.vector === of.vector && Math.abs(attack.startMs - of.startMs) <= ASSESS.waveMs) return true;
      return false;
    }
    const startsMs = [...parts.outages.values()].map(({ start }) => Date.parse(start));
    const alike = parts.attacks.size > 0 || startsMs.some((ms) => Math.abs(ms - of.startMs) <= ASSESS.waveMs);
    if (!alike) return false;
    const addresses = new Set(parts.incident.sites.flatMap((site) => this.#register.get(site)?.addresses ?? []));
    return sites.some((site) => this.#register.get(site)?.addresses.some((address) => addresses.has(address)) === true);
  }

  #open(sites: readonly string[], startMs: number, because: string, nowMs: number): IncidentParts {
    const start = timeOf(startMs);
    const slug = (sites[0] ?? 'network')
      .replace(/[^0-9A-Za-z.]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40);
    const id = `${start.slice(0, 19).replace(/[-:]/g, '')}Z-incident-${slug === '' ? 'site' : slug}-${hashText(because, 0)}`;
    const parts: IncidentParts = {
      incident: this.#blank(id, start, sites, nowMs),
      attacks: new Map(),
      outages: new Map(),
    };
    this.#hold(parts);
    return parts;
  }

  #blank(id: string, start: string, sites: readonly string[], nowMs: number): Incident {
    return {
      id,
      version: 1,
      title: '',
      sites: [...sites],
      state: 'open',
      severity: 'low',
      start,
      updatedAt: timeOf(nowMs),
      attacks: [],
      outages: [],
      damage: this.#damage(sites, [], [], Date.parse(start), undefined),
      notes: [],
      timeline: [],
    };
  }

  #hold(parts: IncidentParts): void {
    this.#live.set(parts.incident.id, parts);
    if (this.#live.size <= ASSESS.incidentsLiveMax) return;
    const over = this.live().reverse();
    const oldest = over.find(({ state }) => state === 'closed' || state === 'recovered') ?? over[0];
    this.displaced++;
    this.release(oldest.id);
  }

  /** Lets go of an incident that is kept elsewhere. */
  release(id: string): void {
    const parts = this.#live.get(id);
    if (parts === undefined) return;
    this.#live.delete(id);
    this.#toldMs.delete(id);
    for (const member of [...parts.attacks.keys(), ...parts.outages.keys()]) this.#memberOf.delete(member);
  }

  #addSites(parts: IncidentParts, sites: readonly string[]): void {
    const more = sites.filter((site) => !parts.incident.sites.includes(site));
    if (more.length === 0) return;
    parts.incident = {
      ...parts.incident,
      sites: [...parts.incident.sites, ...more].slice(0, ASSESS.sitesPerIncidentMax),
    };
  }

  #note(parts: IncidentParts, entry: TimelineEntry): void {
    parts.incident = { ...parts.incident, timeline: withEntry(parts.incident.timeline, entry) };
  }

  /** Follows from its parts what the incident is now; tells it when that is news, or was told long ago. */
  #moved(parts: IncidentParts, nowMs: number, news: boolean): void {
    const before = parts.incident;
    const toldMs = this.#toldMs.get(before.id);
    const ongoing = before.end === undefined;
    const due = toldMs === undefined || (ongoing && nowMs - toldMs >= TELL_MS);
    const state = this.#stateOf(parts, nowMs, news);
    // A person may close what goes on: its parts stay known until they are over.
    if (state === 'closed' && before.state === 'closed' && endOf(parts) !== undefined) this.release(before.id);
    if (!news && !due && state === before.state) return;
    // Where something began or ended, what a person said of the state before is not so any more.
    const { stateBy, ...rest } = before;
    const kept: Incident = news || stateBy === undefined ? rest : { ...rest, stateBy };
    parts.incident = { ...kept, state };
    if (state !== before.state)
      this.#note(parts, { at: timeOf(nowMs), kind: 'state', text: `${before.state} → ${state}` });
    parts.incident = this.#derived(parts, nowMs, parts.incident.sites);
    this.#tell(
      parts,
      nowMs,
      toldMs === undefined ? 'opened' : state === 'closed' && before.state !== 'closed' ? 'closed' : 'updated',
    );
    if (state === 'closed' && endOf(parts) !== undefined) this.release(before.id);
  }

  #stateOf(parts: IncidentParts, nowMs: number, news: boolean): IncidentState {
    const { incident } = parts;
    if (incident.stateBy !== undefined && !news) return incident.state;
    const outages = [...parts.outages.values()];
    const attacks = [...parts.attacks.values()];
    if (outages.some(({ ongoing }) => ongoing)) return 'open';
    if (attacks.some(({ endMs }) => endMs === undefined)) {
      const harmMs = Math.max(
        ...attacks.map(({ startMs }) => startMs),
        ...outages.map(({ end, start }) => Date.parse(end ?? start)),
      );
      const looked = incident.sites.some((site) => this.#options.watched(site));
      return looked && nowMs - harmMs >= CONTAINED_MS ? 'contained' : 'open';
    }
    const overMs = endOf(parts) ?? nowMs;
    return incident.state === 'closed' || nowMs - overMs >= ASSESS.closeMs ? 'closed' : 'recovered';
  }

  #derived(parts: IncidentParts, nowMs: number, sites: readonly string[]): Incident {
    const { incident } = parts;
    const attacks = [...parts.attacks.values()];
    const outages = [...parts.outages.values()];
    const starts = [...attacks.map(({ startMs }) => startMs), ...outages.map(({ start }) => Date.parse(start))];
    const startMs = starts.length > 0 ? Math.min(...starts) : Date.parse(incident.start);
    const endMs = endOf(parts);
    const damage = this.#damage(sites, attacks, outages, startMs, endMs);
    const { end: _, closedAt, ...rest } = incident;
    const closed = incident.state === 'closed' ? { closedAt: closedAt ?? timeOf(nowMs) } : {};
    return {
      ...rest,
      title: incident.titleBy === undefined ? titleOf(sites, attacks, outages) : incident.title,
      sites: [...sites],
      severity: incident.severityBy === undefined ? severityOf(damage, attacks) : incident.severity,
      start: timeOf(startMs),
      ...(endMs === undefined ? {} : { end: timeOf(endMs) }),
      updatedAt: timeOf(nowMs),
      ...closed,
      attacks: attacks.map(({ id }) => id),
      outages: outages.map(({ id }) => id),
      damage,
    };
  }

  #damage(
    sites: readonly string[],
    attacks: readonly AttackWord[],
    outages: readonly Outage[],
    startMs: number,
    endMs: number | undefined,
  ): Incident['damage'] {
    const { watched, zone } = this.#options;
    return assessDamage({
      sites,
      register: (name) => this.#register.get(name),
      watched,
      attacks,
      outages,
      startMs,
      endMs,
      zone,
    });
  }

  #tell(parts: IncidentParts, nowMs: number, state: 'opened' | 'updated' | 'closed'): void {
    this.#toldMs.set(parts.incident.id, nowMs);
    this.#options.onIncident(parts.incident, state);
  }
}
