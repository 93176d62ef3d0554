import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Announcements, Problems } from './problems.ts';

test('problems are told once each for ten minutes, and twenty at most', () => {
  const problems = new Problems();
  problems.note('state', new Error('it is full'), 0);
  problems.note('telemetry', new Error('it hangs'), 60_000);
  problems.note('state', new Error('it is full'), 120_000);
  assert.deepEqual(problems.list(120_000), ['telemetry: it hangs', 'state: it is full']);
  assert.deepEqual(problems.list(661_000), ['state: it is full']);
  for (let many = 0; many < 50; many++) problems.note('http', new Error(`${many}`), 700_000);
  assert.equal(problems.list(700_000).length, 20);
  assert.equal(problems.list(700_000).at(-1), 'http: 49');
});

test('a warning is announced when it begins and when it is over, and not between', () => {
  const announcements = new Announcements();
  assert.deepEqual(announcements.changes(['slow', 'full']), [
    { state: 'began', warning: 'slow' },
    { state: 'began', warning: 'full' },
  ]);
  assert.deepEqual(announcements.changes(['full', 'slow']), []);
  assert.deepEqual(announcements.changes(['full']), [{ state: 'ended', warning: 'slow' }]);
});
