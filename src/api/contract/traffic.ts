import { z } from 'zod';
import { attackSchema, exporterReportSchema } from '../../model/attack.ts';
import { METHODS, type Method } from '../../model/request-columns.ts';
import { stationStatusSchema } from '../../model/station-view.ts';
import type { CLASS } from '../../model/traffic-class.ts';
import { ATTACKS_PAGE_MAX } from '../../store/state/state-store.ts';
import {
  CLASS_NAMES,
  FLOW_DIMENSIONS,
  FLOW_MEASURES,
  flowsAnswerSchema,
  LIMIT_MAX,
  TOP_MAX,
} from '../../store/telemetry/flows-query.ts';
import {
  REQUEST_DIMENSIONS,
  REQUEST_MEASURES,
  requestsAnswerSchema,
  STATUS_PATTERN,
} from '../../store/telemetry/requests-query.ts';
import { secondsAnswerSchema } from '../../store/telemetry/seconds-query.ts';
import { none, port, type RouteContract, STORE_DOWN, text, texts, when } from './route.ts';

/** What is asked of the station itself, and of traffic: attacks, flows, seconds, exporters. */
export const attacksParamsSchema = z.strictObject({
  since: when('attacks that were not over at this time').optional(),
  until: when('attacks that began before this time').optional(),
  target: text('an address or prefix (attacks on it, on part of it, or round it), or the name of a site').optional(),
  ongoing: z.boolean().describe('only those that go on, or only those that are over').optional(),
  limit: z.int().min(1).max(ATTACKS_PAGE_MAX).describe('attacks on one page').default(100),
  before: text('`next` of the page before this one').optional(),
});

export const flowsParamsSchema = z.strictObject({
  since: when('flows from this time on').default('1h'),
  until: when('flows before this time').default('now'),
  target: texts('towards this address, prefix or site').optional(),
  src: texts('from this address or prefix').optional(),
  dst: texts('to this address or prefix').optional(),
  exporter: text('told by this exporter').optional(),
  proto: z.int().min(0).max(255).describe('IP protocol number').optional(),
  port: port('either port').optional(),
  srcPort: port('source port').optional(),
  dstPort: port('destination port').optional(),
  class: z
    .enum(CLASS_NAMES as [keyof typeof CLASS])
    .describe('traffic class')
    .optional(),
  srcAsn: z.int().min(0).max(0xffffffff).describe('autonomous system of the source').optional(),
  srcCountry: z
    .string()
    .regex(/^[A-Za-z]{2}$/)
    .describe('country of the source, two letters (ISO 3166-1)')
    .optional(),
  attackId: text('flows of this attack').optional(),
  kept: z.enum(['peace', 'attack']).describe('why they were kept').optional(),
  top: z.array(z.enum(FLOW_DIMENSIONS)).max(TOP_MAX).describe('what flows are grouped by; repeatable').default([]),
  by: z.enum(FLOW_MEASURES).describe('what the groups are ordered by').default('packets'),
  step: z.string().max(16).describe('gives every group a time series in steps of this length: `10s`, `5m`').optional(),
  limit: z.int().min(1).max(LIMIT_MAX).describe('groups at most').default(20),
});

export const requestsParamsSchema = z.strictObject({
  since: when('requests from this time on, by the clock of the log').default('1h'),
  until: when('requests before this time').default('now'),
  site: texts('at this site').optional(),
  client: texts('from this address, prefix or host name').optional(),
  method: z
    .enum(METHODS as readonly Method[] as [Method])
    .describe('method')
    .optional(),
  path: text('path; `*` stands for any characters').optional(),
  query: text('query; `*` stands for any characters').optional(),
  status: z
    .array(z.string().regex(STATUS_PATTERN, 'a status is three digits, or a class such as 5xx'))
    .min(1)
    .max(100)
    .describe('status code, or a class of them such as `5xx`; repeatable')
    .optional(),
  referrer: text('Referer field; `*` stands for any characters').optional(),
  userAgent: text('User-Agent field; `*` stands for any characters').optional(),
  asn: z.int().min(0).max(0xffffffff).describe('autonomous system of who asked').optional(),
  country: z
    .string()
    .regex(/^[A-Za-z]{2}$/)
    .describe('country of who asked, two letters (ISO 3166-1)')
    .optional(),
  attackId: text('at a site under this attack').optional(),
  kept: z.enum(['peace', 'attack']).describe('why they were kept').optional(),
  top: z
    .array(z.enum(REQUEST_DIMENSIONS))
    .max(TOP_MAX)
    .describe('what requests are grouped by; repeatable; without it the requests themselves, the latest first')
    .default([]),
  by: z.enum(REQUEST_MEASURES).describe('what the groups are ordered by').default('requests'),
  before: z.string().max(100).describe('`next` of the page of requests before this one').optional(),
  limit: z.int().min(1).max(LIMIT_MAX).describe('groups or requests at most').default(20),
});

