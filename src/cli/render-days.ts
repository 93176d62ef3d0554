import type { SiteDays } from '../api/contract/sites.ts';
import { fixedTable } from './fixed-table.ts';
import { exact } from './render-attack.ts';
import { type Look, paintOf } from './terminal.ts';

type Day = SiteDays['days'][number];

/** How a day is drawn, from the best to the worst: the lower, the worse it was. */
const MARKS = {
  up: '▇',
  worse: '▅',
  out: '▃',
  long: '▁',
  unknown: '·',
} as const;
type Mark = keyof typeof MARKS;
const WORST_FIRST: readonly Mark[] = ['long', 'out', 'worse', 'up', 'unknown'];
/** A site that was out for longer in a day is told as such, minutes. */
const LONG_MINUTES = 30;
const NAME_WIDTH = 20;
const NAME_WIDTH_MAX = 36;
const SHARE_WIDTH = 9;
const OUT_WIDTH = 11;
const GAPS = 6;

/** Of the minutes that are known, the share in which it was not out; undefined where none is known. */
export function availability(days: readonly Day[]): number | undefined {
  const known = days.filter(({ knownMinutes }) => knownMinutes > 0);
  const minutes = known.reduce((sum, { knownMinutes }) => sum + knownMinutes, 0);
  const out = known.reduce((sum, { outMinutes }) => sum + outMinutes, 0);
  return minutes === 0 ? undefined : Math.max(0, 1 - out / minutes);
}

/** Sites with the history of their days: a bar a day, or a few days where the terminal is narrow, and how available they were. */
export function renderDays(sites: readonly SiteDays[], look: Look): string[] {
  const paint = paintOf(look.colour);
  const count = Math.max(0, ...sites.map(({ days }) => days.length));
  const room = look.width - NAME_WIDTH - SHARE_WIDTH - OUT_WIDTH - GAPS;
  const daysPerMark = Math.max(1, Math.ceil(count / Math.max(1, room)));
  const barWidth = Math.ceil(count / daysPerMark);
  const [titles, ...rows] = fixedTable<SiteDays>(
    [
      { title: 'site', width: NAME_WIDTH, growMax: NAME_WIDTH_MAX, text: ({ site }) => site, paint: paint.bold },
      { title: `${count} days`, width: barWidth, text: ({ days }) => marksOf(days, daysPerMark) },
      { title: 'available', width: SHARE_WIDTH, align: 'right', text: ({ days }) => shareText(availability(days)) },
      { title: 'out', width: OUT_WIDTH, align: 'right', text: ({ days }) => outText(days) },
    ],
    sites,
    look.width,
    paint.dim,
  );
  const each = daysPerMark === 1 ? 'a mark a day' : `worst of ${daysPerMark} days a mark`;
  const legend = `${each}, UTC: ${MARKS.up} up  ${MARKS.worse} worse  ${MARKS.out} out  ${MARKS.long} over ${LONG_MINUTES} min  ${MARKS.unknown} not known`;
  return [titles, ...rows, paint.dim(legend)];
}

function markOf({ worst, outMinutes, knownMinutes }: Day): Mark {
  if (outMinutes > LONG_MINUTES) return 'long';
  if (outMinutes > 0 || worst === 'down') return 'out';
  if (worst === 'unknown' || (knownMinutes === 0 && worst === 'up')) return 'unknown';
  return worst === 'up' || worst === 'maintenance' ? 'up' : 'worse';
}

function marksOf(days: readonly Day[], daysPerMark: number): string {
  let text = '';
  // The latest days are a whole mark.
  const first = days.length % daysPerMark || daysPerMark;
  for (let to = first; to <= days.length; to += daysPerMark) {
    const marks = days.slice(Math.max(0, to - daysPerMark), to).map(markOf);
    text += MARKS[WORST_FIRST.find((mark) => marks.includes(mark)) ?? 'unknown'];
  }
  return text;
}

/** Never rounded up to a hundred: 99.998 % is `99.99 %`. */
export function shareText(share: number | undefined): string {
  if (share === undefined) return 'not known';
  if (share === 1) return '100 %';
  return `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`;
}

function outText(days: readonly Day[]): string {
  const minutes = days.reduce((sum, { outMinutes }) => sum + outMinutes, 0);
  if (minutes === 0) return '–';
  if (minutes < 1) return '< 1 min';
  if (minutes < 120) return `${Math.round(minutes)} min`;
  const hours = Math.floor(minutes / 60);
  const rest = Math.round(minutes % 60);
  return hours >= 100 || rest === 0 ? `${exact(hours)} h` : `${hours} h ${rest} min`;
}
