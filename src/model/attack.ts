import { z } from 'zod';
import { incidentSchema, outageSchema, siteStatusSchema } from './incident.ts';
import { ATTACK_VECTORS } from './vector.ts';

/** ISO 8601 in UTC with milliseconds. */
const time = z.iso.datetime({ precision: 3 });
const share = z.number().min(0).max(1);

/**
 * Rates of one second: bits, packets and flow records a second, scaled by sampling; requests a second where a web server's log was
 * read. In an attack that only a log saw, bits are those that were sent, and packets and flow records 0.
 */
export const rateSchema = z.object({ bps: z.number(), pps: z.number(), fps: z.number(), rps: z.number().optional() });
export type Rate = z.infer<typeof rateSchema>;

export const targetSchema = z.object({
  kind: z.enum(['address', 'prefix', 'site', 'organisation']),
  /** The address, the prefix, or the name of the site or organisation. */
  value: z.string(),
});
export type Target = z.infer<typeof targetSchema>;

export const attackSourceSchema = z.object({
  addr: z.string(),
  share,
  country: z.string().length(2).optional(),
  asn: z.number().int().optional(),
});

/** A value that requests share, and how many of them have it. */
export const traitSchema = z.object({ value: z.string(), share });

/**
 * What the log of a web server says of an attack on it. Times in ms; shares are of the requests that the attack is made of, unless
 * they are said to be of the site. What stands in text comes from outside: it is escaped before anybody sees it.
 */
export const webEvidenceSchema = z.object({
  /** Requests of the attack over its life, those that failed (5xx, 499, 408), and bytes sent for them. */
  requests: z.number(),
  failed: z.number(),
  bytes: z.number(),
  /** Requests of the site over the same time that are none of the attack. */
  otherRequests: z.number(),
  /** Share of the site's requests that failed, before and during. */
  failedShareBefore: share.optional(),
  failedShareDuring: share.optional(),
  /** Time to answer that 95 of 100 requests of the site stayed below, before and during. */
  p95MsBefore: z.number().optional(),
  p95MsDuring: z.number().optional(),
  /** Open connections at the height, and how many the server may have, where its status page is read. */
  connections: z.number().optional(),
  connectionsMax: z.number().optional(),
  /** Request templates (a path whose changing parts are `*`), user agents, HTTP versions, methods, statuses: largest share first. */
  templates: z.array(traitSchema),
  userAgents: z.array(traitSchema),
  httpVersions: z.array(traitSchema),
  methods: z.array(traitSchema),
  statuses: z.array(traitSchema),
  /** Networks of the clients (/24, /48), largest share first. */
  networks: z.array(traitSchema),
  /** Share of requests whose values were not seen before, that name no referrer, whose client fetched no asset, whose client was never here before. */
  novelValues: share.optional(),
  withoutReferrer: share.optional(),
  withoutAssets: share.optional(),
  newClients: share.optional(),
  /** A few lines of the log, as they stood there. */
  lines: z.array(z.string()),
});
export type WebEvidence = z.infer<typeof webEvidenceSchema>;

/** A client of a web server that took part in an attack. */
export const attackerSchema = z.object({ addr: z.string(), requests: z.number(), firstSeen: time, lastSeen: time });
export type Attacker = z.infer<typeof attackerSchema>;

/**
 * What an attack was named and opened by, in numbers that can be recomputed from the input. `limit` is the number that was
 * exceeded, `observed` the lower bound of what was seen in the second `at`. Numbers of packets and ports are 0, and lists of them
 * empty, where only a log saw the attack; `web` is there where a log saw it.
 */
