import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type DecodedRequest, decodeLog } from '../support/decode-log.ts';
import { SKIP_WITHOUT_SHARED_DATA, sharedData } from '../support/shared-data.ts';

/** Logs of real servers, read by other people's parsers: ours must say the same, but where it is said here why it does not. */
const LOGS = join(sharedData() ?? '', 'access-logs');
const bytesOf = (path: string): Uint8Array =>
  new Uint8Array(path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path));
const filesOf = (folder: string, ending: string): string[] =>
  SKIP_WITHOUT_SHARED_DATA === false ? readdirSync(join(LOGS, folder)).filter((name) => name.endsWith(ending)) : [];

/** The proxies of CloudFront that stand in one of the logs: the other parser takes the first public address, ours the last that is no proxy. */
const CLOUDFRONT = ['204.246.0.0/16'];

type Expected = Readonly<Record<string, unknown>>;

/** Entries of filebeat that are no request for us: a connection that HAProxy tells of, without what was asked. */
const NO_REQUEST = new Set(['haproxy_log_default.log']);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const sameAddress = (text: unknown): string => String(text).replace(/(^|:)0+(?=[0-9a-f])/g, '$1');

function checkFilebeat(expected: Expected, request: DecodedRequest): void {
  const same = (name: string, value: unknown): void => {
    if (expected[name] !== undefined && expected[name] !== '-')
      assert.deepEqual(value, expected[name], `${name}: ${request.line}`);
  };
  // A log of HAProxy has no zone; the other parser leaves the time out.
  if (expected['@timestamp'] !== undefined)
    assert.equal(new Date(request.timeMs).toISOString(), expected['@timestamp']);
  same('http.request.method', request.method);
  same('http.response.status_code', request.status);
  same('http.response.body.bytes', request.bytes);
  same('http.response.bytes', request.bytes);
  same('http.version', request.httpVersion);
  same('http.request.referrer', request.referrer);
  same('user_agent.original', request.userAgent);
  same('tls.version', request.tlsVersion);
  same('source.port', request.clientPort);
  same('url.domain', request.site);
  same('destination.domain', request.site);
  if (expected['event.duration'] !== undefined)
    assert.equal(request.requestMs, Number(expected['event.duration']) / 1e6);
  // What X-Forwarded-For adds is the client for us, and the address of the connection the peer.
  const forwarded = expected['network.forwarded_ip'];
  if (forwarded !== undefined) {
    assert.equal(request.client, forwarded);
    same('source.ip', request.peer);
  } else if (expected['source.ip'] !== undefined) {
    assert.equal(sameAddress(request.client), sameAddress(compressed(String(expected['source.ip']))));
  } else if (expected['source.address'] !== undefined) same('source.address', request.clientName);
  const target = `${request.path ?? ''}${request.query === undefined ? '' : `?${request.query}`}`;
  const original = expected['url.original'];
  if (original !== undefined && original !== request.path) assert.equal(target, original);
  if (expected['url.query'] !== undefined)
    assert.equal(decoded(String(request.query)), decoded(String(expected['url.query'])));
}

/** An IPv6 address as RFC 5952 writes it. */
function compressed(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

describe('what filebeat makes of real logs', { skip: SKIP_WITHOUT_SHARED_DATA }, () => {
  for (const name of filesOf('filebeat', '.log')) {
    it(name, () => {
      const expected = JSON.parse(readFileSync(join(LOGS, 'filebeat', `${name}.expected.json`), 'utf8')) as Expected[];
      const { requests, rejected } = decodeLog(bytesOf(join(LOGS, 'filebeat', name)), CLOUDFRONT);
      if (NO_REQUEST.has(name)) {
        assert.deepEqual([requests, rejected], [[], { 'log-line-not-a-request': expected.length }]);
        return;
      }
      assert.deepEqual(rejected, {});
      assert.equal(requests.length, expected.length);
      expected.forEach((entry, at) => {
        checkFilebeat(entry, requests[at]);
      });
    });
  }
});

interface Asserted {
  readonly message: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly parsed: Readonly<Record<string, string>>;
}

/** What `parser.assert` of CrowdSec says of each line, of its stage s01-parse. */
function assertedOf(file: string): Asserted[] {
  const byLine = new Map<string, { meta: Record<string, string>; parsed: Record<string, string> }>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const found = /^results\["s01-parse"\]\["([^"]+)"\]\[(\d+)\]\.Evt\.(Meta|Parsed)\["([^"]+)"\] == (".*")$/.exec(
      line,
    );
    if (found === null) continue;
    const [, parser, index, kind, name, value] = found;
    const key = `${parser} ${index}`;
    const entry = byLine.get(key) ?? { meta: {}, parsed: {} };
    byLine.set(key, entry);
    (kind === 'Meta' ? entry.meta : entry.parsed)[name] = unquoted(value);
  }
  return [...byLine.values()].flatMap(({ meta, parsed }) =>
    parsed.message === undefined ? [] : [{ message: parsed.message, meta, parsed }],
  );
}

