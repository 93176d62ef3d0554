import type { Maintenance } from '../model/site.ts';
import { createZoneFormats } from './zone-formats.ts';

const formatOf = createZoneFormats({ weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** The window that covers a moment, if one does. A zone that is not known is read as UTC. */
export function maintenanceAt(windows: readonly Maintenance[], nowMs: number): Maintenance | undefined {
  return windows.find((window) => (window.kind === 'once' ? coversOnce(window, nowMs) : coversWeekly(window, nowMs)));
}

function coversOnce(window: { readonly from: string; readonly to: string }, nowMs: number): boolean {
  return nowMs >= Date.parse(window.from) && nowMs < Date.parse(window.to);
}

function coversWeekly(window: Extract<Maintenance, { kind: 'weekly' }>, nowMs: number): boolean {
  const [hours, minutes] = window.from.split(':').map(Number);
  const startMinute = hours * 60 + minutes;
  // It began today or, where it runs over midnight, yesterday.
  for (const daysBack of [0, 1]) {
    const local = localTime(nowMs, window.zone);
    const weekday = ((local.weekday - 1 - daysBack + 7) % 7) + 1;
    const since = local.minute + daysBack * 1440 - startMinute;
    if (weekday === window.weekday && since >= 0 && since < window.minutes) return true;
  }
  return false;
}

/** Weekday (1 Monday … 7 Sunday) and minute of the day in a zone. */
function localTime(nowMs: number, zone: string): { readonly weekday: number; readonly minute: number } {
  const parts = formatOf(zone).formatToParts(nowMs);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return {
    weekday: WEEKDAYS.indexOf(part('weekday')) + 1,
    minute: Number(part('hour')) * 60 + Number(part('minute')) + ((nowMs / 60_000) % 1),
  };
}
