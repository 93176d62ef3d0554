import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedReport } from '../../../test/support/report.ts';
import { Announcements, Problems, standingWarnings } from './problems.ts';

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

test('a problem is news once, and again after ten minutes, however often it comes up', () => {
  const problems = new Problems();
  const news: number[] = [];
  for (let second = 0; second <= 1300; second++)
    if (problems.note('state', new Error('it is full'), second * 1000)) news.push(second);
  assert.deepEqual(news, [0, 600, 1200]);
  assert.equal(problems.note('state', new Error('it fails'), 1_300_000), true, 'another is news at once');
  assert.equal(problems.note('state', new Error('it is full'), 0), true, 'of a clock that was set back');
});

test('a warning is announced when it begins and when it is over, and not between', () => {
  const announcements = new Announcements();
  const [report] = fixedReport().exporters;
  const changes = (warnings: readonly string[], missing: readonly string[], message?: string) => {
    const findings = message === undefined ? [] : [{ code: 'silent' as const, severity: 'fault' as const, message }];
    const exporters = [{ ...report, exporter: '192.0.2.1', name: 'edge', findings }];
    return announcements.changes(standingWarnings({ warnings: [...warnings], exporters }, missing));
  };
  assert.deepEqual(changes(['unheard', 'full'], ['unheard'], 'silent for 2 min'), [
    { state: 'began', about: 'exporter', warning: 'unheard' },
    { state: 'began', about: 'station', warning: 'full' },
    { state: 'began', about: 'exporter', warning: 'edge (192.0.2.1): silent for 2 min' },
  ]);
  assert.deepEqual(changes(['full', 'unheard'], ['unheard'], 'silent for 3 min'), [], 'the numbers alone change');
  assert.deepEqual(changes(['full'], []), [
    { state: 'ended', about: 'exporter', warning: 'unheard' },
    { state: 'ended', about: 'exporter', warning: 'edge (192.0.2.1): silent for 2 min' },
  ]);
});
