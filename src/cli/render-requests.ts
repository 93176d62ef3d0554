import { formatBytes, formatCount, formatDuration, formatShare } from '../base/units.ts';
import type { RequestsAnswer } from '../store/telemetry/requests-query.ts';
import { csvOf } from './csv.ts';
import { type Cell, type Column, renderTable, tableWidth, wrapText } from './layout.ts';
import { exact } from './render-attack.ts';
import { bar, errorText, shareText, timeText } from './render-flows.ts';
import { type Look, paintOf } from './terminal.ts';
import { cutText } from './text-width.ts';

const BAR_WIDTH_MAX = 30;
const BAR_WIDTH_MIN = 5;
/** Columns of the values that a group has, and of a request with its user agent. */
const KEY_WIDTH_MAX = 60;
const REQUEST_WIDTH_MIN = 30;

/** Kept requests, or groups of them, largest first. Sums are estimates with their error. Ends with a newline. */
export function renderRequests(answer: RequestsAnswer, look: Look): string {
  const paint = paintOf(look.colour);
  const { total, groups, requests } = answer;
  const spanMs = Date.parse(answer.until) - Date.parse(answer.since);
  const span = `${timeText(answer.since)} to ${timeText(answer.until)} UTC (${formatDuration(spanMs)})`;
  if (total.rows === 0) return `${emptyLines(answer, span, look).join('\n')}\n`;
  const sum = `${formatCount(total.requests)} requests, ${formatBytes(total.bytes)}${errorText(total.error)}`;
  const lines = [paint.bold(span), ...wrapText(sum, look.width), ''];
  lines.push(...(groups.length > 0 ? groupTable(answer, look) : requestTable(answer, look)));
  const notes = [`Estimated from ${exact(total.rows)} kept requests in ${formatDuration(answer.elapsedMs)}.`];
  const rest = 1 - groups.reduce((shares, { share }) => shares + share, 0);
  const further = Math.round(answer.distinct - groups.length);
  if (groups.length > 0 && further > 0)
    notes.unshift(`${formatShare(Math.max(0, rest))} in ${exact(further)} further groups (--limit shows more).`);
  if (answer.next !== undefined) notes.unshift(`The latest ${exact(requests.length)} are shown (--limit shows more).`);
  if (answer.keptSince !== undefined && Date.parse(answer.keptSince) > Date.parse(answer.since))
    notes.push(`Requests are kept since ${timeText(answer.keptSince)} UTC only.`);
  lines.push('', ...wrapText(notes.join(' '), look.width).map(paint.dim));
  return `${lines.join('\n')}\n`;
}

function groupTable({ by, top, groups }: RequestsAnswer, look: Look): string[] {
  const paint = paintOf(look.colour);
  const columns: Column[] = [
    ...top.map((name): Column => ({ title: name, paint: paint.bold })),
    { title: by, align: 'right' },
    { title: '±', align: 'right' },
    { title: 'share', align: 'right' },
  ];
  const rows = groups.map((group): Cell[] => [
    ...group.key.map((value, at): Cell => [keyText(value, top[at])]),
    [by === 'bytes' ? formatBytes(group.bytes) : formatCount(group.requests)],
    [group.error < 0.0005 ? '' : formatShare(group.error)],
    [shareText(group.share)],
  ]);
  const room = look.width - tableWidth(columns, rows) - 2;
  if (room >= BAR_WIDTH_MIN) {
    columns.push({ title: '' });
    for (const [at, row] of rows.entries())
      row.push([bar(groups[0].share === 0 ? 0 : groups[at].share / groups[0].share, Math.min(BAR_WIDTH_MAX, room))]);
  }
  return renderTable(columns, rows, paint.dim);
}

function keyText(value: string | number | null, name: string): string {
  if (value === null) return 'unknown';
  return name === 'asn' ? `AS${value}` : cutText(String(value), KEY_WIDTH_MAX);
}

function requestTable({ requests }: RequestsAnswer, look: Look): string[] {
  const paint = paintOf(look.colour);
  const columns: Column[] = [
    { title: 'time' },
    { title: 'site', paint: paint.bold },
    { title: 'client' },
    { title: 'status', align: 'right' },
    { title: 'bytes', align: 'right' },
    { title: 'stands for', align: 'right' },
  ];
  const rows = requests.map((request): Cell[] => [
    [`${request.time.slice(0, 10)} ${request.time.slice(11, 23)}`],
    [cutText(request.site, 30)],
    [cutText(request.client ?? '–', 39)],
    [String(request.status ?? '–')],
    [formatBytes(request.bytes)],
    [formatCount(request.weight)],
  ]);
  const room = Math.max(REQUEST_WIDTH_MIN, look.width - tableWidth(columns, rows) - 2);
  columns.push({ title: 'request' });
  for (const [at, row] of rows.entries()) {
    const { method, path, query, userAgent } = requests[at];
    const asked = `${method} ${path ?? '–'}${query === undefined ? '' : `?${query}`}`;
    row.push([cutText(userAgent === undefined ? asked : `${asked}  ${userAgent}`, room)]);
  }
  return renderTable(columns, rows, paint.dim);
}

function emptyLines({ keptSince }: RequestsAnswer, span: string, look: Look): string[] {
  const paint = paintOf(look.colour);
  const next =
    keptSince === undefined
      ? "No request is kept at all yet. 'bonghwa check' tells which logs are read, 'bonghwa status' whether the store takes what they say."
      : `Requests are kept since ${timeText(keptSince)} UTC: those at attacked sites, and a sample of the others. --since and --until ask for other times; fewer filters find more.`;
  return [paint.bold(`No kept request matches, ${span}`), '', ...wrapText(next, look.width).map(paint.dim)];
}

const FIELDS = [
  ...['time', 'site', 'client', 'asn', 'country', 'method', 'path', 'query', 'status', 'bytes', 'requestMs'],
  ...['httpVersion', 'referrer', 'userAgent', 'attackId', 'weight'],
] as (keyof RequestsAnswer['requests'][number])[];

/** The requests, or their groups, one a line, with a line of names; unknown values are empty. */
export function requestsCsv({ top, groups, requests }: RequestsAnswer): string {
  if (top.length === 0)
    return csvOf([FIELDS, ...requests.map((request) => FIELDS.map((name) => request[name] ?? null))]);
  const names = [...top, 'requests', 'bytes', 'rows', 'error', 'share'];
  return csvOf([
    names,
    ...groups.map(({ key, requests: sum, bytes, rows, error, share }) => [...key, sum, bytes, rows, error, share]),
  ]);
}
