import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { binOf, binStart, HISTOGRAM_BINS, histogramQuantile, histogramTop } from './log-histogram.ts';

it('puts every duration into a bin that begins at most an eighth below it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 2 ** 27, noNaN: true }), (durationMs) => {
      const bin = binOf(durationMs);
      assert.ok(bin >= 0 && bin < HISTOGRAM_BINS);
      const whole = Math.floor(durationMs);
      assert.ok(binStart(bin) <= whole && binStart(bin) >= whole / 1.125 - 1, `${durationMs} in ${binStart(bin)}`);
    }),
  );
  assert.equal(binOf(-5), 0);
  assert.equal(binOf(Number.NaN), 0);
  assert.equal(binOf(Infinity), HISTOGRAM_BINS - 1);
  for (let bin = 1; bin < HISTOGRAM_BINS; bin++) assert.equal(binOf(binStart(bin)), bin);
});

it('tells quantiles and the longest of several', () => {
  const counts = new Uint32Array(HISTOGRAM_BINS);
  assert.ok(Number.isNaN(histogramQuantile(counts, 0.5)) && Number.isNaN(histogramTop(counts, 1)));
  for (let ms = 1; ms <= 1000; ms++) counts[binOf(ms)]++;
  counts[binOf(60_000)] += 2;
  assert.ok(Math.abs(histogramQuantile(counts, 0.5) - 500) < 40);
  assert.ok(Math.abs(histogramTop(counts, 2) - 60_000) < 3600);
  assert.ok(Math.abs(histogramTop(counts, 3) - 1000) < 60);
});
