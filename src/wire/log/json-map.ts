import { FIELD, FIELD_NAMES, type FieldName } from './field.ts';

/**
 * Which keys of a JSON line mean what: paths with dots between the keys. A path is found nested and flat alike, for one program
 * writes `{"http":{"method":…}}` and the next `{"http.method":…}`.
 */
export type JsonPaths = Readonly<Record<string, FieldName>>;

/** Keys in a map at most, and levels of a path. */
export const JSON_PATHS_MAX = 256;
const LEVELS_MAX = 6;

/** https://caddyserver.com/docs/caddyfile/directives/log */
export const CADDY_PATHS: JsonPaths = {
  ts: 'timeAny',
  'request.remote_addr': 'client',
  'request.remote_ip': 'client',
  'request.remote_port': 'clientPort',
  'request.client_ip': 'realClient',
  'request.proto': 'protocol',
  'request.method': 'method',
  'request.host': 'host',
  'request.uri': 'target',
  'request.headers.User-Agent': 'userAgent',
  'request.headers.Referer': 'referrer',
  'request.headers.X-Forwarded-For': 'forwardedFor',
  'request.tls.version': 'tlsVersion',
  user_id: 'user',
  duration: 'duration',
  size: 'bytes',
  status: 'status',
};

/** https://doc.traefik.io/traefik/observability/access-logs/ */
export const TRAEFIK_PATHS: JsonPaths = {
  StartUTC: 'timeIso',
  time: 'timeOther',
  ClientAddr: 'client',
  ClientHost: 'client',
  ClientPort: 'clientPort',
  ClientUsername: 'user',
  RequestHost: 'host',
  RequestMethod: 'method',
  RequestPath: 'target',
  RequestProtocol: 'protocol',
  DownstreamStatus: 'status',
  DownstreamContentSize: 'bytes',
  Duration: 'nanos',
  OriginDuration: 'upstreamNanos',
  'request_User-Agent': 'userAgent',
  request_Referer: 'referrer',
  'request_X-Forwarded-For': 'forwardedFor',
  TLSVersion: 'tlsVersion',
};

/** https://developers.cloudflare.com/logs/reference/log-fields/zone/http_requests/ */
export const CLOUDFLARE_PATHS: JsonPaths = {
  EdgeStartTimestamp: 'timeAny',
  EdgeEndTimestamp: 'timeOther',
  ClientIP: 'client',
  ClientSrcPort: 'clientPort',
  ClientRequestHost: 'host',
  ClientRequestMethod: 'method',
  ClientRequestURI: 'target',
  ClientRequestProtocol: 'protocol',
  ClientRequestUserAgent: 'userAgent',
  ClientRequestReferer: 'referrer',
  ClientSSLProtocol: 'tlsVersion',
  EdgeResponseStatus: 'status',
  EdgeResponseBytes: 'bytes',
  EdgeTimeToFirstByteMs: 'millis',
  OriginResponseDurationMs: 'upstreamMillis',
};

/** What `decode --json` writes. The peer is the other end of the connection, and the client what was worked out from its word. */
export const BONGHWA_PATHS: JsonPaths = {
  time: 'timeAny',
  site: 'host',
  client: 'realClient',
  clientName: 'client',
  clientPort: 'clientPort',
  peer: 'client',
  user: 'user',
  method: 'method',
  path: 'path',
  query: 'query',
  httpVersion: 'protocol',
  tlsVersion: 'tlsVersion',
  status: 'status',
  bytes: 'bytes',
  requestMs: 'millis',
  upstreamMs: 'upstreamMillis',
  referrer: 'referrer',
  userAgent: 'userAgent',
};

