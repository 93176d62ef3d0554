/** The known word nearest to `word` by edit distance, where it is near enough to be meant, or the only one that begins so. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  // A text that long is no slip of the pen for any word, and the distance costs its length squared.
  if (word.length > WORD_CHARS_MAX) return undefined;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best !== undefined || word.length < 4) return best;
  return known.find((candidate) => candidate.toLowerCase().startsWith(lower));
}

const WORD_CHARS_MAX = 64;

/** Levenshtein distance; `limit` is returned for anything that is not below it. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      current[column] = Math.min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + change);
    }
    previous = current;
  }
  return Math.min(previous[b.length], limit);
}
