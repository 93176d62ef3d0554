import { z } from 'zod';
import { CRITICALITIES, SECTORS } from './site.ts';

/** Outages of sites, and the incidents that one response deals with. */
const time = z.iso.datetime({ precision: 3 });
const share = z.number().min(0).max(1);

/**
 * How a site does: `up`; `degraded` slow or with errors; `partial`: out for a persistent minority of vantages; `geo-fenced`: up at
 * home, out abroad; `down`; `flapping` between these; `unknown`: nobody can tell; `maintenance`.
 */
export const SITE_STATES = [
  'up',
  'degraded',
  'partial',
  'geo-fenced',
  'down',
  'flapping',
  'unknown',
  'maintenance',
] as const;
export type SiteState = (typeof SITE_STATES)[number];

/** Who says so, kept apart: vantages, the site's own log. What somebody claims is no evidence of an outage. */
export const EVIDENCE_KINDS = ['probed', 'logged'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

/** One site's state from a moment on, with why in a sentence. */
export const siteStatusSchema = z.object({
  site: z.string(),
  state: z.enum(SITE_STATES),
  since: time,
  /** The last check or log line that says so. */
  at: time,
  /** One sentence with numbers. */
  why: z.string(),
  evidence: z.array(z.enum(EVIDENCE_KINDS)),
  vantages: z.array(
    z.object({ vantage: z.string(), state: z.enum(SITE_STATES), at: time, p95Ms: z.number().optional() }),
  ),
  /** Time to answer, ms: what 95 of 100 checks stayed below lately, and what is usual. */
  p95Ms: z.number().optional(),
  usualP95Ms: z.number().optional(),
  /** When the certificate ends, where it has one. */
  certificateNotAfter: time.optional(),
  incident: z.string().optional(),
});
export type SiteStatus = z.infer<typeof siteStatusSchema>;

/** An estimate with the interval (95 %) that holds the true value. */
export const estimateSchema = z.object({ value: z.number(), low: z.number(), high: z.number() });
export type Estimate = z.infer<typeof estimateSchema>;

export const outageSchema = z.object({
  /** The same input gives the same id. */
  id: z.string(),
  site: z.string(),
  /** The worst state that it was in. */
  state: z.enum(SITE_STATES),
  /** From the first failed check or line to the return of the prior level of service. */
  start: time,
  /** When it was confirmed. */
  confirmedAt: time,
  end: time.optional(),
  ongoing: z.boolean(),
  evidence: z.array(z.enum(EVIDENCE_KINDS)),
  /** The states one after the other. */
  states: z.array(z.object({ state: z.enum(SITE_STATES), from: time, to: time.optional(), why: z.string() })),
  why: z.string(),
  /**
   * Minutes in which nobody was served, in which service was slow, with errors or for some only, and in which nobody could tell. The
   * bounds are the checks before and after each change, and the lines of the log between them.
   */
  outMinutes: estimateSchema.optional(),
  degradedMinutes: estimateSchema.optional(),
  unknownMinutes: z.number().min(0).optional(),
  /** Requests that would have been answered, against the usual demand; absent without a log. */
  lostRequests: estimateSchema.optional(),
  /** Requests that are usual in the time out and degraded; absent without a log. */
  expectedRequests: z.number().min(0).optional(),
  /** Share of an ordinary day's requests that falls into the time out; absent where no day was learned. */
  demandShare: z.number().min(0).optional(),
  /** True where it was announced: a maintenance window covers its start. */
  planned: z.boolean().optional(),
});
export type Outage = z.infer<typeof outageSchema>;

/** D0 no effect, D1 degraded, D2 out under 30 minutes, D3 longer or over 5 % of users over an hour, D4 several critical services or over two hours. */
export const DAMAGES = ['D0', 'D1', 'D2', 'D3', 'D4'] as const;
export type DamageGrade = (typeof DAMAGES)[number];

export const LANGUAGES = ['en', 'ko', 'uk'] as const;
export type Language = (typeof LANGUAGES)[number];

export const damageSchema = z.object({
  grade: z.enum(DAMAGES),
  /** Why this grade, one sentence with numbers. */
  why: z.string(),
  sites: z.array(
    z.object({
      site: z.string(),
      sector: z.enum(SECTORS),
      criticality: z.enum(CRITICALITIES),
      worst: z.enum(SITE_STATES),
      outMinutes: estimateSchema,
      degradedMinutes: estimateSchema,
      /** Requests that would have been answered, against the baseline; absent without a log or flows. */
      lostRequests: estimateSchema.optional(),
      usersAffected: estimateSchema.optional(),
      /** Ids of what this rests on: attacks, outages. */
      evidence: z.array(z.string()),
    }),
  ),
  outMinutes: estimateSchema,
  lostRequests: estimateSchema.optional(),
  usersAffected: estimateSchema.optional(),
  usersShare: share.optional(),
  /** What is not known, one sentence each. */
  unknown: z.array(z.string()),
  /** For a press office: which sites, from when to when, how serious, what is not known. */
  sentence: z.object({ en: z.string(), ko: z.string(), uk: z.string() }),
});
export type Damage = z.infer<typeof damageSchema>;

export const INCIDENT_STATES = ['open', 'contained', 'recovered', 'closed'] as const;
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

export const timelineEntrySchema = z.object({
  at: time,
  kind: z.enum(['attack', 'outage', 'state', 'note', 'person']),
  /** Id of the attack, outage or note. */
  ref: z.string().optional(),
  text: z.string(),
  /** Who did it, where a person did. */
  by: z.string().optional(),
});
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

export const incidentSchema = z.object({
  id: z.string(),
  /** Grows with every change by a person: two who edit the same incident are told. What Bonghwa itself updates leaves it as it is. */
  version: z.int().min(1),
  title: z.string(),
  /** Who named it, where a person did: it then keeps its name. */
  titleBy: z.string().optional(),
  sites: z.array(z.string()),
  state: z.enum(INCIDENT_STATES),
  /** Who set the state, where a person did: it then stays until something begins or ends. */
  stateBy: z.string().optional(),
  severity: z.enum(SEVERITIES),
  /** Who set the severity, where a person did: it then stays. */
  severityBy: z.string().optional(),
  owner: z.string().optional(),
  start: time,
  /** When the last of its attacks and outages was over. */
  end: time.optional(),
  updatedAt: time,
  closedAt: time.optional(),
  attacks: z.array(z.string()),
  outages: z.array(z.string()),
  damage: damageSchema,
  notes: z.array(z.object({ id: z.string(), at: time, by: z.string(), text: z.string() })),
  /** In the order of time, bounded. */
  timeline: z.array(timelineEntrySchema),
  /** The incident that this one was merged into, or that it was split from, by a person. */
  mergedInto: z.string().optional(),
  splitFrom: z.string().optional(),
});
export type Incident = z.infer<typeof incidentSchema>;
