import { CombinedDialect } from './combined.ts';
import type { Dialect } from './dialect.ts';
import type { FieldName } from './field.ts';
import { FIELD, FIELD_NAMES } from './field.ts';
import {
  type Compiled,
  compileApache,
  compileEnvoy,
  compileHaproxy,
  compileNginx,
  FORMAT_CHARS_MAX,
  nginxField,
  nginxParts,
} from './format-strings.ts';
import { HaproxyDialect } from './haproxy.ts';
import { IisXmlDialect } from './iis-xml.ts';
import { JsonDialect } from './json.ts';
import {
  BONGHWA_PATHS,
  CADDY_PATHS,
  CLOUDFLARE_PATHS,
  COMMON_PATHS,
  parseJsonPaths,
  TRAEFIK_PATHS,
} from './json-map.ts';
import { PlanDialect } from './plan.ts';
import { W3cDialect } from './w3c.ts';

/**
 * The layouts that are known by name.
 */
export const LOG_FORMATS = {
  combined:
    'common and combined log format of Apache, nginx and others; with a virtual host, with a list of clients, with the tails of Traefik and the nginx ingress',
  haproxy: 'HTTP log of HAProxy, behind a header of syslog or not',
  w3c: 'W3C extended log file format: IIS and others; #Fields tells the columns',
  cloudfront: 'standard log of AWS CloudFront',
  alb: 'access log of the AWS Application Load Balancer',
  elb: 'access log of the AWS Classic Load Balancer',
  envoy: 'the default of Envoy',
  istio: 'the default of Istio',
  caddy: 'JSON of Caddy',
  'traefik-json': 'JSON of Traefik',
  cloudflare: 'Logpush of Cloudflare, one JSON object a line',
  json: 'JSON lines with the field names that are common; with a map of their own as json:time=ts,client=ip,…',
  bonghwa: 'what `bonghwa decode --json` writes of a log',
  'nginx-proxy-manager': 'log of the Nginx Proxy Manager',
  'apache-ssl': "Apache's ssl_request_log",
  'iis-xml': 'requests of IIS as events of Windows in XML',
} as const satisfies Record<string, string>;
export type LogFormatName = keyof typeof LOG_FORMATS;
export const LOG_FORMAT_NAMES = Object.keys(LOG_FORMATS) as readonly LogFormatName[];

/** How the lines of a log are laid out, as somebody says it: `auto`, a name, or the string that the server itself was told. */
export type LogFormat =
  | { readonly kind: 'auto' }
  | { readonly kind: 'named'; readonly name: LogFormatName }
  | { readonly kind: 'made'; readonly text: string; readonly make: () => Dialect };

const ALB =
  '$type $time $elb $client $target $p1 $p2 $p3 $status $tstatus $received $bytes "$request" "$agent" $cipher $tls $group "$trace" "$host" "';
const ELB = '$time $elb $client $target $p1 $p2 $p3 $status $tstatus $received $bytes "$request" "$agent" $cipher $tls';
const AWS_FIELDS: Readonly<Record<string, number>> = {
  time: FIELD.timeIso,
  client: FIELD.client,
  p1: FIELD.secondsPart,
  p2: FIELD.secondsPart,
  p3: FIELD.secondsPart,
  status: FIELD.status,
  bytes: FIELD.bytes,
  request: FIELD.request,
  agent: FIELD.userAgent,
  tls: FIELD.tlsVersion,
  host: FIELD.host,
};

const ENVOY =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"';
const ISTIO =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%';

const PROXY_MANAGER =
  '[$time_local] $cache $upstream_status $status - $request_method $scheme $host "$request_uri" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip] [Sent-to $server] "$http_user_agent" "$http_referer"';
const PROXY_MANAGER_OWN =
  '[$time_local] $status - $request_method $scheme $host "$request_uri" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip] "$http_user_agent" "$http_referer"';
const APACHE_SSL = '%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b';

/** Fields of CloudFront in their order, for a log without its `#Fields`. */
const CLOUDFRONT_FIELDS =
  'date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end';

/** Dialects that keep nothing of a log: made once, for all decoders. */
const SHARED = new Map<LogFormatName, readonly Dialect[]>();

/** The dialects of a name: several where servers write one of two layouts. Those that keep what their log said are new ones. */
export function createDialects(name: LogFormatName): readonly Dialect[] {
  if (name === 'w3c' || name === 'cloudfront') return makeDialects(name);
  let shared = SHARED.get(name);
  if (shared === undefined) {
    shared = makeDialects(name);
    SHARED.set(name, shared);
  }
  return shared;
}

