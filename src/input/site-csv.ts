import { type Info, parse } from 'csv-parse/sync';
import { nearest } from '../base/nearest.ts';

/** A site of a CSV file, as it is given: fields that the file has columns for, not checked yet beyond their form. */
export interface SiteRow {
  /** Line of the file on which it begins; the first is line 1. */
  readonly line: number;
  /** By name of the field in `siteFields`. */
  readonly given: Readonly<Record<string, unknown>>;
}

export interface CsvFault {
  readonly line: number;
  readonly message: string;
}

export interface SiteCsv {
  readonly rows: readonly SiteRow[];
  readonly faults: readonly CsvFault[];
}

/** Rows of one file. */
export const CSV_ROWS_MAX = 20_000;
/** Faults of one file that are told: a file of another kind has one a line. */
export const CSV_FAULTS_MAX = 20_000;
/** Characters of one row. */
const ROW_CHARS_MAX = 64 * 1024;

/** How a cell becomes the value of its field. */
type Read = (cell: string) => unknown;

const one: Read = (cell) => cell;
/** Several values in one cell: between bars, or blanks where the values have none. */
const bars: Read = (cell) => split(cell, /\s*\|\s*/);
const words: Read = (cell) => split(cell, /[\s|]+/);
const lower: Read = (cell) => cell.toLowerCase();
const number: Read = (cell) => (/^\d{1,15}(\.\d+)?$/.test(cell) ? Number(cell) : cell);
const numbers: Read = (cell) => split(cell, /[\s|]+/).map(number);

/** Columns: what they are called, letters alone and in lower case, and what they fill. */
const COLUMNS: Readonly<Record<string, readonly [field: string, read: Read]>> = {
  name: ['name', one],
  urls: ['urls', words],
  addresses: ['addresses', words],
  prefixes: ['prefixes', words],
  organisation: ['organisation', one],
  sector: ['sector', lower],
  criticality: ['criticality', lower],
  contacts: ['contacts', bars],
  tlp: ['tlp', (cell) => cell.toLowerCase().replace(/^tlp:/, '')],
  country: ['country', one],
  maintenance: ['maintenance', (cell) => split(cell, /\s*\|\s*/).map(maintenanceOf)],
  knowngood: ['knownGood', words],
  statuses: ['expect.statuses', numbers],
  contains: ['expect.contains', one],
  lacks: ['expect.lacks', one],
  usersdaily: ['usersDaily', number],
};
/** Other names for the same. */
const ALSO: Readonly<Record<string, string>> = {
  site: 'name',
  url: 'urls',
  address: 'addresses',
  prefix: 'prefixes',
  organization: 'organisation',
  contact: 'contacts',
  status: 'statuses',
  users: 'usersdaily',
};
/** Columns as documents name them. */
export const CSV_COLUMNS =
  'name urls addresses prefixes organisation sector criticality contacts tlp country maintenance known_good statuses contains lacks users_daily'.split(
    ' ',
  );

type Columns = readonly (readonly [field: string, read: Read] | undefined)[];

/** Reads a CSV file (RFC 4180) of sites; commas, semicolons or tabs. All faults are told, each with its line. Never throws. */
export function readSiteCsv(text: string): SiteCsv {
  const faults: CsvFault[] = [];
  const fault = (line: number, message: string): void => {
    if (faults.length < CSV_FAULTS_MAX) faults.push({ line, message });
  };
  for (const line of linesWithout(text)) fault(line, 'it is not UTF-8; save the file as CSV in UTF-8');
  if (faults.length > 0) return { rows: [], faults };
  const records = recordsOf(text, fault);
  if (records.length === 0) {
    if (faults.length === 0) fault(1, 'the file is empty; its first line names the columns, such as name,urls,sector');
    return { rows: [], faults };
  }
  const [head, ...body] = records;
  const columns = columnsOf(head, fault);
  const rows: SiteRow[] = [];
  for (const { line, cells } of body) {
    if (cells.every((cell) => cell === '')) continue;
    if (rows.length >= CSV_ROWS_MAX) {
      fault(line, `a file has at most ${CSV_ROWS_MAX} sites`);
      break;
    }
    if (cells.length !== columns.length)
      fault(line, `the line has ${cells.length} cells, and the first line names ${columns.length} columns`);
    else rows.push({ line, given: givenOf(columns, cells) });
  }
  return { rows, faults: faults.sort((left, right) => left.line - right.line) };
}

