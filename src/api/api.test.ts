import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { createConnection } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { z } from 'zod';
import { FixedStation, STATION_NOW_MS } from '../../test/support/fixed-station.ts';
import { BonghwaError } from '../base/errors.ts';
import type { FlowsQuery } from '../store/telemetry/flows-query.ts';
import { type Api, createApi } from './api.ts';
import { ROUTES, type RouteContract } from './contract.ts';
import { type Problem, problemSchema } from './problem.ts';

const LOOPBACK = { address: '127.0.0.1', port: 0, family: 4 } as const;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

describe('the HTTP interface', () => {
  let station = new FixedStation();
  let api: Api;
  let port = 0;
  const faults: unknown[] = [];

  before(async () => {
    api = createApi(
      // The station of the test at hand.
      new Proxy({} as FixedStation, {
        get: (_, name) => {
          const value: unknown = Reflect.get(station, name);
          return typeof value === 'function' ? value.bind(station) : value;
        },
      }),
      { now: () => STATION_NOW_MS, names: ['station.example'], onFault: (error) => faults.push(error) },
    );
    ({ port } = await api.listen(LOOPBACK));
  });
  after(() => api.close());
  beforeEach(() => {
    station = new FixedStation();
    faults.length = 0;
  });

  function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  async function json(path: string): Promise<unknown> {
    const { status, text } = await ask(path);
    assert.equal(status, 200, text);
    return JSON.parse(text);
  }

  async function problem(
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
    body?: string,
  ): Promise<Problem> {
    const answer = await ask(path, headers, method, body);
    assert.equal(answer.headers['content-type'], 'application/problem+json', answer.text);
    const told = problemSchema.parse(JSON.parse(answer.text));
    assert.equal(told.status, answer.status);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    return told;
  }

  it('answers on every route with what its contract says', async () => {
    for (const route of Object.values(ROUTES) as readonly RouteContract[]) {
      // What the parts beside detection answer is tested with them.
      if (
        route === ROUTES.events ||
        route.method !== undefined ||
        ['sites', 'people', 'notifications'].includes(route.group) ||
        (route.group === 'incidents' && route !== ROUTES.now)
      )
        continue;
      const { status, headers, text } = await ask(route.path.replace('{id}', 'a1'));
      assert.equal(status, 200, route.path);
      assert.equal(headers['cache-control'], 'no-store', route.path);
      assert.equal(headers['access-control-allow-origin'], undefined);
      if (!('schema' in route.answer)) continue;
      const schema: z.ZodType = route.answer.schema;
      const read: unknown = JSON.parse(text);
      assert.deepEqual(schema.parse(read), read, `${route.path}: every field is in its contract`);
    }
  });

  it('names its routes to whoever opens it in a browser', async () => {
    const { text } = await ask('/');
    for (const { path } of Object.values(ROUTES)) assert.ok(text.includes(path), path);
  });

  it('is alive while seconds are decided, and ready when everything listens', async () => {
    assert.equal((await ask('/healthz')).status, 200);
    station.alive = false;
    station.reasons = ['sFlow on 127.0.0.1:6343 does not listen'];
    const health = await ask('/healthz');
    assert.deepEqual([health.status, JSON.parse(health.text)], [503, { status: 'stuck' }]);
    const ready = await ask('/readyz');
    assert.equal(ready.status, 503);
    assert.deepEqual(JSON.parse(ready.text), { ready: false, reasons: station.reasons });
  });

  it('pages attacks, and passes on what was asked', async () => {
    const first = (await json('/api/attacks?limit=1')) as { attacks: { id: string }[]; next?: string };
    assert.deepEqual([first.attacks[0].id, first.next], ['a1', '1']);
    const second = (await json(`/api/attacks?limit=1&before=${first.next}`)) as typeof first;
    assert.deepEqual([second.attacks[0].id, second.next], ['a2', undefined]);
    await json('/api/attacks?since=24h&until=2024-03-05T12:00:00Z&target=192.0.2.0/24&ongoing=true');
    assert.deepEqual(station.asked.at(-1), {
      since: STATION_NOW_MS - 86_400_000,
      until: Date.parse('2024-03-05T12:00:00Z'),
      target: '192.0.2.0/24',
      ongoing: true,
      limit: 100,
    });
    assert.equal((await problem('/api/attacks/a3')).status, 404);
  });

  it('asks flows of a site by its addresses', async () => {
    await json(
      '/api/flows?target=www.ministry.example&target=192.0.2.0/28&top=srcAsn&top=class&step=10s&srcCountry=at',
    );
    const asked = station.asked.at(-1) as FlowsQuery;
    assert.deepEqual(asked.targets, ['192.0.2.10', '2001:db8::10', '192.0.2.0/28']);
    assert.deepEqual([asked.top, asked.stepMs, asked.srcCountry], [['srcAsn', 'class'], 10_000, 'AT']);
    assert.deepEqual([asked.since, asked.until], [STATION_NOW_MS - 3_600_000, STATION_NOW_MS]);
  });

  it('tells all parameters that are wrong at once, and what was meant', async () => {
    const { errors = [] } = await problem('/api/flows?sinse=1h&port=70000&top=srcAsm&proto=tcp');
    assert.deepEqual(errors.map(({ parameter }) => parameter).sort(), ['port', 'proto', 'sinse', 'top']);
    assert.match(errors.find(({ parameter }) => parameter === 'sinse')?.detail ?? '', /did you mean 'since'/);
    for (const [path, said] of [
      ['/api/flows?since=yesterday', /is no time such as/],
      ['/api/flows?since=1h&until=2h', /not before/],
      ['/api/flows?target=nobody.example', /no site of this station/],
      ['/api/flows?step=1ms', /is no step/],
      ['/api/attacks?limit=0', /limit/],
      ['/api/attacks?limit=1&limit=2', /more than once/],
      ['/api/status?pretty=1', /nothing can be given/],
      ['/api/attacks?constructor=1', /not known/],
      ['/api/attacks?__proto__=1', /not known/],
    ] as const) {
      const told = await problem(path);
      assert.equal(told.status, 400, path);
      assert.match(told.detail ?? '', said);
    }
  });

  it('says that a store is down, and keeps faults of its own to itself', async () => {
    station.fault = new BonghwaError('STATE_DOWN', 'the database does not answer', { hint: 'See bonghwa doctor.' });
    const { headers } = await ask('/api/attacks');
    assert.equal(headers['retry-after'], '5');
    const down = await problem('/api/attacks');
    assert.deepEqual([down.status, down.code, down.hint], [503, 'STATE_DOWN', 'See bonghwa doctor.']);
    station.fault = new Error('a secret of the inside');
    const fault = await problem('/api/flows');
    assert.equal(fault.status, 500);
    assert.doesNotMatch(JSON.stringify(fault), /secret/);
    assert.equal(faults.length, 1);
  });

  it('answers so many questions to a store at a time, and refuses the others', async () => {
    let letGo = (): void => {};
    station.wait = new Promise((resolve) => {
      letGo = resolve;
    });
    const statuses: number[] = [];
    const asked = Array.from({ length: 20 }, async () => {
      statuses.push((await ask('/api/flows')).status);
      if (statuses.length === 12) letGo();
    });
    await Promise.all(asked);
    assert.deepEqual(statuses, [...new Array<number>(12).fill(503), ...new Array<number>(8).fill(200)]);
    assert.equal((await ask('/api/flows')).status, 200, 'the gate opens again');
  });

  it('is known under loopback names and its own, and under no other', async () => {
    for (const host of [
      'localhost',
      `localhost:${port}`,
      '127.0.0.1:9999',
      '127.1.2.3',
      '[::1]:8480',
      'STATION.example.',
    ])
      assert.equal((await ask('/healthz', { host })).status, 200, host);
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '192.0.2.1',
      '[::2]',
      'a:b:c',
    ])
      assert.equal((await problem('/healthz', { host })).status, 421, host);
  });

  it('answers no page of another origin, but lets a link be followed', async () => {
    const from = (mode: string): Record<string, string> => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode });
    assert.equal((await problem('/api/status', from('no-cors'))).status, 403);
    assert.equal((await ask('/api/status', from('navigate'))).status, 200);
  });

  it('takes GET and HEAD without a body, of bounded length', async () => {
    const refused = await ask('/api/status', {}, 'POST', '{}');
    assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD']);
    assert.equal((await ask('/api/status', {}, 'TRACE')).status, 405);
    assert.equal((await problem('/api/status', { 'content-length': '2' }, 'GET', '{}')).status, 413);
    assert.equal((await problem(`/api/status?${'x'.repeat(8001)}`)).status, 414);
    assert.equal((await ask('/api/status', { cookie: 'x'.repeat(20_000) })).status, 431);
    const head = await ask('/api/status', {}, 'HEAD');
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.equal((await problem('/nothing')).status, 404);
  });

  it('describes itself in OpenAPI 3.1', async () => {
    const document = (await json('/api/openapi.json')) as {
      openapi: string;
      paths: Record<string, { get: { operationId: string; parameters?: { name: string }[] } }>;
      components: { schemas: Record<string, unknown> };
    };
    assert.match(document.openapi, /^3\.1\./);
    assert.deepEqual(Object.keys(document.paths), [...new Set(Object.values(ROUTES).map(({ path }) => path))]);
    const flows = document.paths['/api/flows'].get.parameters?.map(({ name }) => name) ?? [];
    assert.ok(flows.includes('top') && flows.includes('since'));
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );
    assert.ok(references.length > 10);
    for (const name of references) assert.ok(name in document.components.schemas, name);
  });

  it('listens on loopback only, and says where a port is taken', async () => {
    const other = createApi(station);
    await assert.rejects(other.listen({ address: '0.0.0.0', port: 0, family: 4 }), { code: 'HTTP_NOT_LOOPBACK' });
    await assert.rejects(other.listen({ address: '::', port: 0, family: 6 }), { code: 'HTTP_NOT_LOOPBACK' });
    await assert.rejects(other.listen({ ...LOOPBACK, port }), { code: 'HTTP_UNAVAILABLE' });
    await other.close();
  });
});

