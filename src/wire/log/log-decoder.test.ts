import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePrefix } from '../../base/prefix.ts';
import { Rejections } from '../../model/rejection.ts';
import { createRequestBatch, type RequestBatch } from '../../model/request-batch.ts';
import { requestMembers } from '../../model/request-json.ts';
import { TrustedProxies } from './forwarded.ts';
import { LINE_BYTES_MAX, LogDecoder, type LogDecoderOptions } from './log-decoder.ts';
import { parseLogFormat } from './log-formats.ts';

type Row = Record<string, unknown>;

/** Rows of a log that is given in chunks of so many bytes, and why lines were refused. */
function decode(
  input: string | Uint8Array,
  options: LogDecoderOptions = {},
  chunkBytes = 1 << 20,
): { rows: Row[]; rejected: Record<string, number>; format: string | undefined; lines: string[] } {
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
  const rejections = new Rejections();
  const decoder = new LogDecoder(rejections, options);
  const batch = createRequestBatch(7);
  const rows: Row[] = [];
  const lines: string[] = [];
  const sink = {
    take(full: RequestBatch): void {
      for (let row = 0; row < full.length; row++) {
        rows.push(JSON.parse(`{${requestMembers(full, row)}}`) as Row);
        const at = full.line.at[row];
        lines.push(new TextDecoder('latin1').decode(full.text.subarray(at, at + full.line.length[row])));
      }
      full.length = 0;
      full.textLength = 0;
    },
  };
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    decoder.decode(bytes, at, Math.min(bytes.length, at + chunkBytes), batch, sink);
  }
  decoder.end(batch, sink);
  sink.take(batch);
  return { rows, rejected: rejections.toRecord(), format: decoder.formatName, lines };
}

/** The only row of a line, in the format that the line itself tells. */
function rowOf(line: string, options: LogDecoderOptions = {}): Row {
  const { rows, rejected } = decode(line, options);
  assert.deepEqual(rejected, {});
  assert.equal(rows.length, 1);
  return rows[0];
}

const formatOf = (text: string): LogDecoderOptions => {
  const format = parseLogFormat(text);
  if (typeof format === 'string') throw new Error(format);
  return { format };
};

const COMBINED =
  '192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a/b?c=d HTTP/1.1" 200 2326 "http://r.example/" "Agent/1.0"';
const WHOLE = {
  time: '2000-10-10T20:55:36.000Z',
  client: '192.0.2.1',
  user: 'frank',
  method: 'GET',
  path: '/a/b',
  query: 'c=d',
  httpVersion: '1.1',
  status: 200,
  bytes: 2326,
  referrer: 'http://r.example/',
  userAgent: 'Agent/1.0',
};

it('tells a method that is none of the usual by its name, and reads it again', () => {
  for (const method of ['MKCOL', 'VERSION-CONTROL', 'M_A-DE-UP']) {
    const row = rowOf(COMBINED.replace('GET', method));
    assert.deepEqual(row, { ...WHOLE, method });
    assert.deepEqual(rowOf(`{"kind":"request",${JSON.stringify(row).slice(1)}`), row);
  }
  // What no server takes for a method, and might be anything, is none.
  assert.equal(rowOf(COMBINED.replace('GET', `${'A'.repeat(25)}`)).method, undefined);
  assert.equal(rowOf(COMBINED.replace('GET', '\u001b[2J')).method, undefined);
});

