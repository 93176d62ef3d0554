import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BonghwaError } from '../../src/base/errors.ts';
import { parseAddress } from '../../src/base/ip.ts';
import { parsePrefix, prefixContains } from '../../src/base/prefix.ts';
import { flowsAnswerSchema } from '../../src/store/telemetry/flows-query.ts';
import { openTelemetry } from '../../src/store/telemetry/open.ts';
import { secondsAnswerSchema, secondsQuerySchema } from '../../src/store/telemetry/seconds-query.ts';
import type { TelemetryStore } from '../../src/store/telemetry/telemetry-store.ts';
import { type ClickHouseServer, startClickHouse } from '../support/clickhouse-http.ts';
import { ATTACK_ID, RecordMaker, VICTIM } from '../support/telemetry-records.ts';
import { assertGroups, groupsOf, kept, question, RETENTION, rowsOf, until } from './telemetry-suite.ts';

/** The same suite for both engines: chDB in a process of its own, and a server over HTTP. */
for (const engine of ['chdb', 'clickhouse'] as const) {
  describe(`telemetry in ${engine}`, () => {
    // A whole hour, an hour ago, so that blocks, minutes and hours are met; well inside of retention.
    const from = Math.floor(Date.now() / 3_600_000) * 3600 - 3600;
    const maker = new RecordMaker(7, { targets: 4, peaceRows: 50, attackRows: 150 });
    const records = Array.from({ length: 150 }, (_, at) => maker.make(from + at));
    const rows = rowsOf(records);
    const all = { since: from * 1000, until: (from + 150) * 1000 };
    const problems: Error[] = [];
    let directory: string;
    let server: ClickHouseServer | undefined;
    let store: TelemetryStore;

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'bonghwa-telemetry-'));
      if (engine === 'clickhouse') server = await startClickHouse(join(directory, 'server'));
      const url =
        server === undefined ? {} : { url: `${server.url}/station_one?compression_request=1&compression_response=1` };
      store = await openTelemetry({
        directory,
        ...url,
        retention: RETENTION,
        enrich: {
          country: (words, at) => ['KR', 'US', undefined][words[at + 3] % 3],
          asn: () => 65_000,
        },
        onProblem: (error) => problems.push(error),
      });
      // Everything is offered before the engine can have started: none of it is lost.
      for (const record of records) store.offer(record);
      await kept(store);
    });

    after(async () => {
      await store?.close();
      await server?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    test('says which engine it is, and that all is kept', () => {
      assert.deepEqual(problems, []);
      const { kind, state, written, lost, waiting } = store.status();
      assert.deepEqual({ kind, state, waiting, lost }, { kind: engine, state: 'ready', waiting: 0, lost: 0 });
      assert.equal(written, 150 * (200 + 5));
    });

    test('groups flows as brute force does', async () => {
      for (const by of ['packets', 'bytes', 'flows'] as const) {
        const answer = await store.flows(question({ ...all, top: ['srcAddr', 'dstPort'], by, limit: 50 }));
        assert.equal(answer.groups.length, 50);
        assertGroups(
          answer,
          groupsOf(rows, by, (row) => [row.srcAddr, row.dstPort]),
          by,
        );
        assert.equal(answer.total.rows, rows.length);
        flowsAnswerSchema.parse(answer);
      }
      const classes = await store.flows(question({ ...all, top: ['class', 'proto', 'kept'] }));
      assertGroups(
        classes,
        groupsOf(rows, 'packets', (row) => [row.class, row.proto, row.kept]),
        'packets',
      );
    });

    test('filters by every field as brute force does', async () => {
      const inside = (prefix: string) => (address: string) =>
        prefixContains(parsePrefix(prefix)!, parseAddress(address)!);
      const cases = [
        [{ targets: [VICTIM] }, (row) => row.dstAddr === VICTIM],
        [
          { targets: [VICTIM, '198.51.96.0/22'] },
          (row) => row.dstAddr === VICTIM || inside('198.51.96.0/22')(row.dstAddr),
        ],
        [
          { src: ['0.0.0.0/1'], dst: ['198.51.0.0/16'] },
          (row) => inside('0.0.0.0/1')(row.srcAddr) && inside('198.51.0.0/16')(row.dstAddr),
        ],
        [{ proto: 17, port: 53 }, (row) => row.proto === 17 && (row.srcPort === 53 || row.dstPort === 53)],
        [{ srcPort: 443 }, (row) => row.srcPort === 443],
        [{ dstPort: 443, kept: 'peace' as const }, (row) => row.dstPort === 443],
        [{ class: 'dnsResponse' as const }, (row) => row.class === 'dnsResponse'],
        [{ srcAsn: 64_500 }, (row) => row.srcAsn === 64_500],
        [{ attackId: ATTACK_ID }, (row) => row.kept === 'attack'],
        [{ attackId: "'; DROP TABLE flows; --" }, () => false],
        [{ src: ['2001:db8::/32'] }, () => false],
        [{ targets: [] }, () => false],
        [
          { since: (from + 10) * 1000, until: (from + 25) * 1000 },
          (row) => row.time >= from + 10 && row.time < from + 25,
        ],
      ] as const satisfies readonly (readonly [object, (row: (typeof rows)[number]) => boolean])[];
      for (const [filter, matches] of cases) {
        const query = { ...all, ...structuredClone(filter) } as Parameters<typeof question>[0];
        const answer = await store.flows(question({ ...query, top: ['dstAddr'], by: 'flows', limit: 30 }));
        const expected = groupsOf(rows.filter(matches), 'flows', (row) => [row.dstAddr]);
        assert.equal(answer.groups.length, Math.min(30, expected.length), JSON.stringify(filter));
        assertGroups(answer, expected, 'flows');
      }
    });

    test('enriches sources, and prefers the AS that the telemetry names', async () => {
      const answer = await store.flows(question({ ...all, top: ['srcCountry'], by: 'flows' }));
      assert.deepEqual(answer.groups.map(({ key }) => key[0]).sort(), ['KR', 'US', null].sort());
      const korean = await store.flows(question({ ...all, srcCountry: 'kr' }));
      const expected = rows.filter((row) => (parseAddress(row.srcAddr)?.[3] ?? 0) % 3 === 0);
      assert.equal(korean.total.rows, expected.length);
      const asns = await store.flows(question({ ...all, top: ['srcAsn'], limit: 100 }));
      assert.equal(
        asns.groups.some(({ key }) => key[0] === 65_000),
        false,
      );
    });

    test('gives nets, sizes and exporters as people write them', async () => {
      const nets = await store.flows(question({ ...all, targets: [VICTIM], top: ['dstNet', 'exporter'], limit: 5 }));
      assert.deepEqual(nets.groups.map(({ key }) => key).sort(), [
        ['198.51.100.0/24', '192.0.2.1'],
        ['198.51.100.0/24', '192.0.2.2'],
      ]);
      const sizes = await store.flows(question({ ...all, attackId: ATTACK_ID, top: ['packetSize', 'ttl'], limit: 1 }));
      assert.equal(sizes.groups[0].key[0], '1024-1499');
      assert.equal(typeof sizes.groups[0].key[1], 'number');
    });

    test('says how far the sample may be off', async () => {
      const answer = await store.flows(question({ ...all, attackId: ATTACK_ID, by: 'flows' }));
      // 22,500 rows of weight 16: 1.96 √(n w (w - 1)) / (n w).
      const expected = (1.96 * Math.sqrt(22_500 * 16 * 15)) / (22_500 * 16);
      assert.ok(Math.abs(answer.total.error - expected) < 1e-6, `${answer.total.error} for ${expected}`);
    });

    test('gives every group and the total by step', async () => {
      const answer = await store.flows(question({ ...all, top: ['class'], by: 'packets', stepMs: 30_000 }));
      assert.equal(answer.series?.stepMs, 30_000);
      assert.equal(answer.series.from, new Date(all.since).toISOString());
      for (const { key, series } of answer.groups) {
        const expected = [0, 1, 2, 3, 4].map((step) =>
          rows
            .filter((row) => row.class === key[0] && Math.floor((row.time - from) / 30) === step)
            .reduce((sum, row) => sum + row.weight * row.packets, 0),
        );
        assert.deepEqual(series, expected);
      }
      assert.equal(
        answer.series.total.reduce((a, b) => a + b),
        answer.total.packets,
      );
    });

    test('gives the rates of a target and of all by second', async () => {
      const ask = (fields: object) => store.seconds(secondsQuerySchema.parse({ ...all, ...fields }));
      const total = await ask({ stepMs: 1000 });
      assert.equal(total.from, 'seconds');
      assert.deepEqual(
        total.points.map(({ mean }) => mean.bps),
        records.map((record) => Math.fround(record.total.bps)),
      );
      const target = await ask({ target: VICTIM, stepMs: 10_000 });
      secondsAnswerSchema.parse(target);
      assert.equal(target.points.length, 15);
      for (const [at, point] of target.points.entries()) {
        const rates = records.slice(10 * at, 10 * at + 10).map(({ targets }) => Math.fround(targets[0].rate.pps));
        assert.ok(Math.abs(point.mean.pps - rates.reduce((a, b) => a + b) / 10) < 0.01);
        assert.equal(point.max.pps, Math.max(...rates));
        assert.deepEqual([point.seconds, point.attackId, point.excess, point.baseline.pps], [10, ATTACK_ID, 25, 2000]);
      }
      assert.equal((await ask({ prefix: '198.51.100.11', stepMs: 30_000 })).points.length, 5);
      assert.equal((await ask({ target: VICTIM, direction: 'out' })).points.length, 0);
      assert.equal((await ask({ target: "198.51.100.10' OR 1" })).points.length, 0);
    });

    test('refuses what cannot be asked, with what to do', async () => {
      const refusal = async (asked: Promise<unknown>): Promise<BonghwaError> => {
        const error = await asked.then(
          () => assert.fail('it was answered'),
          (reason: unknown) => reason,
        );
        assert.ok(error instanceof BonghwaError);
        assert.equal(error.code, 'TELEMETRY_QUERY');
        return error;
      };
      await refusal(store.flows(question({ since: 2000, until: 1000 })));
      assert.match((await refusal(store.flows(question({ ...all, src: ['203.0.113'] })))).message, /203\.0\.113/);
      const fine = await refusal(store.flows(question({ since: 0, until: all.until, stepMs: 1000 })));
      assert.match(fine.hint ?? '', /steps of \d+ s/);
      await refusal(store.seconds(secondsQuerySchema.parse({ since: 0, until: all.until, stepMs: 1000 })));
      // A question that fails leaves nothing behind for the next one.
      assert.equal((await store.flows(question({ ...all }))).total.rows, rows.length);
    });

    test('lets go of a question that nobody waits for', async () => {
      await assert.rejects(
        store.flows(question({ ...all, top: ['srcAddr'] }), AbortSignal.abort(new Error('gone'))),
        /gone/,
      );
    });

    test('is closed in time, and has everything when it is opened again', async () => {
      const startedMs = Date.now();
      await store.close();
      assert.ok(Date.now() - startedMs < 4000);
      store.offer(records[0]);
      assert.equal(store.status().lost, 205);
      store = await openTelemetry({
        directory,
        ...(server === undefined ? {} : { url: `${server.url}/station_one` }),
        retention: RETENTION,
        onProblem: (error) => problems.push(error),
      });
      await assert.rejects(store.flows(question(all)), { code: 'TELEMETRY_DOWN' });
      await until('ready', () => store.status().state === 'ready');
      assert.equal((await store.flows(question(all))).total.rows, rows.length);
      assert.deepEqual(problems, []);
    });
  });
}

test('a station that keeps no telemetry says so', async () => {
  const store = await openTelemetry({ directory: '/nonexistent', url: 'off', retention: RETENTION });
  store.offer(new RecordMaker(1, { targets: 1, peaceRows: 1, attackRows: 0 }).make(1));
  assert.deepEqual(store.status(), { kind: 'off', state: 'ready', waiting: 0, written: 0, lost: 0 });
  await assert.rejects(store.flows(question({ since: 0, until: 1 })), { code: 'TELEMETRY_DOWN' });
  await assert.rejects(store.seconds(secondsQuerySchema.parse({ since: 0, until: 1 })), { code: 'TELEMETRY_DOWN' });
  await store.close();
});

test('an address that names no server is refused at once, without its password', async () => {
  for (const url of ['tcp://u:secret@host:9000', 'http://u:secret@host:8123/a.b', 'nonsense secret']) {
    await assert.rejects(
      openTelemetry({ directory: '/nonexistent', url, retention: RETENTION }),
      (error: BonghwaError) => {
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.doesNotMatch(`${error.message} ${error.hint}`, /secret/);
        return true;
      },
    );
  }
});