function makeDialects(name: LogFormatName): readonly Dialect[] {
  switch (name) {
    case 'combined':
      return [new CombinedDialect()];
    case 'haproxy':
      return [new HaproxyDialect()];
    case 'w3c':
      return [new W3cDialect()];
    case 'cloudfront':
      return [new W3cDialect('cloudfront', CLOUDFRONT_FIELDS)];
    case 'alb':
      return [awsDialect('alb', ALB)];
    case 'elb':
      return [awsDialect('elb', ELB)];
    case 'envoy':
      return [planDialect('envoy', compileEnvoy(ENVOY, true))];
    case 'istio':
      return [planDialect('istio', compileEnvoy(ISTIO, true))];
    case 'caddy':
      return [new JsonDialect('caddy', CADDY_PATHS)];
    case 'traefik-json':
      return [new JsonDialect('traefik-json', TRAEFIK_PATHS)];
    case 'cloudflare':
      return [new JsonDialect('cloudflare', CLOUDFLARE_PATHS)];
    case 'json':
      return [new JsonDialect('json', COMMON_PATHS)];
    case 'bonghwa':
      return [new JsonDialect('bonghwa', BONGHWA_PATHS)];
    case 'nginx-proxy-manager':
      return [PROXY_MANAGER, PROXY_MANAGER_OWN].map((format) =>
        planDialect('nginx-proxy-manager', compileNginx(format)),
      );
    case 'apache-ssl':
      return [planDialect('apache-ssl', compileApache(APACHE_SSL))];
    case 'iis-xml':
      return [new IisXmlDialect()];
  }
}

function planDialect(name: string, compiled: Compiled): Dialect {
  if (!compiled.ok) throw new TypeError(`${name}: ${compiled.why}`);
  return new PlanDialect(name, compiled.spec);
}

function awsDialect(name: string, format: string): Dialect {
  const parts = nginxParts(format);
  const steps: { field: number; literal: string }[] = [];
  for (const part of parts) {
    if (part.kind === 'variable') steps.push({ field: AWS_FIELDS[part.name] ?? FIELD.skip, literal: '' });
    else steps[steps.length - 1].literal += part.text;
  }
  return new PlanDialect(name, { head: '', steps, open: true });
}

/**
 * Reads a format as people write it: `auto`, a name of LOG_FORMATS, `json:FIELD=KEY,…`, or the string that a server was told, whose
 * language its variables tell (`nginx:`, `apache:`, `haproxy:` or `envoy:` before it says so). A string says what is wrong.
 */
export function parseLogFormat(text: string): LogFormat | string {
  if (text.length > FORMAT_CHARS_MAX) return `a format has at most ${FORMAT_CHARS_MAX} characters`;
  if (text === 'auto') return { kind: 'auto' };
  const name = LOG_FORMAT_NAMES.find((known) => known === text);
  if (name !== undefined) return { kind: 'named', name };
  if (text.startsWith('json:')) {
    const paths = parseJsonPaths(text.slice(5));
    return typeof paths === 'string' ? paths : { kind: 'made', text, make: () => new JsonDialect('json', paths) };
  }
  const [, told, rest = text] = /^(nginx|apache|haproxy|envoy):(.*)$/s.exec(text) ?? [];
  const language = told ?? languageOf(rest);
  if (language === undefined) {
    return `'${text.slice(0, 60)}' is neither a format by name (${LOG_FORMAT_NAMES.join(', ')}) nor has it variables as $status or %s`;
  }
  if (language === 'nginx' && rest.trimStart().startsWith('{')) return nginxJson(rest);
  const compiled = COMPILERS[language](rest);
  if (!compiled.ok) return `'${rest.slice(0, 60)}' cannot be read as a format of ${language}: ${compiled.why}`;
  return { kind: 'made', text, make: () => new PlanDialect(language, compiled.spec) };
}

type Language = 'nginx' | 'apache' | 'haproxy' | 'envoy';

const COMPILERS: Readonly<Record<string, (format: string) => Compiled>> = {
  nginx: compileNginx,
  apache: compileApache,
  haproxy: compileHaproxy,
  envoy: compileEnvoy,
};

function languageOf(format: string): Language | undefined {
  if (/\$\{?[a-z]/.test(format)) return 'nginx';
  if (/%[A-Z_]{4,}[%(]/.test(format)) return 'envoy';
  if (/%(\{\+\w+\})?(ci|ST|HM|tr)\b/.test(format)) return 'haproxy';
  return /%[<>{a-zA-Z]/.test(format) ? 'apache' : undefined;
}

/** A `log_format` that is JSON (`escape=json`): its keys and the variables that are their values. */
function nginxJson(format: string): LogFormat | string {
  const paths: Record<string, FieldName> = {};
  for (const [, key, variable] of format.matchAll(/"([^"]+)"\s*:\s*"?\$\{?(\w+)\}?"?/g)) {
    const field = nginxField(variable);
    const name = FIELD_NAMES.find((known) => FIELD[known] === field);
    if (name !== undefined && !Object.values(paths).includes(name)) paths[key] = name;
  }
  if (Object.keys(paths).length === 0) return 'its JSON has no key whose value is a variable that is known';
  return { kind: 'made', text: format, make: () => new JsonDialect('nginx-json', paths) };
}
