import type { Incident } from '../model/incident.ts';
import type { IncidentSummary } from './contract/incidents.ts';

/** What a list tells of an incident. */
export function summaryOf({ damage, notes, timeline: _, ...incident }: Incident): IncidentSummary {
  return { ...incident, damage: damage.grade, notes: notes.length };
}
