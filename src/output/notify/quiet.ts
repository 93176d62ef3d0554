import type { QuietHours } from '../../model/receiver.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** When the quiet hours that hold at this moment end, ms since 1970; undefined outside them. To the minute. */
export function quietUntil({ from, to, zone }: QuietHours, nowMs: number): number | undefined {
  const [begin, end, now] = [minuteOf(from), minuteOf(to), minuteIn(zone, nowMs)];
  if (begin === end) return undefined;
  const inside = begin < end ? now >= begin && now < end : now >= begin || now < end;
  if (!inside) return undefined;
  const left = (end - now + DAY_MINUTES) % DAY_MINUTES;
  return Math.floor(nowMs / MINUTE_MS) * MINUTE_MS + left * MINUTE_MS;
}

const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

/** Minutes since midnight in a time zone. */
function minuteIn(zone: string, nowMs: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(nowMs);
  const read = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return read('hour') * 60 + read('minute');
}
