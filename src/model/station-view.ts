import { z } from 'zod';
import { attackSchema, exporterReportSchema, rateSchema, targetSchema } from './attack.ts';

/** What a running station tells of itself: `/api/status`, the live view, `bonghwa doctor`. */
const time = z.iso.datetime({ precision: 3 });
const count = z.number().min(0);

/** One listener or stream. Counters only grow. */
export const inputStatusSchema = z.object({
  kind: z.enum(['netflow', 'sflow', 'pcap']),
  /** `127.0.0.1:2055`, or the name of the pipe. */
  address: z.string(),
  /** How datagrams are received. */
  receiver: z.enum(['recvmmsg', 'dgram', 'stream']),
  workers: z.number().int(),
  /** Receive buffer of a socket as the kernel gave it, bytes. */
  receiveBufferBytes: count.optional(),
  datagrams: count,
  /** Datagrams that the kernel dropped because the buffer was full. */
  datagramsDropped: count,
  records: count,
  /** Records that were seen and not counted, to keep up; what was counted stands for them. */
  recordsShed: count,
  error: z.string().optional(),
});
export type InputStatus = z.infer<typeof inputStatusSchema>;

/** A store: how it does, and what it could not keep. */
export const storeStatusSchema = z.object({
  kind: z.enum(['pglite', 'postgresql', 'chdb', 'clickhouse', 'off']),
  state: z.enum(['starting', 'ready', 'behind', 'down']),
  /** Rows or writes that wait. */
  waiting: count,
  written: count,
  /** What was not kept, because the store was down or slow for too long. */
  lost: count,
  bytesOnDisk: count.optional(),
  error: z.string().optional(),
});
export type StoreStatus = z.infer<typeof storeStatusSchema>;

export const targetRateSchema = z.object({
  target: targetSchema,
  direction: z.enum(['in', 'out']),
  prefix: z.string(),
  rate: rateSchema,
  baseline: rateSchema,
  excess: z.number(),
  attackId: z.string().optional(),
});

export const stationStatusSchema = z.object({
  version: z.string(),
  organisation: z.string().optional(),
  /** There where what it sees is a recording that is replayed. */
  sample: z.literal(true).optional(),
  startedAt: time,
  now: time,
  /** The last second that was decided upon; absent before the first. */
  decidedAt: time.optional(),
  /** True when everything that was configured listens and detection runs. */
  ready: z.boolean(),
  total: rateSchema,
  inputs: z.array(inputStatusSchema),
  /** Records received, and records known to be missing: dropped, shed, or missing by their sequence numbers. */
  records: count,
  recordsLost: count,
  attacksTotal: count,
  attacksOngoing: z.array(attackSchema),
  /** Largest excess first, bounded. */
  targets: z.array(targetRateSchema),
  exporters: z.array(exporterReportSchema),
  state: storeStatusSchema,
  telemetry: storeStatusSchema,
  rejected: z.record(z.string(), z.number()),
  memoryBytes: count,
  cpuSeconds: count,
  /** What an operator should know now, most urgent first. */
  warnings: z.array(z.string()),
});
export type StationStatus = z.infer<typeof stationStatusSchema>;
