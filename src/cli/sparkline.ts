/**
 * A small bar chart in block characters, with the usual level and one moment marked:
 *
 *    12.3 k ┤       ▃███████▅
 *           ┤      ▂█████████
 *  usual 12 ┤▁▁▁▁▁▁██████████▁▁▁
 *                   ▲ detected
 */
export interface ChartOptions {
  readonly values: readonly number[];
  /** Columns for the bars. */
  readonly width: number;
  readonly topLabel: string;
  /** The usual level; its row is named and, where no bar stands, drawn as a dotted line. */
  readonly usual?: { readonly value: number; readonly label: string };
  /** Which value the mark stands under, and what it says. */
  readonly mark?: { readonly index: number; readonly label: string };
  readonly paintBars: (text: string) => string;
}

const ROWS = 3;
const EIGHTHS = ' ▁▂▃▄▅▆▇█';
/** Columns of one bar at most: few values are drawn wider, so that they are seen as bars. */
const BAR_COLUMNS_MAX = 3;

export function renderChart(options: ChartOptions): string[] {
  const bars = barsOf(options.values, options.width);
  const top = Math.max(...bars.heights);
  const usualRow = options.usual === undefined ? -1 : rowOf(options.usual.value, top);
  const labels = new Array<string>(ROWS).fill('');
  if (options.usual !== undefined) labels[usualRow] = options.usual.label;
  if (usualRow !== 0 || options.usual === undefined) labels[0] = options.topLabel;
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const lines: string[] = [];
  for (let row = 0; row < ROWS; row++) {
    let cells = '';
    for (const height of bars.heights) cells += cellOf(height, top, row, row === usualRow).repeat(bars.columns);
    lines.push(`${labels[row].padStart(labelWidth)} ┤${options.paintBars(cells.trimEnd())}`);
  }
  if (options.mark !== undefined) {
    const bar = Math.min(bars.heights.length - 1, Math.floor(options.mark.index / bars.valuesPerBar));
    const column = bar * bars.columns + Math.floor((bars.columns - 1) / 2);
    lines.push(markLine(labelWidth + 2 + column, options.mark.label, labelWidth + 2 + options.width));
  }
  return lines;
}

/** The mark with its label to the right, or to the left where that does not fit into `width`. */
function markLine(column: number, label: string, width: number): string {
  const left = column - label.length - 1;
  if (column + 2 + label.length > width && left >= 0) return `${' '.repeat(left)}${label} ▲`;
  return `${' '.repeat(column)}▲ ${label}`;
}

/** Bars of the values: each the largest of so many values as must share a bar. */
function barsOf(
  values: readonly number[],
  width: number,
): { heights: number[]; columns: number; valuesPerBar: number } {
  const valuesPerBar = Math.max(1, Math.ceil(values.length / width));
  const heights: number[] = [];
  for (let at = 0; at < values.length; at += valuesPerBar) {
    heights.push(Math.max(0, ...values.slice(at, at + valuesPerBar).filter((value) => Number.isFinite(value))));
  }
  if (heights.length === 0) heights.push(0);
  return { heights, columns: Math.max(1, Math.min(BAR_COLUMNS_MAX, Math.floor(width / heights.length))), valuesPerBar };
}

/** The row, from the top, in which a bar of this height ends. */
function rowOf(value: number, top: number): number {
  if (top <= 0) return ROWS - 1;
  return ROWS - 1 - Math.min(ROWS - 1, Math.floor((value / top) * ROWS));
}

function cellOf(height: number, top: number, row: number, usual: boolean): string {
  // Anything above zero is shown by one eighth at least: a trickle is not silence.
  const eighths = top <= 0 || height <= 0 ? 0 : Math.max(1, Math.round((height / top) * ROWS * 8));
  const filled = Math.min(8, Math.max(0, eighths - 8 * (ROWS - 1 - row)));
  return filled === 0 && usual ? '┄' : EIGHTHS[filled];
}

/** One column of a line of bars: `value` between 0 and `top`. */
export function levelOf(value: number, top: number): string {
  if (!(value > 0) || top <= 0) return EIGHTHS[0];
  return EIGHTHS[Math.min(8, Math.max(1, Math.round((value / top) * 8)))];
}
