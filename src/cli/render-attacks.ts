import { formatBps, formatCount, formatDuration, formatPps, formatShare } from '../base/units.ts';
import type { Attack } from '../model/attack.ts';
import { fixedTable } from './fixed-table.ts';
import { wrapText } from './layout.ts';
import { exact } from './render-attack.ts';
import { type Look, paintOf } from './terminal.ts';
import { cutText } from './text-width.ts';

/** An id is copied, and so never cut: the longest has this many columns with its line. */
const ID_LINE_WIDTH = 110;

/** What a list of attacks says beside them. */
export interface AttackList {
  readonly attacks: readonly Attack[];
  /** Moment of the answer, ms since 1970: how long an attack that goes on has lasted. */
  readonly nowMs: number;
  /** True where there are more than these. */
  readonly more: boolean;
  /** True where the database could not be asked, and older ones may be missing. */
  readonly partial: boolean;
  /** What was asked for, in words, for the empty answer: `since 24h on 192.0.2.10`. */
  readonly asked: string;
  /** Where they were read, in place of a station that runs. */
  readonly from?: string;
}

/** Attacks, the latest first, each with the id by which it is asked for. Ends with a newline. */
export function renderAttackList(list: AttackList, look: Look): string {
  const paint = paintOf(look.colour);
  const { attacks } = list;
  if (attacks.length === 0) return `${emptyLines(list, look).join('\n')}\n`;
  const ongoing = attacks.filter((attack) => attack.ongoing).length;
  const count = `${exact(attacks.length)} ${attacks.length === 1 ? 'attack' : 'attacks'}${list.more ? ' and more' : ''}`;
  const heading =
    ongoing === 0 ? `${count}, none goes on` : `${count}, ${exact(ongoing)} ${ongoing === 1 ? 'goes' : 'go'} on`;
  const lines = [ongoing === 0 ? paint.bold(heading) : paint.alarm(paint.bold(heading)), ''];
  lines.push(...listLines(list, look), '');
  const notes = ["'bonghwa attacks show ID' tells the whole why."];
  if (list.more) notes.push('--limit shows more, --since and --until other times.');
  if (list.from !== undefined) notes.push(`Read from ${list.from}, on which no station runs now.`);
  lines.push(...wrapText(notes.join(' '), look.width).map(paint.dim));
  if (list.partial) lines.push(...partialLines(look));
  return `${lines.join('\n')}\n`;
}

/** Every attack in a line of a table, and under it when it began and its id. */
function listLines({ attacks, nowMs }: AttackList, look: Look): string[] {
  const paint = paintOf(look.colour);
  const [titles, ...rows] = fixedTable<Attack>(
    [
      { title: '', width: 1, text: ({ ongoing }) => (ongoing ? '▲' : ''), paint: paint.alarm },
      {
        title: 'target',
        width: 20,
        growMax: 48,
        text: ({ target, direction }) => `${direction === 'out' ? 'from ' : ''}${target.value}`,
        paint: paint.bold,
      },
      { title: 'vectors', width: 15, growMax: 40, text: vectorsText },
      { title: 'lasted', width: 10, align: 'right', drop: 1, text: (attack) => lastingText(attack, nowMs) },
      {
        title: 'peak',
        width: 17,
        align: 'right',
        drop: 2,
        text: ({ evidence, peak }) => (evidence.measure === 'bps' ? formatBps(peak.bps) : formatPps(peak.pps)),
      },
      { title: 'sources', width: 9, align: 'right', drop: 3, text: ({ sources }) => formatCount(sources.distinct) },
    ],
    attacks,
    look.width,
    paint.dim,
  );
  const startText = ({ start }: Attack): string => `${start.slice(0, 10)} ${start.slice(11, 19)} UTC`;
  return [
    titles,
    ...rows.flatMap((row, at) => [
      row,
      paint.dim(cutText(`   ${startText(attacks[at])}  ${attacks[at].id}`, Math.max(look.width, ID_LINE_WIDTH))),
    ]),
  ];
}

export function vectorsText({ vectors }: Attack): string {
  const [{ name, share }] = vectors;
  return vectors.length === 1 ? name : `${name} ${formatShare(share)} +${vectors.length - 1}`;
}

function lastingText(attack: Attack, nowMs: number): string {
  const startMs = Date.parse(attack.start);
  if (attack.ongoing) return `${formatDuration(Math.max(0, nowMs - startMs))} +`;
  return attack.end === undefined ? '' : formatDuration(Math.max(0, Date.parse(attack.end) - startMs));
}

/** The empty state: what was asked, and what to try. */
function emptyLines(list: AttackList, look: Look): string[] {
  const paint = paintOf(look.colour);
  const lines = [paint.good(paint.bold(cutText(`No attack ${list.asked}`.trimEnd(), look.width))), ''];
  const next =
    list.from === undefined
      ? "'bonghwa status' tells whether telemetry comes in and what is near its limit; 'bonghwa exporters' who sends it. Without options all attacks that are kept are listed."
      : `Read from ${list.from}, on which no station runs now: 'bonghwa serve --data ${list.from}' starts one.`;
  lines.push(...wrapText(next, look.width).map(paint.dim));
  if (list.partial) lines.push(...partialLines(look));
  return lines;
}

function partialLines(look: Look): string[] {
  const said = 'The database does not answer: only the latest attacks are here, older ones may be missing.';
  return wrapText(said, look.width).map(paintOf(look.colour).alarm);
}
