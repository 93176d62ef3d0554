import type { Histogram } from '../../base/histogram.ts';
import type { TRAFFIC_ROUTES } from '../contract/traffic.ts';
import type { ApiDeps } from '../deps.ts';
import { type Handlers, Reply } from '../dispatch.ts';
import { CLIENTS_MAX, type EventStream } from '../event-stream.ts';
import { EXPOSITION_TYPE, renderExposition } from '../exposition.ts';
import { metricFamilies } from '../metrics.ts';
import { openApiDocument } from '../openapi.ts';
import { RequestProblem } from '../problem.ts';
import { REFERENCE_POLICY, referencePage } from '../reference.ts';
import { attackQuery, flowsQuery, type Gate, requestsQuery, secondsQuery } from './queries.ts';

export interface TrafficParts {
  readonly deps: ApiDeps;
  readonly now: () => number;
  readonly events: EventStream;
  readonly loopLag: Histogram;
  readonly gate: Gate;
}

/** The station itself, and what it saw of traffic. */
export function trafficHandlers({
  deps,
  now,
  events,
  loopLag,
  gate,
}: TrafficParts): Pick<Handlers, keyof typeof TRAFFIC_ROUTES> {
  return {
    health: () => {
      const live = deps.live();
      return new Reply({ status: live ? 'alive' : 'stuck' }, [], live ? 200 : 503);
    },
    ready: () => {
      const readiness = deps.ready();
      return new Reply(readiness, [], readiness.ready ? 200 : 503);
    },
    metrics: () => {
      const api = {
        eventClients: events.clients,
        eventLoopLagSeconds: loopLag.counts(),
        nodeVersion: process.versions.node,
      };
      const text = renderExposition(metricFamilies(deps.status(), deps.counters(), api));
      return new Response(text, { headers: { 'content-type': EXPOSITION_TYPE } });
    },
    status: () => deps.status(),
    attacks: async ({ params }) => {
      const { attacks, ...rest } = await gate.through(() => deps.attacks(attackQuery(params, now())));
      return { ...rest, attacks: [...attacks] };
    },
    attack: async ({ params }) => {
      const attack = await gate.through(() => deps.attack(params.id));
      if (attack !== undefined) return attack;
      throw new RequestProblem(404, { detail: 'no attack has this id', hint: 'GET /api/attacks lists them.' });
    },
    exporters: () => {
      const { now: at, exporters } = deps.status();
      return { now: at, exporters };
    },
    flows: ({ params, request }) => {
      const query = flowsQuery(params, deps, now());
      return gate.through(() => deps.flows(query, request.signal));
    },
    requests: ({ params, request }) => {
      const query = requestsQuery(params, now());
      return gate.through(() => deps.requests(query, request.signal));
    },
    seconds: ({ params, request }) => {
      const query = secondsQuery(params, now());
      return gate.through(() => deps.seconds(query, request.signal));
    },
    events: ({ request, mayStill }) => {
      const stream = events.open(request.headers.get('last-event-id') ?? undefined, mayStill);
      if (stream === undefined)
        throw new RequestProblem(503, { detail: `${CLIENTS_MAX} clients listen already, or the station is stopping` });
      return new Response(stream, {
        headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
      });
    },
    reference: () =>
      new Response(referencePage(deps.status().version), {
        headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': REFERENCE_POLICY },
      }),
    openapi: () => Response.json(openApiDocument(deps.status().version)),
  };
}
