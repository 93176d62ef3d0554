import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpareMemory } from './spare-memory.ts';

const MB = 1 << 20;

test('what is given back is given out again where it fits, and let go where it does not', () => {
  const spare = new SpareMemory();
  const first = spare.take(8 * MB);
  assert.ok(first.byteLength >= 8 * MB);
  spare.give(first);
  assert.equal(spare.take(6 * MB), first);
  spare.give(first);
  assert.notEqual(spare.take(20 * MB), first, 'too small');
  spare.give(first);
  assert.notEqual(spare.take(MB), first, 'so large that it would hold memory for nothing');
  assert.notEqual(spare.take(6 * MB), first, 'and it is gone');
});

test('a few are kept, whatever comes back', () => {
  const spare = new SpareMemory();
  const given = Array.from({ length: 10 }, () => new SharedArrayBuffer(MB));
  for (const memory of given) spare.give(memory);
  const taken = new Set(Array.from({ length: 10 }, () => spare.take(MB)));
  assert.equal(given.filter((memory) => taken.has(memory)).length, 3);
});
