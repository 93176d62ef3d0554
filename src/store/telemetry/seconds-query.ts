import { z } from 'zod';
import { rateSchema } from '../../model/attack.ts';

/** Rates of a target over time: from its seconds where they are still kept, from its minutes before that. */
export const secondsQuerySchema = z.strictObject({
  /** First and last moment, ms since 1970; `until` itself is outside. */
  since: z.number().int().min(0),
  until: z.number().int().min(0),
  /** An address, a prefix, or the name of a site or organisation; without it and `prefix` the totals of the station. */
  target: z.string().max(200).optional(),
  /** The prefix that was counted: `198.51.100.10/32`. */
  prefix: z.string().max(64).optional(),
  direction: z.enum(['in', 'out']).default('in'),
  /** Width of one point, whole seconds; without it as narrow as gives at most POINTS_MAX points. */
  stepMs: z.int().min(1000).optional(),
});
export type SecondsQuery = z.output<typeof secondsQuerySchema>;

/** Points of one answer. */
export const POINTS_MAX = 1500;

const pointSchema = z.object({
  at: z.iso.datetime({ precision: 3 }),
  /** Mean over the seconds that were kept in this step. */
  mean: rateSchema,
  max: rateSchema,
  /** What was usual, mean over the same seconds. */
  baseline: rateSchema,
  /** Largest ratio to a limit: 1 and above is too much. */
  excess: z.number(),
  /** Seconds of this step in which the target was above its floor, and was therefore kept. */
  seconds: z.number().int(),
  attackId: z.string().optional(),
});

export const secondsAnswerSchema = z.object({
  since: z.iso.datetime({ precision: 3 }),
  until: z.iso.datetime({ precision: 3 }),
  stepMs: z.number(),
  /** What the points are made of. */
  from: z.enum(['seconds', 'minutes']),
  /** In order of time; a step in which nothing was kept has no point. */
  points: z.array(pointSchema),
  elapsedMs: z.number(),
});
export type SecondsAnswer = z.infer<typeof secondsAnswerSchema>;
