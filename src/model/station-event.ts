import { z } from 'zod';
import { attackSchema } from './attack.ts';
import { DAMAGES, INCIDENT_STATES, outageSchema, SEVERITIES, siteStatusSchema } from './incident.ts';

export const WARNING_SUBJECTS = ['exporter', 'station'] as const;
export type WarningSubject = (typeof WARNING_SUBJECTS)[number];

const at = z.iso.datetime({ precision: 3 });

/** What an event tells of an incident; all of it is asked for by its id. */
export const incidentNewsSchema = z.object({
  id: z.string(),
  version: z.int().min(1),
  title: z.string(),
  state: z.enum(INCIDENT_STATES),
  severity: z.enum(SEVERITIES),
  owner: z.string().optional(),
  /** The first of its sites, and how many there are. */
  sites: z.array(z.string()),
  sitesTotal: z.int(),
  start: z.string(),
  end: z.string().optional(),
  damage: z.enum(DAMAGES),
  /** The statement for a press office. */
  sentence: z.object({ en: z.string(), ko: z.string(), uk: z.string() }),
});
export type IncidentNews = z.infer<typeof incidentNewsSchema>;

/** What happens at a station, told to those who listen: the event stream of the API, and the lines of events. */
export const stationEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('attack'),
    state: z.enum(['opened', 'updated', 'closed']),
    /** When the station said so, ISO 8601. */
    at: z.iso.datetime({ precision: 3 }),
    attack: attackSchema,
  }),
  z.object({
    kind: z.literal('warning'),
    /** Whether it began or is over. */
    state: z.enum(['began', 'ended']),
    at: z.iso.datetime({ precision: 3 }),
    /** Whom it concerns: whoever looks after routers, or whoever looks after the station. */
    about: z.enum(WARNING_SUBJECTS),
    warning: z.string(),
  }),
  /** The register changed, or DNS says something else of a site: `addresses` now, and `before`. */
  z.object({
    kind: z.literal('site'),
    state: z.enum(['added', 'removed', 'addresses']),
    at,
    site: z.string(),
    addresses: z.array(z.string()).optional(),
    before: z.array(z.string()).optional(),
  }),
  /** A site is in another state. */
  z.object({ kind: z.literal('site-state'), at, status: siteStatusSchema }),
  z.object({ kind: z.literal('outage'), state: z.enum(['opened', 'updated', 'closed']), at, outage: outageSchema }),
  z.object({
    kind: z.literal('incident'),
    state: z.enum(['opened', 'updated', 'closed']),
    at,
    incident: incidentNewsSchema,
  }),
]);
export type StationEvent = z.infer<typeof stationEventSchema>;
