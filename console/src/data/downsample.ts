/** A value and where it stood. */
export interface Kept {
  readonly at: number;
  readonly value: number;
}

/**
 * The outline of a series by `count` values at most: of every stretch its smallest and its largest, in their order. No peak is lost,
 * which a mean, or every nth value, would do. Values that are not there (`null`, NaN) are passed over.
 */
export function envelope(values: ArrayLike<number | null>, count: number): Kept[] {
  const kept: Kept[] = [];
  const stretches = Math.max(1, Math.floor(count / 2));
  const width = values.length / stretches;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor(stretch * width);
    const to = Math.min(values.length, Math.floor((stretch + 1) * width));
    let low = -1;
    let high = -1;
    for (let at = from; at < to; at++) {
      const value = values[at];
      if (value === null || Number.isNaN(value)) continue;
      if (low < 0 || value < Number(values[low])) low = at;
      if (high < 0 || value > Number(values[high])) high = at;
    }
    if (low < 0) continue;
    const first = Math.min(low, high);
    const second = Math.max(low, high);
    kept.push({ at: first, value: Number(values[first]) });
    if (second !== first) kept.push({ at: second, value: Number(values[second]) });
  }
  return kept;
}

export interface Columns {
  readonly x: Float64Array;
  readonly lines: readonly (readonly (number | null)[])[];
}

/**
 * Several series over the same times, thinned together: a time is kept where it is the smallest or largest of its stretch in any of
 * them, so that all stay in step.
 */
export function thin(x: ArrayLike<number>, lines: readonly ArrayLike<number | null>[], count: number): Columns {
  if (x.length <= count || lines.length === 0) {
    return { x: Float64Array.from(x), lines: lines.map((line) => Array.from(line)) };
  }
  const marks = new Uint8Array(x.length);
  marks[0] = 1;
  marks[x.length - 1] = 1;
  const each = Math.max(2, Math.floor(count / lines.length));
  for (const line of lines) for (const { at } of envelope(line, each)) marks[at] = 1;
  const at: number[] = [];
  for (let index = 0; index < marks.length; index++) if (marks[index] === 1) at.push(index);
  return {
    x: Float64Array.from(at, (index) => x[index]),
    lines: lines.map((line) => at.map((index) => line[index])),
  };
}
