import type { Measure, Scale } from './format.ts';
import * as format from './format.ts';
import { text } from './text.svelte.ts';

/** The formats, in the language of the reader. */
export const amount = (value: number, measure: Measure): string => format.amount(value, measure, text.language);
export const inScale = (value: number | undefined, scale: Scale): string => format.inScale(value, scale, text.language);
export const digits = (value: number): string => format.digits(value, text.language);
export const percent = (share: number): string => format.percent(share, text.language);
export const duration = (ms: number): string => format.duration(ms, text.language);
export const country = (code: string): string => format.country(code, text.language);
export const whole = (value: number): string => text.numbers.format(Math.round(value));

const DAY_MS = 86_400_000;

/** Formatters of moments, each made once: by language, and by what of the moment is told. */
const made = new Map<string, Intl.DateTimeFormat>();

/** `14:02:31` today, `26 Nov 14:02:31` on another day; in the zone of the reader. */
export function moment(iso: string, nowMs: number, seconds = true): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return '–';
  const isToday = time.toDateString() === new Date(nowMs).toDateString();
  const isNear = Math.abs(nowMs - time.getTime()) < 300 * DAY_MS;
  return moments({
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(seconds ? { second: '2-digit' } : {}),
    ...(isToday ? {} : { day: 'numeric', month: 'short', ...(isNear ? {} : { year: 'numeric' }) }),
  }).format(time);
}

/** `14:02:31`, for the clock. */
export const clock = (ms: number): string => moments({ timeStyle: 'medium', hourCycle: 'h23' }).format(ms);

function moments(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${text.language} ${JSON.stringify(options)}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat(text.language, options);
  made.set(key, format);
  return format;
}

/** The same moment in UTC, for whoever asks: `2026-11-26 05:02:31 UTC`. */
export function inUtc(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? '–' : `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The sentence with a capital at its beginning, where the language has any: a Korean one may begin with a name of elsewhere. */
export const capital = (sentence: string): string =>
  text.language === 'ko' ? sentence : sentence.slice(0, 1).toLocaleUpperCase(text.language) + sentence.slice(1);
