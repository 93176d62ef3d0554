import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BonghwaError } from '../../src/base/errors.ts';
import { parseAddress } from '../../src/base/ip.ts';
import type { KeptRequest, RequestsRecord } from '../../src/model/kept-request.ts';
import { openTelemetry } from '../../src/store/telemetry/open.ts';
import {
  type RequestsAnswer,
  requestsAnswerSchema,
  requestsQuerySchema,
} from '../../src/store/telemetry/requests-query.ts';
import type { TelemetryStore } from '../../src/store/telemetry/telemetry-store.ts';
import { type ClickHouseServer, startClickHouse } from '../support/clickhouse-http.ts';
import { kept, RETENTION, until } from './telemetry-suite.ts';

const FROM = Math.floor(Date.now() / 3_600_000) * 3600 - 3600;
const ATTACK = '20261123T202257Z-in-portal-5f3a09c1d2b7';
const HOSTILE = `'; DROP TABLE requests; --\\ \u0007 100%_*`;
const SPAN = { since: FROM * 1000, until: (FROM + 3600) * 1000 };

/** Second by second: three searches of a flood that stand for ten each, one reader elsewhere, and now and then a host name. */
function record(at: number): RequestsRecord {
  const blank: KeptRequest = {
    timeMs: (FROM + at) * 1000 + 250,
    site: 'portal',
    client: new Uint32Array(4),
    clientName: '',
    method: 1,
    path: '/search',
    query: '',
    status: 503,
    bytes: 100,
    requestMs: 12.5,
    httpVersion: 11,
    referrer: '',
    userAgent: 'flood/1',
    weight: 10,
    attackId: ATTACK,
  };
  const flood = [0, 1, 2].map((n) => ({
    ...blank,
    client: parseAddress(`203.0.113.${n + 1}`)!,
    query: `q=${at}`,
    status: n === 0 ? 200 : 503,
  }));
  const peace = { ...blank, site: 'court', path: '/', status: 200, userAgent: HOSTILE, weight: 1, attackId: '' };
  const reader =
    at % 10 === 0
      ? { ...peace, clientName: 'crawler.example', requestMs: -1 }
      : { ...peace, client: parseAddress('2001:db8::7')! };
  return { second: FROM + at, requests: [...flood, reader] };
}

