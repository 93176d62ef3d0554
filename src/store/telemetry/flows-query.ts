import { z } from 'zod';
import { CLASS } from '../../model/traffic-class.ts';

/** What kept flows are asked: which of them, by what they are grouped, and what is counted. */

/** Names by which flows can be grouped (`top`). */
export const FLOW_DIMENSIONS = [
  'srcAddr',
  'srcNet',
  'srcAsn',
  'srcCountry',
  'srcPort',
  'dstAddr',
  'dstNet',
  'dstPort',
  'proto',
  'class',
  'tcpFlags',
  'ttl',
  'packetSize',
  'exporter',
  'attackId',
  'kept',
] as const;
export type FlowDimension = (typeof FLOW_DIMENSIONS)[number];

export const FLOW_MEASURES = ['packets', 'bytes', 'flows'] as const;
export type FlowMeasure = (typeof FLOW_MEASURES)[number];

/** Names of the traffic classes, by their index. */
export const CLASS_NAMES = Object.keys(CLASS) as readonly (keyof typeof CLASS)[];

/** Dimensions of one question. */
export const TOP_MAX = 3;
/** Groups of one answer. */
export const LIMIT_MAX = 1000;
/** Prefixes that one filter names at most; a site has a thousand addresses at most. */
export const PREFIXES_MAX = 1000;
/** Points of a time series. */
export const STEPS_MAX = 1500;

const ms = z.number().int().min(0);
/** An address or a prefix, IPv4 or IPv6, as `parsePrefix` reads it. */
const prefix = z.string().max(64);
const port = z.int().min(0).max(65_535);

export const flowsQuerySchema = z.strictObject({
  /** First and last moment, ms since 1970; `until` itself is outside. */
  since: ms,
  until: ms,
  /** Flows towards any of these addresses and prefixes. */
  targets: z.array(prefix).max(PREFIXES_MAX).optional(),
  src: z.array(prefix).max(PREFIXES_MAX).optional(),
  dst: z.array(prefix).max(PREFIXES_MAX).optional(),
  exporter: prefix.optional(),
  /** IP protocol number. */
  proto: z.int().min(0).max(255).optional(),
  /** Either port. */
  port: port.optional(),
  srcPort: port.optional(),
  dstPort: port.optional(),
  class: z.enum(CLASS_NAMES as [keyof typeof CLASS]).optional(),
  srcAsn: z.int().min(0).max(0xffffffff).optional(),
  /** Two letters, as ISO 3166-1 has them. */
  srcCountry: z.string().length(2).optional(),
  attackId: z.string().min(1).max(200).optional(),
  kept: z.enum(['peace', 'attack']).optional(),
  /** What flows are grouped by; none gives the total alone. */
  top: z.array(z.enum(FLOW_DIMENSIONS)).max(TOP_MAX).default([]),
  by: z.enum(FLOW_MEASURES).default('packets'),
  /** Gives every group a time series in steps of so many milliseconds, whole seconds. */
  stepMs: z.int().min(1000).optional(),
  limit: z.int().min(1).max(LIMIT_MAX).default(20),
});
export type FlowsQuery = z.output<typeof flowsQuerySchema>;

/** Estimated sums over flows: each kept row counts `weight` times. */
const estimateSchema = z.object({
  packets: z.number(),
  bytes: z.number(),
  flows: z.number(),
  /** Rows that were read for it. */
  rows: z.number().int(),
  /** Relative half-width (95 %) that sampling leaves of the measure asked `by`; 0 where every row was kept. */
  error: z.number(),
});

export const flowsAnswerSchema = z.object({
  since: z.iso.datetime({ precision: 3 }),
  until: z.iso.datetime({ precision: 3 }),
  by: z.enum(FLOW_MEASURES),
  top: z.array(z.enum(FLOW_DIMENSIONS)),
  /** Largest first. Of more than a million groups, those below a thousandth of the total may be others of like size. */
  groups: z.array(
    estimateSchema.extend({
      /** One value for each of `top`: a number, a text, or null where it is unknown. */
      key: z.array(z.union([z.string(), z.number(), z.null()])),
      /** Of the total, by the measure asked. */
      share: z.number(),
      /** The measure asked, by step; `series.from` is the time of the first. */
      series: z.array(z.number()).optional(),
    }),
  ),
  /** All flows that were asked for, those in further groups included. */
  total: estimateSchema,
  /** About how many groups there are in all (HyperLogLog-like, within a few percent); 1 without dimensions. */
  distinct: z.number(),
  series: z
    .object({ from: z.iso.datetime({ precision: 3 }), stepMs: z.number(), total: z.array(z.number()) })
    .optional(),
  /** The earliest flow that is kept at all; absent where none is. */
  keptSince: z.iso.datetime({ precision: 3 }).optional(),
  elapsedMs: z.number(),
});
export type FlowsAnswer = z.infer<typeof flowsAnswerSchema>;