describe('combined and common log format', () => {
  const cases: [string, string, Row][] = [
    ['combined', COMBINED, WHOLE],
    [
      'what is absent',
      '::1 - - [26/Dec/2016:16:16:48 +0200] "-" 408 -',
      { time: '2016-12-26T14:16:48.000Z', client: '::1', status: 408 },
    ],
    [
      'a virtual host with its port, in lower case',
      `WWW.Example.org:443 ${COMBINED}`,
      { ...WHOLE, site: 'www.example.org' },
    ],
    [
      'a host name for a client, and an IPv6 zone',
      COMBINED.replace('192.0.2.1', 'fe80::1%eth0'),
      { ...WHOLE, client: 'fe80::1' },
    ],
    [
      'escaped quotes and bytes',
      COMBINED.replace('Agent/1.0', 'a \\"b\\" \\xc3\\xa9 \\x22').replace('?c=d', '?c=\\"'),
      { ...WHOLE, userAgent: 'a "b" é "', query: 'c="' },
    ],
    [
      'a whole URL',
      COMBINED.replace('/a/b?c=d', 'http://Site.example:8080/a/b?c=d'),
      { ...WHOLE, site: 'site.example' },
    ],
    ['the tail of Traefik', `${COMBINED} 12 "router" "http://10.0.0.1:80" 25ms`, { ...WHOLE, requestMs: 25 }],
    [
      'the tail of the nginx ingress',
      `${COMBINED} 512 0.045 [default-web-80] [] 10.1.2.3:8080, 10.1.2.4:8080 0, 2326 0.010, 0.030 502, 200 0123456789abcdef`,
      { ...WHOLE, requestMs: 45, upstreamMs: 40 },
    ],
    ['named times', `${COMBINED} rt=0.250 urt="0.125"`, { ...WHOLE, requestMs: 250, upstreamMs: 125 }],
    ['a carriage return', `${COMBINED}\r\n`, WHOLE],
    ['a header of syslog', `<134>Oct 10 20:55:37 web1 nginx: ${COMBINED}`, WHOLE],
    ['what a container writes before it', `2000-10-10T20:55:37.012345678Z stdout F ${COMBINED}`, WHOLE],
    ['a header of RFC 5424', `<134>1 2000-10-10T20:55:37Z web1 nginx 17 - [a@1 b="]c"] ${COMBINED}`, WHOLE],
  ];
  for (const [name, line, want] of cases) it(name, () => assert.deepEqual(rowOf(line), want));

  it('keeps the line as it is', () => {
    const line = `WWW.Example.org ${COMBINED.replace('Agent', '\\"')}`;
    assert.deepEqual(decode(`${line}\n${line}`).lines, [line, line]);
  });
});

describe('the client behind proxies', () => {
  const behind = (peer: string, forwarded: string, trusted?: readonly string[]): Row => {
    const line = `${peer} - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "a" "${forwarded}"`;
    const prefixes = trusted?.map((text) => parsePrefix(text)!);
    return rowOf(line, prefixes === undefined ? {} : { trusted: new TrustedProxies(prefixes) });
  };
  const who = ({ client, peer }: Row): Row => ({ client, peer });

  it('is told by a proxy of the house', () => {
    assert.deepEqual(who(behind('10.0.0.1', '203.0.113.9')), { client: '203.0.113.9', peer: '10.0.0.1' });
    assert.deepEqual(who(behind('127.0.0.1', '198.51.100.1, 203.0.113.9, 10.0.0.7')), {
      client: '203.0.113.9',
      peer: '127.0.0.1',
    });
    assert.deepEqual(who(behind('10.0.0.1', '10.0.0.3, 10.0.0.2')), { client: '10.0.0.3', peer: '10.0.0.1' });
  });

  it('is not told by itself', () => {
    assert.deepEqual(who(behind('198.51.100.1', '203.0.113.9')), { client: '198.51.100.1', peer: undefined });
    assert.deepEqual(who(behind('10.0.0.1', '203.0.113.9', [])), { client: '10.0.0.1', peer: undefined });
  });

  it('is told by proxies that were named', () => {
    const trusted = ['198.51.100.0/24', '2001:db8::/32'];
    assert.deepEqual(who(behind('198.51.100.1', '203.0.113.9, 2001:db8::7', trusted)), {
      client: '203.0.113.9',
      peer: '198.51.100.1',
    });
  });

  it('stands in Forwarded too (RFC 7239)', () => {
    const { format } = formatOf('$remote_addr [$time_local] "$request" $status "$http_forwarded"');
    const line =
      '10.0.0.1 [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 "for=192.0.2.43;proto=https, For=\\"[2001:db8:cafe::17]:4711\\";by=10.0.0.1"';
    assert.deepEqual(who(rowOf(line, { format: format! })), { client: '2001:db8:cafe::17', peer: '10.0.0.1' });
  });
});

