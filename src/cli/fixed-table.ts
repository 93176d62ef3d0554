import { fitText } from './text-width.ts';

/** A column whose width is known beforehand, so that a picture that is painted every second stands still. */
export interface FixedColumn<R> {
  readonly title: string;
  readonly width: number;
  /** Takes what is left of the width, up to so many columns. */
  readonly growMax?: number;
  readonly align?: 'left' | 'right';
  /** Left out where the width is short; the highest first. Columns without it stay. */
  readonly drop?: number;
  readonly text: (row: R, width: number) => string;
  /** Sets the cell off, after it was fitted. */
  readonly paint?: (text: string, row: R) => string;
}

const GAP = 2;

/** The lines of a table that is at most `width` columns wide, with a line of titles. */
export function fixedTable<R>(
  columns: readonly FixedColumn<R>[],
  rows: readonly R[],
  width: number,
  paintTitle: (text: string) => string,
): string[] {
  const shown = [...columns];
  const needed = (): number => shown.reduce((sum, column) => sum + column.width + GAP, -GAP);
  while (needed() > width) {
    const next = shown.reduce(
      (least, column) => ((column.drop ?? 0) > (least?.drop ?? 0) ? column : least),
      undefined as FixedColumn<R> | undefined,
    );
    if (next === undefined) break;
    shown.splice(shown.indexOf(next), 1);
  }
  const widths = shown.map((column) => column.width);
  // Columns that grow share what is left column by column, until all have what they can use.
  for (let left = width - needed(), grown = true; left > 0 && grown; ) {
    grown = false;
    for (const [at, { growMax }] of shown.entries()) {
      if (growMax === undefined || widths[at] >= growMax || left <= 0) continue;
      widths[at]++;
      left--;
      grown = true;
    }
  }
  const gap = ' '.repeat(GAP);
  const titles = shown.map(({ title, align }, at) => fitText(title, widths[at], align)).join(gap);
  return [
    paintTitle(titles.trimEnd()),
    ...rows.map((row) =>
      shown
        .map(({ text, align, paint }, at) => {
          const cell = fitText(text(row, widths[at]), widths[at], align);
          return paint === undefined ? cell : paint(cell, row);
        })
        .join(gap)
        .trimEnd(),
    ),
  ];
}
