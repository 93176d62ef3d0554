import type { Incident } from '../../model/incident.ts';

/** What goes first where an incident is larger than a document may be: what can be asked for elsewhere. */
const STEPS: readonly ((incident: Incident) => Incident)[] = [
  (incident) => ({ ...incident, timeline: incident.timeline.slice(-100) }),
  (incident) => withSites(incident, Number.POSITIVE_INFINITY, 3),
  (incident) => ({ ...withSites(incident, 150, 2), timeline: incident.timeline.slice(-30) }),
  (incident) => ({
    ...withSites(incident, 40, 1),
    timeline: incident.timeline.slice(-10),
    attacks: incident.attacks.slice(-200),
    outages: incident.outages.slice(-200),
  }),
  (incident) => ({ ...incident, sites: incident.sites.slice(0, 100), notes: incident.notes.slice(-4) }),
];

/** The sites that lost most, each with some of the ids that its numbers rest on. */
function withSites(incident: Incident, sitesMax: number, idsMax: number): Incident {
  const { damage } = incident;
  const sites = [...damage.sites]
    .sort((left, right) => right.outMinutes.value - left.outMinutes.value)
    .slice(0, sitesMax)
    .map((site) => ({ ...site, evidence: site.evidence.slice(0, idsMax) }));
  return { ...incident, damage: { ...damage, sites } };
}

/** The incident in at most so many bytes of JSON; what it is, its totals and the statement always stay. */
export function fitIncident(incident: Incident, bytesMax: number): Incident {
  let fitted = incident;
  for (const step of STEPS) {
    if (Buffer.byteLength(JSON.stringify(fitted)) <= bytesMax) return fitted;
    fitted = step(fitted);
  }
  return fitted;
}
