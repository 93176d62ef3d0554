/**
 * The one table of request columns: what a line of a web server's log says. Batches, the JSON of `decode`, and the docs follow
 * from it. Names are those of the HTTP semantics (RFC 9110) and of IPFIX where the two know the same thing.
 *
 * `kind` tells the storage: `addr` four interleaved Uint32 words per row (IPv4 mapped), `u8`/`u16`/`u32`/`f64` numbers, `text` a slice
 * of the batch's `text`. Columns that are not `always` have a bit in the `present` mask of the row, and count only where it is set.
 */
export type RequestColumnKind = 'addr' | 'u8' | 'u16' | 'u32' | 'f64' | 'text';

export interface RequestColumnSpec {
  readonly kind: RequestColumnKind;
  readonly optional: boolean;
  /** Meaning and unit. */
  readonly about: string;
}

const always = <K extends RequestColumnKind>(kind: K, about: string) => ({ kind, optional: false, about }) as const;
const optional = <K extends RequestColumnKind>(kind: K, about: string) => ({ kind, optional: true, about }) as const;

export const REQUEST_COLUMNS = {
  timeMs: always('f64', 'when the server logged the request, ms since 1970 in event time'),
  source: always('u32', 'index of the log that the line came from, in the decoder that made the batch'),
  method: always('u8', 'index in METHODS; 0 is any other method'),
  line: always('text', 'the line as it stands in the log, without its end'),
  client: optional('addr', 'who asked: behind trusted proxies the address that they tell, else the peer'),
  peer: optional('addr', 'the other end of the connection, where that is a trusted proxy and not the client'),
  clientName: optional('text', 'host name in place of an address, where the server looks names up'),
  clientPort: optional('u16', 'port of the client'),
  site: optional('text', 'host that was asked for, in lower case, without port'),
  path: optional('text', 'path as requested, without query'),
  query: optional('text', 'query without its question mark'),
  status: optional('u16', 'status code; 499 where the client went away (nginx), 0 where none was sent'),
  bytes: optional('f64', 'bytes sent, as reported'),
  requestMs: optional('f64', 'from the first byte read to the last byte sent, ms'),
  upstreamMs: optional('f64', 'time of the server behind this one, ms; of several the sum'),
  httpVersion: optional('u8', 'HTTP version times ten: 9, 10, 11, 20, 30'),
  tlsVersion: optional('u8', 'TLS version times ten: 10, 11, 12, 13'),
  referrer: optional('text', 'Referer field'),
  userAgent: optional('text', 'User-Agent field'),
  user: optional('text', 'user that signed in'),
  methodName: optional(
    'text',
    'method as the line has it, of 2 to 24 capitals, `-` and `_`, where it is none of METHODS',
  ),
} as const satisfies Record<string, RequestColumnSpec>;

export type RequestColumnName = keyof typeof REQUEST_COLUMNS;
export const REQUEST_COLUMN_NAMES = Object.keys(REQUEST_COLUMNS) as readonly RequestColumnName[];

type OptionalRequestColumn = {
  [K in RequestColumnName]: (typeof REQUEST_COLUMNS)[K]['optional'] extends true ? K : never;
}[RequestColumnName];

/** The bit of each optional column in a row's `present` mask. */
export const REQUEST_HAS: Readonly<Record<OptionalRequestColumn, number>> = Object.fromEntries(
  REQUEST_COLUMN_NAMES.filter((name) => REQUEST_COLUMNS[name].optional).map((name, index) => [name, 2 ** index]),
) as Record<OptionalRequestColumn, number>;

/** Methods by their number in the `method` column (RFC 9110 section 9, RFC 5789, RFC 4918); 0 is any other. */
export const METHODS = [
  'OTHER',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'PROPFIND',
] as const;
export type Method = (typeof METHODS)[number];
