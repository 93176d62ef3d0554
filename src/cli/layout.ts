/** Text laid out for a terminal: wrapped paragraphs and tables whose cells may have several lines. Widths are in columns. */

/** Breaks `text` at spaces into lines of at most `width` columns; a longer word is broken where it must be. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of unbroken(text, width)) {
    let rest = word;
    if (line !== '' && line.length + 1 + rest.length <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (rest.length > width) {
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    line = rest;
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

const NUMBER = /^[±(]?\d[\d.,]*$/;
const UNIT = /^([kMGTP]|%|[kMGT]?B|m?s|min|h|[kMGTP]?bit\/s|packets\/s)[.,;:)]*$/;

/** The words of a text, a number with its unit as one: `12.3 k packets/s` is not torn apart. */
function unbroken(text: string, width: number): string[] {
  const words: string[] = [];
  for (const word of text.split(/ +/)) {
    const before = words.at(-1);
    const fits = before !== undefined && before.length + 1 + word.length <= width;
    if (fits && UNIT.test(word) && before.split(' ').every((part) => NUMBER.test(part) || UNIT.test(part))) {
      words[words.length - 1] = `${before} ${word}`;
    } else words.push(word);
  }
  return words;
}

/** A paragraph behind a label: the label stands in the first line, the others are indented as far. */
export function labelled(label: string, text: string, width: number, labelWidth: number): string[] {
  const lines = wrapText(text, Math.max(20, width - labelWidth));
  return lines.map((line, at) => `${(at === 0 ? label : '').padEnd(labelWidth)}${line}`);
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Sets the cell off, after it was padded. */
  readonly paint?: (text: string) => string;
  /** Cells wider than this are broken into lines. */
  readonly widthMax?: number;
}

/** A cell is its lines. */
export type Cell = readonly string[];

const GAP = '  ';

/** Columns that the table needs, without breaking any cell. */
export function tableWidth(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number {
  let width = GAP.length * (columns.length - 1);
  for (let at = 0; at < columns.length; at++) width += columnWidth(columns[at].title, rows, at);
  return width;
}

function columnWidth(title: string, rows: readonly (readonly Cell[])[], at: number): number {
  let width = title.length;
  for (const row of rows) for (const line of row[at]) width = Math.max(width, line.length);
  return width;
}

/** The lines of a table with a line of titles. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paintTitle: (text: string) => string,
): string[] {
  const cells = rows.map((row) => row.map((cell, at) => breakCell(cell, columns[at].widthMax)));
  const widths = columns.map((column, at) => columnWidth(column.title, cells, at));
  const pad = (text: string, at: number): string => {
    if (columns[at].align === 'right') return text.padStart(widths[at]);
    return at === columns.length - 1 ? text : text.padEnd(widths[at]);
  };
  const lines = [paintTitle(columns.map((column, at) => pad(column.title, at)).join(GAP))];
  for (const row of cells) {
    const height = Math.max(...row.map((cell) => cell.length));
    for (let line = 0; line < height; line++) {
      const texts = row.map((cell, at) => {
        const text = pad(cell[line] ?? '', at);
        const paint = columns[at].paint;
        return paint === undefined ? text : paint(text);
      });
      lines.push(texts.join(GAP).trimEnd());
    }
  }
  return lines;
}

function breakCell(cell: Cell, widthMax: number | undefined): Cell {
  if (widthMax === undefined) return cell;
  return cell.flatMap((line) => (line.length <= widthMax ? [line] : wrapText(line, widthMax)));
}
