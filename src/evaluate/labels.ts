import { z } from 'zod';
import { ATTACK_VECTORS } from '../model/vector.ts';

/** What is true of one attack in a capture. Times are ISO 8601; absent where the label does not know. */
export const trueAttackSchema = z.object({
  target: z.string(),
  direction: z.enum(['in', 'out']).default('in'),
  /** Largest share first. */
  vectors: z.array(z.enum(ATTACK_VECTORS)),
  spread: z.enum(['single', 'carpet']).default('single'),
  start: z.iso.datetime().optional(),
  end: z.iso.datetime().optional(),
  /** When the telemetry had told as much as one second of it; equal to `start` within a second where exports are quick. */
  told: z.iso.datetime().optional(),
  /** By when it has to be known, where that is not by the ordinary deadline. */
  knownBy: z.iso.datetime().optional(),
  /** Packets and bytes carried, and packets in its busiest second. */
  packets: z.number().optional(),
  bytes: z.number().optional(),
  peakPps: z.number().optional(),
  /** Connections, where it consists of them. */
  connections: z.number().optional(),
  /** Packets that others sent to its targets meanwhile. */
  otherPackets: z.number().optional(),
});
export type TrueAttack = z.infer<typeof trueAttackSchema>;

/** What is true of one capture. */
export const captureLabelSchema = z.object({
  file: z.string(),
  scenario: z.string(),
  view: z.string(),
  seed: z.number().int().optional(),
  networks: z.array(z.string()).default([]),
  /** Protected addresses that had traffic, and how long it lasted: what false alarms are counted per. */
  targets: z.number().optional(),
  seconds: z.number().optional(),
  attacks: z.array(trueAttackSchema),
});
export type CaptureLabel = z.infer<typeof captureLabelSchema>;

export const labelsSchema = z.object({
  format: z.literal('bonghwa-labels-1'),
  captures: z.array(captureLabelSchema),
});
export type Labels = z.infer<typeof labelsSchema>;
