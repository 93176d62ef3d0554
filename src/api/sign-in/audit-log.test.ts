import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { MemoryDocuments } from '../../../test/support/memory-documents.ts';
import { AuditLog, auditPage, verifyAudit } from './audit-log.ts';

const DAY_MS = 86_400_000;
const BEGIN_MS = Date.parse('2026-01-01T12:00:00.000Z');
const PERSON = { kind: 'person', id: 'p1', name: 'Han', role: 'admin' };

describe('the audit log', () => {
  let store = new MemoryDocuments();
  let nowMs = BEGIN_MS;
  let log: AuditLog;

  const open = (): AuditLog => new AuditLog(store, () => nowMs);
  const act = (n: number) => log.append({ by: PERSON, act: 'note', to: { n }, status: 200, address: '::1' });
  /** Two acts a day. */
  async function days(count: number): Promise<void> {
    for (let at = 0; at < 2 * count; at++) {
      await act(at);
      nowMs += DAY_MS / 2;
    }
  }
  const numbers = async (): Promise<number[]> =>
    (await auditPage(store, { limit: 1000 })).entries.map(({ number }) => number);

  beforeEach(async () => {
    store = new MemoryDocuments();
    nowMs = BEGIN_MS;
    log = open();
    await days(10);
  });

  it('forgets what is old, writes that down, and can still be verified', async () => {
    assert.equal(await log.prune(nowMs - 5 * DAY_MS), 9);
    assert.deepEqual(
      (await numbers()).toSorted((a, b) => a - b),
      [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21],
    );
    const [entry] = (await auditPage(store, { limit: 1 })).entries;
    assert.deepEqual([entry.act, entry.by, entry.to.number], ['forgetActs', null, 9]);
    const verdict = await verifyAudit(store);
    assert.deepEqual([verdict.whole, verdict.entries, verdict.forgotten], [true, 12, 9]);
    assert.equal(await log.prune(nowMs - 5 * DAY_MS), 0, 'once a day is enough');
    nowMs += 2 * DAY_MS;
    log = open();
    assert.equal(await log.prune(nowMs - 5 * DAY_MS), 4, 'it goes on after a restart');
    await act(99);
    assert.deepEqual(await verifyAudit(store).then(({ whole, forgotten }) => [whole, forgotten]), [true, 13]);
  });

  it('finds what was cut off at the beginning beyond what was forgotten', async () => {
    await log.prune(nowMs - 5 * DAY_MS);
    store.kinds.get('audit')?.delete('000000000010');
    assert.match(String((await verifyAudit(store)).broken?.why), /^the 1 entries before are not there$/);
    await store.pruneDocuments('audit', nowMs + DAY_MS);
    assert.equal((await verifyAudit(store)).whole, false, 'nothing is left of it');
  });

  it('takes what should be forgotten and is not yet for no part of it', async () => {
    const kept = new Map(store.kinds.get('audit'));
    await log.prune(nowMs - 5 * DAY_MS);
    // The machine failed between the two writes.
    for (const [id, entry] of kept) store.kinds.get('audit')?.set(id, entry);
    const verdict = await verifyAudit(store);
    assert.deepEqual([verdict.whole, verdict.entries, verdict.forgotten], [true, 12, 9]);
    assert.equal(await log.prune(nowMs - 5 * DAY_MS), 9, 'it is made up for');
    assert.equal((await verifyAudit(store)).whole, true);
  });

  it('never holds more than so many', async () => {
    assert.equal(await log.prune(0, 30), 0);
    assert.ok((await log.prune(0, 10)) > 0);
    assert.ok((await numbers()).length <= 11, String(await numbers()));
    assert.equal((await verifyAudit(store)).whole, true);
  });
});
