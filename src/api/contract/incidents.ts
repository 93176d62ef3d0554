import { z } from 'zod';
import { attackSchema } from '../../model/attack.ts';
import {
  DAMAGES,
  INCIDENT_STATES,
  incidentSchema,
  outageSchema,
  SEVERITIES,
  SITE_STATES,
  siteStatusSchema,
  timelineEntrySchema,
} from '../../model/incident.ts';
import { NOT_HERE, next, none, paging, partial, type RouteContract, text, time, when } from './route.ts';

/** Incidents and outages, and the one page that a duty officer looks at. */
const id = text('id of the incident');
const ids = (about: string) => z.array(z.string().min(1).max(300)).max(1000).describe(about);

/** What a list tells of an incident: not its notes and time line. */
export const incidentSummarySchema = incidentSchema
  .omit({ damage: true, notes: true, timeline: true })
  .extend({ damage: z.enum(DAMAGES), notes: z.int() });
export type IncidentSummary = z.infer<typeof incidentSummarySchema>;

export const incidentsAnswerSchema = z.object({
  /** The latest start first. */
  incidents: z.array(incidentSummarySchema),
  next,
  partial,
  /** True where a search for text looked at as many incidents as it may: narrow the time, or ask for the next page. */
  bounded: z.literal(true).optional(),
});
export type IncidentsAnswer = z.infer<typeof incidentsAnswerSchema>;

export const incidentChangeSchema = z
  .strictObject({
    /** The version that the change was made to; `If-Match` says the same. */
    version: z.int().min(1).optional(),
    state: z.enum(INCIDENT_STATES).optional(),
    severity: z.enum(SEVERITIES).optional(),
    title: z.string().trim().min(1).max(300).optional(),
    /** Who deals with it; `null` for nobody. */
    owner: z.string().trim().min(1).max(200).nullable().optional(),
  })
  .refine(
    ({ version: _, ...change }) => Object.keys(change).length > 0,
    'state, severity, title or owner is needed: nothing else can be changed',
  );
export type IncidentChange = z.output<typeof incidentChangeSchema>;

export const noteSchema = z.strictObject({ text: z.string().trim().min(1).max(10_000) });
export const mergeSchema = z.strictObject({
  version: z.int().min(1).optional(),
  into: z.string().min(1).max(200).describe('id of the incident that goes on'),
});
export const splitSchema = z
  .strictObject({
    version: z.int().min(1).optional(),
    attacks: ids('attacks that become an incident of their own').default([]),
    outages: ids('outages that become an incident of their own').default([]),
    title: z.string().trim().min(1).max(300).optional(),
  })
  .refine(({ attacks, outages }) => attacks.length + outages.length > 0, 'an attack or an outage is needed');
export type IncidentSplit = z.output<typeof splitSchema>;

export const outagesAnswerSchema = z.object({
  /** The latest start first. */
  outages: z.array(outageSchema),
  next,
  partial,
});
export type OutagesAnswer = z.infer<typeof outagesAnswerSchema>;

export const nowAnswerSchema = z.object({
  now: time,
  organisation: z.string().optional(),
  /** What the first sentence says: sites out of how many, attacks in progress, since when. */
  sitesTotal: z.int(),
  /** Sites that are down, partial or fenced. */
  sitesOut: z.int(),
  sitesDegraded: z.int(),
  sitesByState: z.partialRecord(z.enum(SITE_STATES), z.int()),
  /** Sites in an abnormal state, the worst first, bounded. */
  sites: z.array(siteStatusSchema),
  attacksOngoing: z.array(attackSchema),
  /** When the earliest of what goes on began. */
  since: time.optional(),
  /** What changed within the last hour, the latest first. */
  changes: z.array(timelineEntrySchema.extend({ incident: z.string().optional(), site: z.string().optional() })),
  /** What waits for a person, most urgent first. */
  waiting: z.array(
    z.object({
      kind: z.enum(['incident-without-owner', 'incident-to-close', 'exporter', 'store', 'setup', 'warning']),
      text: z.string(),
      /** Id or name of what it is about. */
      ref: z.string().optional(),
      since: time.optional(),
    }),
  ),
  incidentsOpen: z.array(incidentSummarySchema),
  warnings: z.array(z.string()),
  /** True where sites and incidents are not known on this station, or their store does not answer. */
  partial: z.literal(true).optional(),
});
export type NowAnswer = z.infer<typeof nowAnswerSchema>;

