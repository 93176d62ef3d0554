import { createZoneFormats } from '../zone-formats.ts';

/** Times as a language writes them, in a zone and in UTC. */
export interface Clock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** `14:02`. */
  readonly time: string;
}

const formatOf = createZoneFormats({
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** The local date and time of a moment. A zone that is not known is read as UTC. */
export function clockIn(ms: number, zone: string): Clock {
  const parts = formatOf(zone).formatToParts(ms);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '0';
  return {
    year: Number(part('year')),
    month: Number(part('month')),
    day: Number(part('day')),
    time: `${part('hour')}:${part('minute')}`,
  };
}

/** How far a zone is from UTC at a moment: `UTC+9`, `UTC-3:30`, `UTC`. */
export function offsetOf(ms: number, zone: string): string {
  const local = clockIn(ms, zone);
  const [hour, minute] = local.time.split(':').map(Number);
  const asUtc = Date.UTC(local.year, local.month - 1, local.day, hour, minute);
  const minutes = Math.round((asUtc - ms) / 60_000);
  if (minutes === 0) return 'UTC';
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? '-' : '+'}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

export const sameDay = (left: Clock, right: Clock): boolean =>
  left.day === right.day && left.month === right.month && left.year === right.year;

/** Zones of countries that have one: what is local where nobody said it. */
const ZONES: Readonly<Record<string, string>> = {
  KR: 'Asia/Seoul',
  UA: 'Europe/Kyiv',
  JP: 'Asia/Tokyo',
  TW: 'Asia/Taipei',
  PL: 'Europe/Warsaw',
  DE: 'Europe/Berlin',
  FR: 'Europe/Paris',
  GB: 'Europe/London',
  IT: 'Europe/Rome',
  LT: 'Europe/Vilnius',
  LV: 'Europe/Riga',
  EE: 'Europe/Tallinn',
  FI: 'Europe/Helsinki',
  RO: 'Europe/Bucharest',
  MD: 'Europe/Chisinau',
  CZ: 'Europe/Prague',
  SE: 'Europe/Stockholm',
  NO: 'Europe/Oslo',
  NL: 'Europe/Amsterdam',
};

export const zoneOfCountry = (country: string | undefined): string =>
  (country === undefined ? undefined : ZONES[country.toUpperCase()]) ?? 'UTC';
