import { formatBps, formatDuration, formatPps, formatShare } from '../base/units.ts';
import type { Attack } from '../model/attack.ts';
import { wrapText } from './layout.ts';
import { exact } from './render-attack.ts';
import { type Look, paintOf } from './terminal.ts';
import { cutText, fitText, textWidth } from './text-width.ts';

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

/** Attacks, one in two lines: what, on what, when, how much; and the id, by which it is asked for. Ends with a newline. */
export function renderAttackList(list: AttackList, look: Look): string {
  const paint = paintOf(look.colour);
  const { attacks } = list;
  if (attacks.length === 0) return `${emptyLines(list, look).join('\n')}\n`;
  const ongoing = attacks.filter((attack) => attack.ongoing).length;
  const count = `${exact(attacks.length)} ${attacks.length === 1 ? 'attack' : 'attacks'}${list.more ? ' and more' : ''}`;
  const heading =
    ongoing === 0 ? `${count}, none goes on` : `${count}, ${exact(ongoing)} ${ongoing === 1 ? 'goes' : 'go'} on`;
  const lines = [ongoing === 0 ? paint.bold(heading) : paint.alarm(paint.bold(heading)), ''];
  for (const attack of attacks) lines.push(...attackLines(attack, list.nowMs, look));
  lines.push('');
  const notes = ["'bonghwa attacks show ID' tells the whole why."];
  if (list.more) notes.push('--limit shows more, --since and --until other times.');
  if (list.from !== undefined) notes.push(`Read from ${list.from}, on which no station runs now.`);
  lines.push(...wrapText(notes.join(' '), look.width).map(paint.dim));
  if (list.partial) lines.push(...partialLines(look));
  return `${lines.join('\n')}\n`;
}

function attackLines(attack: Attack, nowMs: number, look: Look): string[] {
  const paint = paintOf(look.colour);
  const mark = attack.ongoing ? paint.alarm('▲') : ' ';
  const start = `${attack.start.slice(0, 10)} ${attack.start.slice(11, 19)}`;
  const peak = attack.evidence.measure === 'bps' ? formatBps(attack.peak.bps) : formatPps(attack.peak.pps);
  const tail = `${fitText(lasting(attack, nowMs), 16, 'right')}  ${fitText(peak, 18, 'right')}`;
  const { name, share } = attack.vectors[0];
  const vector = attack.vectors.length === 1 ? name : `${name} ${formatShare(share)} +${attack.vectors.length - 1}`;
  const what = `${vector} ${attack.direction === 'out' ? 'from' : 'on'} `;
  const room = look.width - 2 - start.length - 2 - 2 - tail.length;
  const ids = paint.dim(`  ${cutText(attack.id, look.width - 2)}`);
  const target = paint.bold(cutText(attack.target.value, Math.max(8, room - what.length)));
  if (room >= what.length + 12) {
    const space = ' '.repeat(
      Math.max(0, room - what.length - Math.min(textWidth(attack.target.value), room - what.length)),
    );
    return [`${mark} ${start}  ${what}${target}${space}  ${tail}`, ids];
  }
  const narrow = cutText(attack.target.value, Math.max(8, look.width - 2 - what.length));
  return [`${mark} ${what}${paint.bold(narrow)}`, `  ${start}${tail.replace(/ {3,}/g, '  ')}`, ids];
}

function lasting(attack: Attack, nowMs: number): string {
  const startMs = Date.parse(attack.start);
  if (attack.ongoing) return `for ${formatDuration(Math.max(0, nowMs - startMs))}`;
  return attack.end === undefined ? '' : `took ${formatDuration(Math.max(0, Date.parse(attack.end) - startMs))}`;
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
