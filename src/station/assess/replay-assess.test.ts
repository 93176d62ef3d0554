import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assessRecorded } from './replay-assess.ts';

const BEGIN = Date.UTC(2016, 11, 7, 10);
const DECADE_SECONDS = 10 * 365 * 86_400;

const secondsFrom = (second: number, requests: number, failed: number) =>
  Array.from({ length: 120 }, (_, index) => ({
    site: 'www.example.org',
    second: second + index,
    requests,
    failed,
    bytes: 1000 * requests,
  }));

describe('what was recorded', () => {
  it('is assessed across a silence of ten years without living through it', { timeout: 60_000 }, () => {
    const from = BEGIN / 1000;
    const seconds = [...secondsFrom(from, 20, 0), ...secondsFrom(from + DECADE_SECONDS, 20, 20)];
    const { outages, sites } = assessRecorded({ attacks: [], checks: [], seconds, sites: [] });
    assert.deepEqual(
      sites.map(({ site }) => site),
      ['www.example.org'],
    );
    for (const { start } of outages) assert.ok(Date.parse(start) >= BEGIN + 1000 * DECADE_SECONDS, start);
    assert.deepEqual(
      assessRecorded({ attacks: [], checks: [], seconds, sites: [] }).outages.map(({ id }) => id),
      outages.map(({ id }) => id),
    );
  });
});