describe('the event stream over HTTP', () => {
  it('tells events as they come, what a client missed, and ends with the station', async () => {
    const station = new FixedStation();
    const api = createApi(station, { now: () => STATION_NOW_MS });
    const { port } = await api.listen(LOOPBACK);
    const client = await listen(port);
    await client.until(/retry/);
    const attack = station.kept[0];
    station.tell({ kind: 'attack', state: 'opened', at: '2024-03-05T12:00:09.300Z', attack });
    const seen = await client.until(/"state":"opened".*\n\n/);
    const id = /id: (\S+)/.exec(seen)?.[1] ?? '';
    client.close();

    station.tell({ kind: 'attack', state: 'closed', at: '2024-03-05T12:00:44.300Z', attack });
    const again = await listen(port, id);
    const missed = await again.until(/"state":"closed".*\n\n/);
    assert.doesNotMatch(missed, /"state":"opened"/);
    const stranger = await listen(port, 'other-7');
    await stranger.until(/event: resync/);
    await api.close();
    await Promise.all([again.ended, stranger.ended]);
  });
});

interface EventClient {
  until(pattern: RegExp): Promise<string>;
  close(): void;
  readonly ended: Promise<void>;
}

/** A client of the event stream on a bare socket. */
function listen(port: number, lastId?: string): Promise<EventClient> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let text = '';
    let look = (): void => {};
    socket.setEncoding('utf8');
    socket.on('error', reject);
    const ended = new Promise<void>((done) => {
      socket.on('close', () => done());
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      look();
    });
    socket.on('connect', () => {
      const resume = lastId === undefined ? '' : `Last-Event-ID: ${lastId}\r\n`;
      socket.write(`GET /api/events HTTP/1.1\r\nHost: localhost\r\n${resume}\r\n`);
      resolve({
        until: (pattern) =>
          new Promise((found) => {
            look = () => {
              if (pattern.test(text)) found(text);
            };
            look();
          }),
        close: () => socket.destroy(),
        ended,
      });
    });
  });
}