describe('other formats', () => {
  it('a log_format of nginx', () => {
    const options = formatOf(
      '$msec|$host|$remote_addr:$remote_port|$request_method $request_uri|$status|$body_bytes_sent|$request_time|$upstream_response_time|$http_user_agent|$ssl_protocol',
    );
    const line = '1700000000.123|Www.Example.org|2001:db8::1:55000|POST /x?y=z|499|0|1.500|0.250, 1.000|curl|TLSv1.3';
    assert.deepEqual(rowOf(line.replace('2001:db8::1:55000', '192.0.2.7:55000'), options), {
      time: '2023-11-14T22:13:20.123Z',
      site: 'www.example.org',
      client: '192.0.2.7',
      clientPort: 55000,
      method: 'POST',
      path: '/x',
      query: 'y=z',
      tlsVersion: '1.3',
      status: 499,
      bytes: 0,
      requestMs: 1500,
      upstreamMs: 1250,
      userAgent: 'curl',
    });
  });

  it('a log_format of nginx that is JSON', () => {
    const options = formatOf(
      '{"t":"$time_iso8601","c":"$remote_addr","u":"$request_uri","s":$status,"took":"$request_time"}',
    );
    assert.deepEqual(
      rowOf('{"t":"2023-11-14T22:13:20+01:00","c":"192.0.2.7","u":"/a?b=\\u00e9\\/","s":200,"took":"0.010"}', options),
      {
        time: '2023-11-14T21:13:20.000Z',
        client: '192.0.2.7',
        method: 'OTHER',
        path: '/a',
        query: 'b=é/',
        status: 200,
        requestMs: 10,
      },
    );
  });

  it('a LogFormat of Apache', () => {
    const options = formatOf('%v %a %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\" %D');
    const line = `www.example.org ${COMBINED} 1500`;
    assert.deepEqual(rowOf(line, options), { ...WHOLE, site: 'www.example.org', requestMs: 1.5 });
  });

  it('a log-format of HAProxy', () => {
    const options = formatOf(
      '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r',
    );
    const line =
      '192.0.2.9:40000 [28/Feb/2025:02:43:10.123] web~ pool/one 0/0/1/30/31 200 739 - - ---- 1/1/0/0/0 0/0 {a} {b} "GET /p HTTP/2.0"';
    const want = {
      time: '2025-02-28T02:43:10.123Z',
      client: '192.0.2.9',
      clientPort: 40000,
      method: 'GET',
      path: '/p',
      httpVersion: '2.0',
      status: 200,
      bytes: 739,
      requestMs: 31,
      upstreamMs: 30,
    };
    assert.deepEqual(rowOf(line, options), want);
    assert.deepEqual(rowOf(line), want);
    assert.equal(rowOf(line, { zoneMs: 3_600_000 }).time, '2025-02-28T01:43:10.123Z');
  });

  it('the load balancers of AWS', () => {
    const alb =
      'https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/a?b=c HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:y" 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-"';
    assert.deepEqual(rowOf(alb), {
      time: '2018-07-02T22:23:00.186Z',
      site: 'www.example.com',
      client: '192.168.131.39',
      clientPort: 2817,
      method: 'GET',
      path: '/a',
      query: 'b=c',
      httpVersion: '1.1',
      tlsVersion: '1.2',
      status: 200,
      bytes: 57,
      requestMs: 171,
      userAgent: 'curl/7.46.0',
    });
    const elb =
      '2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -';
    assert.equal(decode(elb).format, 'elb');
    assert.equal(rowOf(elb).requestMs, 1.178);
  });

  it('the defaults of Envoy and Istio', () => {
    const envoy =
      '[2016-04-15T20:17:00.310Z] "POST /api/v1/locations?q=1 HTTP/2" 204 - 154 0 226 100 "198.51.100.3, 10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"';
    assert.deepEqual(rowOf(envoy), {
      time: '2016-04-15T20:17:00.310Z',
      site: 'locations',
      client: '198.51.100.3',
      peer: '10.0.35.28',
      method: 'POST',
      path: '/api/v1/locations',
      query: 'q=1',
      httpVersion: '2.0',
      status: 204,
      bytes: 0,
      requestMs: 226,
      upstreamMs: 100,
      userAgent: 'nsq2http',
    });
    const istio =
      '[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 3 1 "-" "curl/7.73.0-DEV" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "127.0.0.1:80" inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000_._.httpbin.foo.svc.cluster.local default';
    const { rows, format } = decode(istio);
    assert.equal(format, 'istio');
    assert.deepEqual([rows[0].client, rows[0].clientPort, rows[0].status], ['10.44.1.23', 37652, 418]);
  });

  it('JSON with a map of its own, and what is none of its fields', () => {
    const options = formatOf(
      'json:time=at,client=req.ip,method=req.m,target=req.url,status=res.code,requestMs=took,site=req.headers.host',
    );
    const line =
      '{"skip":{"deep":[1,{"a":"}"}]},"at":1700000000123,"req":{"ip":"192.0.2.1","m":"GET","url":"/p?q=1","headers":{"host":["A.example"]}},"res":{"code":503},"took":12.5,"n":null,"t":true}';
    assert.deepEqual(rowOf(line, options), {
      time: '2023-11-14T22:13:20.123Z',
      site: 'a.example',
      client: '192.0.2.1',
      method: 'GET',
      path: '/p',
      query: 'q=1',
      status: 503,
      requestMs: 12.5,
    });
  });

  it('keys that are nested or flat, and a header that a container writes', () => {
    const ecs =
      '{"@timestamp":"2023-11-14T22:13:20Z","http":{"request":{"method":"GET"},"response.status_code":200},"url.path":"/p","source":{"ip":"192.0.2.1"}}';
    assert.deepEqual(rowOf(`web-1  | ${ecs}`), {
      time: '2023-11-14T22:13:20.000Z',
      client: '192.0.2.1',
      method: 'GET',
      path: '/p',
      status: 200,
    });
  });

  it('W3C, whose fields change in mid-file', () => {
    const log = [
      '#Software: Microsoft Internet Information Services 10.0',
      '#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status time-taken cs(User-Agent)',
      '2018-01-01 08:09:10 192.0.2.1 GET / q=1 200 123 Mozilla/5.0+(X11)',
      '#Fields: date time cs-method cs-uri-stem c-ip sc-status',
      '2018-01-01 08:09:11 POST /b 192.0.2.2 404',
    ].join('\r\n');
    const { rows, rejected } = decode(log);
    assert.deepEqual(rejected, {});
    assert.deepEqual(rows, [
      {
        time: '2018-01-01T08:09:10.000Z',
        client: '192.0.2.1',
        method: 'GET',
        path: '/',
        query: 'q=1',
        status: 200,
        requestMs: 123,
        userAgent: 'Mozilla/5.0 (X11)',
      },
      { time: '2018-01-01T08:09:11.000Z', client: '192.0.2.2', method: 'POST', path: '/b', status: 404 },
    ]);
  });

  it('a format that changes in mid-file is recognised anew', () => {
    const json = '{"time":"2023-11-14T22:13:20Z","remote_addr":"192.0.2.1","request":"GET / HTTP/1.1","status":"200"}';
    const { rows, rejected } = decode(`${COMBINED}\n${json}\n${COMBINED}\n`);
    assert.deepEqual(rejected, {});
    assert.deepEqual(
      rows.map(({ status }) => status),
      [200, 200, 200],
    );
  });

  const faults: [string, RegExp][] = [
    ['$remote_addr $status', /no time/],
    ['$time_local $remote_addr', /neither request nor status/],
    ['$time_local$status', /nothing between them/],
    ['json:when=ts', /'when' is no field/],
    ['something', /neither a format by name/],
  ];
  for (const [text, why] of faults) {
    it(`'${text}' is refused`, () => {
      const parsed = parseLogFormat(text);
      assert.equal(typeof parsed, 'string');
      assert.match(String(parsed), why);
    });
  }
});

