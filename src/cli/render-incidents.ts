import { formatDuration } from '../base/units.ts';
import type { Estimate, Incident, Outage, SiteState } from '../model/incident.ts';
import { fixedTable } from './fixed-table.ts';
import { exact } from './render-attack.ts';
import { type Look, type Paint, paintOf } from './terminal.ts';
import { cutText, textWidth } from './text-width.ts';

const LABEL_WIDTH = 12;
const TIMELINE_SHOWN_MAX = 40;
const OUTAGES_SHOWN_MAX = 20;
const LANGUAGE_LABELS = { en: 'English', ko: '한국어', uk: 'українська' } as const;

/** `2026-11-26 14:02:11` of an ISO 8601 time. */
export const momentOf = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)}`;

/** Breaks a text at spaces into lines of at most `width` columns, wide letters counted as two. */
export function wrapWide(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** A paragraph behind a label, whose further lines are indented as far. */
export function fact(label: string, text: string, look: Look, paint: Paint): string[] {
  const space = ' '.repeat(Math.max(1, LABEL_WIDTH - textWidth(label)));
  const lines = wrapWide(text, Math.max(20, look.width - LABEL_WIDTH - 2));
  return lines.map((line, at) => `  ${at === 0 ? `${paint.dim(label)}${space}` : ' '.repeat(LABEL_WIDTH)}${line}`);
}

export function paintState(state: SiteState, paint: Paint): (text: string) => string {
  if (state === 'up') return paint.good;
  return state === 'unknown' || state === 'maintenance' ? paint.dim : paint.alarm;
}

/** Outages in a table, and under each why. */
export function outageLines(outages: readonly Outage[], look: Look): string[] {
  const paint = paintOf(look.colour);
  const shown = outages.slice(0, OUTAGES_SHOWN_MAX);
  const [titles, ...rows] = fixedTable<Outage>(
    [
      { title: 'site', width: 20, growMax: 40, text: ({ site }) => site, paint: paint.bold },
      {
        title: 'worst',
        width: 11,
        text: ({ state }) => state,
        paint: (text, { state }) => paintState(state, paint)(text),
      },
      { title: 'from (UTC)', width: 19, text: ({ start }) => momentOf(start) },
      { title: 'to', width: 8, text: ({ end }) => (end === undefined ? 'goes on' : end.slice(11, 19)) },
      { title: 'out', width: 16, align: 'right', drop: 1, text: ({ outMinutes }) => minutesText(outMinutes) },
      { title: 'seen by', width: 14, drop: 2, text: ({ evidence }) => evidence.join(', ') },
    ],
    shown,
    look.width,
    paint.dim,
  );
  const lines = [
    titles,
    ...rows.flatMap((row, at) => [
      row,
      ...wrapWide(shown[at].why, look.width - 4).map((line) => `    ${paint.dim(line)}`),
    ]),
  ];
  const rest = outages.length - shown.length;
  return rest > 0 ? [...lines, `${exact(rest)} more; --json has all of them.`] : lines;
}

export function minutesText(estimate: Estimate | undefined): string {
  if (estimate === undefined || estimate.high === 0) return '–';
  const one = (minutes: number): string => (minutes < 10 ? minutes.toFixed(1) : minutes.toFixed(0));
  return one(estimate.low) === one(estimate.high)
    ? `${one(estimate.value)} min`
    : `${one(estimate.value)} (${one(estimate.low)}–${one(estimate.high)}) min`;
}

/** `Outage of www.example.org · D2 · recovered`. */
export function incidentHeading({ title, damage, state, end }: Incident, look: Look): string {
  const paint = paintOf(look.colour);
  const heading = paint.bold(`${title} · ${damage.grade} · ${state}`);
  return end === undefined ? paint.alarm(heading) : heading;
}

/** An incident: what it is, what it cost, the statement in three languages; with `full` its notes and time line. */
export function incidentLines(incident: Incident, look: Look, full: boolean): string[] {
  const paint = paintOf(look.colour);
  const { damage } = incident;
  const over = incident.end !== undefined;
  const lines = [incidentHeading(incident, look), ''];
  const say = (label: string, text: string): void => void lines.push(...fact(label, text, look, paint));
  say(
    'when',
    `${momentOf(incident.start)} UTC ${over ? `to ${momentOf(incident.end ?? '')} UTC (${lasted(incident)})` : 'and goes on'}`,
  );
  say('damage', `${damage.grade}: ${damage.why}`);
  if (damage.outMinutes.high > 0) say('out', minutesText(damage.outMinutes));
  if (damage.lostRequests !== undefined) say('lost', `${rangeText(damage.lostRequests)} requests`);
  if (damage.usersAffected !== undefined) say('people', rangeText(damage.usersAffected));
  for (const [at, text] of damage.unknown.entries()) say(at === 0 ? 'not known' : '', text);
  for (const language of ['en', 'ko', 'uk'] as const) say(LANGUAGE_LABELS[language], damage.sentence[language]);
  say('severity', `${incident.severity}${incident.severityBy === undefined ? '' : `, set by ${incident.severityBy}`}`);
  say('owner', incident.owner ?? 'nobody');
  say('rests on', `${[...incident.attacks, ...incident.outages].slice(0, 6).join(', ')}`);
  say('id', incident.id);
  if (!full) return lines;
  for (const { at, by, text } of incident.notes) say('note', `${momentOf(at)} ${by}: ${text}`);
  const entries = incident.timeline.slice(-TIMELINE_SHOWN_MAX);
  lines.push('', paint.bold('Time line (UTC)'));
  for (const { at, text, by } of entries)
    lines.push(
      ...wrapWide(`${momentOf(at)}  ${by === undefined ? '' : `${by}: `}${text}`, look.width - 4).map(
        (line, part) => `  ${part === 0 ? '' : '    '}${line}`,
      ),
    );
  return lines;
}

function lasted({ start, end }: Incident): string {
  return formatDuration(Math.max(0, Date.parse(end ?? start) - Date.parse(start)));
}

function rangeText({ value, low, high }: Estimate): string {
  return exact(low) === exact(high) ? exact(value) : `${exact(value)} (${exact(low)} to ${exact(high)})`;
}

/** Incidents in a table, the latest first, each with its id. */
export function incidentTable<
  T extends Pick<Incident, 'id' | 'title' | 'state' | 'severity' | 'owner' | 'start' | 'end'> & {
    readonly damage: string;
  },
>(incidents: readonly T[], look: Look): string[] {
  const paint = paintOf(look.colour);
  const [titles, ...rows] = fixedTable<T>(
    [
      { title: '', width: 1, text: ({ end }) => (end === undefined ? '▲' : ''), paint: paint.alarm },
      { title: 'incident', width: 24, growMax: 60, text: ({ title }) => title, paint: paint.bold },
      { title: 'state', width: 9, text: ({ state }) => state },
      { title: 'damage', width: 6, text: ({ damage }) => damage },
      { title: 'severity', width: 8, drop: 2, text: ({ severity }) => severity },
      { title: 'owner', width: 12, drop: 3, text: ({ owner }) => owner ?? '–' },
      { title: 'began (UTC)', width: 19, drop: 1, text: ({ start }) => momentOf(start) },
    ],
    incidents,
    look.width,
    paint.dim,
  );
  return [
    titles,
    ...rows.flatMap((row, at) => [row, paint.dim(cutText(`   ${incidents[at].id}`, Math.max(look.width, 120)))]),
  ];
}
