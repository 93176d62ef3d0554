import { z } from 'zod';

/** A place that probes sites, and what it found. */
const time = z.iso.datetime({ precision: 3 });
const ms = z.number().min(0);

export const vantageSchema = z.object({
  name: z.string().min(1).max(200),
  /** Two letters (ISO 3166-1) of where it stands; with the country of a site it tells home from abroad. */
  country: z.string().length(2).optional(),
  /** The network that it is in, by any name: two vantages of one network count as one witness. */
  network: z.string().optional(),
  /** Whose it is, where a partner lends it. */
  partner: z.string().optional(),
});
export type Vantage = z.infer<typeof vantageSchema>;

export const CHECK_KINDS = ['http', 'tcp', 'dns', 'icmp'] as const;
export const CHECK_PHASES = ['dns', 'connect', 'tls', 'first-byte', 'content'] as const;
export type CheckPhase = (typeof CHECK_PHASES)[number];

/**
 * What came of a check: `ok`; `failed` in a phase; `unexpected`: an answer, but not the site (a status or content that was not
 * expected); a page that says so for `blocked`, `maintenance` and `challenge`; `no-way-out`: the vantage's own way out failed, which
 * says nothing of the site.
 */
export const CHECK_OUTCOMES = [
  'ok',
  'failed',
  'unexpected',
  'blocked',
  'maintenance',
  'challenge',
  'no-way-out',
] as const;
export type CheckOutcome = (typeof CHECK_OUTCOMES)[number];

export const checkResultSchema = z.object({
  site: z.string(),
  vantage: z.string(),
  /** The URL, or `host:port`, name or address that was checked. */
  subject: z.string(),
  kind: z.enum(CHECK_KINDS),
  /** When the check began, and how long it took with all its attempts. */
  at: time,
  totalMs: ms,
  outcome: z.enum(CHECK_OUTCOMES),
  /** 1 where the first attempt told the outcome. */
  attempts: z.int().min(1),
  family: z.union([z.literal(4), z.literal(6)]).optional(),
  address: z.string().optional(),
  httpVersion: z.enum(['1.0', '1.1', '2']).optional(),
  status: z.int().optional(),
  bytes: z.number().optional(),
  /** Duration of each phase of the last attempt that was reached. */
  phasesMs: z.object({ dns: ms, connect: ms, tls: ms, firstByte: ms, content: ms }).partial().optional(),
  /** What failed, where something did: the phase, a stable code (`timeout`, `refused`, `reset`, `no-such-name` …), a sentence. */
  failure: z.object({ phase: z.enum(CHECK_PHASES), code: z.string(), message: z.string() }).optional(),
  /** The certificate of the site, where TLS was spoken. */
  certificate: z.object({ notAfter: time, valid: z.boolean(), reason: z.string().optional() }).optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;
