import type { DamageGrade, Incident, Language, SiteState, SiteStatus } from '../../model/incident.ts';
import { DAMAGES, SEVERITIES } from '../../model/incident.ts';
import type { NewsKind } from '../../model/receiver.ts';
import type { IncidentNews, StationEvent } from '../../model/station-event.ts';
import { stateWords, vectorWords, words } from './words.ts';

export type Severity = Incident['severity'];

/** One thing to tell people: that something began, is worse, or is over. */
export interface News {
  readonly kind: NewsKind;
  /** What it is about: what begins and what ends have the same key. */
  readonly key: string;
  readonly state: 'began' | 'worse' | 'ended';
  readonly severity: Severity;
  /** ISO 8601. */
  readonly at: string;
  /** Below the address of the station. */
  readonly path: string;
  readonly title: Readonly<Record<Language, string>>;
  readonly body: Readonly<Record<Language, string>>;
}

/** Things of which it is remembered how bad they were; the oldest go first. */
const FOLLOWED_MAX = 10_000;
const OUT: readonly SiteState[] = ['down', 'geo-fenced', 'partial'];

/** Turns what happens at a station into what people are told of: not every change of an incident is news. */
export class Newsroom {
  /** How bad each incident was when it was told of last. */
  readonly #incidents = new Map<string, number>();
  /** Sites that are out. */
  readonly #out = new Set<string>();

  newsOf(event: StationEvent): News | undefined {
    switch (event.kind) {
      case 'attack':
        return attackNews(event);
      case 'incident':
        return this.#incident(event);
      case 'site-state':
        return this.#site(event.status, event.at);
      case 'warning':
        return warningNews(event);
      case 'outage':
      case 'site':
        // The state of a site and its incident say what people should know.
        return undefined;
    }
  }

  #incident({ state, at, incident }: Extract<StationEvent, { kind: 'incident' }>): News | undefined {
    const { id, title, severity, sentence } = incident;
    const before = this.#incidents.get(id);
    const bad = badnessOf(incident);
    if (state === 'closed') this.#incidents.delete(id);
    else remember(this.#incidents, id, Math.max(bad, before ?? 0));
    const step =
      state === 'closed' ? 'ended' : before === undefined ? (state === 'opened' ? 'began' : 'worse') : 'worse';
    // What was opened before this run began is told as worse only when it gets worse from now on.
    if (step === 'worse' && (before === undefined || bad <= before)) return undefined;
    return {
      kind: 'incident',
      key: `incident ${id}`,
      state: step,
      severity,
      at,
      path: `/incidents/${encodeURIComponent(id)}`,
      title: words(`incident-${step}`, { title }),
      body: sentence,
    };
  }

  #site({ site, state, why, since }: SiteStatus, at: string): News | undefined {
    const out = OUT.includes(state);
    if (out === this.#out.has(site)) return undefined;
    // A site that nobody can see just now is not back.
    if (!out && state === 'unknown') return undefined;
    if (out) this.#out.add(site);
    else this.#out.delete(site);
    const step = out ? 'began' : 'ended';
    return {
      kind: 'site',
      key: `site ${site}`,
      state: step,
      severity: state === 'down' ? 'high' : out ? 'medium' : 'low',
      at,
      path: `/sites/${encodeURIComponent(site)}`,
      title: words(`site-${step}`, { site, state: stateWords(state) }),
      body: everywhere(`${why} (${since})`),
    };
  }
}

function attackNews({ state, at, attack }: Extract<StationEvent, { kind: 'attack' }>): News | undefined {
  if (state === 'updated') return undefined;
  const { id, target, vectors, why, joinedInto, closing } = attack;
  const step = state === 'opened' ? 'began' : 'ended';
  const joined = joinedInto !== undefined;
  return {
    kind: 'attack',
    key: `attack ${id}`,
    state: step,
    severity: target.kind === 'site' ? 'high' : 'medium',
    at,
    path: `/attacks/${encodeURIComponent(id)}`,
    // It is not over: what people were told of twice is one.
    title: words(joined ? 'attack-joined' : `attack-${step}`, {
      target: target.value,
      vector: vectorWords(vectors[0].name),
      into: joinedInto ?? '',
    }),
    body: everywhere(joined ? closing : why),
  };
}

function warningNews({ state, at, about, warning }: Extract<StationEvent, { kind: 'warning' }>): News {
  return {
    kind: about,
    key: `warning ${warning}`,
    state,
    severity: 'medium',
    at,
    path: about === 'exporter' ? '/exporters' : '/',
    title: words(`${about}-${state}`, {}),
    body: everywhere(warning),
  };
}

const badnessOf = ({ severity, damage }: Pick<IncidentNews, 'severity'> & { damage: DamageGrade }): number =>
  SEVERITIES.indexOf(severity) * DAMAGES.length + DAMAGES.indexOf(damage);

const everywhere = (text: string): Record<Language, string> => ({ en: text, ko: text, uk: text });

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > FOLLOWED_MAX) map.delete(map.keys().next().value ?? '');
}