/** Lines with bytes that are no UTF-8, and so are in another coding, such as CP949 or UTF-16. */
function linesWithout(text: string): number[] {
  if (!/[\ufffd\0]/.test(text)) return [];
  return text
    .split('\n')
    .flatMap((line, at) => (/[\ufffd\0]/.test(line) ? [at + 1] : []))
    .slice(0, CSV_FAULTS_MAX);
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

type Fault = (line: number, message: string) => void;

function recordsOf(text: string, fault: Fault): CsvRecord[] {
  const records: CsvRecord[] = [];
  let before = 1;
  try {
    const parsed: unknown = parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      info: true,
      relax_column_count: true,
      skip_records_with_error: true,
      max_record_size: ROW_CHARS_MAX,
      trim: true,
      on_skip: (error) => {
        fault(Number(error?.lines ?? 1), csvWords(error?.message ?? 'it cannot be read'));
        return undefined;
      },
    });
    for (const { record, info } of parsed as { record: string[]; info: Info }[]) {
      // `lines` is the line on which the record ended; one with line ends in a cell began earlier.
      const breaks = record.reduce((sum, cell) => sum + (cell.match(/\n/g)?.length ?? 0), 0);
      before = Math.max(1, info.lines - breaks);
      records.push({ line: before, cells: record });
    }
  } catch (error) {
    fault((error as { lines?: number }).lines ?? before, csvWords((error as Error).message));
  }
  return records;
}

function delimiterOf(text: string): string {
  const head = text.slice(0, 4096).split('\n', 1)[0];
  const count = (letter: string): number => head.split(letter).length;
  return [',', ';', '\t'].reduce((best, letter) => (count(letter) > count(best) ? letter : best));
}

function csvWords(message: string): string {
  if (/Quote Not Closed/i.test(message)) return 'a quote is opened here and never closed';
  if (/Invalid (Opening|Closing) Quote/i.test(message)) return 'a quote stands in the middle of a cell; double it: ""';
  if (/Max Record Size/i.test(message)) return `a line has more than ${ROW_CHARS_MAX} characters`;
  return message.split('\n')[0].slice(0, 160);
}

function columnsOf(head: CsvRecord, fault: Fault): Columns {
  const seen = new Set<string>();
  const columns = head.cells.map((title) => {
    const plain = title.toLowerCase().replace(/[^a-z]/g, '');
    const key = ALSO[plain] ?? plain;
    const column = COLUMNS[key];
    if (column === undefined) {
      const near = nearest(plain, Object.keys(COLUMNS));
      const instead = near === undefined ? `columns are ${CSV_COLUMNS.join(', ')}` : `did you mean '${near}'?`;
      fault(head.line, `the column '${title.slice(0, 60)}' is not known; ${instead}`);
    } else if (seen.has(key)) fault(head.line, `the column '${title}' is there twice`);
    seen.add(key);
    return column;
  });
  if (!seen.has('name')) fault(head.line, 'the column name is missing');
  return columns;
}

/** Empty cells say nothing: the field is as it was, or has its default. */
function givenOf(columns: Columns, cells: readonly string[]): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  const expect: Record<string, unknown> = {};
  for (const [at, column] of columns.entries()) {
    const cell = cells[at];
    if (column === undefined || cell === '') continue;
    const [field, read] = column;
    if (field.startsWith('expect.')) expect[field.slice('expect.'.length)] = read(cell);
    else given[field] = read(cell);
  }
  if (Object.keys(expect).length > 0) given.expect = expect;
  return given;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** `sun 22:00 120 Asia/Seoul` every week, or `2026-12-01T20:00Z/2026-12-01T22:00Z` once. What is neither goes on as text, and is refused. */
function maintenanceOf(text: string): unknown {
  const weekly = /^([a-z]{3})[a-z]* +(\d{2}:\d{2}) +(\d{1,4})(?: *min)?(?: +(\S+))?$/i.exec(text);
  const weekday = weekly === null ? 0 : DAYS.indexOf(weekly[1].toLowerCase()) + 1;
  if (weekly !== null && weekday > 0) {
    const zone = weekly[4] === undefined ? {} : { zone: weekly[4] };
    return { kind: 'weekly', weekday, from: weekly[2], minutes: Number(weekly[3]), ...zone };
  }
  const [from, to] = text.split('/').map((part) => Date.parse(part));
  if (Number.isNaN(from) || to === undefined || Number.isNaN(to)) return text;
  return { kind: 'once', from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

function split(cell: string, by: RegExp): string[] {
  return cell.split(by).filter((part) => part !== '');
}