describe('bad input', () => {
  const cases: [string, string | Uint8Array, Record<string, number>, number][] = [
    [
      'binary',
      Uint8Array.from([...new TextEncoder().encode(`${COMBINED}\n`), 0, 1, 255, 0x1b, 0x5b, 10, 0xff]),
      { 'log-line-unparsed': 2 },
      1,
    ],
    ['a line of a megabyte', `${COMBINED}\n${'x'.repeat(1 << 20)}\n${COMBINED}`, { 'log-line-too-long': 1 }, 2],
    ['a line that is just too long', `${'x'.repeat(LINE_BYTES_MAX + 1)}\n${COMBINED}`, { 'log-line-too-long': 1 }, 1],
    ['no time', '{"status":200,"path":"/","remote_addr":"192.0.2.1"}', { 'log-time-missing': 1 }, 0],
    ['a day that is none', COMBINED.replace('10/Oct', '31/Feb'), { 'log-line-unparsed': 1 }, 0],
    [
      'a day that is none behind a good one',
      `${COMBINED}\n${COMBINED.replace('10/Oct', '31/Feb')}`,
      { 'log-time-invalid': 1 },
      1,
    ],
    ['a time that cannot be', COMBINED.replace('2000', '1970'), { 'log-time-absurd': 1 }, 0],
    [
      'an error log',
      '2021/12/01 13:53:33 [error] 31#31: *46 open() failed, client: 172.17.0.1\n',
      { 'log-line-not-a-request': 1 },
      0,
    ],
    [
      'a TCP line of HAProxy',
      'Jul 30 09:03:52 lb haproxy[1]: 192.0.2.1:1 [30/Jul/2018:09:03:52.726] in back/srv 0/0/5007 212 -- 0/0/0/0/3 0/0',
      { 'log-line-not-a-request': 1 },
      0,
    ],
    ['JSON that is cut short', '{"time":"2023-11-14T22:13:20Z","status":200,"path":"/', { 'log-line-unparsed': 1 }, 0],
    ['blank lines', `\n\r\n${COMBINED}\n\n`, {}, 1],
    ['nothing', '', {}, 0],
  ];
  for (const [name, input, want, rows] of cases) {
    it(`${name}: counted with its reason`, () => {
      const decoded = decode(input);
      assert.deepEqual(decoded.rejected, want);
      assert.equal(decoded.rows.length, rows);
    });
  }

  it('invalid UTF-8 and control characters are told, and reach no terminal', () => {
    const bytes = Uint8Array.from([...new TextEncoder().encode(COMBINED.replace('Agent/1.0', '\\x1b[2J\u009b')), 10]);
    bytes[bytes.length - 4] = 0xff;
    const { rows } = decode(bytes);
    assert.equal(rows[0].userAgent, '\u001b[2J\ufffd\ufffd');
  });

  it('chunks of any length give the same rows, batches of any size too', () => {
    const log = `${COMBINED}\n${COMBINED.replace('Agent', '\\x41')}\nrubbish\n${'y'.repeat(70_000)}\n`.repeat(8);
    const whole = decode(log);
    assert.equal(whole.rows.length, 16);
    for (const chunkBytes of [1, 7, 100, 4096, 65_535]) {
      const { rows, rejected, lines } = decode(log, {}, chunkBytes);
      assert.deepEqual({ rows, rejected, lines }, { rows: whole.rows, rejected: whole.rejected, lines: whole.lines });
    }
  });

  it('the site of the log stands where lines tell none', () => {
    const { rows } = decode(`${COMBINED}\nwww.example.org ${COMBINED}\n${COMBINED}`, { site: 'Ministry' }, 50);
    assert.deepEqual(
      rows.map(({ site }) => site),
      ['Ministry', 'www.example.org', 'Ministry'],
    );
  });
});
