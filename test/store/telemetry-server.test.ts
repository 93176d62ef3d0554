import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openTelemetry } from '../../src/store/telemetry/open.ts';
import type { TelemetryStore } from '../../src/store/telemetry/telemetry-store.ts';
import { type ClickHouseServer, startClickHouse } from '../support/clickhouse-http.ts';
import { ClickHouseProxy, type ProxyMode } from '../support/clickhouse-proxy.ts';
import { RecordMaker } from '../support/telemetry-records.ts';
import { kept, question, RETENTION, until } from './telemetry-suite.ts';

/** A server that refuses, fails, hangs, is slow, or forgets to answer; and what becomes of what was offered meanwhile. */
const FROM = Math.floor(Date.now() / 86_400_000) * 86_400 - 86_400;
const SHAPE = { targets: 2, peaceRows: 20, attackRows: 30 };
const ROWS = SHAPE.targets + 1 + SHAPE.peaceRows + SHAPE.attackRows;
const maker = new RecordMaker(1, SHAPE);
let directory: string;
let server: ClickHouseServer;
let proxy: ClickHouseProxy;
let address: string;
let databases = 0;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bonghwa-server-'));
  server = await startClickHouse(join(directory, 'server'));
  proxy = new ClickHouseProxy(server.url);
  address = await proxy.start();
});

