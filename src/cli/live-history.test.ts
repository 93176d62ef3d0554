import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedStatus } from '../../test/support/fixed-station.ts';
import { LiveHistory } from './live-history.ts';

const status = fixedStatus();

function at(seconds: number, records: number, recordsLost = 0): typeof status {
  const [exporter] = status.exporters;
  return {
    ...status,
    now: new Date(Date.parse(status.now) + seconds * 1000).toISOString(),
    records,
    recordsLost,
    exporters: [{ ...exporter, records: 10 * seconds }],
  };
}

test('rates follow from counters, over the last seconds', () => {
  const history = new LiveHistory();
  history.add(at(0, 1000));
  assert.equal(history.recordsPerSecond(), undefined);
  for (let second = 1; second <= 20; second++) history.add(at(second, 1000 + 500 * second));
  assert.equal(history.recordsPerSecond(), 500);
  assert.equal(history.exporterRate(at(20, 0).exporters[0]), 10);
  assert.equal(history.pps().length, 21);
});

test('loss is told over the last minute, and forgotten after it', () => {
  const history = new LiveHistory();
  history.add(at(0, 0, 0));
  history.add(at(1, 900, 100));
  assert.equal(history.lossShare(), 0.1);
  for (let second = 2; second <= 70; second++) history.add(at(second, 900 * second, 100));
  assert.equal(history.lossShare(), 0);
});

test('a station that was started again begins anew, and asking twice in a moment counts once', () => {
  const history = new LiveHistory();
  history.add(at(0, 1000));
  history.add(at(1, 2000));
  history.add(at(1, 2000));
  assert.equal(history.pps().length, 2);
  history.add(at(2, 10));
  assert.equal(history.recordsPerSecond(), undefined);
});

test('what is kept is bounded', () => {
  const history = new LiveHistory();
  for (let second = 0; second < 1000; second++) history.add(at(second, second));
  assert.equal(history.pps().length, 240);
});
