import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSpan, parseWhen } from './when.ts';

const NOW = Date.parse('2026-11-23T12:00:00.000Z');

function when(text: string): string | undefined {
  const timeMs = parseWhen(text, NOW);
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}

test('a moment is so long ago, a date, or a time', () => {
  assert.equal(when('now'), '2026-11-23T12:00:00.000Z');
  assert.equal(when('90s'), '2026-11-23T11:58:30.000Z');
  assert.equal(when('15m'), '2026-11-23T11:45:00.000Z');
  assert.equal(when('15min'), '2026-11-23T11:45:00.000Z');
  assert.equal(when('1.5h'), '2026-11-23T10:30:00.000Z');
  assert.equal(when('2w'), '2026-11-09T12:00:00.000Z');
  assert.equal(when('2026-11-20'), '2026-11-20T00:00:00.000Z');
  assert.equal(when('2026-11-20 09:30'), '2026-11-20T09:30:00.000Z');
  assert.equal(when('2026-11-20T09:30:15.250Z'), '2026-11-20T09:30:15.250Z');
  assert.equal(when('2026-11-20T09:30:15+09:00'), '2026-11-20T00:30:15.000Z');
});

test('what is none of these is refused, never guessed', () => {
  for (const text of ['', '24', 'h', '-1h', '1y', 'yesterday', '2026-02-30', '2026-13-01', '23.11.2026', '09:30'])
    assert.equal(when(text), undefined, text);
  assert.equal(when('2026-11-20T25:00Z'), undefined);
  assert.equal(when('999999999w'), undefined, 'more than a hundred years');
});

test('any time that is told can be read back', () => {
  fc.assert(
    fc.property(fc.nat(4_000_000_000_000), (timeMs) => {
      assert.equal(parseWhen(new Date(timeMs).toISOString(), NOW), timeMs);
    }),
  );
});

test('a span is a number with its unit', () => {
  assert.equal(parseSpan('5m'), 300_000);
  assert.equal(parseSpan('0s'), 0);
  assert.equal(parseSpan('5'), undefined);
});
