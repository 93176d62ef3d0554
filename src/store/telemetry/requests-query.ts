import { z } from 'zod';
import { METHODS, type Method } from '../../model/request-columns.ts';
import { LIMIT_MAX, PREFIXES_MAX, TOP_MAX } from './flows-query.ts';

/** What kept requests are asked: which of them, and by what they are grouped; without that, the requests themselves. */

/** Names by which requests can be grouped (`top`). */
export const REQUEST_DIMENSIONS = [
  'site',
  'client',
  'clientNet',
  'asn',
  'country',
  'method',
  'path',
  'query',
  'status',
  'httpVersion',
  'referrer',
  'userAgent',
  'attackId',
  'kept',
] as const;
export type RequestDimension = (typeof REQUEST_DIMENSIONS)[number];

export const REQUEST_MEASURES = ['requests', 'bytes'] as const;

/** A status, or a class of them such as `5xx`. */
export const STATUS_PATTERN = /^[0-9](\d\d|xx)$/;
/** Characters of a text that requests are looked for by; `*` stands for any. */
const PATTERN_MAX = 512;
const pattern = z.string().min(1).max(PATTERN_MAX);
const several = <T extends z.ZodType>(type: T) => z.array(type).min(1).max(PREFIXES_MAX).optional();

export const requestsQuerySchema = z.strictObject({
  /** First and last moment by the clock of the log, ms since 1970; `until` itself is outside. */
  since: z.number().int().min(0),
  until: z.number().int().min(0),
  site: several(z.string().max(253)),
  /** Addresses, prefixes, and host names where the log has those. */
  client: several(z.string().max(253)),
  method: z.enum(METHODS as readonly Method[] as [Method]).optional(),
  path: pattern.optional(),
  query: pattern.optional(),
  status: several(z.string().regex(STATUS_PATTERN)),
  referrer: pattern.optional(),
  userAgent: pattern.optional(),
  asn: z.int().min(0).max(0xffffffff).optional(),
  country: z.string().length(2).optional(),
  attackId: z.string().min(1).max(200).optional(),
  kept: z.enum(['peace', 'attack']).optional(),
  top: z.array(z.enum(REQUEST_DIMENSIONS)).max(TOP_MAX).default([]),
  by: z.enum(REQUEST_MEASURES).default('requests'),
  /** `next` of the page before this one; for requests themselves. */
  before: z.string().max(100).optional(),
  limit: z.int().min(1).max(LIMIT_MAX).default(20),
});
export type RequestsQuery = z.output<typeof requestsQuerySchema>;

/** Estimated sums over requests: each kept row counts `weight` times. */
const estimateSchema = z.object({
  requests: z.number(),
  bytes: z.number(),
  /** Rows that were read for it. */
  rows: z.number().int(),
  /** Relative half-width (95 %) that sampling leaves of the measure asked `by`; 0 where every row was kept. */
  error: z.number(),
});

const time = z.iso.datetime({ precision: 3 });

/** A request as the log told of it; what it did not tell is absent. Long texts are cut, and end with an ellipsis then. */
export const keptRequestSchema = z.object({
  time,
  site: z.string(),
  /** Address or host name of who asked. */
  client: z.string().optional(),
  asn: z.int().optional(),
  country: z.string().optional(),
  method: z.string(),
  path: z.string().optional(),
  query: z.string().optional(),
  status: z.int().optional(),
  bytes: z.number(),
  requestMs: z.number().optional(),
  httpVersion: z.string().optional(),
  referrer: z.string().optional(),
  userAgent: z.string().optional(),
  /** The attack that its site was under. */
  attackId: z.string().optional(),
  /** So many requests like it there were. */
  weight: z.number(),
});
export type KeptRequestAnswer = z.infer<typeof keptRequestSchema>;

export const requestsAnswerSchema = z.object({
  since: time,
  until: time,
  by: z.enum(REQUEST_MEASURES),
  top: z.array(z.enum(REQUEST_DIMENSIONS)),
  /** Largest first; empty where requests themselves were asked for. */
  groups: z.array(
    estimateSchema.extend({
      /** One value for each of `top`: a number, a text, or null where it is unknown. */
      key: z.array(z.union([z.string(), z.number(), z.null()])),
      share: z.number(),
    }),
  ),
  /** The latest first; empty where groups were asked for. */
  requests: z.array(keptRequestSchema),
  /** Given back as `before`, asks for the next page of requests; absent on the last one. */
  next: z.string().optional(),
  /** All requests that were asked for, those in further groups and on other pages included. */
  total: estimateSchema,
  /** How many groups there are in all; 1 without dimensions. */
  distinct: z.number(),
  /** The earliest request that is kept at all; absent where none is. */
  keptSince: time.optional(),
  elapsedMs: z.number(),
});
export type RequestsAnswer = z.infer<typeof requestsAnswerSchema>;
