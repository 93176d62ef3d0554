import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Attack } from '../../src/model/attack.ts';
import { openState } from '../../src/store/state/open.ts';
import { PostgresServer, SKIP_WITHOUT_POSTGRES } from '../support/postgres.ts';
import { allAttacks, attackOf, caughtUp, exporterOf, temporaryDirectory } from '../support/state.ts';
import { STATE_ENGINES, withState } from '../support/state-engines.ts';

const ids = (attacks: readonly Attack[]): string[] => attacks.map(({ id }) => id);

for (const engine of STATE_ENGINES) {
  describe(`state in ${engine.name}`, { skip: engine.skip }, () => {
    before(() => engine.start());
    after(() => engine.stop());

    const withStore = (use: Parameters<typeof withState>[1]): Promise<void> => withState(engine, use);

    it('gives back what was saved: from memory, from the journal, from the database', () =>
      withStore(async (store, reopen) => {
        const attacks = [attackOf(1), attackOf(2, 7, { ongoing: true }), attackOf(3)];
        await Promise.all(attacks.map((attack) => store.saveAttack(attack)));
        await store.saveExporters([exporterOf(2), exporterOf(1)]);
        await store.setSetting('text', '123');
        await store.setSetting('record', { list: [1, null, 'a'], nothing: null });
        await store.saveBlob('detector', new Uint8Array([1, 2, 3]));
        const check = async (checked: typeof store): Promise<void> => {
          assert.deepEqual(await allAttacks(checked), [...attacks].reverse());
          assert.deepEqual(await checked.attack('attack-000002'), attacks[1]);
          assert.deepEqual(await checked.exporters(), [exporterOf(1), exporterOf(2)]);
          assert.equal(await checked.setting('text'), '123');
          assert.deepEqual(await checked.setting('record'), { list: [1, null, 'a'], nothing: null });
          assert.equal(await checked.setting('other'), undefined);
          assert.deepEqual(await checked.loadBlob('detector'), new Uint8Array([1, 2, 3]));
          assert.equal(await checked.loadBlob('templates'), undefined);
        };
        await check(store);
        await caughtUp(store);
        await check(store);
        assert.equal(await store.attack('nobody'), undefined);
        const again = await reopen();
        assert.equal(again.status().state, 'starting');
        await check(again);
        await caughtUp(again);
        await check(again);
        assert.equal(again.status().kind, engine.name);
      }));

    it('keeps the newest version of an attack, wherever the older ones are', () =>
      withStore(async (store, reopen) => {
        for (let version = 1; version <= 5; version++) void store.saveAttack(attackOf(1, version, { ongoing: true }));
        await store.saveAttack(attackOf(1, 6, { ongoing: true }));
        await caughtUp(store);
        await store.saveAttack(attackOf(1, 7));
        assert.deepEqual(await allAttacks(store, { ongoing: true }), []);
        assert.deepEqual(await allAttacks(store), [attackOf(1, 7)]);
        const again = await reopen();
        assert.deepEqual(await allAttacks(again), [attackOf(1, 7)]);
        await caughtUp(again);
        assert.deepEqual(await allAttacks(again), [attackOf(1, 7)]);
      }));

    it('answers the same questions from memory and from the database', () =>
      withStore(async (store) => {
        const day = Date.UTC(2026, 0, 1);
        const carpet = { kind: 'prefix', value: '198.51.0.0/24' } as const;
        const site = { kind: 'site', value: 'www.ministry.example' } as const;
        const ipv6 = { kind: 'address', value: '2001:db8::5' } as const;
        await store.saveAttack(attackOf(1));
        await store.saveAttack(attackOf(2, 0, { target: carpet }));
        await store.saveAttack(attackOf(3, 0, { ongoing: true, target: site }));
        await store.saveAttack(attackOf(4, 0, { target: ipv6 }));
        const { end: _, ...endless } = attackOf(5);
        await store.saveAttack(endless);
        const questions = [
          { query: {}, answer: [5, 4, 3, 2, 1] },
          { query: { target: '198.51.0.1' }, answer: [2, 1] },
          { query: { target: '198.51.0.0/23' }, answer: [5, 2, 1] },
          { query: { target: '198.51.0.5' }, answer: [5, 2] },
          { query: { target: '198.51.1.5' }, answer: [] },
          { query: { target: 'www.ministry.example' }, answer: [3] },
          { query: { target: '2001:db8::/32' }, answer: [4] },
          { query: { target: '2001:0db8:0::5' }, answer: [4] },
          { query: { ongoing: true }, answer: [3] },
          { query: { ongoing: false }, answer: [5, 4, 2, 1] },
          { query: { until: day + 3000 }, answer: [2, 1] },
          { query: { since: day + 63_000 }, answer: [4, 3] },
          { query: { since: day + 5000, until: day + 6000 }, answer: [5, 4, 3, 2, 1] },
          { query: { since: day + 5001, until: day + 6000 }, answer: [4, 3, 2, 1] },
          { query: { limit: 2 }, answer: [5, 4, 3, 2, 1] },
          { query: { since: -1, until: 1e18, limit: 0 }, answer: [5, 4, 3, 2, 1] },
        ];
        const check = async (): Promise<void> => {
          for (const { query, answer } of questions) {
            assert.deepEqual(
              ids(await allAttacks(store, query)),
              answer.map((n) => `attack-00000${n}`),
              JSON.stringify(query),
            );
          }
        };
        await check();
        await caughtUp(store);
        await check();
      }));

    it('turns pages over what the database has and what memory knows better, each attack once', () =>
      withStore(async (store) => {
        const count = 1500;
        const saved = Array.from({ length: count }, (_, n) => attackOf(n));
        await Promise.all(saved.map((attack) => store.saveAttack(attack)));
        await caughtUp(store);
        const changing = allAttacks(store, { limit: 7 });
        for (let n = 0; n < count; n += 3) void store.saveAttack(attackOf(n, 2));
        const found = await changing;
        assert.deepEqual(ids(found), ids(saved).reverse());
        await caughtUp(store);
        assert.equal((await allAttacks(store)).filter(({ evidence }) => evidence.packets === 2).length, count / 3);
      }));

    it('does not break on a cursor that is none', () =>
      withStore(async (store) => {
        await store.saveAttack(attackOf(1));
        await caughtUp(store);
        for (const before of ['', 'x', '!!!', Buffer.from('2026-99-99T00:00:00.000Z a').toString('base64url')]) {
          assert.equal((await store.attacks({ before })).attacks.length, 1, before);
        }
      }));

    it('removes a setting for good', () =>
      withStore(async (store, reopen) => {
        await store.setSetting('a', 1);
        await caughtUp(store);
        await store.setSetting('a', undefined);
        assert.equal(await store.setting('a'), undefined);
        await caughtUp(store);
        const again = await reopen();
        await caughtUp(again);
        assert.equal(await again.setting('a'), undefined);
      }));

    it('forgets attacks that ended before a time, and none that go on', () =>
      withStore(async (store, reopen) => {
        for (const n of [1, 2, 3]) await store.saveAttack(attackOf(n, 0, n === 1 ? { ongoing: true } : {}));
        await caughtUp(store);
        assert.equal(await store.prune(Date.UTC(2026, 0, 1) + 63_000), 1);
        assert.deepEqual(ids(await allAttacks(store)), ['attack-000003', 'attack-000001']);
        assert.equal(await store.prune(Date.UTC(2026, 0, 1) + 63_000), 0);
        const again = await reopen();
        await caughtUp(again);
        assert.deepEqual(ids(await allAttacks(again)), ['attack-000003', 'attack-000001']);
      }));

    it('passes over what the database can never take, says so, and takes the rest', async () => {
      const directory = temporaryDirectory('state');
      const problems: string[] = [];
      const url = await engine.fresh(directory.path);
      const store = await openState({
        directory: directory.path,
        url,
        onProblem: (error) => problems.push(error.message),
      });
      try {
        // PostgreSQL has no text with a zero in it.
        await Promise.all([
          store.saveAttack(attackOf(1)),
          store.saveAttack(attackOf(2, 0, { why: 'a\u0000b' })),
          store.saveAttack(attackOf(3)),
        ]);
        await caughtUp(store);
        assert.equal(store.status().lost, 1);
        assert.equal(problems.length, 1);
        assert.match(problems[0], /database refuses attack attack-000002/);
        assert.ok(await store.attack('attack-000003'));
      } finally {
        await store.close();
        directory.remove();
      }
    });

    it('keeps blobs of many parts, and of none', () =>
      withStore(async (store, reopen) => {
        const large = new Uint8Array(3_000_001).map((_, at) => (at * 31) >> 3);
        await store.saveBlob('large', large);
        await store.saveBlob('none', new Uint8Array(0));
        const again = await reopen();
        assert.deepEqual(await again.loadBlob('large'), large);
        assert.deepEqual(await again.loadBlob('none'), new Uint8Array(0));
      }));

    it('bounds the exporters that it remembers', () =>
      withStore(async (store) => {
        const reports = Array.from({ length: 5000 }, (_, n) => exporterOf(n));
        await store.saveExporters(reports.slice(0, 2500));
        await store.saveExporters(reports.slice(2500));
        await caughtUp(store);
        const kept = await store.exporters();
        assert.equal(kept.length, 4096);
        assert.ok(kept.some(({ exporter }) => exporter === reports[4999].exporter));
      }));
  });
}

