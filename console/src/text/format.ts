/** Numbers and times as people read them, by language. Decimal prefixes, as network engineers use them. */

export type Measure = 'bps' | 'pps' | 'fps' | 'rps' | 'bytes' | 'count' | 'connections';

/** Units are international, and the same in all languages. */
const UNITS: Readonly<Record<Measure, string>> = {
  bps: 'bit/s',
  pps: 'pkt/s',
  fps: 'flow/s',
  rps: 'req/s',
  bytes: 'B',
  count: '',
  connections: '',
};

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** One unit for a whole column or axis. */
export interface Scale {
  readonly factor: number;
  /** `Mbit/s`; empty for a plain count. */
  readonly unit: string;
}

/** The scale in which `max` has one to three digits before the point. */
export function scaleOf(max: number, measure: Measure): Scale {
  let factor = 1;
  let step = 0;
  while (Math.abs(max) / factor >= 999.5 && step < PREFIXES.length - 1) {
    factor *= 1000;
    step++;
  }
  return { factor, unit: unitOf(PREFIXES[step], UNITS[measure]) };
}

function unitOf(prefix: string, unit: string): string {
  if (unit === '' || unit === 'bit/s' || unit === 'B') return prefix + unit;
  return prefix === '' ? unit : `${prefix} ${unit}`;
}

/** A formatter is dear to make and cheap to use: each is made once. There are as many as kinds of numbers below. */
const made = new Map<string, Intl.NumberFormat>();

function numbers(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language} ${JSON.stringify(options)}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const format = new Intl.NumberFormat(language, options);
  made.set(key, format);
  return format;
}

const withPlaces = (value: number, places: number, language: string): string =>
  numbers(language, { minimumFractionDigits: places, maximumFractionDigits: places }).format(value);

/** A number with three digits that count: `12.3`, `0.42`, `230`. */
export function digits(value: number, language: string): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const places = size >= 99.95 || Number.isInteger(value) ? 0 : size >= 9.995 ? 1 : 2;
  return withPlaces(value, places, language);
}

/** `12.3 Mbit/s`. */
export function amount(value: number, measure: Measure, language: string): string {
  if (!Number.isFinite(value)) return '–';
  const { factor, unit } = scaleOf(value, measure);
  const number = digits(value / factor, language);
  return unit === '' ? number : `${number}\u00a0${unit}`;
}

/** `12.3`, in a scale that the head of the column names. */
export function inScale(value: number | undefined, { factor }: Scale, language: string): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const scaled = value / factor;
  // One unit for a column must not turn something into nothing.
  if (scaled > 0 && scaled < 0.05 && factor > 1) return `< ${withPlaces(0.1, 1, language)}`;
  const places = factor === 1 ? 0 : 1;
  return withPlaces(scaled, places, language);
}

/** `37 %`, `0.4 %`; the argument is a share from 0 to 1. */
export function percent(share: number, language: string): string {
  if (!Number.isFinite(share)) return '–';
  if (share > 0 && share < 0.0005) return `< ${percent(0.001, language)}`;
  const places = share * 100 >= 9.95 || share === 0 ? 0 : 1;
  return numbers(language, {
    style: 'percent',
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  }).format(share);
}

type DurationUnit = 'second' | 'minute' | 'hour' | 'day';

/** `4 min 12 s`, `2 h 5 min`: the two largest units; in ms. */
export function duration(ms: number, language: string): string {
  const part = (value: number, unit: DurationUnit, places = 0): string =>
    numbers(language, {
      style: 'unit',
      unit,
      unitDisplay: 'short',
      maximumFractionDigits: places,
    }).format(value);
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return part(seconds, 'second', seconds < 1 ? 2 : 1);
  const whole = Math.round(seconds);
  if (whole < 60) return part(whole, 'second');
  if (whole < 3600) return two(part(Math.floor(whole / 60), 'minute'), whole % 60, () => part(whole % 60, 'second'));
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440)
    return two(part(Math.floor(minutes / 60), 'hour'), minutes % 60, () => part(minutes % 60, 'minute'));
  const hours = Math.round(seconds / 3600);
  return two(part(Math.floor(hours / 24), 'day'), hours % 24, () => part(hours % 24, 'hour'));
}

function two(large: string, rest: number, small: () => string): string {
  return rest === 0 ? large : `${large} ${small()}`;
}

/** A country as it is called; its code where the browser does not know it. */
export function country(code: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'region', fallback: 'code' }).of(code.toUpperCase()) ?? code;
  } catch {
    return code;
  }
}
