import { REJECT } from '../../model/rejection.ts';
import type { Dialect } from './dialect.ts';
import { FIELD } from './field.ts';
import type { RequestRow } from './request-row.ts';

/**
 * Requests of IIS as events of Windows (channel Microsoft-IIS-Logging/Logs): one event a line, its fields as
 * `<Data Name="cs-uri-stem">/path</Data>`, with the names of the W3C log without their brackets.
 */
const FIELDS: Readonly<Record<string, number>> = {
  date: FIELD.date,
  time: FIELD.timeOfDay,
  'c-ip': FIELD.client,
  'cs-username': FIELD.user,
  'cs-method': FIELD.method,
  'cs-uri-stem': FIELD.path,
  'cs-uri-query': FIELD.query,
  'cs-version': FIELD.protocol,
  'cs-host': FIELD.host,
  csHost: FIELD.host,
  'sc-status': FIELD.status,
  'sc-bytes': FIELD.bytes,
  'time-taken': FIELD.millis,
  'csUser-Agent': FIELD.userAgent,
  csReferer: FIELD.referrer,
};
const NAMES = Object.keys(FIELDS).map((name) => ({ bytes: new TextEncoder().encode(name), field: FIELDS[name] }));

const OPENING = new TextEncoder().encode('<Data Name="');
const EVENT = new TextEncoder().encode('<Event ');
const LESS = 0x3c;
const QUOTE = 0x22;

export class IisXmlDialect implements Dialect {
  readonly name = 'iis-xml';

  decode(row: RequestRow, from: number, to: number): number {
    const { text } = row;
    if (!isAt(text, from, to, EVENT)) return REJECT['log-line-unparsed'];
    for (let pos = from; pos < to; pos++) {
      if (text[pos] !== LESS || !isAt(text, pos, to, OPENING)) continue;
      const nameFrom = pos + OPENING.length;
      let nameTo = nameFrom;
      while (nameTo < to && text[nameTo] !== QUOTE) nameTo++;
      const start = nameTo + 2;
      let end = start;
      while (end < to && text[end] !== LESS) end++;
      const field = fieldOf(text, nameFrom, nameTo);
      // An element that closes itself has no value: its end is before its start.
      if (field !== FIELD.skip && text[nameTo + 1] === 0x3e && !placeValue(row, field, start, end)) {
        return field === FIELD.date || field === FIELD.timeOfDay
          ? REJECT['log-time-invalid']
          : REJECT['log-line-unparsed'];
      }
      pos = end - 1;
    }
    return 0;
  }
}

function placeValue(row: RequestRow, field: number, from: number, to: number): boolean {
  const { text } = row;
  let start = from;
  let end = to;
  let entities = false;
  for (let at = from; at < to && !entities; at++) entities = text[at] === 0x26;
  if (entities) {
    start = row.free;
    row.free = addEntities(text, from, to, start);
    end = row.free;
  }
  if (field === FIELD.userAgent && !row.absent(start, end)) {
    start = row.withSpaces(start, end);
    end = row.free;
  }
  return row.set(field, start, end);
}

/** The five entities of XML; others stay as they are. */
const ENTITIES = Object.entries({ '&amp;': 0x26, '&lt;': LESS, '&gt;': 0x3e, '&quot;': QUOTE, '&apos;': 0x27 }).map(
  ([text, byte]) => ({
    bytes: new TextEncoder().encode(text),
    byte,
  }),
);

function addEntities(text: Uint8Array, from: number, to: number, at: number): number {
  let end = at;
  for (let pos = from; pos < to; pos++) {
    let byte = text[pos];
    if (byte === 0x26) {
      for (const entity of ENTITIES) {
        if (!isAt(text, pos, to, entity.bytes)) continue;
        byte = entity.byte;
        pos += entity.bytes.length - 1;
        break;
      }
    }
    text[end++] = byte;
  }
  return end;
}

function fieldOf(text: Uint8Array, from: number, to: number): number {
  for (const { bytes, field } of NAMES) if (bytes.length === to - from && isAt(text, from, to, bytes)) return field;
  return FIELD.skip;
}

function isAt(text: Uint8Array, from: number, to: number, bytes: Uint8Array): boolean {
  if (from + bytes.length > to) return false;
  for (let at = 0; at < bytes.length; at++) if (text[from + at] !== bytes[at]) return false;
  return true;
}