/** Names that nginx formats, Envoy, Google's load balancer and the Elastic Common Schema give to the same things. */
export const COMMON_PATHS: JsonPaths = {
  time: 'timeAny',
  timestamp: 'timeAny',
  '@timestamp': 'timeAny',
  ts: 'timeAny',
  time_local: 'timeAny',
  time_iso8601: 'timeAny',
  datetime: 'timeAny',
  date_time: 'timeAny',
  msec: 'timeAny',
  start_time: 'timeAny',
  request_time_iso: 'timeAny',
  receiveTimestamp: 'timeOther',
  remote_addr: 'client',
  remote_ip: 'client',
  remoteIp: 'client',
  remoteAddr: 'client',
  remote: 'client',
  client_ip: 'client',
  clientip: 'client',
  clientIp: 'client',
  client_addr: 'client',
  ip: 'client',
  'client.ip': 'client',
  'client.address': 'client',
  'source.ip': 'client',
  'source.address': 'client',
  'network.client.ip': 'client',
  downstream_remote_address: 'client',
  'httpRequest.remoteIp': 'client',
  remote_port: 'clientPort',
  client_port: 'clientPort',
  'source.port': 'clientPort',
  'client.port': 'clientPort',
  x_forwarded_for: 'forwardedFor',
  http_x_forwarded_for: 'forwardedFor',
  xff: 'forwardedFor',
  'x-forwarded-for': 'forwardedFor',
  forwarded_for: 'forwardedFor',
  remote_user: 'user',
  user: 'user',
  'user.name': 'user',
  request: 'request',
  request_line: 'request',
  method: 'method',
  request_method: 'method',
  http_method: 'method',
  verb: 'method',
  'http.request.method': 'method',
  'httpRequest.requestMethod': 'method',
  uri: 'target',
  request_uri: 'target',
  url: 'target',
  'url.original': 'target',
  path: 'target',
  request_path: 'target',
  ':path': 'target',
  'x-envoy-origin-path': 'target',
  'x-envoy-original-path': 'target',
  'url.path': 'target',
  'httpRequest.requestUrl': 'target',
  args: 'query',
  query: 'query',
  query_string: 'query',
  'url.query': 'query',
  protocol: 'protocol',
  server_protocol: 'protocol',
  http_version: 'protocol',
  'http.version': 'protocol',
  'httpRequest.protocol': 'protocol',
  status: 'status',
  status_code: 'status',
  statusCode: 'status',
  response: 'status',
  response_code: 'status',
  'http.response.status_code': 'status',
  'httpRequest.status': 'status',
  body_bytes_sent: 'bytes',
  bytes_sent: 'bytes',
  bytes: 'bytes',
  size: 'bytes',
  response_size: 'bytes',
  'http.response.body.bytes': 'bytes',
  'http.response.bytes': 'bytes',
  'httpRequest.responseSize': 'bytes',
  request_time: 'duration',
  response_time: 'duration',
  latency: 'duration',
  'httpRequest.latency': 'duration',
  duration: 'duration',
  duration_ms: 'millis',
  request_time_ms: 'millis',
  'event.duration': 'nanos',
  upstream_response_time: 'upstreamSeconds',
  host: 'host',
  http_host: 'host',
  server_name: 'host',
  vhost: 'host',
  authority: 'host',
  ':authority': 'host',
  'url.domain': 'host',
  http_referer: 'referrer',
  http_referrer: 'referrer',
  referer: 'referrer',
  referrer: 'referrer',
  'http.request.referrer': 'referrer',
  'httpRequest.referer': 'referrer',
  http_user_agent: 'userAgent',
  user_agent: 'userAgent',
  userAgent: 'userAgent',
  'user-agent': 'userAgent',
  useragent: 'userAgent',
  agent: 'userAgent',
  'user_agent.original': 'userAgent',
  'httpRequest.userAgent': 'userAgent',
  ssl_protocol: 'tlsVersion',
  tls_version: 'tlsVersion',
  'tls.version': 'tlsVersion',
};

const ENTRIES = 1024;

/** Room for the bytes of all keys. */
const KEY_BYTES_MAX = 16_384;
/** No key that is known. */
export const NO_KEY = -1;
/** What stands behind almost every key. */
const KEY_END = new TextEncoder().encode('":');
const KEY_END_BYTES = KEY_END.length;