export const evidenceSchema = z.object({
  /** The second in which the limit was exceeded first. */
  at: time,
  measure: z.enum(['pps', 'bps', 'fps', 'rps', 'connections']),
  observed: z.number(),
  limit: z.number(),
  /** What set the limit: the target's own baseline, or the absolute floor of the vector. */
  limitFrom: z.enum(['baseline', 'floor', 'configured']),
  /** True where a slow rise was seen by the cumulative sum before the one-second limit. */
  cusum: z.boolean(),
  /** Packets, bytes and flow records of the attack vectors, scaled by sampling, over the attack's life. */
  packets: z.number(),
  bytes: z.number(),
  flows: z.number(),
  /** Relative half-width (95 %) of the packet count that sampling leaves open; 0 where nothing is sampled. */
  samplingError: z.number().min(0),
  /** Mean bytes of a packet. */
  packetBytes: z.number(),
  /** Packets the target sent back for each one it received, where both directions can be seen. */
  replyRatio: z.number().optional(),
  /** Share of sources not seen at this target before the attack. */
  newSources: share.optional(),
  srcPorts: z.array(z.object({ port: z.number().int(), share })),
  dstPorts: z.array(z.object({ port: z.number().int(), share })),
  /** Distinct source and destination ports, estimated. */
  srcPortsDistinct: z.number(),
  dstPortsDistinct: z.number(),
  /** Distinct values of TTL or hop limit seen, where packets were seen. */
  ttlsDistinct: z.number().optional(),
  /** For a carpet: attacked addresses inside the prefix. */
  addresses: z.number().optional(),
  /** Tests of shape that were met or failed, in words with their numbers. */
  shape: z.array(z.string()),
  web: webEvidenceSchema.optional(),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export const attackSchema = z.object({
  /**
   * Unique for all stations and times, and the same for all the attack's life, over restarts too: start, direction and target to be
   * read, and a hash. The same input gives the same id in every replay.
   */
  id: z.string(),
  target: targetSchema,
  direction: z.enum(['in', 'out']),
  /** Largest share first; the first names the attack. */
  vectors: z.array(z.object({ name: z.enum(ATTACK_VECTORS), share })).min(1),
  spread: z.enum(['single', 'carpet']),
  rhythm: z.enum(['steady', 'pulse', 'ramp']),
  /** When the attack's first traffic was carried. */
  start: time,
  /** When Bonghwa would have said so. */
  detectedAt: time,
  /** When the last of its traffic was carried, as far as was seen. */
  end: time.optional(),
  /** True while it goes on: at the end of the input, or now. */
  ongoing: z.boolean(),
  /** The attack that it turned out to be the same as, and that is told on in its place: both flows and a log saw it. */
  joinedInto: z.string().optional(),
  peak: rateSchema,
  /** What is usual for this target; absent fields were not learned yet. */
  baseline: z.object({
    bps: z.number().optional(),
    pps: z.number().optional(),
    fps: z.number().optional(),
    rps: z.number().optional(),
    learnedSeconds: z.number(),
  }),
  sources: z.object({
    /**
     * Estimate of distinct source addresses. A first second of more than 32,768 rows is known by a sample of them until the
     * target is watched: of such a second only the sources in the sample count, and the estimate is low.
     */
    distinct: z.number(),
    /** Relative standard error of `distinct`. */
    distinctError: z.number(),
    top: z.array(attackSourceSchema),
    spoofed: z.enum(['likely', 'unlikely', 'unknown']),
    /**
     * Autonomous systems and countries that its packets came from, largest share first: estimated from the packets of up to 512 of
     * its largest sources, of which these are shares. Absent where sources are forged or nothing is known of them.
     */
    asns: z.array(z.object({ asn: z.number().int(), name: z.string().optional(), share })).optional(),
    countries: z.array(z.object({ country: z.string().length(2), share })).optional(),
  }),
  /** Clients that a log names as those who attack, most requests first, bounded; `attackersTotal` counts all of them. */
  attackers: z.array(attackerSchema).optional(),
  attackersTotal: z.number().int().optional(),
  /** The request template that is attacked, such as `GET /search?q=*`. */
  template: z.string().optional(),
  /** One sentence with numbers. */
  why: z.string(),
  /** When it was or will be closed, in words. */
  closing: z.string(),
  evidence: evidenceSchema,
  /** Rates of the target by second round the start, for a picture: `fromMs` is the time of the first. */
  timeline: z.object({
    from: time,
    stepMs: z.number(),
    bps: z.array(z.number()),
    pps: z.array(z.number()),
    /** Requests a second, where a log saw it. */
    rps: z.array(z.number()).optional(),
  }),
});
export type Attack = z.infer<typeof attackSchema>;

/** A target that was considered and passed over, and why (`--all-verdicts`). */
export const verdictSchema = z.object({
  target: targetSchema,
  direction: z.enum(['in', 'out']),
  at: time,
  peak: rateSchema,
  /** What it looked like: `download`, `scan`, `flash-crowd`, `below-floor` … */
  kind: z.string(),
  reason: z.string(),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** What is wrong with an exporter. */
export const exporterFindingSchema = z.object({
  /** Stable; docs/exporters.md tells of each. */
  code: z.string(),
  /** `fault`: traffic is not seen or counted wrongly; `warning`: seen late or in part; `notice`: good to know. */
  severity: z.enum(['fault', 'warning', 'notice']),
  /** One sentence with numbers. */
  message: z.string(),
  /** What to type, by vendor: of the exporter's own where the configuration names it, else of all that may be meant. */
  advice: z.array(z.object({ vendor: z.string(), lines: z.array(z.string()) })).optional(),
});
export type ExporterFinding = z.infer<typeof exporterFindingSchema>;

export const exporterReportSchema = z.object({
  exporter: z.string(),
  /** As the configuration names it. */
  name: z.string().optional(),
  observationDomain: z.number().int(),
  protocol: z.enum(['netflow-v5', 'netflow-v9', 'ipfix', 'sflow-v5']),
  datagrams: z.number(),
  records: z.number(),
  optionRecords: z.number(),
  /** Counter samples of sFlow: recognised and skipped. */
  counterSamples: z.number(),
  templates: z.number(),
  /** Records lost for want of their template: data sets dropped. */
  unknownTemplateSets: z.number(),
  /** Datagrams (v9) or records (v5, IPFIX) that the sequence numbers say are missing. */
  sequenceLost: z.number(),
  /** Flow records that are missing by the sequence numbers, or came before their template; an estimate for v9 and sFlow. */
  recordsLost: z.number().optional(),
  /** Share of the exporter's records that is missing of late: the traffic that is not seen. */
  shareNotSeen: share.optional(),
  samplingRates: z.array(z.number()),
  firstSeen: time,
  lastSeen: time,
  /** The messages of the findings. */
  diagnosis: z.array(z.string()),
  findings: z.array(exporterFindingSchema).optional(),
});
export type ExporterReport = z.infer<typeof exporterReportSchema>;

export const replayReportSchema = z.object({
  /** Absent where the input held no packet with a time. */
  from: time.optional(),
  to: time.optional(),
  /** Flow records decoded from telemetry. */
  flows: z.number(),
  /** Packets of the capture, decodable or not; with telemetry, those reported by flow records too under `reported`. */
  packets: z.number(),
  bytes: z.number(),
  /** Requests in logs of web servers; absent where there was no log. */
  requests: z.number().optional(),
  /** What the telemetry inside reports, scaled by sampling; absent where there was none. */
  reported: z.object({ packets: z.number(), bytes: z.number() }).optional(),
  attacks: z.array(attackSchema),
  verdicts: z.array(verdictSchema).optional(),
  exporters: z.array(exporterReportSchema),
  /** Recorded checks that were read; what follows is there where checks or logs told of sites. */
  checks: z.number().optional(),
  /** How each site did at the end of the input. */
  sites: z.array(siteStatusSchema).optional(),
  outages: z.array(outageSchema).optional(),
  incidents: z.array(incidentSchema).optional(),
  rejected: z.record(z.string(), z.number()),
});
export type ReplayReport = z.infer<typeof replayReportSchema>;
