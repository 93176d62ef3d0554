import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';

test('a value is counted in the first bucket whose bound it does not exceed', () => {
  const histogram = new Histogram([1, 2]);
  for (const value of [0.5, 1, 1.5, 2, 2.5, 100, Number.NaN]) histogram.add(value);
  assert.deepEqual(histogram.counts(), { bounds: [1, 2], counts: [2, 2, 2], sum: 107.5 });
});
