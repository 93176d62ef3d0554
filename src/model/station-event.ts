import { z } from 'zod';
import { attackSchema } from './attack.ts';

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
    warning: z.string(),
  }),
]);
export type StationEvent = z.infer<typeof stationEventSchema>;
