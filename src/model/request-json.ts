import { formatAddress } from '../base/ip.ts';
import { formatTime } from '../base/units.ts';
import type { RequestBatch, TextColumn } from './request-batch.ts';
import { METHODS, REQUEST_COLUMNS, REQUEST_HAS, type RequestColumnName } from './request-columns.ts';

/** Columns in the order in which their members stand; the line comes last. */
const MEMBERS: readonly RequestColumnName[] = [
  'site',
  'client',
  'clientName',
  'clientPort',
  'peer',
  'user',
  'method',
  'path',
  'query',
  'httpVersion',
  'tlsVersion',
  'status',
  'bytes',
  'requestMs',
  'upstreamMs',
  'referrer',
  'userAgent',
];

/** What is invalid in UTF-8 becomes U+FFFD. */
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** Text of a row's column; what is no UTF-8 is told as U+FFFD. */
export function requestText(batch: RequestBatch, column: TextColumn, row: number): string {
  const at = column.at[row];
  return decoder.decode(batch.text.subarray(at, at + column.length[row]));
}

/** The members of the JSON of a row without its braces: `"time":…,"site":…`; what the line does not tell is left out. */
export function requestMembers(batch: RequestBatch, row: number): string {
  const time = formatTime(batch.timeMs[row]);
  let members = `"time":${time === undefined ? 'null' : `"${time}"`}`;
  for (const name of MEMBERS) {
    const value = requestValue(batch, name, row);
    if (value !== undefined) members += `,"${name}":${typeof value === 'string' ? quoted(value) : value}`;
  }
  return members;
}

/** What a terminal may take for a command, or write backwards, and JSON lets stand: the C1 controls and those of direction. */
const UNSAFE = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** A text as JSON that any terminal can be shown. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(UNSAFE, (unsafe) => `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A row's value in a column as people read it; undefined where the line does not tell it. */
export function requestValue(batch: RequestBatch, name: RequestColumnName, row: number): string | number | undefined {
  const bits: Readonly<Partial<Record<RequestColumnName, number>>> = REQUEST_HAS;
  const bit = bits[name];
  if (bit !== undefined && (batch.present[row] & bit) === 0) return undefined;
  switch (name) {
    case 'method':
      if (batch.method[row] !== 0) return METHODS[batch.method[row]];
      if ((batch.present[row] & REQUEST_HAS.methodName) !== 0) return requestText(batch, batch.methodName, row);
      // A line whose request was none, as of a connection that sent nothing, tells no method either.
      return (batch.present[row] & REQUEST_HAS.path) === 0 ? undefined : METHODS[0];
    case 'httpVersion':
    case 'tlsVersion':
      return (batch[name][row] / 10).toFixed(1);
    case 'client':
    case 'peer':
      return formatAddress(batch[name], 4 * row);
    default: {
      const column = batch[name];
      return REQUEST_COLUMNS[name].kind === 'text'
        ? requestText(batch, column as TextColumn, row)
        : (column as Float64Array)[row];
    }
  }
}
