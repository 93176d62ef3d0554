const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A hundred years: more is a slip of the pen. */
const BACK_MS_MAX = 36_525 * 86_400_000;
/** Whole days of a year that a Date writes with four digits. */
const TIME_MS_MAX = 253_402_300_799_999;

/** What `parseWhen` reads, for messages. */
export const WHEN_EXAMPLES = '90s, 15m, 24h, 7d, now, 2026-11-23, or 2026-11-23T09:30:00Z';

/**
 * A moment in ms since 1970: so long ago (`24h`), `now`, or a date with or without time (ISO 8601; UTC where no zone is said).
 * `undefined` where the text is none of these.
 */
export function parseWhen(text: string, nowMs: number): number | undefined {
  if (text === 'now') return nowMs;
  const ago = parseSpan(text);
  if (ago !== undefined) return Math.max(0, nowMs - ago);
  const date = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text);
  if (date === null) return undefined;
  const [, day, clock = '00:00', zone = 'Z'] = date;
  const timeMs = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  // A day that its month does not have is not read as one of the next month.
  const rightDay = Date.parse(`${day}T00:00Z`);
  if (Number.isNaN(timeMs) || Number.isNaN(rightDay)) return undefined;
  if (new Date(rightDay).toISOString().slice(0, 10) !== day) return undefined;
  return timeMs < 0 || timeMs > TIME_MS_MAX ? undefined : timeMs;
}

/** A length of time in ms: `90s`, `15m`, `24h`, `7d`, `2w`. `undefined` where the text is none, or is above a hundred years. */
export function parseSpan(text: string): number | undefined {
  const found = /^(\d{1,9}(?:\.\d{1,3})?)\s*(s|m|min|h|d|w)$/.exec(text);
  if (found === null) return undefined;
  const spanMs = Math.round(Number(found[1]) * UNIT_MS[found[2]]);
  return spanMs > BACK_MS_MAX ? undefined : spanMs;
}
