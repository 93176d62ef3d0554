/** What a request for a page can have in common with others; a bit each, and a place in every table of traits. */
export const TRAITS = [
  /** No Referer field. */
  'noReferrer',
  /** Path and query that this site was not asked for before. */
  'novel',
  /** A client that came within the last minute, and was never here before that. */
  'newClient',
  /** A client that was answered twice and more and fetched nothing that a page needs. */
  'noAssets',
  /** A client that behaves as no browser does (`ClientTable.suspicion`). */
  'suspect',
  /** A client that asks for pages faster than a person can look at them. */
  'fast',
  'post',
  /** Answered with 4xx, but for 408 and 499. */
  'refused',
  /** 5xx, 499, 408. */
  'failed',
  /** A user agent that names a program, or none. */
  'tool',
  /** A user agent that says that it is a crawler, and whose. */
  'crawler',
  /** 499: the client went away. */
  'aborted',
] as const;
export type Trait = (typeof TRAITS)[number];
export const TRAIT_COUNT = TRAITS.length;
export const TRAIT: Readonly<Record<Trait, number>> = Object.fromEntries(
  TRAITS.map((name, at) => [name, at]),
) as Record<Trait, number>;

/** Time constants of windows, s: what is counted fades to 1/e after so long. */
export const WINDOW_SECONDS = 10;
export const LONG_SECONDS = 60;
/** What remains of a window after one second. */
export const WINDOW_KEEP = Math.exp(-1 / WINDOW_SECONDS);
export const LONG_KEEP = Math.exp(-1 / LONG_SECONDS);
/** What a window holds of a steady rate of one a second. */
export const WINDOW_SUM = 1 / (1 - WINDOW_KEEP);
export const LONG_SUM = 1 / (1 - LONG_KEEP);
/** After this many seconds the mean of what is usual forgets as it learns. */
export const USUAL_SECONDS = 1800;

/** A largest value fades to 1/e after 5,000 s … */
const LARGEST_KEEP = 0.9998;
/** … and takes in a larger one by this share a second: what rises faster must not raise its own limit with it. */
const LARGEST_TAKES = 0.03;

/** The largest value of late, after `passed` seconds of which the last had `level`. */
export function rising(largest: number, level: number, passed: number): number {
  const faded = largest * LARGEST_KEEP ** Math.min(100_000, passed);
  return level > faded ? faded + LARGEST_TAKES * (level - faded) : faded;
}