export const secondsParamsSchema = z.strictObject({
  since: when('from this time on').default('1h'),
  until: when('before this time').default('now'),
  target: text('an address, a prefix, or the name of a site; without it the totals of the station').optional(),
  prefix: text('the prefix that was counted').optional(),
  direction: z.enum(['in', 'out']).describe('towards the target, or from it').default('in'),
  step: z.string().max(16).describe('width of one point; without it as narrow as 1,500 points allow').optional(),
});

export const healthAnswerSchema = z.object({ status: z.enum(['alive', 'stuck']) });
export const readyAnswerSchema = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });
export const attacksAnswerSchema = z.object({
  /** The latest start first. */
  attacks: z.array(attackSchema),
  /** Given back as `before`, asks for the next page; absent on the last one. */
  next: z.string().optional(),
  /** True where the database could not be asked, and older attacks may be missing. */
  partial: z.literal(true).optional(),
});
export type AttacksAnswer = z.infer<typeof attacksAnswerSchema>;
export const exportersAnswerSchema = z.object({
  /** When this was so. */
  now: z.iso.datetime({ precision: 3 }),
  exporters: z.array(exporterReportSchema),
});
export type ExportersAnswer = z.infer<typeof exportersAnswerSchema>;

export const TRAFFIC_ROUTES = {
  health: {
    path: '/healthz',
    summary: 'Is the process alive, and did it decide a second lately?',
    group: 'station',
    needs: 'anyone',
    params: none,
    answer: { name: 'Health', schema: healthAnswerSchema },
    statuses: { 503: 'no second was decided lately' },
  },
  ready: {
    path: '/readyz',
    summary: 'Does everything listen that was configured, and does detection run?',
    group: 'station',
    needs: 'anyone',
    params: none,
    answer: { name: 'Ready', schema: readyAnswerSchema },
    statuses: { 503: 'it is not ready, and the reasons say why' },
  },
  metrics: {
    path: '/metrics',
    summary: 'Counters for Prometheus.',
    group: 'station',
    needs: 'this-machine',
    params: none,
    answer: { mediaType: 'text/plain' },
    statuses: {},
  },
  status: {
    path: '/api/status',
    summary: 'What the station sees and does now.',
    group: 'station',
    needs: 'viewer',
    params: none,
    answer: { name: 'StationStatus', schema: stationStatusSchema },
    statuses: {},
  },
  attacks: {
    path: '/api/attacks',
    summary: 'Attacks, the latest start first.',
    group: 'traffic',
    needs: 'viewer',
    params: attacksParamsSchema,
    answer: { name: 'Attacks', schema: attacksAnswerSchema },
    statuses: { 503: STORE_DOWN },
  },
  attack: {
    path: '/api/attacks/{id}',
    summary: 'One attack with its evidence.',
    group: 'traffic',
    needs: 'viewer',
    params: z.strictObject({ id: text('id of the attack') }),
    answer: { name: 'Attack', schema: attackSchema },
    statuses: { 404: 'no attack has this id', 503: STORE_DOWN },
  },
  exporters: {
    path: '/api/exporters',
    summary: 'Who exports, how much of it arrives, and what is wrong with it.',
    group: 'traffic',
    needs: 'viewer',
    params: none,
    answer: { name: 'Exporters', schema: exportersAnswerSchema },
    statuses: {},
  },
  flows: {
    path: '/api/flows',
    summary: 'Kept flows, grouped, with what sampling leaves open.',
    group: 'traffic',
    needs: 'viewer',
    params: flowsParamsSchema,
    answer: { name: 'Flows', schema: flowsAnswerSchema },
    statuses: { 503: STORE_DOWN },
  },
  requests: {
    path: '/api/requests',
    summary: 'Kept requests of web server logs, one by one or grouped.',
    group: 'traffic',
    needs: 'viewer',
    params: requestsParamsSchema,
    answer: { name: 'Requests', schema: requestsAnswerSchema },
    statuses: { 503: STORE_DOWN },
  },
  seconds: {
    path: '/api/seconds',
    summary: 'Rates of a target over time, beside what is usual.',
    group: 'traffic',
    needs: 'viewer',
    params: secondsParamsSchema,
    answer: { name: 'Seconds', schema: secondsAnswerSchema },
    statuses: { 503: STORE_DOWN },
  },
  events: {
    path: '/api/events',
    summary: 'Attacks and warnings as they begin, change and end, as server-sent events.',
    group: 'station',
    needs: 'viewer',
    params: none,
    answer: { mediaType: 'text/event-stream' },
    statuses: { 503: 'as many clients listen as are served' },
  },
  reference: {
    path: '/api/reference',
    summary: 'This interface, to be read.',
    group: 'station',
    needs: 'anyone',
    params: none,
    answer: { mediaType: 'text/html' },
    statuses: {},
  },
  openapi: {
    path: '/api/openapi.json',
    summary: 'This interface, described in OpenAPI 3.1.',
    group: 'station',
    needs: 'anyone',
    params: none,
    answer: { mediaType: 'application/json' },
    statuses: {},
  },
} as const satisfies Record<string, RouteContract>;