/** A Go string literal. */
function unquoted(text: string): string {
  const single: Readonly<Record<string, string>> = {
    n: '\n',
    t: '\t',
    r: '\r',
    a: '\u0007',
    b: '\b',
    f: '\f',
    v: '\v',
  };
  return text.slice(1, -1).replace(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|.)/gi, (_, kind: string) => {
    const code = /^[xu](.+)$/.exec(kind)?.[1];
    return code === undefined ? (single[kind] ?? kind) : String.fromCharCode(Number.parseInt(code, 16));
  });
}

const EXCEPTIONS: readonly {
  readonly what: string;
  readonly why: string;
  readonly holds: (asserted: Asserted) => boolean;
}[] = [
  {
    what: 'http_path',
    why: 'what is no request line, as of a scanner that speaks another protocol, has no path for us',
    holds: ({ parsed }) => parsed.verb === undefined,
  },
  {
    what: 'target_fqdn',
    why: 'the port of the host is left out',
    holds: ({ meta }) => /:\d+$/.test(meta.target_fqdn ?? ''),
  },
  {
    what: 'source_ip',
    why: 'of a list of proxies the other parser takes the last, and we the last that is no proxy of the house',
    holds: ({ message, meta }) => message.includes(`,${meta.source_ip}"`) && meta.source_ip.startsWith('10.'),
  },
];

function checkCrowdsec(asserted: Asserted, request: DecodedRequest): void {
  const { meta, parsed } = asserted;
  const same = (name: string, wanted: string | undefined, value: unknown): void => {
    if (wanted === undefined || wanted === '' || wanted === '-') return;
    if (EXCEPTIONS.some(({ what, holds }) => what === name && holds(asserted))) return;
    assert.equal(String(value ?? ''), wanted, `${name}: ${request.line}`);
  };
  same('source_ip', meta.source_ip, request.client ?? request.clientName);
  same('http_status', meta.http_status, request.status);
  same('http_verb', meta.http_verb, request.method);
  same('http_user_agent', meta.http_user_agent, request.userAgent);
  same('target_fqdn', meta.target_fqdn, request.site);
  same('http_path', meta.http_path, `${request.path ?? ''}${request.query === undefined ? '' : `?${request.query}`}`);
  same('referrer', parsed.http_referer, request.referrer);
  same('bytes', parsed.body_bytes_sent ?? parsed.bytes, request.bytes);
  const version = parsed.http_version ?? parsed.httpversion;
  same('version', version === undefined ? undefined : Number(version).toFixed(1), request.httpVersion);
}

/** Cases whose lines are of error logs: no requests, and counted as such. */
const ERROR_LOGS = new Set(['modsecurity-logs-nginx']);

describe('what CrowdSec makes of real logs', { skip: SKIP_WITHOUT_SHARED_DATA }, () => {
  const cases = SKIP_WITHOUT_SHARED_DATA === false ? readdirSync(join(LOGS, 'crowdsec')) : [];
  // Events of Windows have no line to be found by: the one request of iis-xml-logs is looked at below.
  const withLines = cases.filter((name) => name !== 'iis-xml-logs');
  for (const name of withLines.filter((found) =>
    readdirSync(join(LOGS, 'crowdsec', found)).includes('parser.assert'),
  )) {
    it(name, () => {
      const folder = join(LOGS, 'crowdsec', name);
      const log = readdirSync(folder).find((file) => file.endsWith('.log'))!;
      const { requests, rejected } = decodeLog(bytesOf(join(folder, log)));
      const known = Object.keys(rejected).filter(
        (reason) => reason !== 'log-line-not-a-request' && reason !== 'log-line-unparsed',
      );
      assert.deepEqual(known, []);
      const ofRequests = assertedOf(join(folder, 'parser.assert')).filter(
        ({ meta }) => meta.log_type?.includes('access') === true,
      );
      if (ERROR_LOGS.has(name)) {
        assert.deepEqual([requests.length, ofRequests.length], [0, 0]);
        return;
      }
      assert.ok(ofRequests.length > 0);
      for (const asserted of ofRequests) {
        const request = requests.find(({ line }) => line === asserted.message);
        assert.ok(request !== undefined, `a request for us too: ${asserted.message}`);
        checkCrowdsec(asserted, request);
      }
    });
  }
});

