/**
 * Times of logs, from bytes to milliseconds since 1970. Lines of one minute differ in their seconds only, so the minute that was
 * read last is kept and compared before anything is computed.
 */
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** `02/Oct/2017:20:22:07 +0000`. */
export const CLF_BYTES = 26;
const ISO_BYTES_MAX = 40;

/** Two digits at `at`; above 99 or negative where they are none. */
function two(text: Uint8Array, at: number): number {
  const tens = text[at] - 0x30;
  const ones = text[at + 1] - 0x30;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? 1000 : 10 * tens + ones;
}

function four(text: Uint8Array, at: number): number {
  return 100 * two(text, at) + two(text, at + 2);
}

/** Month by its three letters, in any case: the lower-case letters in one number. */
const MONTHS = new Map(
  ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map((name, month) => [
    (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2),
    month,
  ]),
);

/** Month (0 to 11) at `at`; -1 where there is none. */
export function readMonth(text: Uint8Array, at: number): number {
  const letters = ((text[at] | 0x20) << 16) | ((text[at + 1] | 0x20) << 8) | (text[at + 2] | 0x20);
  return MONTHS.get(letters) ?? -1;
}

/** Days of the month, for 31 February is no day. */
function daysOf(year: number, month: number): number {
  if (month === 1) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31;
}

/** Start of a day, ms since 1970; NaN where there is no such day. Months count from 0. */
export function dayMs(year: number, month: number, day: number): number {
  if (!(month >= 0 && month <= 11 && day >= 1 && year >= 1 && year <= 9999) || day > daysOf(year, month))
    return Number.NaN;
  // Days since 1970 in the proleptic Gregorian calendar, with years that begin in March.
  const shifted = month < 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * 146_097 + dayOfEra - 719_468) * DAY_MS;
}

/** Reads times, and remembers the last minute of each layout. */
export class LogTimes {
  /** Behind the time that was read last. */
  end = 0;
  /** What is added to times without a zone, ms: minus their distance from UTC. */
  zonelessMs = 0;
  /** The minute that `readClf` read last in full, how it was written (its seconds aside), and how often that changed. */
  readonly clf = new Uint8Array(CLF_BYTES);
  clfMinuteMs = Number.NaN;
  clfChanges = 0;
  readonly #iso = new Uint8Array(16);
  #isoMinuteMs = Number.NaN;
  /** The ISO time that was read last: many lines of a second have the same. */
  readonly #last = new Uint8Array(ISO_BYTES_MAX);
  #lastLength = -1;
  #lastEnd = 0;
  #lastMs = Number.NaN;
  #lastZonelessMs = 0;

  /**
   * `02/Oct/2017:20:22:07 +0000` (Apache, nginx), also with a fraction of a second and without a zone (HAProxy: `.726`), or with two
   * digits of a year. NaN where it is none.
   */
  readClf(text: Uint8Array, from: number, to: number): number {
    const kept = this.clf;
    if (to - from < 26 || text[from + 20] !== 0x20) return this.#readClfSlowly(text, from, to);
    for (let at = 0; at < 17; at++) if (text[from + at] !== kept[at]) return this.#readClfSlowly(text, from, to);
    for (let at = 20; at < 26; at++) if (text[from + at] !== kept[at]) return this.#readClfSlowly(text, from, to);
    const second = two(text, from + 18);
    if (second > 60 || text[from + 17] !== 0x3a) return Number.NaN;
    this.end = from + 26;
    return this.clfMinuteMs + second * 1000;
  }

