import { z } from 'zod';
import { configReceiverSchema, receiverInputSchema } from '../../model/receiver.ts';
import { NOT_HERE, none, type RouteContract, text, time } from './route.ts';

/** Who is told when something happens, and what is left to set up. */
const name = text('name of the receiver');

/** A receiver as it is shown: whether there is a secret, and never which. */
export const receiverViewSchema = z.object({
  ...configReceiverSchema.shape,
  secret: z.boolean(),
  /** One of the configuration is changed there. */
  registered: z.enum(['configuration', 'api']),
  sent: z.int(),
  /** Attempts that failed. */
  failed: z.int(),
  /** News and messages that were given up. */
  lost: z.int(),
  /** What waits: for its group, for the end of quiet hours, or for the receiver. */
  waiting: z.int(),
  lastSentAt: time.optional(),
  lastError: z.string().optional(),
});
export type ReceiverView = z.infer<typeof receiverViewSchema>;

export const testedSchema = z.object({
  delivered: z.boolean(),
  /** Why it did not arrive. */
  error: z.string().optional(),
  elapsedMs: z.number(),
});
export type Tested = z.infer<typeof testedSchema>;

export const setupSchema = z.object({
  /** True where nothing is left to do. */
  done: z.boolean(),
  sites: z.object({ count: z.int(), missing: z.boolean() }),
  arriving: z.object({
    /** True where nothing has come since the start of the station. */
    missing: z.boolean(),
    /** Records since the start: asked again, they tell whether more comes. */
    records: z.number(),
    /** Requests of web server logs since the start, and their lines that were none by reason; absent where no log is read. */
    requests: z.number().optional(),
    linesRefused: z.record(z.string(), z.number()).optional(),
    inputs: z.array(
      z.object({
        kind: z.string(),
        address: z.string(),
        datagrams: z.number(),
        records: z.number(),
        /** Within the last seconds. */
        now: z.boolean(),
        error: z.string().optional(),
      }),
    ),
    exporters: z.array(
      z.object({ exporter: z.string(), name: z.string().optional(), records: z.number(), lastSeen: time }),
    ),
  }),
  told: z.object({ receivers: z.int(), missing: z.boolean() }),
  accounts: z.object({ signIn: z.boolean(), missing: z.boolean() }),
});
export type Setup = z.infer<typeof setupSchema>;

export const NOTIFICATION_ROUTES = {
  setup: {
    path: '/api/setup',
    summary: 'What is left to set up: sites, telemetry that arrives, who is told, accounts.',
    group: 'notifications',
    needs: 'viewer',
    params: none,
    answer: { name: 'Setup', schema: setupSchema },
    statuses: {},
  },
  receivers: {
    path: '/api/notifications',
    summary: 'Who is told, and what became of it.',
    group: 'notifications',
    needs: 'viewer',
    params: none,
    answer: { name: 'Receivers', schema: z.object({ receivers: z.array(receiverViewSchema) }) },
    statuses: { 503: NOT_HERE },
  },
  saveReceiver: {
    method: 'PUT',
    path: '/api/notifications/{name}',
    summary: 'Sets who is told; without a secret, the one that is kept stays.',
    group: 'notifications',
    needs: 'operator',
    params: z.strictObject({ name }),
    body: { name: 'ReceiverInput', schema: receiverInputSchema },
    answer: { name: 'Receiver', schema: receiverViewSchema },
    statuses: { 409: 'it is one of the configuration', 503: NOT_HERE },
  },
  removeReceiver: {
    method: 'DELETE',
    path: '/api/notifications/{name}',
    summary: 'Tells somebody no more.',
    group: 'notifications',
    needs: 'operator',
    params: z.strictObject({ name }),
    answer: { nothing: true },
    statuses: { 404: 'nobody has this name', 409: 'it is one of the configuration', 503: NOT_HERE },
  },
  testReceiver: {
    method: 'POST',
    path: '/api/notifications/{name}/test',
    summary: 'Sends a test message, and tells whether it arrived.',
    group: 'notifications',
    needs: 'operator',
    params: z.strictObject({ name }),
    answer: { name: 'Tested', schema: testedSchema },
    statuses: { 404: 'nobody has this name', 503: NOT_HERE },
  },
} as const satisfies Record<string, RouteContract>;