after(async () => {
  await proxy.stop();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

interface Opened {
  readonly store: TelemetryStore;
  readonly problems: Error[];
  readonly directory: string;
  readonly url: string;
}

async function open(mode: ProxyMode, memoryBytesMax = 1 << 26, spoolBytesMax = 1 << 26): Promise<Opened> {
  proxy.mode = mode;
  const problems: Error[] = [];
  const url = `${address}faults_${databases++}`;
  const own = await mkdtemp(join(directory, 'station-'));
  const store = await openTelemetry(
    { directory: own, url, retention: RETENTION, onProblem: (error) => problems.push(error) },
    { outbox: { memoryBytesMax, spoolBytesMax } },
  );
  return { store, problems, directory: own, url };
}

function offer(store: TelemetryStore, from: number, seconds: number): void {
  for (let at = 0; at < seconds; at++) store.offer(maker.make(FROM + from + at));
}

/** Flows of every second, held against what was offered: none lost, none doubled. */
async function assertFlows(store: TelemetryStore, seconds: number): Promise<void> {
  const answer = await store.flows(
    question({ since: FROM * 1000, until: (FROM + seconds) * 1000, by: 'flows', stepMs: 1000 }),
  );
  assert.equal(answer.total.rows, seconds * (SHAPE.peaceRows + SHAPE.attackRows));
  assert.equal(new Set(answer.series?.total).size, 1, 'every second has the same');
}

test('a server that comes late gets everything', async (t) => {
  const { store, problems } = await open('fail');
  t.after(() => store.close());
  offer(store, 0, 50);
  await until('the fault is told of', () => problems.length > 0);
  assert.equal(store.status().state, 'down');
  assert.match(store.status().error ?? '', /Bad day/);
  await assert.rejects(store.flows(question({ since: 0, until: 1 })), { code: 'TELEMETRY_DOWN' });
  proxy.mode = 'pass';
  await kept(store);
  await assertFlows(store, 50);
  assert.equal(problems.length, 1, 'one fault is told of once');
  assert.deepEqual([store.status().state, store.status().error], ['ready', undefined]);
});

test('a server that forgets to answer has kept the block, and it is not doubled', async (t) => {
  const { store, problems } = await open('pass');
  t.after(() => store.close());
  offer(store, 0, 5);
  await kept(store);
  proxy.mode = 'forget';
  const before = proxy.inserts;
  offer(store, 5, 5);
  await until('the block is sent', () => proxy.inserts > before);
  await until('the fault is told of', () => problems.length > 0);
  proxy.mode = 'pass';
  await kept(store);
  await assertFlows(store, 10);
});

test('a slow server is waited for', async (t) => {
  const { store, problems } = await open('slow');
  t.after(() => store.close());
  offer(store, 0, 10);
  await kept(store);
  await assertFlows(store, 10);
  assert.deepEqual(problems, []);
});

test('a server that hangs holds up nothing, and a close is in time; the next run catches up', async () => {
  const first = await open('pass');
  offer(first.store, 0, 5);
  await kept(first.store);
  proxy.mode = 'hang';
  const startedMs = performance.now();
  offer(first.store, 5, 20);
  assert.ok(performance.now() - startedMs < 500, 'offering never waits');
  assert.equal(first.store.status().waiting, 20 * ROWS);
  const asked = assert.rejects(first.store.flows(question({ since: 0, until: 1 })), { code: 'TELEMETRY_DOWN' });
  const closingMs = performance.now();
  await first.store.close();
  assert.ok(performance.now() - closingMs < 4000);
  await asked;
  assert.equal(first.store.status().lost, 0);
  assert.ok((await readdir(join(first.directory, 'spool'))).length >= 8, 'what waited is on disk');
  proxy.mode = 'pass';
  const next = await openTelemetry({ directory: first.directory, url: first.url, retention: RETENTION });
  await until('the spool is found', () => next.status().waiting > 0 || next.status().written > 0);
  await kept(next);
  await assertFlows(next, 25);
  assert.deepEqual(await readdir(join(first.directory, 'spool')), []);
  await next.close();
});

test('an address where nobody listens is a store that is down', async (t) => {
  const problems: Error[] = [];
  const store = await openTelemetry({
    directory: await mkdtemp(join(directory, 'station-')),
    url: 'http://user:secret@127.0.0.1:9/db',
    retention: RETENTION,
    onProblem: (error) => problems.push(error),
  });
  t.after(() => store.close());
  await until('down', () => store.status().state === 'down');
  assert.match(problems[0].message, /ECONNREFUSED/);
  assert.doesNotMatch(problems[0].message, /secret/);
});

test('a wrong password is told in the words of the server', async (t) => {
  const problems: Error[] = [];
  const url = new URL(address);
  url.password = 'wrong';
  const store = await openTelemetry({
    directory: await mkdtemp(join(directory, 'station-')),
    url: url.href,
    retention: RETENTION,
    onProblem: (error) => problems.push(error),
  });
  t.after(() => store.close());
  await until('told', () => problems.length > 0);
  assert.match(problems[0].message, /Authentication failed/);
});

test('what finds no room in memory waits on disk, and the oldest goes when that is full, counted', async (t) => {
  const { store, directory: own } = await open('fail', 20_000, 60_000);
  t.after(() => store.close());
  for (let at = 0; at < 200; at += 5) {
    offer(store, at, 5);
    // The disk is given the time that it has between seconds.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until('the spool is full', () => store.status().lost > 0);
  const files = await readdir(join(own, 'spool'));
  assert.ok(files.length > 2, files.join());
  const { lost, waiting } = store.status();
  assert.equal(lost + waiting, 200 * ROWS, 'every row waits or is counted as lost');
  proxy.mode = 'pass';
  await until('it has caught up', () => store.status().waiting === 0);
  const { written, lost: lostAtLast } = store.status();
  assert.equal(written + lostAtLast, 200 * ROWS);
  const answer = await store.flows(question({ since: FROM * 1000, until: (FROM + 200) * 1000 }));
  assert.ok(answer.total.rows > 0 && answer.total.rows < 200 * ROWS);
});

test('a spool that cannot be written leaves what fits into memory', async (t) => {
  const own = await mkdtemp(join(directory, 'station-'));
  await writeFile(join(own, 'spool'), 'in the way');
  const problems: Error[] = [];
  proxy.mode = 'fail';
  const store = await openTelemetry(
    { directory: own, url: `${address}no_spool`, retention: RETENTION, onProblem: (error) => problems.push(error) },
    { outbox: { memoryBytesMax: 20_000, spoolBytesMax: 60_000 } },
  );
  t.after(() => store.close());
  offer(store, 0, 200);
  await until('the fault of the disk is told of', () => problems.some(({ message }) => /EEXIST|ENOTDIR/.test(message)));
  const { lost, waiting } = store.status();
  assert.ok(lost > 0 && waiting > 0);
  assert.equal(lost + waiting, 200 * ROWS);
  proxy.mode = 'pass';
  await until('it has caught up', () => store.status().waiting === 0);
});

test('a block that is damaged on disk is given up, counted and told of; those behind it are kept', async (t) => {
  const own = await mkdtemp(join(directory, 'station-'));
  await mkdir(join(own, 'spool'));
  await writeFile(join(own, 'spool', `flows-5-${FROM - 10}-${FROM - 6}-77.block`), 'no block at all');
  const problems: Error[] = [];
  proxy.mode = 'pass';
  const store = await openTelemetry({
    directory: own,
    url: `${address}damaged`,
    retention: RETENTION,
    onProblem: (error) => problems.push(error),
  });
  t.after(() => store.close());
  offer(store, 0, 5);
  await until('all else is kept', () => store.status().waiting === 0);
  assert.deepEqual([store.status().lost, store.status().written], [77, 5 * ROWS]);
  assert.equal(problems.length, 1);
  await assertFlows(store, 5);
});

test('a table of countries that fails costs the block that was begun, and nothing else', async (t) => {
  proxy.mode = 'pass';
  const problems: Error[] = [];
  let calls = 0;
  const store = await openTelemetry({
    directory: await mkdtemp(join(directory, 'station-')),
    url: `${address}enriched`,
    retention: RETENTION,
    enrich: {
      country: () => {
        if (++calls === 120) throw new Error('the table is damaged');
        return 'KR';
      },
      asn: () => undefined,
    },
    onProblem: (error) => problems.push(error),
  });
  t.after(() => store.close());
  offer(store, 0, 10);
  await until('the rest is kept', () => store.status().waiting === 0);
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the table is damaged'],
  );
  const { written, lost } = store.status();
  assert.equal(lost, 3 * ROWS);
  assert.equal(written, 7 * ROWS);
});