  #readClfSlowly(text: Uint8Array, from: number, to: number): number {
    const day = two(text, from);
    const month = readMonth(text, from + 3);
    const hour = two(text, from + 12);
    const minute = two(text, from + 15);
    const second = two(text, from + 18);
    if (to - from < 20 || text[from + 2] !== 0x2f || text[from + 6] !== 0x2f || text[from + 11] !== 0x3a)
      return Number.NaN;
    if (text[from + 14] !== 0x3a || text[from + 17] !== 0x3a || hour > 23 || minute > 59 || second > 60)
      return Number.NaN;
    const minuteMs = dayMs(four(text, from + 7), month, day) + (hour * 60 + minute) * MINUTE_MS;
    if (Number.isNaN(minuteMs)) return Number.NaN;
    this.end = from + 20;
    const fraction = this.#fractionMs(text, to);
    const zone = this.#zoneMs(text, to);
    if (Number.isNaN(zone)) return Number.NaN;
    if (this.end === from + 26) {
      this.clf.set(text.subarray(from, from + 26));
      this.clfChanges++;
      this.clfMinuteMs = minuteMs - zone;
    }
    return minuteMs - zone + second * 1000 + fraction;
  }

  /**
   * `2018-07-30T09:03:52.726Z`, `2018-07-30 09:03:52,726+02:00` (ISO 8601, RFC 3339); seconds, fraction and zone may be left out.
   * NaN where it is none.
   */
  readIso(text: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length === this.#lastLength && this.zonelessMs === this.#lastZonelessMs) {
      // What differs is mostly near the end.
      let at = length - 1;
      while (at >= 0 && text[from + at] === this.#last[at]) at--;
      if (at < 0) {
        this.end = from + this.#lastEnd;
        return this.#lastMs;
      }
    }
    const ms = this.#readIsoAnew(text, from, to);
    this.#lastLength = length <= ISO_BYTES_MAX && !Number.isNaN(ms) ? length : -1;
    if (this.#lastLength < 0) return ms;
    for (let at = 0; at < length; at++) this.#last[at] = text[from + at];
    this.#lastEnd = this.end - from;
    this.#lastMs = ms;
    this.#lastZonelessMs = this.zonelessMs;
    return ms;
  }

  /** As `readIso`, of a time that is not the last one. */
  #readIsoAnew(text: Uint8Array, from: number, to: number): number {
    const kept = this.#iso;
    if (to - from < 16) return Number.NaN;
    let same = true;
    for (let at = 0; at < 16 && same; at++) same = text[from + at] === kept[at];
    if (!same) {
      const gap = text[from + 10];
      const hour = two(text, from + 11);
      const minute = two(text, from + 14);
      if ((gap !== 0x54 && gap !== 0x74 && gap !== 0x20) || hour > 23 || minute > 59 || text[from + 13] !== 0x3a)
        return Number.NaN;
      const day = this.readDate(text, from, from + 10);
      if (Number.isNaN(day)) return Number.NaN;
      kept.set(text.subarray(from, from + 16));
      this.#isoMinuteMs = day + (hour * 60 + minute) * MINUTE_MS;
    }
    this.end = from + 16;
    let ms = 0;
    if (this.end + 2 < to && text[this.end] === 0x3a) {
      const second = two(text, this.end + 1);
      if (second > 60) return Number.NaN;
      this.end += 3;
      ms = second * 1000 + this.#fractionMs(text, to);
    }
    const zone = this.#zoneMs(text, to);
    return this.#isoMinuteMs + ms - zone;
  }

  /** `2018-07-30` or `2018/07/30`, the start of that day; NaN where it is none. */
  readDate(text: Uint8Array, from: number, to: number): number {
    const mark = text[from + 4];
    if (to - from !== 10 || (mark !== 0x2d && mark !== 0x2f) || text[from + 7] !== mark) return Number.NaN;
    return dayMs(four(text, from), two(text, from + 5) - 1, two(text, from + 8));
  }

  /** `09:03:52` or `09:03:52.726`, ms since midnight; NaN where it is none. */
  readTimeOfDay(text: Uint8Array, from: number, to: number): number {
    const hour = two(text, from);
    const minute = two(text, from + 3);
    const second = two(text, from + 6);
    if (to - from < 8 || text[from + 2] !== 0x3a || text[from + 5] !== 0x3a) return Number.NaN;
    if (hour > 23 || minute > 59 || second > 60) return Number.NaN;
    this.end = from + 8;
    const ms = (hour * 60 + minute) * MINUTE_MS + second * 1000 + this.#fractionMs(text, to);
    return this.end === to ? ms : Number.NaN;
  }

  /** `.726`, `,726`, `.587782192` behind the seconds, in whole milliseconds; 0 where there is none. */
  #fractionMs(text: Uint8Array, to: number): number {
    let pos = this.end;
    if (pos >= to || (text[pos] !== 0x2e && text[pos] !== 0x2c)) return 0;
    let ms = 0;
    let weight = 100;
    for (pos++; pos < to; pos++) {
      const digit = text[pos] - 0x30;
      if (digit < 0 || digit > 9) break;
      if (weight >= 1) ms += digit * weight;
      weight /= 10;
    }
    this.end = pos;
    return ms;
  }

  /** `Z`, `+0200`, ` +02:00`, `-08`: the distance from UTC, ms. Minus `zonelessMs` where none is there. NaN where it is absurd. */
  #zoneMs(text: Uint8Array, to: number): number {
    let pos = this.end;
    if (pos < to && text[pos] === 0x20) pos++;
    if (pos >= to) return -this.zonelessMs;
    const sign = text[pos];
    if (sign === 0x5a || sign === 0x7a) {
      this.end = pos + 1;
      return 0;
    }
    if (sign !== 0x2b && sign !== 0x2d) return -this.zonelessMs;
    const hours = pos + 2 < to ? two(text, pos + 1) : 1000;
    if (hours > 23) return Number.NaN;
    pos += 3;
    if (pos < to && text[pos] === 0x3a) pos++;
    let minutes = pos + 1 < to ? two(text, pos) : 1000;
    if (minutes > 59) minutes = 0;
    else pos += 2;
    this.end = pos;
    const ms = (hours * 60 + minutes) * MINUTE_MS;
    return sign === 0x2d ? -ms : ms;
  }
}

