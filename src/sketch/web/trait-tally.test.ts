import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/random.ts';
import { TraitTally } from './trait-tally.ts';

test('every request is told with its site, template and traits, however many combinations there are', () => {
  const random = new Random(7);
  const told = new Map<string, number>();
  const tally = new TraitTally((site, template, traits, count) => {
    const key = `${site} ${template} ${traits}`;
    told.set(key, (told.get(key) ?? 0) + count);
  });
  const added = new Map<string, number>();
  for (let at = 0; at < 50_000; at++) {
    // A few combinations again and again, and more others than there are slots.
    const [site, template, traits] =
      random.unit() < 0.7 ? [1, random.below(4), 5] : [random.below(40), random.below(900), random.below(4096)];
    added.set(`${site} ${template} ${traits}`, (added.get(`${site} ${template} ${traits}`) ?? 0) + 1);
    tally.add(site, template, traits);
  }
  tally.flush();
  assert.deepEqual([...told].sort(), [...added].sort());
});

test('what was told is not told again', () => {
  let calls = 0;
  const tally = new TraitTally(() => calls++);
  tally.add(0, 1, 3);
  tally.flush();
  tally.flush();
  assert.equal(calls, 1);
});
