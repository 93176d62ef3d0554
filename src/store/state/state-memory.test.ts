import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DocumentEntry } from './document-query.ts';
import { documentKey } from './journal-frame.ts';
import { RECENT_DOCUMENT_BYTES_MAX, RECENT_DOCUMENTS_MAX, StateMemory } from './state-memory.ts';

const AT = '2026-01-01T00:00:00.000Z';

const document = (of: string, n: number, removed = false): DocumentEntry => ({
  kind: 'document',
  key: documentKey(of, `d${n}`),
  sequence: n,
  of,
  id: `d${n}`,
  at: AT,
  tags: [],
  body: n,
  removed,
});

it('keeps the last documents of each kind that the database has, and every one that it does not have', () => {
  const memory = new StateMemory();
  const many = Array.from({ length: RECENT_DOCUMENTS_MAX + 500 }, (_, n) => document('incident', n + 1));
  const few = [document('site', 10_001), document('site', 10_002)];
  for (const entry of [...many, ...few]) memory.keep(entry, 100);
  memory.confirm([]);
  assert.equal(memory.durable().length, many.length + few.length, 'what waits is kept');
  memory.confirm([...many.slice(0, -1), ...few]);
  assert.equal(memory.waiting, 1);
  const kept = memory.durable();
  assert.equal(kept.length, RECENT_DOCUMENTS_MAX + few.length);
  assert.deepEqual(kept[0], many[500], 'the ones written longest ago are gone');
  assert.ok(
    few.every((entry) => kept.includes(entry)),
    'a kind takes no room from another',
  );
});

it('keeps so many bytes of a kind, and nothing of what was removed', () => {
  const memory = new StateMemory();
  const large = Array.from({ length: 10 }, (_, n) => document('large', n + 1));
  for (const entry of large) memory.keep(entry, RECENT_DOCUMENT_BYTES_MAX / 4);
  const gone = document('large', 11, true);
  memory.keep(gone, 100);
  assert.deepEqual(memory.document('large', 'd11'), { known: true, document: undefined });
  memory.confirm([...large, gone]);
  assert.equal(memory.document('large', 'd11').known, false, 'the database has removed it');
  assert.ok(memory.durableBytes <= RECENT_DOCUMENT_BYTES_MAX);
  assert.ok(memory.durableBytes > RECENT_DOCUMENT_BYTES_MAX / 2);
});