describe('state in PostgreSQL alone', { skip: SKIP_WITHOUT_POSTGRES }, () => {
  let postgres: PostgresServer;
  before(async () => {
    postgres = await PostgresServer.start();
  });
  after(() => postgres.stop());

  it('is found again from another data directory: attacks, exporters, settings, blobs', async () => {
    const [first, second] = [temporaryDirectory('state'), temporaryDirectory('state')];
    const url = postgres.url(await postgres.newDatabase());
    const before = await openState({ directory: first.path, url });
    await before.saveAttack(attackOf(1, 3));
    await before.saveExporters([exporterOf(1)]);
    await before.setSetting('a', 'b');
    await before.saveBlob('detector', new Uint8Array([9, 8]));
    await caughtUp(before);
    await before.close();
    const after = await openState({ directory: second.path, url });
    try {
      assert.deepEqual(await after.loadBlob('detector'), new Uint8Array([9, 8]));
      assert.equal(await after.setting('a'), 'b');
      await caughtUp(after);
      assert.deepEqual(await after.exporters(), [exporterOf(1)]);
      assert.deepEqual(await after.attack('attack-000001'), attackOf(1, 3));
      await after.saveAttack(attackOf(1, 4));
      await caughtUp(after);
      assert.deepEqual(
        (await postgres.query('state_1', `select attack->'evidence'->'packets' as version from bonghwa.attacks`))[0],
        { version: 4 },
      );
    } finally {
      await after.close();
      first.remove();
      second.remove();
    }
  });

  it('belongs to one station at a time', async () => {
    const [first, second] = [temporaryDirectory('state'), temporaryDirectory('state')];
    const url = postgres.url(await postgres.newDatabase());
    const one = await openState({ directory: first.path, url });
    await caughtUp(one);
    const problems: string[] = [];
    const other = await openState({ directory: second.path, url, onProblem: (error) => problems.push(error.message) });
    try {
      await other.saveAttack(attackOf(1));
      while (problems.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.match(problems[0], /another station uses this database/);
      assert.equal(other.status().state, 'down');
      assert.equal(other.status().waiting, 1);
      await one.close();
      await caughtUp(other);
      assert.equal(problems.length, 1);
    } finally {
      await one.close();
      await other.close();
      first.remove();
      second.remove();
    }
  });
});
