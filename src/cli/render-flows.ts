import { formatBytes, formatCount, formatDuration, formatShare } from '../base/units.ts';
import type { FlowMeasure, FlowsAnswer } from '../store/telemetry/flows-query.ts';
import { csvOf } from './csv.ts';
import { type Cell, type Column, renderTable, tableWidth, wrapText } from './layout.ts';
import { exact } from './render-attack.ts';
import { levelOf } from './sparkline.ts';
import { type Look, paintOf } from './terminal.ts';

const BAR_WIDTH_MAX = 30;
const BAR_WIDTH_MIN = 5;
/** Columns of a time series. */
const SERIES_WIDTH_MAX = 60;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

type Group = FlowsAnswer['groups'][number];

/** Names of IP protocols that are met, for the column `proto`. */
const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  1: 'ICMP',
  6: 'TCP',
  17: 'UDP',
  47: 'GRE',
  50: 'ESP',
  58: 'ICMPv6',
};

/** Groups of flows as a table with bars, largest first. Every figure is an estimate; its error is told. Ends with a newline. */
export function renderFlows(answer: FlowsAnswer, look: Look): string {
  const paint = paintOf(look.colour);
  const { total, groups } = answer;
  const spanMs = Date.parse(answer.until) - Date.parse(answer.since);
  const span = `${timeText(answer.since)} to ${timeText(answer.until)} UTC (${formatDuration(spanMs)})`;
  if (total.rows === 0) return `${emptyLines(answer, span, look).join('\n')}\n`;
  const sum = `${amount('packets', total.packets)}, ${amount('bytes', total.bytes)}, ${amount('flows', total.flows)}${errorText(total.error)}`;
  const lines = [paint.bold(span), ...wrapText(sum, look.width)];
  if (groups.length > 0) lines.push('', ...table(answer, look));
  const rest = 1 - groups.reduce((shares, { share }) => shares + share, 0);
  const further = Math.round(answer.distinct - groups.length);
  const notes = [`Estimated from ${exact(total.rows)} kept rows in ${formatDuration(answer.elapsedMs)}.`];
  if (groups.length > 0 && rest > 0.0005)
    notes.unshift(
      `${formatShare(rest)} in ${further > 1 ? `about ${exact(further)} ` : ''}further groups (--limit shows more).`,
    );
  if (answer.keptSince !== undefined && Date.parse(answer.keptSince) > Date.parse(answer.since))
    notes.push(`Flows are kept since ${timeText(answer.keptSince)} UTC only.`);
  lines.push('', ...wrapText(notes.join(' '), look.width).map(paint.dim));
  return `${lines.join('\n')}\n`;
}

/** A share that is never shown as nothing where it is something. */
export function shareText(value: number): string {
  return value > 0 && value < 0.0005 ? '< 0.1 %' : formatShare(value);
}

/** `± 2 %`: what sampling leaves open; nothing where every row was kept. */
export function errorText(error: number): string {
  return error < 0.0005 ? '' : ` ± ${formatShare(error)}`;
}

function amount(measure: FlowMeasure, value: number): string {
  return measure === 'bytes' ? formatBytes(value) : `${formatCount(value)} ${measure}`;
}

/** A moment to the minute, or to the second where it has one. */
export function timeText(time: string): string {
  const short = `${time.slice(0, 10)} ${time.slice(11, 19)}`;
  return short.endsWith(':00') ? short.slice(0, -3) : short;
}

function table(answer: FlowsAnswer, look: Look): string[] {
  const paint = paintOf(look.colour);
  const { by, top, groups } = answer;
  const others = (['packets', 'bytes', 'flows'] as const).filter((measure) => measure !== by);
  const columns: Column[] = [
    ...top.map((name): Column => ({ title: name, paint: paint.bold })),
    { title: by, align: 'right' },
    { title: '±', align: 'right' },
    { title: 'share', align: 'right' },
    ...others.map((title): Column => ({ title, align: 'right' })),
  ];
  const rows = groups.map((group): Cell[] => [
    ...group.key.map((value, at): Cell => [keyText(value, top[at])]),
    [short(by, group[by])],
    [group.error < 0.0005 ? '' : formatShare(group.error)],
    [shareText(group.share)],
    ...others.map((measure): Cell => [short(measure, group[measure])]),
  ]);
  // Where the width is short, what was not asked for goes first.
  while (columns.length > top.length + 3 && tableWidth(columns, rows) + 2 + BAR_WIDTH_MIN > look.width) {
    columns.pop();
    for (const row of rows) row.pop();
  }
  const room = look.width - tableWidth(columns, rows) - 2;
  const pictures = groups.map((group) => picture(group, groups, room));
  if (room >= BAR_WIDTH_MIN) {
    const shares = top.length + 3;
    columns.splice(shares, 0, { title: groups[0].series === undefined ? '' : 'over time', paint: (text) => text });
    for (const [at, row] of rows.entries()) row.splice(shares, 0, [pictures[at]]);
  }
  return renderTable(columns, rows, paint.dim);
}

function short(measure: FlowMeasure, value: number): string {
  return measure === 'bytes' ? formatBytes(value) : formatCount(value);
}

function keyText(value: string | number | null, name: string): string {
  if (value === null) return 'unknown';
  if (name === 'srcAsn') return `AS${value}`;
  if (name === 'proto' && typeof value === 'number') return PROTOCOL_NAMES[value] ?? String(value);
  return String(value);
}

/** The bar of a group, or its series where one was asked for. */
function picture(group: Group, groups: readonly Group[], room: number): string {
  if (group.series === undefined) {
    const width = Math.min(BAR_WIDTH_MAX, room);
    return bar(groups[0].share === 0 ? 0 : group.share / groups[0].share, width);
  }
  const width = Math.min(SERIES_WIDTH_MAX, room);
  const perColumn = Math.max(1, Math.ceil(group.series.length / Math.max(1, width)));
  const top = groups.reduce((most, { series = [] }) => series.reduce((a, b) => Math.max(a, b), most), 0);
  let line = '';
  for (let at = 0; at < group.series.length; at += perColumn)
    line += levelOf(
      group.series.slice(at, at + perColumn).reduce((a, b) => Math.max(a, b), 0),
      top,
    );
  return line;
}

/** A bar of `share` (0 to 1) of `width` columns, in eighths of a column; anything above zero is seen. */
export function bar(share: number, width: number): string {
  const eighths = share <= 0 ? 0 : Math.max(1, Math.round(Math.min(1, share) * width * 8));
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}

function emptyLines(answer: FlowsAnswer, span: string, look: Look): string[] {
  const paint = paintOf(look.colour);
  const { keptSince } = answer;
  const next =
    keptSince === undefined
      ? "No flow is kept at all yet. 'bonghwa exporters' tells who sends telemetry, 'bonghwa status' whether the store takes it."
      : `Flows are kept since ${timeText(keptSince)} UTC: those of attacked targets, and a sample of the others. --since and --until ask for other times; fewer filters find more.`;
  return [paint.bold(`No kept flow matches, ${span}`), '', ...wrapText(next, look.width).map(paint.dim)];
}

/** The groups, one a line, with a line of names; unknown values are empty. */
export function flowsCsv({ top, groups }: FlowsAnswer): string {
  const names = [...top, 'packets', 'bytes', 'flows', 'rows', 'error', 'share'];
  return csvOf([
    names,
    ...groups.map(({ key, packets, bytes, flows, rows, error, share }) => [
      ...key,
      ...[packets, bytes, flows, rows, error, share],
    ]),
  ]);
}