it('a request of IIS as an event of Windows', { skip: SKIP_WITHOUT_SHARED_DATA }, () => {
  const { requests, rejected } = decodeLog(bytesOf(join(LOGS, 'crowdsec/iis-xml-logs/iis-logs.log')));
  assert.deepEqual(rejected, {});
  const [{ client, method, path, query, status, userAgent, timeMs }] = requests;
  assert.deepEqual([client, method, path, status], ['192.168.9.212', 'GET', '/autodiscover/autodiscover.json', 400]);
  assert.equal(query, 'bla=powershell&CorrelationID=;&cafeReqId=f1351975-5024-4240-9508-3b4ea50eaf70;');
  // The other parser leaves the plus that IIS writes for a blank, and tells the name of the site inside IIS as the host.
  assert.match(String(userAgent), /^Mozilla\/5\.0 \(X11; Linux x86_64\) /);
  assert.equal(new Date(timeMs).toISOString(), '2022-10-01T11:25:51.000Z');
});

interface Summary {
  readonly lines: number;
  readonly distinct_clients: number;
  readonly status: Readonly<Record<string, number>>;
  readonly methods: Readonly<Record<string, number>>;
  readonly body_bytes: number;
  readonly first: string;
  readonly last: string;
}

describe('counts of real logs', { skip: SKIP_WITHOUT_SHARED_DATA }, () => {
  const logs: [string, string][] = [
    ['apache-semicomplete', 'apache_logs.gz'],
    ['nasa-http', 'nasa_19950701.log.gz'],
    ['crowdsec/http-dos-bypass-cache', 'http_dos_bypass_cache.log'],
    ['crowdsec/http-dos-random-uri', 'http_dos_random_uri.log'],
  ];
  for (const [folder, name] of logs) {
    it(name, () => {
      const path = join(LOGS, folder, name);
      const summary = JSON.parse(readFileSync(`${path}.summary.json`, 'utf8')) as Summary;
      const { requests, rejected } = decodeLog(bytesOf(path));
      const counts = (of: (request: DecodedRequest) => unknown): Record<string, number> => {
        const found: Record<string, number> = {};
        for (const request of requests) found[String(of(request))] = (found[String(of(request))] ?? 0) + 1;
        return found;
      };
      assert.deepEqual(rejected, {});
      assert.equal(requests.length, summary.lines);
      assert.deepEqual(
        counts(({ status }) => status),
        summary.status,
      );
      assert.deepEqual(
        counts(({ method }) => method),
        summary.methods,
      );
      assert.equal(
        Object.keys(counts(({ client, clientName }) => client ?? clientName)).length,
        summary.distinct_clients,
      );
      assert.equal(
        requests.reduce((sum, { bytes }) => sum + Number(bytes ?? 0), 0),
        summary.body_bytes,
      );
      const times = requests.map(({ timeMs }) => timeMs);
      assert.equal(Math.min(...times), Date.parse(summary.first));
      assert.equal(Math.max(...times), Date.parse(summary.last));
    });
  }
});

describe('samples of lnav', { skip: SKIP_WITHOUT_SHARED_DATA }, () => {
  const want: Record<string, [requests: number, rejected: Record<string, number>, format: string | undefined]> = {
    'logfile_access_log.0': [3, {}, 'combined'],
    'logfile_access_log.1': [1, {}, 'combined'],
    // One line lacks ident and user: it is no line of the format.
    'logfile_bad_access_log.0': [2, { 'log-line-unparsed': 1 }, 'combined'],
    // What Caddy says of itself is no request.
    'logfile_caddy_log.0': [4, { 'log-line-not-a-request': 35 }, 'caddy'],
    'logfile_cloudflare.json': [1, {}, 'cloudflare'],
    'logfile_w3c.0': [1, {}, 'w3c'],
    'logfile_w3c.1': [1, {}, 'w3c'],
    // The log of an FTP server, whose commands are no methods of HTTP.
    'logfile_w3c.2': [0, { 'log-line-not-a-request': 14 }, 'w3c'],
    'logfile_w3c.3': [3, {}, 'w3c'],
  };
  for (const [name, [requests, rejected, format]] of Object.entries(want)) {
    it(name, () => {
      const log = decodeLog(bytesOf(join(LOGS, 'lnav', name)));
      assert.deepEqual([log.requests.length, log.rejected, log.format], [requests, rejected, format]);
    });
  }
});
