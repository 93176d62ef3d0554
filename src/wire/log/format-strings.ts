import { FIELD, type FieldName } from './field.ts';
import type { PlanSpec, PlanStep } from './plan.ts';

/**
 * The strings in which servers are told how to log, made into plans: `log_format` of nginx, `LogFormat` of Apache, the format of
 * Envoy, `log-format` of HAProxy. Where several variables tell one column, the one that stands first in its list below is taken.
 */
type Part = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'variable'; readonly name: string };

/** Characters of a format string at most. */
export const FORMAT_CHARS_MAX = 16_384;

const NGINX: Readonly<Partial<Record<FieldName, readonly string[]>>> = {
  client: [
    'realip_remote_addr',
    'remote_addr',
    'proxy_add_x_forwarded_for',
    'proxy_protocol_addr',
    'binary_remote_addr',
  ],
  clientPort: ['realip_remote_port', 'remote_port'],
  forwardedFor: ['http_x_forwarded_for'],
  forwarded: ['http_forwarded'],
  user: ['remote_user'],
  timeClf: ['time_local'],
  timeIso: ['time_iso8601'],
  timeSeconds: ['msec'],
  request: ['request'],
  method: ['request_method'],
  target: ['request_uri'],
  path: ['uri', 'document_uri'],
  query: ['args', 'query_string'],
  protocol: ['server_protocol'],
  status: ['status'],
  bytes: ['body_bytes_sent', 'bytes_sent'],
  seconds: ['request_time'],
  upstreamSeconds: ['upstream_response_time', 'upstream_header_time'],
  host: ['host', 'http_host', 'server_name'],
  referrer: ['http_referer'],
  userAgent: ['http_user_agent'],
  tlsVersion: ['ssl_protocol'],
};

const APACHE: Readonly<Partial<Record<FieldName, readonly string[]>>> = {
  client: ['{c}a', 'a', 'h', '{c}h'],
  clientPort: ['{remote}p'],
  forwardedFor: ['{x-forwarded-for}i'],
  forwarded: ['{forwarded}i'],
  user: ['u', '{remote_user}e'],
  timeClf: ['t', '{%d/%b/%y:%h:%m:%s %z}t', '{%d/%b/%y:%h:%m:%s}t'],
  timeSeconds: ['{sec}t'],
  timeMillis: ['{msec}t'],
  timeMicros: ['{usec}t'],
  request: ['r'],
  method: ['m'],
  path: ['u-path'],
  query: ['q'],
  protocol: ['h-protocol', '{http_version}e'],
  status: ['s'],
  bytes: ['b', 'b-size', 'o'],
  micros: ['d', '{us}t-taken'],
  millis: ['{ms}t-taken'],
  seconds: ['t-taken', '{s}t-taken'],
  host: ['{host}i', 'v-client', 'v'],
  referrer: ['{referer}i', '{referrer}i'],
  userAgent: ['{user-agent}i'],
  tlsVersion: ['{ssl_protocol}x', '{version}c'],
};