for (const engine of ['chdb', 'clickhouse'] as const) {
  describe(`requests in ${engine}`, () => {
    let directory: string;
    let server: ClickHouseServer | undefined;
    let store: TelemetryStore;

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'bonghwa-requests-'));
      if (engine === 'clickhouse') server = await startClickHouse(join(directory, 'server'));
      const url = server === undefined ? {} : { url: `${server.url}/station_one?compression_request=1` };
      const enrich = {
        country: (words: Uint32Array, at: number) => (words[at + 3] > 0 ? 'KR' : undefined),
        asn: (words: Uint32Array, at: number) => (words[at + 3] > 0 ? 64_500 : undefined),
      };
      store = await openTelemetry({ directory, ...url, retention: RETENTION, enrich });
      for (let at = 0; at < 60; at++) store.offerRequests(record(at));
      await kept(store);
    });
    after(async () => {
      await store?.close();
      await server?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    const ask = async (query: Record<string, unknown>): Promise<RequestsAnswer> =>
      requestsAnswerSchema.parse(await store.requests(requestsQuerySchema.parse({ ...SPAN, ...query })));
    const rowsOf = async (query: Record<string, unknown>): Promise<number> => (await ask(query)).total.rows;

    test('are told one by one, the latest first, page by page, each once', async () => {
      const seen: string[] = [];
      let before: string | undefined;
      do {
        const page = await ask({ limit: 100, ...(before === undefined ? {} : { before }) });
        assert.deepEqual([page.total.rows, page.total.requests], [240, 60 * 31]);
        assert.deepEqual(page.groups, []);
        seen.push(...page.requests.map((request) => JSON.stringify(request)));
        before = page.next;
      } while (before !== undefined);
      assert.deepEqual([seen.length, new Set(seen).size], [240, 240]);
      const [first] = (await ask({ site: ['portal'], client: ['203.0.113.2'], limit: 1 })).requests;
      assert.deepEqual(first, {
        time: new Date((FROM + 59) * 1000 + 250).toISOString(),
        site: 'portal',
        client: '203.0.113.2',
        asn: 64_500,
        country: 'KR',
        method: 'GET',
        path: '/search',
        query: 'q=59',
        status: 503,
        bytes: 100,
        requestMs: 12.5,
        httpVersion: '1.1',
        userAgent: 'flood/1',
        attackId: ATTACK,
        weight: 10,
      });
      const [named] = (await ask({ client: ['crawler.example'] })).requests;
      assert.deepEqual(
        [named.client, named.asn, named.requestMs, named.attackId, named.userAgent],
        ['crawler.example', undefined, undefined, undefined, HOSTILE],
      );
    });

    test('are grouped, with estimates', async () => {
      const { groups, total, distinct, requests } = await ask({ top: ['client', 'status'], limit: 2 });
      assert.deepEqual(
        groups.map(({ key }) => key),
        [
          ['203.0.113.1', 200],
          ['203.0.113.2', 503],
        ],
      );
      assert.deepEqual([groups[0].requests, groups[0].bytes, groups[0].rows], [600, 60_000, 60]);
      assert.ok(Math.abs(groups[0].share - 600 / 1860) < 1e-9 && groups[0].error > 0.1);
      assert.deepEqual([total.rows, total.requests, distinct, requests.length], [240, 1860, 5, 0]);
      const { groups: byPath } = await ask({ top: ['path'], by: 'bytes' });
      assert.deepEqual(
        byPath.map(({ key, bytes }) => [key[0], bytes]),
        [
          ['/search', 180_000],
          ['/', 6000],
        ],
      );
      const { groups: agents } = await ask({ top: ['userAgent', 'kept'] });
      assert.deepEqual(
        agents.map(({ key }) => key),
        [
          ['flood/1', 'attack'],
          [HOSTILE, 'peace'],
        ],
      );
    });

    test('every filter narrows, and what a person types is text', async () => {
      assert.equal(await rowsOf({ site: ['portal', 'nobody'] }), 180);
      assert.equal(await rowsOf({ client: ['203.0.113.0/31', '2001:db8::/32'] }), 60 + 54);
      assert.equal(await rowsOf({ path: '/sea*' }), 180);
      assert.equal(await rowsOf({ path: '/sea' }), 0);
      assert.equal(await rowsOf({ query: 'q=5*' }), 33);
      assert.equal(await rowsOf({ status: ['5xx'] }), 120);
      assert.equal(await rowsOf({ status: ['200', '404'] }), 120);
      assert.equal(await rowsOf({ status: ['200', '5xx'] }), 240);
      assert.equal(await rowsOf({ attackId: ATTACK }), 180);
      assert.equal(await rowsOf({ kept: 'peace' }), 60);
      assert.equal(await rowsOf({ method: 'POST' }), 0);
      assert.equal(await rowsOf({ asn: 64_500, country: 'kr' }), 234);
      assert.equal(await rowsOf({ userAgent: '*DROP TABLE*' }), 60);
      assert.equal(await rowsOf({ userAgent: '*100%_*' }), 60);
      assert.equal(await rowsOf({ userAgent: 'flood_1*' }), 0);
      assert.equal(await rowsOf({ site: [HOSTILE] }), 0);
      assert.equal(await rowsOf({ since: SPAN.since + 30_000 }), 120);
      await assert.rejects(ask({ before: "1.2.3.4' OR 1" }), { code: 'TELEMETRY_QUERY' });
      await assert.rejects(ask({ until: SPAN.since }), { code: 'TELEMETRY_QUERY' });
    });
  });
}

test('requests wait on disk while the engine is down, and are kept once when it is back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bonghwa-requests-'));
  const gone = await openTelemetry({ directory, url: 'http://127.0.0.1:9/none', retention: RETENTION });
  for (let at = 0; at < 20; at++) gone.offerRequests(record(at));
  await until('the engine is told as down', () => gone.status().state === 'down');
  await gone.close();
  const waiting = await readdir(join(directory, 'spool'));
  assert.ok(waiting.length > 0 && waiting.every((name) => name.startsWith('requests-')), waiting.join());
  const store = await openTelemetry({ directory, retention: RETENTION });
  await until('the store can be asked', () => store.status().state === 'ready');
  await kept(store);
  const query = requestsQuerySchema.parse({ ...SPAN, top: ['site'] });
  assert.equal((await store.requests(query)).total.rows, 80);
  assert.deepEqual(await readdir(join(directory, 'spool')), []);
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

test('a station that keeps nothing says so', async () => {
  const store = await openTelemetry({ directory: '/nowhere', url: 'off', retention: RETENTION });
  store.offerRequests(record(0));
  await assert.rejects(store.requests(requestsQuerySchema.parse(SPAN)), BonghwaError);
});