/** Hash of a key at a node, of its length and four of its bytes: enough to tell the keys of logs apart, and none is gone through twice. */
function keyHash(node: number, text: Uint8Array, from: number, to: number): number {
  const length = to - from;
  const bytes =
    (text[from] << 24) ^ (text[from + (length >> 1)] << 16) ^ (text[to - 1] << 8) ^ text[from + (length >> 2)];
  return Math.imul(bytes ^ Math.imul(length + 64 * node, 0x9e3779b1), 0x85ebca6b);
}

/**
 * The paths as a table that is looked up by the hash of a key's bytes; built once. A slot holds the key at one node of the tree of keys,
 * the field that its value is, and the node of what is below it.
 */
export class JsonMap {
  /** FIELD number by slot, skip where only keys below matter. */
  readonly field = new Int32Array(ENTRIES);
  /** Node of what is below, by slot; 0 where nothing is. */
  readonly child = new Int32Array(ENTRIES);
  readonly #node = new Int32Array(ENTRIES).fill(-1);
  readonly #keyAt = new Int32Array(ENTRIES);
  readonly #keyLength = new Int32Array(ENTRIES);
  readonly #keys = new Uint8Array(KEY_BYTES_MAX);
  /** The bytes of a key by slot, and of the quote and colon behind it, as words: the last holds the last four, over again where need be. */
  readonly #wordsAt = new Int32Array(ENTRIES);
  readonly #words = new Int32Array(KEY_BYTES_MAX / 4 + 2 * ENTRIES);
  #wordsEnd = 0;
  /** The slot that was found after that of another: lines of one log have the same keys in the same order. */
  readonly #after = new Int32Array(ENTRIES);
  #last = 0;
  #keysEnd = 0;
  #nodes = 1;
  #used = 0;

  constructor(paths: JsonPaths) {
    for (const [path, name] of Object.entries(paths)) {
      const keys = path.split('.').slice(0, LEVELS_MAX);
      for (const split of splits(keys)) this.#add(split, FIELD[name]);
    }
  }