/** The whole number in [from, to) where there are one to six digits and nothing else; -1 where it is written in another way. */
export function readWhole(text: Uint8Array, from: number, to: number): number {
  if (from >= to || to - from > 6) return -1;
  let value = 0;
  for (let pos = from; pos < to; pos++) {
    const digit = text[pos] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * The number in [from, to) times `scale`: `1693840791.7564995`, `-1`, `3.5e-05`. NaN where it is none, or has more than 40 characters.
 */
export function readNumber(text: Uint8Array, from: number, to: number): number {
  let pos = from;
  const negative = pos < to && text[pos] === 0x2d;
  if (negative) pos++;
  let value = 0;
  let digits = 0;
  for (; pos < to; pos++) {
    const digit = text[pos] - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    digits++;
  }
  if (pos < to && text[pos] === 0x2e) {
    let fraction = 0;
    let scale = 1;
    for (pos++; pos < to; pos++) {
      const digit = text[pos] - 0x30;
      if (digit < 0 || digit > 9) break;
      // Further digits are beyond what a double holds.
      if (scale < 1e15) {
        fraction = fraction * 10 + digit;
        scale *= 10;
      }
      digits++;
    }
    // One division of whole numbers is rounded once, as JSON.parse rounds.
    const whole = value * scale + fraction;
    value = whole <= Number.MAX_SAFE_INTEGER ? whole / scale : value + fraction / scale;
  }
  if (digits === 0 || to - from > 40) return Number.NaN;
  if (pos < to && (text[pos] | 0x20) === 0x65) {
    pos++;
    const down = text[pos] === 0x2d;
    if (down || text[pos] === 0x2b) pos++;
    let exponent = 0;
    const start = pos;
    for (; pos < to && exponent < 400; pos++) {
      const digit = text[pos] - 0x30;
      if (digit < 0 || digit > 9) break;
      exponent = exponent * 10 + digit;
    }
    if (pos === start) return Number.NaN;
    value *= 10 ** (down ? -exponent : exponent);
  }
  if (pos !== to) return Number.NaN;
  return negative ? -value : value;
}