const CHANGED = 'somebody else changed it meanwhile; `current` is how it stands now';
const INCIDENT = { name: 'Incident', schema: incidentSchema } as const;

export const INCIDENT_ROUTES = {
  now: {
    path: '/api/now',
    summary:
      'The situation: sites by state, attacks in progress, what changed within the hour, what waits for a person.',
    group: 'incidents',
    needs: 'viewer',
    params: none,
    answer: { name: 'Now', schema: nowAnswerSchema },
    statuses: {},
  },
  incidents: {
    path: '/api/incidents',
    summary: 'Incidents, the latest start first.',
    group: 'incidents',
    needs: 'viewer',
    params: z.strictObject({
      state: z.enum(INCIDENT_STATES).describe('incidents in this state').optional(),
      site: text('incidents of this site').optional(),
      since: when('incidents that began at this time or later').optional(),
      until: when('incidents that began before this time').optional(),
      q: text('text in title, id, owner or sites').optional(),
      ...paging('incidents', 50),
    }),
    answer: { name: 'Incidents', schema: incidentsAnswerSchema },
    statuses: { 503: NOT_HERE },
  },
  incident: {
    path: '/api/incidents/{id}',
    summary: 'One incident: sites, damage, notes, time line.',
    group: 'incidents',
    needs: 'viewer',
    params: z.strictObject({ id }),
    answer: INCIDENT,
    versioned: true,
    statuses: { 404: 'no incident has this id', 503: NOT_HERE },
  },
  changeIncident: {
    method: 'PATCH',
    path: '/api/incidents/{id}',
    summary: 'Changes state, severity, title or owner of an incident.',
    group: 'incidents',
    needs: 'analyst',
    params: z.strictObject({ id }),
    body: { name: 'IncidentChange', schema: incidentChangeSchema },
    answer: INCIDENT,
    versioned: true,
    statuses: { 404: 'no incident has this id', 409: CHANGED, 503: NOT_HERE },
  },
  addNote: {
    method: 'POST',
    path: '/api/incidents/{id}/notes',
    summary: 'Adds a note to an incident.',
    group: 'incidents',
    needs: 'analyst',
    params: z.strictObject({ id }),
    body: { name: 'Note', schema: noteSchema },
    answer: INCIDENT,
    status: 201,
    versioned: true,
    statuses: { 404: 'no incident has this id', 503: NOT_HERE },
  },
  mergeIncident: {
    method: 'POST',
    path: '/api/incidents/{id}/merge',
    summary: 'Makes an incident part of another; answers with the one that goes on.',
    group: 'incidents',
    needs: 'analyst',
    params: z.strictObject({ id }),
    body: { name: 'IncidentMerge', schema: mergeSchema },
    answer: INCIDENT,
    versioned: true,
    statuses: { 404: 'no incident has this id', 409: CHANGED, 503: NOT_HERE },
  },
  splitIncident: {
    method: 'POST',
    path: '/api/incidents/{id}/split',
    summary: 'Makes attacks and outages of an incident one of their own; answers with the new one.',
    group: 'incidents',
    needs: 'analyst',
    params: z.strictObject({ id }),
    body: { name: 'IncidentSplit', schema: splitSchema },
    answer: INCIDENT,
    status: 201,
    versioned: true,
    statuses: { 404: 'no incident has this id', 409: CHANGED, 503: NOT_HERE },
  },
  outages: {
    path: '/api/outages',
    summary: 'Outages of sites, the latest start first.',
    group: 'incidents',
    needs: 'viewer',
    params: z.strictObject({
      site: text('outages of this site').optional(),
      ongoing: z.boolean().describe('only those that go on, or only those that are over').optional(),
      since: when('outages that began at this time or later').optional(),
      until: when('outages that began before this time').optional(),
      ...paging('outages', 50),
    }),
    answer: { name: 'Outages', schema: outagesAnswerSchema },
    statuses: { 503: NOT_HERE },
  },
} as const satisfies Record<string, RouteContract>;
