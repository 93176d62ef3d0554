import { REJECT } from '../../model/rejection.ts';
import { FIELD } from './field.ts';
import { LogTimes, readNumber } from './log-time.ts';

/** Times before 1990 and after 2199 are those of a clock that is off, or of another number. */
const TIME_MS_MIN = 631_152_000_000;
const TIME_MS_MAX = 7_258_118_400_000;

const SLASH = 0x2f;
const DASH = 0x2d;
const OPEN = 0x5b;

/** Milliseconds of the units that numbers since 1970 are in. */
const SCALES: Readonly<Record<number, number>> = {
  [FIELD.timeSeconds]: 1000,
  [FIELD.timeMillis]: 1,
  [FIELD.timeMicros]: 1e-3,
  [FIELD.timeNanos]: 1e-6,
};

/** The time of one line, which may come in parts. */
export class RequestTime {
  /** ms since 1970; NaN until it is known. */
  ms = Number.NaN;
  readonly times = new LogTimes();
  #dayMs = Number.NaN;
  #inDayMs = Number.NaN;
  #otherFrom = 0;
  #otherTo = 0;

  begin(): void {
    this.ms = Number.NaN;
    this.#dayMs = Number.NaN;
    this.#inDayMs = Number.NaN;
    this.#otherTo = 0;
  }

  /** Takes a value in [from, to) of a field of time; false where it is none. */
  set(field: number, text: Uint8Array, from: number, to: number): boolean {
    const { times } = this;
    switch (field) {
      case FIELD.timeClf:
        this.ms = text[from] === OPEN ? times.readClf(text, from + 1, to - 1) : times.readClf(text, from, to);
        return !Number.isNaN(this.ms);
      case FIELD.timeIso:
        this.ms = times.readIso(text, from, to);
        return !Number.isNaN(this.ms);
      case FIELD.timeAny:
        this.ms = this.#any(text, from, to);
        return !Number.isNaN(this.ms);
      case FIELD.timeOther:
        this.#otherFrom = from;
        this.#otherTo = to;
        return true;
      case FIELD.date:
        this.#dayMs = times.readDate(text, from, to);
        return !Number.isNaN(this.#dayMs);
      case FIELD.timeOfDay:
        this.#inDayMs = times.readTimeOfDay(text, from, to) + times.zonelessMs;
        return !Number.isNaN(this.#inDayMs);
      default:
        this.ms = toMicrosecond(readNumber(text, from, to) * SCALES[field]);
        return !Number.isNaN(this.ms);
    }
  }

  /** Time of day of a line that tells it apart from its day, ms; NaN where none did. */
  get inDayMs(): number {
    return this.#inDayMs;
  }

  /** The day of a time of day that came without one. */
  defaultDay(dayMs: number): void {
    if (Number.isNaN(this.#dayMs)) this.#dayMs = dayMs;
  }

  /** True where every second of the minute that was read last, as the common log format has it, may be one of a request. */
  get hasMinute(): boolean {
    const { clfMinuteMs } = this.times;
    return clfMinuteMs >= TIME_MS_MIN && clfMinuteMs + 60_000 <= TIME_MS_MAX;
  }

  /** Puts the parts together; returns 0, or why this is no time of a request. */
  settle(text: Uint8Array): number {
    if (Number.isNaN(this.ms)) this.ms = this.#dayMs + this.#inDayMs;
    if (Number.isNaN(this.ms) && this.#otherTo > 0) this.ms = this.#any(text, this.#otherFrom, this.#otherTo);
    if (Number.isNaN(this.ms)) return REJECT['log-time-missing'];
    return this.ms < TIME_MS_MIN || this.ms > TIME_MS_MAX ? REJECT['log-time-absurd'] : 0;
  }

  #any(text: Uint8Array, from: number, to: number): number {
    if (to - from > 10 && (text[from + 4] === DASH || text[from + 4] === SLASH))
      return this.times.readIso(text, from, to);
    if (to - from > 19 && text[from + 2] === SLASH) return this.times.readClf(text, from, to);
    const value = readNumber(text, from, to);
    // Seconds have ten digits until 2286, and each further unit three more.
    return toMicrosecond(value * (value < 1e11 ? 1000 : value < 1e14 ? 1 : value < 1e17 ? 1e-3 : 1e-6));
  }
}

/** A double holds no nanoseconds since 1970. */
function toMicrosecond(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