const ENVOY: Readonly<Partial<Record<FieldName, readonly string[]>>> = {
  client: [
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
    'DOWNSTREAM_REMOTE_ADDRESS',
    'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  ],
  forwardedFor: ['REQ(X-FORWARDED-FOR)'],
  timeIso: ['START_TIME'],
  method: ['REQ(:METHOD)'],
  target: ['REQ(X-ENVOY-ORIGINAL-PATH?:PATH)', 'REQ(:PATH)'],
  protocol: ['PROTOCOL'],
  status: ['RESPONSE_CODE'],
  bytes: ['BYTES_SENT'],
  millis: ['DURATION'],
  upstreamMillis: ['RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)'],
  host: ['REQ(:AUTHORITY)', 'REQUESTED_SERVER_NAME'],
  referrer: ['REQ(REFERER)'],
  userAgent: ['REQ(USER-AGENT)'],
  tlsVersion: ['DOWNSTREAM_TLS_VERSION'],
};

const HAPROXY: Readonly<Partial<Record<FieldName, readonly string[]>>> = {
  client: ['ci'],
  clientPort: ['cp'],
  timeClf: ['tr', 't', 'T', 'trg', 'trl'],
  timeSeconds: ['Ts'],
  request: ['r'],
  method: ['HM'],
  target: ['HU', 'HPO'],
  path: ['HP'],
  query: ['HQ'],
  protocol: ['HV'],
  status: ['ST'],
  bytes: ['B'],
  millis: ['Ta', 'Tt'],
  upstreamMillis: ['Tr'],
  tlsVersion: ['sslv'],
};

/** A plan, or why there is none, in words for a person. */
export type Compiled = { readonly ok: true; readonly spec: PlanSpec } | { readonly ok: false; readonly why: string };

/** `'$remote_addr - $remote_user [$time_local] "$request" …'` */
export function compileNginx(format: string): Compiled {
  return planOf(nginxParts(format), NGINX);
}

/** Variables and the text between them. */
export function nginxParts(format: string): Part[] {
  const parts: Part[] = [];
  let last = 0;
  for (const match of format.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
    if (match.index > last) parts.push({ kind: 'text', text: format.slice(last, match.index) });
    parts.push({ kind: 'variable', name: match[1] ?? match[2] });
    last = match.index + match[0].length;
  }
  if (last < format.length) parts.push({ kind: 'text', text: format.slice(last) });
  return parts;
}

/** The field that a variable of nginx tells; undefined for those that are passed over. */
export function nginxField(name: string): number | undefined {
  for (const [field, names] of Object.entries(NGINX)) if (names?.includes(name)) return FIELD[field as FieldName];
  return undefined;
}

/** `"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""` (mod_log_config). */
export function compileApache(format: string): Compiled {
  const text = format.replaceAll(/\\(["\\nt])/g, (_, kind: string) =>
    kind === 'n' ? '\n' : kind === 't' ? '\t' : kind,
  );
  const parts: Part[] = [];
  let last = 0;
  for (const match of text.matchAll(/%(?:%|[!\d,<>]*(\{[^}]*\})?[!\d,<>]*([A-Za-z]))/g)) {
    if (match.index > last) parts.push({ kind: 'text', text: text.slice(last, match.index) });
    last = match.index + match[0].length;
    if (match[0] === '%%') parts.push({ kind: 'text', text: '%' });
    else parts.push(...apacheVariable(match[1], match[2]));
  }
  if (last < text.length) parts.push({ kind: 'text', text: text.slice(last) });
  return planOf(parts, APACHE);
}

/** Letters whose other case means something else are told apart, since names are looked up in lower case. */
const APACHE_UPPER: Readonly<Record<string, string>> = {
  A: 'a-local',
  B: 'b-size',
  H: 'h-protocol',
  R: 'r-handler',
  S: 's-both',
  T: 't-taken',
  U: 'u-path',
  V: 'v-client',
};

function apacheVariable(argument: string | undefined, letter: string): Part[] {
  const word = APACHE_UPPER[letter] ?? letter.toLowerCase();
  if (letter === 't' && argument === undefined) {
    return [
      { kind: 'text', text: '[' },
      { kind: 'variable', name: 't' },
      { kind: 'text', text: ']' },
    ];
  }
  const within = (argument ?? '').toLowerCase().replace(/^\{(begin|end):/, '{');
  // `%{%Y-%m-%d}t` and the like are times of any layout that tells itself.
  return [{ kind: 'variable', name: `${within}${word}` }];
}

/** `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" …` */
export function compileEnvoy(format: string, open = false): Compiled {
  const parts: Part[] = [];
  let last = 0;
  for (const match of format.matchAll(/%([A-Z_]+)(\([^)]*\))?(?::\d+)?%/g)) {
    if (match.index > last) parts.push({ kind: 'text', text: format.slice(last, match.index) });
    const argument = match[1] === 'START_TIME' ? '' : (match[2] ?? '').toUpperCase();
    parts.push({ kind: 'variable', name: `${match[1]}${argument}` });
    last = match.index + match[0].length;
  }
  if (last < format.length) parts.push({ kind: 'text', text: format.slice(last) });
  return planOf(parts, ENVOY, open);
}

/** `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B … %{+Q}r` (HAProxy configuration manual, 8.2.6). */
export function compileHaproxy(format: string): Compiled {
  const text = format.replaceAll(/\\ /g, ' ').replaceAll(/\\"/g, '"');
  const parts: Part[] = [];
  let last = 0;
  for (const match of text.matchAll(/%(?:%|(\{[^}]*\})?(?:\[([^\]]*)\]|([A-Za-z]+)))/g)) {
    if (match.index > last) parts.push({ kind: 'text', text: text.slice(last, match.index) });
    last = match.index + match[0].length;
    if (match[0] === '%%') {
      parts.push({ kind: 'text', text: '%' });
      continue;
    }
    const quoted = match[1]?.includes('+Q') === true;
    if (quoted) parts.push({ kind: 'text', text: '"' });
    parts.push({ kind: 'variable', name: match[3] ?? `[${match[2]}]` });
    if (quoted) parts.push({ kind: 'text', text: '"' });
  }
  if (last < text.length) parts.push({ kind: 'text', text: text.slice(last) });
  return planOf(parts, HAPROXY);
}

function planOf(
  parts: readonly Part[],
  table: Readonly<Partial<Record<FieldName, readonly string[]>>>,
  open = false,
): Compiled {
  const names = parts.flatMap((part) => (part.kind === 'variable' ? [part.name] : []));
  if (names.length === 0) return { ok: false, why: 'it has no variables' };
  const chosen = new Map<string, number>();
  for (const [field, known] of Object.entries(table)) {
    const best = known?.find((name) => names.includes(name));
    if (best !== undefined) chosen.set(best, FIELD[field as FieldName]);
  }
  // What the server made of realip or mod_remoteip is the client, and the peer stands beside it.
  if (chosen.get('realip_remote_addr') === FIELD.client && names.includes('remote_addr'))
    chosen.set('remote_addr', FIELD.realClient);
  if (chosen.get('{c}a') === FIELD.client && names.includes('a')) chosen.set('a', FIELD.realClient);
  for (const name of names) if (/^\{%.*\}t$/.test(name) && !chosen.has(name)) chosen.set(name, FIELD.timeAny);
  const fields = new Set(chosen.values());
  if (![...fields].some((field) => field >= FIELD.timeClf && field <= FIELD.timeOfDay))
    return { ok: false, why: 'it tells no time of the request' };
  if (![FIELD.request, FIELD.method, FIELD.target, FIELD.path, FIELD.status].some((field) => fields.has(field))) {
    return { ok: false, why: 'it tells neither request nor status' };
  }
  return stepsOf(parts, chosen, open);
}

function stepsOf(parts: readonly Part[], chosen: ReadonlyMap<string, number>, open: boolean): Compiled {
  let head = '';
  const steps: { field: number; literal: string }[] = [];
  let adjacent = false;
  for (const part of parts) {
    if (part.kind === 'text') {
      const last = steps.at(-1);
      if (last === undefined) head += part.text;
      else last.literal += part.text;
      continue;
    }
    const last = steps.at(-1);
    if (last !== undefined && last.literal === '') adjacent = true;
    steps.push({ field: chosen.get(part.name) ?? FIELD.skip, literal: '' });
  }
  if (adjacent) return { ok: false, why: 'two variables follow each other with nothing between them' };
  // One variable that stands twice is read once.
  const seen = new Set<number>();
  const read: PlanStep[] = steps.map((step) => {
    if (step.field === FIELD.skip || !seen.has(step.field)) {
      seen.add(step.field);
      return step;
    }
    return { ...step, field: FIELD.skip };
  });
  return { ok: true, spec: { head, steps: read, ...(open ? { open } : {}) } };
}
