import type { Attack } from '../model/attack.ts';
import type { Incident, Outage, TimelineEntry } from '../model/incident.ts';
import { VECTOR_TITLES } from '../model/vector.ts';
import type { AttackWord } from './damage.ts';
import { ASSESS } from './parameters.ts';

/** An incident with all that it is made of. */
export interface IncidentParts {
  incident: Incident;
  readonly attacks: Map<string, AttackWord>;
  readonly outages: Map<string, Outage>;
}

/** Entries of the time line that stay from the beginning, when it is full. */
const TIMELINE_HEAD = 50;

/** When the last of its attacks and outages was over; undefined while one goes on. */
export function endOf(parts: IncidentParts): number | undefined {
  let endMs = Number.NEGATIVE_INFINITY;
  for (const attack of parts.attacks.values()) {
    if (attack.endMs === undefined) return undefined;
    endMs = Math.max(endMs, attack.endMs);
  }
  for (const { end } of parts.outages.values()) {
    if (end === undefined) return undefined;
    endMs = Math.max(endMs, Date.parse(end));
  }
  return Number.isFinite(endMs) ? endMs : undefined;
}

/** An attack in the words that an incident needs. */
export function wordOf(attack: Attack, sites: readonly string[]): AttackWord {
  const lastMs = Date.parse(attack.end ?? attack.detectedAt);
  return {
    id: attack.id,
    sites: sites.slice(0, ASSESS.sitesPerIncidentMax),
    target: attack.target.value,
    vector: attack.vectors[0].name,
    startMs: Date.parse(attack.start),
    endMs: attack.ongoing ? undefined : lastMs,
    why: attack.why,
  };
}

/** Sites of what an incident is made of. */
export function siteNames(parts: IncidentParts): string[] {
  const names = new Set<string>();
  for (const { sites } of parts.attacks.values()) for (const site of sites) names.add(site);
  for (const { site } of parts.outages.values()) names.add(site);
  return [...names].slice(0, ASSESS.sitesPerIncidentMax);
}

/** A time line with one entry more, in the order of time; where it is full, what lies in the middle goes. */
export function withEntry(timeline: readonly TimelineEntry[], entry: TimelineEntry): TimelineEntry[] {
  const at = timeline.findLastIndex(({ at: time }) => time <= entry.at) + 1;
  const text =
    entry.text.length > ASSESS.entryCharsMax ? `${entry.text.slice(0, ASSESS.entryCharsMax - 1)}…` : entry.text;
  const longer = [...timeline.slice(0, at), { ...entry, text }, ...timeline.slice(at)];
  if (longer.length > ASSESS.timelineMax) longer.splice(TIMELINE_HEAD, 1);
  return longer;
}

/** What an incident is called. */
export function titleOf(sites: readonly string[], attacks: readonly AttackWord[], outages: readonly Outage[]): string {
  const on =
    sites.length === 0
      ? (attacks[0]?.target ?? 'the network')
      : sites.length === 1
        ? sites[0]
        : `${sites[0]} and ${sites.length - 1} more`;
  const vectors = [...new Set(attacks.map(({ vector }) => vector))];
  if (vectors.length === 0)
    return outages.some(({ state }) => state === 'flapping') ? `${on} comes and goes` : `Outage of ${on}`;
  const first = VECTOR_TITLES[vectors[0]];
  const more = vectors.length > 1 ? ` and ${vectors.length - 1} more` : '';
  return `${first[0].toUpperCase()}${first.slice(1)}${more} on ${on}`;
}

/** How urgent it is, until a person says otherwise. */
export function severityOf(damage: Incident['damage'], attacks: readonly AttackWord[]): Incident['severity'] {
  const critical = damage.sites.some(({ criticality }) => criticality === 'critical' || criticality === 'high');
  switch (damage.grade) {
    case 'D4':
      return 'critical';
    case 'D3':
      return critical ? 'critical' : 'high';
    case 'D2':
      return critical ? 'high' : 'medium';
    case 'D1':
      return critical ? 'medium' : 'low';
    case 'D0':
      return critical && attacks.some(({ endMs }) => endMs === undefined) ? 'medium' : 'low';
  }
}
