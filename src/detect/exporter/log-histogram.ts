/**
 * Counts of durations by their size, in bins that are an eighth of an octave wide: the value of a quantile is right to 6 %.
 * A histogram is an array of counts; two of them merge by adding.
 *
 *   bin 0 … 7: that many ms        8 … 15: 8 … 15 ms        16 … 23: 16, 18, … 30 ms        24 … 31: 32, 36, … 60 ms   …
 */
const OCTAVE_BINS = 8;
/** The last bin holds everything from 2^27 ms (37 hours) on. */
const VALUE_MAX = 2 ** 27;
export const HISTOGRAM_BINS = OCTAVE_BINS * 25 + 1;

/** Bin of a duration in ms; what is below 0 counts as 0. */
export function binOf(durationMs: number): number {
  const value = durationMs > 0 ? Math.min(durationMs, VALUE_MAX) | 0 : 0;
  if (value < OCTAVE_BINS) return value;
  const octave = 31 - Math.clz32(value);
  return OCTAVE_BINS * (octave - 2) + ((value >>> (octave - 3)) & 7);
}

/** Smallest duration of a bin, ms. */
export function binStart(bin: number): number {
  if (bin < OCTAVE_BINS) return bin;
  const octave = Math.floor(bin / OCTAVE_BINS) + 2;
  return (8 + (bin % OCTAVE_BINS)) * 2 ** (octave - 3);
}

export function histogramTotal(counts: Uint32Array): number {
  let total = 0;
  for (let bin = 0; bin < counts.length; bin++) total += counts[bin];
  return total;
}

/** The middle of a bin, ms. */
function binMiddle(bin: number): number {
  return (binStart(bin) + binStart(bin + 1)) / 2;
}

/** The duration that the share `quantile` of all lies below, ms; NaN where nothing was counted. */
export function histogramQuantile(counts: Uint32Array, quantile: number): number {
  const total = histogramTotal(counts);
  if (total === 0) return Number.NaN;
  let rest = quantile * total;
  for (let bin = 0; bin < counts.length; bin++) {
    rest -= counts[bin];
    if (rest <= 0 && counts[bin] > 0) return binMiddle(bin);
  }
  return binMiddle(counts.length - 1);
}

/** The longest duration that at least `countMin` were as long as, ms; NaN where so many were not counted. */
export function histogramTop(counts: Uint32Array, countMin: number): number {
  let seen = 0;
  for (let bin = counts.length - 1; bin >= 0; bin--) {
    seen += counts[bin];
    if (seen >= countMin) return binMiddle(bin);
  }
  return Number.NaN;
}

export function addHistogram(into: Uint32Array, counts: Uint32Array): void {
  for (let bin = 0; bin < into.length; bin++) into[bin] += counts[bin];
}
