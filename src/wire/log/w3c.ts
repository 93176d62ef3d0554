import { REJECT } from '../../model/rejection.ts';
import type { Dialect } from './dialect.ts';
import { FIELD } from './field.ts';
import type { RequestRow } from './request-row.ts';
import { addUndoubled } from './unescape.ts';

/**
 * The W3C extended log file format (https://www.w3.org/TR/WD-logfile): IIS, CloudFront and others. `#Fields` says what the words of the
 * lines behind it are, and may say so anew at any time; words have blanks or tabs between, and quotes around where they hold blanks.
 */
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;

const DAY_MS = 86_400_000;

/** Fields of one line that are read; those behind are passed over. */
const FIELDS_MAX = 128;

/** Fields by their names in lower case. */
const W3C_FIELDS: Readonly<Record<string, number>> = {
  date: FIELD.date,
  'date-local': FIELD.date,
  time: FIELD.timeOfDay,
  'time-local': FIELD.timeOfDay,
  'c-ip': FIELD.client,
  'c-port': FIELD.clientPort,
  'x-forwarded-for': FIELD.forwardedFor,
  'cs(x-forwarded-for)': FIELD.forwardedFor,
  'x-forwarded-for-ip': FIELD.forwardedFor,
  'cs-username': FIELD.user,
  'c-auth-id': FIELD.user,
  'cs-method': FIELD.method,
  'cs-uri': FIELD.target,
  'cs-uri-stem': FIELD.path,
  'cs-uri-query': FIELD.query,
  'cs-version': FIELD.protocol,
  'cs-protocol-version': FIELD.protocol,
  'sc-status': FIELD.status,
  'sc-bytes': FIELD.bytes,
  bytes: FIELD.bytes,
  'bytes-sent': FIELD.bytes,
  timetakenms: FIELD.millis,
  'cs-host': FIELD.host,
  'cs(host)': FIELD.host,
  'x-host-header': FIELD.host,
  'cs(referer)': FIELD.referrer,
  'cs(referrer)': FIELD.referrer,
  'cs(user-agent)': FIELD.userAgent,
  'ssl-protocol': FIELD.tlsVersion,
  ssl_protocol: FIELD.tlsVersion,
};

/** Layouts of IIS by their number of words, for a log whose `#Fields` went with the file before. */
const IIS_LAYOUTS: Readonly<Record<number, string>> = {
  14: 'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken',
  15: 'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken',
  16: 'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken X-Forwarded-For',
  18: 'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken',
  19: 'date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken',
  22: 'date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken',
  23: 'date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken X-Forwarded-For',
};

const STARTS = new Int32Array(FIELDS_MAX);
const ENDS = new Int32Array(FIELDS_MAX);
/** 1 where a word stood between quotes and has a doubled one in it. */
const DOUBLED = new Uint8Array(FIELDS_MAX);

export class W3cDialect implements Dialect {
  readonly name: string;
  #fields: Int32Array = new Int32Array(0);
  /** Names with a plus for a blank: IIS writes user agents so. */
  #plus = true;
  #tabs = false;
  /** Of `time-taken`: ms with IIS, seconds with all others. */
  #iis = true;
  #guessed = 0;
  /** The day of lines that tell only the time of day, and the newest time in it. */
  #dateMs = Number.NaN;
  #inDayMs = Number.NaN;

  /** `names` are the fields of a log that has no `#Fields`. */
  constructor(name = 'w3c', names?: string) {
    this.name = name;
    if (names !== undefined) this.layOut(names);
  }

  /** True once the names of the fields are known. */
  get laidOut(): boolean {
    return this.#fields.length > 0;
  }

  /** Takes a line that begins with `#`. */
  directive(row: RequestRow, from: number, to: number): void {
    // Directives come once in a file: text is the plain way.
    const line = row.search.toString('latin1', from, Math.min(to, from + 8192));
    const [, name = '', value = ''] = /^#([\w-]+):\s*(.*)$/.exec(line) ?? [];
    switch (name.toLowerCase()) {
      case 'software':
        this.#iis = /internet information|http server api|iis/i.test(value);
        break;
      case 'date':
      case 'start-date':
        this.#dateMs = Date.parse(`${value.slice(0, 10)}T00:00:00Z`);
        this.#inDayMs = Number.NaN;
        break;
      case 'gmt-offset': {
        const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)/.exec(value) ?? [];
        if (sign !== undefined)
          row.time.times.zonelessMs = (sign === '-' ? 1 : -1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
        break;
      }
      case 'fields':
        this.layOut(value);
    }
  }

