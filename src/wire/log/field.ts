/**
 * What a value in a log means, in the words of all formats together: each format names its own fields by these. One value may
 * hold several columns (`request`, `endpoint`), and one column may come from several fields (`date` and `timeOfDay`).
 */
export const FIELD = {
  skip: 0,
  /** The other end of the connection: an address, a host name, or a list as in X-Forwarded-For whose last is the other end. */
  client: 1,
  clientPort: 2,
  /** X-Forwarded-For: addresses with commas between, the client first. */
  forwardedFor: 3,
  /** Forwarded (RFC 7239). */
  forwarded: 4,
  /** The client as the server itself worked it out from what trusted proxies told. */
  realClient: 5,
  user: 6,
  timeClf: 7,
  timeIso: 8,
  timeSeconds: 9,
  timeMillis: 10,
  timeMicros: 11,
  timeNanos: 12,
  /** A time whose layout tells itself: ISO 8601, common log format, or seconds, ms, µs or ns since 1970. */
  timeAny: 13,
  date: 14,
  timeOfDay: 15,
  /** The request line: `GET /path?query HTTP/1.1`. */
  request: 16,
  method: 17,
  /** Path and query together, or a whole URL. */
  target: 18,
  path: 19,
  query: 20,
  protocol: 21,
  status: 22,
  bytes: 23,
  seconds: 24,
  millis: 25,
  micros: 26,
  nanos: 27,
  /** A time with its unit, or seconds where it has none: `2ms`, `1.5s`, `35µs`. */
  duration: 28,
  upstreamSeconds: 29,
  upstreamMillis: 30,
  upstreamMicros: 31,
  upstreamNanos: 32,
  /** Parts of one request time that are summed up. */
  secondsPart: 33,
  host: 34,
  referrer: 35,
  userAgent: 36,
  tlsVersion: 37,
  /** Address and port of this server, or something else that tells that a line is of a request, and no column. */
  server: 38,
  /** A time that is taken where the line tells no better one. */
  timeOther: 39,
} as const;
export type FieldName = keyof typeof FIELD;
export const FIELD_NAMES = Object.keys(FIELD) as readonly FieldName[];
