/** Statistics of counts. */

/** Two standard deviations, near enough: the half-width of an interval that holds the true value in 95 of 100 cases. */
export const Z95 = 1.96;

/** How probable `bad` or more of `all` are, where each is bad with probability `share`. */
export function binomialTail(bad: number, all: number, share: number): number {
  if (bad <= 0) return 1;
  let term = (1 - share) ** all;
  let below = term;
  for (let at = 1; at < bad; at++) {
    term *= ((all - at + 1) / at) * (share / (1 - share));
    below += term;
  }
  return Math.max(0, 1 - below);
}

/** The interval (95 %) of a share of which `bad` of `all` were seen (Wilson 1927). */
export function wilson(bad: number, all: number): { readonly low: number; readonly high: number } {
  if (all <= 0) return { low: 0, high: 1 };
  const share = Math.min(1, bad / all);
  const square = Z95 * Z95;
  const middle = share + square / (2 * all);
  const half = Z95 * Math.sqrt((share * (1 - share)) / all + square / (4 * all * all));
  const by = 1 + square / all;
  return { low: Math.max(0, (middle - half) / by), high: Math.min(1, (middle + half) / by) };
}

/** The value in the middle of a list; NaN of an empty one. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((left, right) => left - right);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Robust standard deviation: 1.4826 times the median distance from the median, which is the deviation of a normal distribution. */
export function madSigma(values: readonly number[]): number {
  const middle = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}