  /**
   * The slot of the key at `from` that is the expected one, and has its quote and colon behind it within the line, which ends at `to`;
   * NO_KEY where another is there.
   */
  expected(node: number, view: DataView, from: number, to: number): number {
    const slot = this.#after[this.#last];
    const last = from + this.#keyLength[slot] + KEY_END_BYTES - 4;
    if (this.#node[slot] !== node || last < from || last + 4 > to) return NO_KEY;
    let word = this.#wordsAt[slot];
    for (let at = from; at < last; at += 4) if (view.getInt32(at, true) !== this.#words[word++]) return NO_KEY;
    if (view.getInt32(last, true) !== this.#words[word]) return NO_KEY;
    this.#last = slot;
    return slot;
  }

  /** Where the value begins, or blanks before it, behind an expected key at `from`. */
  behind(slot: number, from: number): number {
    return from + this.#keyLength[slot] + KEY_END_BYTES;
  }

  /** The slot of the key in [from, to) at a node; NO_KEY where nothing is known of it. */
  find(node: number, text: Uint8Array, from: number, to: number): number {
    const slot = this.#lookUp(node, text, from, to);
    if (slot !== NO_KEY) {
      this.#after[this.#last] = slot;
      this.#last = slot;
    }
    return slot;
  }

  #lookUp(node: number, text: Uint8Array, from: number, to: number): number {
    const length = to - from;
    for (let slot = slotOf(keyHash(node, text, from, to)); this.#node[slot] >= 0; slot = (slot + 1) & (ENTRIES - 1)) {
      if (this.#node[slot] !== node || this.#keyLength[slot] !== length) continue;
      const at = this.#keyAt[slot];
      let same = 0;
      while (same < length && this.#keys[at + same] === text[from + same]) same++;
      if (same === length) return slot;
    }
    return NO_KEY;
  }

  #add(keys: readonly string[], field: number): void {
    let node = 0;
    for (const [level, key] of keys.entries()) {
      const slot = this.#slot(node, new TextEncoder().encode(key));
      if (slot === NO_KEY) return;
      if (level === keys.length - 1) this.field[slot] = field;
      else {
        if (this.child[slot] === 0) this.child[slot] = this.#nodes++;
        node = this.child[slot];
      }
    }
  }

  /** The slot of a key, made where there is none; NO_KEY where the table has no room. */
  #slot(node: number, key: Uint8Array): number {
    const found = this.#lookUp(node, key, 0, key.length);
    // A quarter stays free, so that every search ends soon.
    if (found !== NO_KEY || this.#used >= (ENTRIES * 3) / 4 || this.#keysEnd + key.length > KEY_BYTES_MAX) return found;
    let slot = slotOf(keyHash(node, key, 0, key.length));
    while (this.#node[slot] >= 0) slot = (slot + 1) & (ENTRIES - 1);
    this.#node[slot] = node;
    this.#keyAt[slot] = this.#keysEnd;
    this.#keyLength[slot] = key.length;
    this.#keys.set(key, this.#keysEnd);
    this.#keysEnd += key.length;
    this.#used++;
    this.#addWords(slot, key);
    return slot;
  }

  #addWords(slot: number, key: Uint8Array): void {
    const length = key.length + KEY_END_BYTES;
    const bytes = new Uint8Array(Math.max(4, length));
    bytes.set(key);
    bytes.set(KEY_END, key.length);
    const view = new DataView(bytes.buffer);
    this.#wordsAt[slot] = this.#wordsEnd;
    for (let at = 0; at < length - 4; at += 4) this.#words[this.#wordsEnd++] = view.getInt32(at, true);
    this.#words[this.#wordsEnd++] = view.getInt32(bytes.length - 4, true);
  }
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (ENTRIES - 1);
}

/** All ways in which keys may be joined by dots: `a.b.c` is `a.b.c`, `a` `b.c`, `a.b` `c`, and `a` `b` `c`. */
function splits(keys: readonly string[]): string[][] {
  if (keys.length === 1) return [[keys[0]]];
  const [first, ...rest] = keys;
  return splits(rest).flatMap((tail) => [
    [first, ...tail],
    [`${first}.${tail[0]}`, ...tail.slice(1)],
  ]);
}

/** `time=ts,client=request.ip` as a map; a string says what is wrong with it. */
export function parseJsonPaths(text: string): JsonPaths | string {
  const paths: Record<string, FieldName> = {};
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  if (pairs.length === 0) return 'no field is named';
  if (pairs.length > JSON_PATHS_MAX) return `more than ${JSON_PATHS_MAX} fields are named`;
  for (const pair of pairs) {
    const [name, ...path] = pair.split('=').map((word) => word.trim());
    const field = FIELD_WORDS[name] ?? name;
    if (!isFieldName(field)) return `'${name}' is no field; known are ${Object.keys(FIELD_WORDS).join(', ')}`;
    if (path.length !== 1 || path[0] === '') return `'${pair.trim()}' is not FIELD=KEY`;
    paths[path[0]] = field;
  }
  return paths;
}

function isFieldName(name: string): name is FieldName {
  return (FIELD_NAMES as readonly string[]).includes(name);
}

/** What people call the fields in a map of their own: the names of the columns, and units where there are several. */
const FIELD_WORDS: Readonly<Record<string, FieldName>> = {
  time: 'timeAny',
  client: 'client',
  clientPort: 'clientPort',
  forwardedFor: 'forwardedFor',
  site: 'host',
  request: 'request',
  method: 'method',
  target: 'target',
  path: 'path',
  query: 'query',
  status: 'status',
  bytes: 'bytes',
  requestMs: 'millis',
  requestSeconds: 'seconds',
  requestMicros: 'micros',
  requestNanos: 'nanos',
  duration: 'duration',
  upstreamMs: 'upstreamMillis',
  upstreamSeconds: 'upstreamSeconds',
  httpVersion: 'protocol',
  tlsVersion: 'tlsVersion',
  referrer: 'referrer',
  userAgent: 'userAgent',
  user: 'user',
};
