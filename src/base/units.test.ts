import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatBps, formatBytes, formatCount, formatDuration, formatPps, formatShare, formatTime } from './units.ts';

describe('numbers as people read them', () => {
  const cases: readonly (readonly [string, string])[] = [
    [formatBps(0), '0 bit/s'],
    [formatBps(999), '999 bit/s'],
    [formatBps(999.6e6), '1.00 Gbit/s'],
    [formatBps(12_345_678), '12.3 Mbit/s'],
    [formatPps(7), '7 packets/s'],
    [formatPps(23_620), '23.6 k packets/s'],
    [formatCount(9.994), '9.99'],
    [formatCount(Number.NaN), '–'],
    [formatBytes(1.5e12), '1.50 TB'],
    [formatShare(0), '0 %'],
    [formatShare(0.0042), '0.4 %'],
    [formatShare(0.37), '37 %'],
    [formatDuration(0), '0 s'],
    [formatDuration(147), '0.15 s'],
    [formatDuration(2340), '2.3 s'],
    [formatDuration(9960), '10 s'],
    [formatDuration(119_600), '2 min 0 s'],
    [formatDuration(119_400), '119 s'],
    [formatDuration(252_000), '4 min 12 s'],
    [formatDuration(3_599_700), '1 h 0 min'],
    [formatDuration(7_500_000), '2 h 5 min'],
  ];
  for (const [got, wanted] of cases) it(wanted, () => assert.equal(got, wanted));

  it('times are ISO 8601 in UTC, or nothing where a Date cannot hold them', () => {
    assert.equal(formatTime(1_700_000_000_000.9), '2023-11-14T22:13:20.000Z');
    assert.equal(formatTime(Number.NaN), undefined);
    assert.equal(formatTime(9e15), undefined);
  });
});
