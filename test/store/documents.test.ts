import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DocumentQuery, StateStore } from '../../src/store/state/state-store.ts';
import { allDocuments, caughtUp } from '../support/state.ts';
import { STATE_ENGINES, withState } from '../support/state-engines.ts';

const DAY = Date.UTC(2026, 0, 1);
const idOf = (n: number): string => `i${String(n).padStart(6, '0')}`;

/** Document number `n` of a kind, `n` seconds into the day. */
const save = (store: StateStore, n: number, version = 0, tags: readonly string[] = []): Promise<void> =>
  store.saveDocument('incident', idOf(n), { n, version }, { at: DAY + n * 1000, tags });

async function numbers(store: StateStore, query: DocumentQuery = {}): Promise<number[]> {
  return (await allDocuments(store, 'incident', query)).map(({ body }) => (body as { n: number }).n);
}

for (const engine of STATE_ENGINES) {
  describe(`documents in ${engine.name}`, { skip: engine.skip }, () => {
    before(() => engine.start());
    after(() => engine.stop());

    it('are given back from memory, from the journal, from the database, whatever text is in them', () =>
      withState(engine, async (store, reopen) => {
        const body = { text: 'a\0b \ud800 </script> 봉화', list: [1, null, { deep: true }], nothing: undefined };
        await store.saveDocument('site', 'www.суд.example', body, { at: DAY, tags: ['sector:judiciary', '봉화'] });
        await store.saveDocument('other', 'www.суд.example', 'of another kind', { at: DAY });
        const check = async (checked: StateStore): Promise<void> => {
          const found = await checked.document('site', 'www.суд.example');
          const { nothing: _, ...kept } = body;
          assert.deepEqual(found, {
            id: 'www.суд.example',
            at: '2026-01-01T00:00:00.000Z',
            tags: ['sector:judiciary', '봉화'],
            body: kept,
          });
          assert.deepEqual(await allDocuments(checked, 'site'), [found]);
          assert.deepEqual(await allDocuments(checked, 'site', { tag: '봉화' }), [found]);
          assert.deepEqual((await checked.document('other', 'www.суд.example'))?.body, 'of another kind');
          assert.deepEqual(await allDocuments(checked, 'nothing'), []);
        };
        await check(store);
        await caughtUp(store);
        await check(store);
        assert.equal(await store.document('site', 'nobody'), undefined);
        const again = await reopen();
        await check(again);
        await caughtUp(again);
        await check(again);
      }));

    it('answer the same questions from memory and from the database', () =>
      withState(engine, async (store) => {
        for (const n of [3, 1, 2, 5, 4]) await save(store, n, 0, n % 2 === 0 ? ['state:open', `n:${n}`] : []);
        await store.saveDocument('incident', 'i000003b', { n: 30 }, { at: DAY + 3000 });
        const questions: readonly [DocumentQuery, number[]][] = [
          [{}, [5, 4, 30, 3, 2, 1]],
          [{ limit: 1 }, [5, 4, 30, 3, 2, 1]],
          [{ limit: 2 }, [5, 4, 30, 3, 2, 1]],
          [{ limit: 0 }, [5, 4, 30, 3, 2, 1]],
          [{ since: DAY + 3000 }, [5, 4, 30, 3]],
          [{ until: DAY + 3000 }, [2, 1]],
          [{ since: DAY + 2000, until: DAY + 5000, limit: 1 }, [4, 30, 3, 2]],
          [{ tag: 'state:open' }, [4, 2]],
          [{ tag: 'state:open', limit: 1 }, [4, 2]],
          [{ tag: "n:2' or true" }, []],
          [{ since: -1, until: 1e18 }, [5, 4, 30, 3, 2, 1]],
        ];
        const check = async (): Promise<void> => {
          for (const [query, answer] of questions)
            assert.deepEqual(await numbers(store, query), answer, JSON.stringify(query));
        };
        await check();
        await caughtUp(store);
        await check();
        for (const before of ['', '!!!', Buffer.from('2026-99-99T00:00:00.000Z a').toString('base64url')])
          assert.equal((await store.documents('incident', { before })).documents.length, 6, before);
      }));

    it('are there in their newest version, each once, while pages are turned and they change, move and go', () =>
      withState(engine, async (store, reopen) => {
        const count = 600;
        const all = Array.from({ length: count }, (_, n) => n);
        await Promise.all(all.map((n) => save(store, n)));
        await caughtUp(store);
        const changing = numbers(store, { limit: 7 });
        for (const n of all.filter((n) => n % 3 === 0)) void save(store, n, 2);
        assert.deepEqual(await changing, [...all].reverse());
        for (const n of all.filter((n) => n % 3 === 1)) void store.removeDocument('incident', idOf(n));
        // One moves to the other end of the order.
        await store.saveDocument('incident', idOf(0), { n: 0, version: 3 }, { at: DAY + count * 1000 });
        const left = [0, ...all.filter((n) => n !== 0 && n % 3 !== 1).reverse()];
        const check = async (checked: StateStore): Promise<void> => {
          assert.deepEqual(await numbers(checked, { limit: 99 }), left);
          assert.deepEqual((await checked.document('incident', idOf(0)))?.body, { n: 0, version: 3 });
          assert.deepEqual((await checked.document('incident', idOf(3)))?.body, { n: 3, version: 2 });
          assert.equal(await checked.document('incident', idOf(1)), undefined);
        };
        await check(store);
        await caughtUp(store);
        await check(store);
        const again = await reopen();
        await caughtUp(again);
        await check(again);
      }));

    it('are forgotten from before a time, of one kind only, for good', () =>
      withState(engine, async (store, reopen) => {
        for (const n of [1, 2, 3]) await save(store, n);
        await store.saveDocument('site', 'a', {}, { at: DAY });
        await caughtUp(store);
        assert.equal(await store.pruneDocuments('incident', DAY + 3000), 2);
        assert.equal(await store.pruneDocuments('incident', DAY + 3000), 0);
        assert.deepEqual(await numbers(store), [3]);
        const again = await reopen();
        await caughtUp(again);
        assert.deepEqual(await numbers(again), [3]);
        assert.equal((await allDocuments(again, 'site')).length, 1);
      }));

    it('are refused where they cannot be kept, and say why', () =>
      withState(engine, async (store) => {
        const refused = { code: 'DOCUMENT_INVALID' };
        await assert.rejects(store.saveDocument('incident', 'a', 'x'.repeat(256 * 1024)), refused);
        await assert.rejects(store.saveDocument('incident', '', {}), refused);
        await assert.rejects(store.saveDocument('incident', 'a\0', {}), refused);
        await assert.rejects(store.saveDocument('incident', '\ud800', {}), refused);
        await assert.rejects(store.saveDocument('Incident', 'a', {}), refused);
        await assert.rejects(
          store.saveDocument('incident', 'a', () => 1),
          refused,
        );
        await assert.rejects(store.saveDocument('incident', 'a', {}, { at: Number.NaN }), refused);
        await assert.rejects(store.saveDocument('incident', 'a', {}, { tags: ['\0'] }), refused);
        const tags = Array.from({ length: 65 }, (_, n) => `t${n}`);
        await assert.rejects(store.saveDocument('incident', 'a', {}, { tags }), refused);
        await caughtUp(store);
        assert.deepEqual(await numbers(store), []);
        assert.equal(store.status().lost, 0);
      }));
  });
}