  /** Takes the names of fields, with blanks between. */
  layOut(names: string): void {
    const words = names.toLowerCase().trim().split(/\s+/).slice(0, FIELDS_MAX);
    const cloudfront = words.includes('x-edge-location');
    this.#guessed = 0;
    this.#tabs = cloudfront;
    this.#plus = !cloudfront;
    const fields = Int32Array.from(words, (word) => W3C_FIELDS[word] ?? FIELD.skip);
    const host = words.indexOf('x-host-header');
    words.forEach((word, index) => {
      // CloudFront logs its own name as cs(Host), and the site's as x-host-header.
      if (word === 'cs(host)' && host >= 0) fields[index] = FIELD.skip;
      if (word === 'time-taken') fields[index] = this.#iis && !cloudfront ? FIELD.millis : FIELD.seconds;
    });
    this.#fields = fields;
  }

  decode(row: RequestRow, from: number, to: number): number {
    const count = splitWords(row, from, to, this.#tabs);
    if (this.#fields.length === 0 || this.#guessed > 0) {
      if (count !== this.#guessed && !this.#guess(row, count)) return REJECT['log-line-unparsed'];
    }
    const fields = this.#fields;
    const last = Math.min(count, fields.length);
    // The words must be as many as the fields; some writers leave out the last ones.
    if (count > fields.length || count < fields.length - 3) return REJECT['log-line-unparsed'];
    for (let word = 0; word < last; word++) {
      const field = fields[word];
      if (field === FIELD.skip) continue;
      let start = STARTS[word];
      let end = ENDS[word];
      if (DOUBLED[word] === 1) {
        const begin = row.free;
        row.free = addUndoubled(row.text, start, end, begin);
        start = begin;
        end = row.free;
      }
      if (field === FIELD.userAgent && !row.absent(start, end)) {
        // IIS writes a plus for a blank, CloudFront what a URL has.
        start = this.#tabs ? row.fromPercent(start, end) : this.#plus ? row.withSpaces(start, end) : start;
        if (start >= to) end = row.free;
      }
      if (!row.set(field, start, end)) {
        if (field === FIELD.method) return REJECT['log-line-not-a-request'];
        if (field === FIELD.date || field === FIELD.timeOfDay) return REJECT['log-time-invalid'];
        return REJECT['log-line-unparsed'];
      }
    }
    if (!Number.isNaN(this.#dateMs)) row.time.defaultDay(this.#dayOf(row.time.inDayMs));
    return 0;
  }

  /** The day of a time of day: midnight is where it falls back by more than half a day. A line from before it may still come behind it. */
  #dayOf(inDayMs: number): number {
    if (Number.isNaN(inDayMs)) return this.#dateMs;
    const stepMs = inDayMs - this.#inDayMs;
    if (stepMs > DAY_MS / 2) return this.#dateMs - DAY_MS;
    if (stepMs < -DAY_MS / 2) this.#dateMs += DAY_MS;
    if (Number.isNaN(stepMs) || stepMs > 0 || stepMs < -DAY_MS / 2) this.#inDayMs = inDayMs;
    return this.#dateMs;
  }

  #guess(row: RequestRow, count: number): boolean {
    const layout = IIS_LAYOUTS[count];
    if (layout === undefined || Number.isNaN(row.time.times.readDate(row.text, STARTS[0], ENDS[0]))) return false;
    this.#iis = true;
    this.layOut(layout);
    this.#guessed = count;
    return true;
  }
}

/** Words of the line, quoted ones without their quotes; their number. */
function splitWords(row: RequestRow, from: number, to: number, tabs: boolean): number {
  const { text } = row;
  let count = 0;
  let pos = from;
  while (pos < to && count < FIELDS_MAX) {
    while (pos < to && (text[pos] === SPACE || text[pos] === TAB)) pos++;
    if (pos >= to) break;
    DOUBLED[count] = 0;
    if (text[pos] === QUOTE) {
      STARTS[count] = ++pos;
      for (; pos < to; pos++) {
        if (text[pos] !== QUOTE) continue;
        if (text[pos + 1] !== QUOTE) break;
        DOUBLED[count] = 1;
        pos++;
      }
      ENDS[count++] = pos;
      pos++;
      continue;
    }
    STARTS[count] = pos;
    while (pos < to && text[pos] !== TAB && (tabs || text[pos] !== SPACE)) pos++;
    ENDS[count++] = pos;
  }
  return count;
}
