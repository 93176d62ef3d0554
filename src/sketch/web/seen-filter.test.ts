import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mix32 } from '../../base/hash.ts';
import { SeenFilter } from './seen-filter.ts';

const keyOf = (at: number): [number, number] => [mix32(at), mix32(mix32(at) ^ 77)];

test('no key is missed while the filter grows, and few that are new are taken for old ones', () => {
  const filter = new SeenFilter(22);
  let wrong = 0;
  // Up to a full generation of the largest size.
  const keys = 2 ** 19 - 1;
  for (let at = 0; at < keys; at++) if (filter.add(...keyOf(at))) wrong++;
  assert.ok(wrong < 0.08 * keys, `${wrong} of ${keys}`);
  for (let at = 0; at < keys; at++) if (!filter.add(...keyOf(at))) assert.fail(`key ${at} was missed`);
});

test('what was seen a generation ago is known, and what was seen two ago is forgotten', () => {
  const filter = new SeenFilter(12);
  const turn = 2 ** 12 / 8;
  for (let at = 0; at < turn; at++) filter.add(...keyOf(at));
  assert.equal(filter.add(...keyOf(0)), true);
  for (let at = 0; at < 3 * turn; at++) filter.add(...keyOf(1_000_000 + at));
  let known = 0;
  for (let at = 0; at < 100; at++) if (filter.add(...keyOf(at))) known++;
  assert.ok(known < 20, `${known} of 100`);
});
