import assert from 'node:assert/strict';
import { createServer as createHttp, Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server as NetServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { testCertificate } from '../../../test/support/certificate.ts';
import { parsePrefix } from '../../base/prefix.ts';
import { parseSubject } from '../../model/check-subject.ts';
import type { Expectation } from '../../model/site.ts';
import { type CheckResult, checkResultSchema } from '../../model/vantage.ts';
import { Checker } from './check.ts';
import { CONTENT_BYTES_MAX, type ProbeSettings } from './limits.ts';

/** What ends by itself may take its time on a busy machine; what never ends is waited for a moment only. */
const TIMES = { attemptMs: 20_000, retriesMs: [], checkMs: 20_000 };
const SHORT = { times: { attemptMs: 600, retriesMs: [], checkMs: 5000 } };
const DAY_MS = 86_400_000;
const EVERYTHING = ['0.0.0.0/0', '::/0'].map((text) => parsePrefix(text)!);
const closers: (() => void)[] = [];
let authority = '';
let ports: Record<
  'http' | 'h2' | 'https1' | 'expired' | 'otherName' | 'silent' | 'closing' | 'garbage' | 'free',
  number
>;
const requests: { url: string; agent: string; cookie: string }[] = [];

/** Pages of the server, by path. */
const PAGES: Readonly<Record<string, (answer: ServerResponse, cookie: string) => void>> = {
  '/': (answer) => answer.end('<h1>Ministry of Tests</h1>'),
  '/502': (answer) => answer.writeHead(502).end('bad gateway'),
  '/gzip': (answer) => answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('the word is here')),
  '/br': (answer) => answer.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync('the word is here')),
  '/zstd': (answer) => answer.writeHead(200, { 'content-encoding': 'zstd' }).end(zstdCompressSync('the word is here')),
  '/deflate': (answer) => answer.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateSync('the word is here')),
  '/raw': (answer) => answer.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateRawSync('the word is here')),
  '/no-gzip': (answer) => answer.writeHead(200, { 'content-encoding': 'gzip' }).end('this is none'),
  '/bomb': (answer) => answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(9 << 20))),
  '/twice': (answer) =>
    answer.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(gzipSync(Buffer.alloc(9 << 20)))),
  '/loop': (answer) => answer.writeHead(302, { location: '/loop2' }).end(),
  '/loop2': (answer) => answer.writeHead(302, { location: '/loop' }).end(),
  '/cookie': (answer, cookie) =>
    cookie === 'seen=1'
      ? answer.end('with a cookie')
      : answer.writeHead(302, { location: '/cookie', 'set-cookie': 'seen=1; path=/; httponly' }).end(),
  '/file': (answer) => answer.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/inside': (answer) => answer.writeHead(302, { location: 'http://inside.test:1/' }).end(),
  '/huge': (answer) => answer.writeHead(200, { 'x-header': 'x'.repeat(70_000) }).end('x'),
  '/endless': (answer) => {
    const more = (): void => {
      while (answer.write(Buffer.alloc(65_536, 'x')));
    };
    answer.on('drain', more);
    more();
  },
  '/drip': (answer) => {
    const timer = setInterval(() => answer.write('x'), 20);
    answer.on('close', () => clearInterval(timer));
  },
  '/short': (answer) => {
    answer.writeHead(200, { 'content-length': '1000' });
    answer.write('x');
    setTimeout(() => answer.destroy(), 20);
  },
  '/never': () => undefined,
};

function serve(answer: ServerResponse, url: string, agent: string, cookie: string): void {
  requests.push({ url, agent, cookie });
  const counted = /^\/(\d+)$/.exec(url)?.[1];
  if (counted !== undefined && counted !== '502') answer.writeHead(301, { location: `/${Number(counted) + 1}` }).end();
  else if (url in PAGES) PAGES[url](answer, cookie);
  else answer.writeHead(404).end('not found');
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    if (server instanceof HttpServer) server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

before(async () => {
  const nowMs = Date.now();
  const [from, to] = [new Date(nowMs - DAY_MS), new Date(nowMs + 9 * DAY_MS)];
  const good = await testCertificate('site.test', from, to);
  const old = await testCertificate('site.test', new Date('2020-01-01T00:00:00Z'), new Date('2021-01-01T00:00:00Z'));
  const other = await testCertificate('other.test', from, to);
  authority = [good, old, other].map(({ cert }) => cert).join('\n');
  const open = new Set<{ destroy: () => void }>();
  closers.push(() => {
    for (const socket of open) socket.destroy();
  });
  const handle = (request: Pick<IncomingMessage, 'url' | 'headers'>, answer: ServerResponse): void =>
    serve(answer, request.url ?? '', String(request.headers['user-agent']), String(request.headers.cookie ?? ''));
  // The compatibility interface of node:http2 has all that the pages use.
  const secure = createSecureServer({ ...good, maxSendHeaderBlockLength: 1 << 18 }, (request, answer) =>
    handle(request, answer as unknown as ServerResponse),
  );
  secure.on('session', (session) => closers.push(() => session.destroy()));
  const free = createTcp();
  ports = {
    http: await listen(createHttp(handle)),
    h2: await listen(secure),
    https1: await listen(createHttps(good, handle)),
    expired: await listen(createHttps(old, handle)),
    otherName: await listen(createHttps(other, handle)),
    silent: await listen(createTcp((socket) => void open.add(socket.on('error', () => undefined)))),
    closing: await listen(createTcp((socket) => void socket.on('error', () => undefined).end())),
    garbage: await listen(
      createTcp((socket) => void socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n')),
    ),
    free: await listen(free),
  };
  await new Promise((resolve) => free.close(resolve));
});
after(() => {
  for (const close of closers) close();
});

function settings(more: Partial<ProbeSettings> = {}): ProbeSettings {
  return {
    vantage: 'test',
    userAgent: 'Bonghwa/0 (availability check)',
    times: TIMES,
    allowed: EVERYTHING,
    hosts: new Map([
      ['site.test', ['127.0.0.1']],
      ['inside.test', ['127.0.0.1']],
    ]),
    authorities: [authority],
    ...more,
  };
}

async function check(url: string, more: Partial<ProbeSettings> = {}, expect: Expectation = {}): Promise<CheckResult[]> {
  const parsed = parseSubject(url);
  assert.equal(parsed.kind, 'ok', url);
  if (parsed.kind !== 'ok') return [];
  const results: CheckResult[] = [];
  const checker = new Checker(settings(more));
  await checker.check({ site: 'site', subject: parsed.subject, expect }, (result) => results.push(result));
  for (const result of results) checkResultSchema.parse(result);
  return results;
}

/** The outcome in short: `ok`, or phase and code of the failure. */
async function told(url: string, more: Partial<ProbeSettings> = {}, expect: Expectation = {}): Promise<string> {
  const results = await check(url, more, expect);
  return results
    .map(({ outcome, failure }) => (failure === undefined ? outcome : `${outcome} ${failure.phase} ${failure.code}`))
    .join(', ');
}

const http = (path: string): string => `http://site.test:${ports.http}${path}`;

describe('a check over HTTP', () => {
  it('tells phases, address, version, status and bytes', async () => {
    const [result] = await check(http('/'));
    assert.equal(result.outcome, 'ok');
    assert.deepEqual(
      { address: result.address, family: result.family, httpVersion: result.httpVersion, status: result.status },
      { address: '127.0.0.1', family: 4, httpVersion: '1.1', status: 200 },
    );
    assert.equal(result.bytes, 26);
    assert.deepEqual(Object.keys(result.phasesMs ?? {}).sort(), ['connect', 'content', 'dns', 'firstByte']);
  });

  it('speaks HTTP/2 where it is agreed on, HTTP/1.1 where not, and tells the certificate', async () => {
    const [two] = await check(`https://site.test:${ports.h2}/`);
    assert.deepEqual([two.outcome, two.httpVersion, two.status, two.bytes], ['ok', '2', 200, 26]);
    assert.ok((two.phasesMs?.tls ?? 0) > 0);
    assert.equal(two.certificate?.valid, true);
    const days = (Date.parse(two.certificate?.notAfter ?? '') - Date.now()) / 86_400_000;
    assert.ok(days > 8 && days < 10, `${days} days`);
    const [one] = await check(`https://site.test:${ports.https1}/`);
    assert.deepEqual([one.outcome, one.httpVersion], ['ok', '1.1']);
  });

  it('names itself to the site', async () => {
    await check(http('/'));
    assert.equal(requests.at(-1)?.agent, 'Bonghwa/0 (availability check)');
  });

  it('reads compressed content', async () => {
    for (const path of ['/gzip', '/br', '/zstd', '/deflate', '/raw'])
      assert.equal(await told(http(path), {}, { contains: 'the word' }), 'ok', path);
  });

  it('holds the answer against what is expected', async () => {
    assert.equal(await told(http('/502')), 'unexpected content status');
    assert.equal(await told(http('/502'), {}, { statuses: [502] }), 'ok');
    assert.equal(await told(http('/'), {}, { contains: 'Ministry of Tests' }), 'ok');
    assert.equal(await told(http('/'), {}, { contains: 'Ministry of Magic' }), 'unexpected content text-missing');
    assert.equal(await told(http('/'), {}, { lacks: 'Tests' }), 'unexpected content text-forbidden');
  });
});

describe('bad input is a result with a stable code', () => {
  const cases: readonly [what: string, path: string, told: string][] = [
    ['redirects in a ring', '/loop', 'failed content redirect-loop'],
    ['a long row of redirects', '/1', 'failed content redirects-too-many'],
    ['a redirect to a file', '/file', 'failed content redirect-invalid'],
    ['a redirect that a cookie ends', '/cookie', 'ok'],
    ['a huge header', '/huge', 'failed first-byte headers-too-large'],
    ['a decompression bomb', '/bomb', 'failed content decompression-bomb'],
    ['content compressed twice', '/twice', 'failed content encoding-broken'],
    ['content that is not compressed as it says', '/no-gzip', 'failed content encoding-broken'],
    ['a slow drip', '/drip', 'failed content timeout'],
    ['content that ends before its length', '/short', 'failed content closed'],
    ['no answer', '/never', 'failed first-byte timeout'],
  ];
  for (const [what, path, want] of cases) {
    const times = want.endsWith('timeout') ? SHORT : {};
    it(`${what}, over HTTP/1.1`, async () => assert.equal(await told(http(path), times), want));
    if (path === '/short') continue;
    it(`${what}, over HTTP/2`, async () =>
      assert.equal(await told(`https://site.test:${ports.h2}${path}`, times), want));
  }

  it('an endless body is read up to its limit', async () => {
    for (const url of [http('/endless'), `https://site.test:${ports.h2}/endless`]) {
      const [{ outcome, bytes, failure }] = await check(url);
      assert.deepEqual({ outcome, bytes, failure }, { outcome: 'ok', bytes: CONTENT_BYTES_MAX, failure: undefined });
    }
  });

  it('connections that lead to nothing', async () => {
    assert.equal(await told(`http://site.test:${ports.free}/`), 'failed connect refused');
    assert.equal(await told(`http://site.test:${ports.silent}/`, SHORT), 'failed first-byte timeout');
    assert.equal(await told(`https://site.test:${ports.silent}/`, SHORT), 'failed tls timeout');
    assert.equal(await told(`http://site.test:${ports.closing}/`), 'failed first-byte closed');
    assert.equal(await told(`https://site.test:${ports.closing}/`), 'failed tls closed');
    assert.equal(await told(`http://site.test:${ports.garbage}/`), 'failed first-byte not-http');
    assert.equal(await told(`https://site.test:${ports.http}/`), 'failed tls tls-failed');
  });

  it('certificates that do not hold', async () => {
    const [expired] = await check(`https://site.test:${ports.expired}/`);
    assert.deepEqual([expired.outcome, expired.failure?.code], ['failed', 'certificate-expired']);
    assert.deepEqual(expired.certificate, {
      notAfter: '2021-01-01T00:00:00.000Z',
      valid: false,
      reason: 'it has expired',
    });
    assert.equal(await told(`https://site.test:${ports.otherName}/`), 'failed tls certificate-name');
    assert.equal(await told(`https://site.test:${ports.h2}/`, { authorities: [] }), 'failed tls certificate-untrusted');
    // Nothing is asked of whoever cannot show who he is.
    const before = requests.length;
    await check(`https://site.test:${ports.expired}/`);
    assert.equal(requests.length, before);
  });
});

describe('addresses of the inside', () => {
  const closed = { allowed: [], ...SHORT };

  it('are refused, written in whatever way', async () => {
    const hosts = [
      '127.0.0.1',
      'localhost',
      '2130706433',
      '0x7f.1',
      '10.1.2.3',
      '169.254.169.254',
      '[::1]',
      '[::ffff:10.0.0.1]',
      '[fd00::1]',
      '[64:ff9b::7f00:1]',
      '0.0.0.0',
    ];
    for (const host of hosts)
      for (const one of (await told(`http://${host}:${ports.http}/`, closed)).split(', '))
        assert.equal(one, 'failed dns private-address', host);
  });

  it('are refused behind a name, also as one of several', async () => {
    const hosts = new Map([['site.test', ['192.0.32.8', '127.0.0.1']]]);
    assert.equal(await told(http('/'), { ...closed, hosts }), 'failed dns private-address');
  });

  it('are refused behind a redirect, and nothing is sent there', async () => {
    // The first hop may be probed, by a prefix that was allowed; the second may not.
    const hosts = new Map([
      ['site.test', ['127.0.0.1']],
      ['inside.test', ['127.0.0.2']],
    ]);
    const only = { allowed: [parsePrefix('127.0.0.1/32')!], hosts };
    assert.equal(await told(http('/inside'), only), 'failed dns private-address');
    assert.equal(requests.at(-1)?.url, '/inside');
  });

  it('are refused at the second look-up of a name that has moved', async () => {
    let asked = 0;
    const hosts = new (class extends Map<string, readonly string[]> {
      override get(name: string): readonly string[] | undefined {
        return name === 'site.test' ? [asked++ === 0 ? '192.0.32.8' : '127.0.0.1'] : undefined;
      }
    })();
    const before = requests.length;
    assert.match(await told(http('/'), { ...closed, hosts, family: 4 }), /^failed (connect|dns) /);
    assert.equal(await told(http('/'), { ...closed, hosts, family: 4 }), 'failed dns private-address');
    assert.equal(requests.length, before);
  });
});

describe('checks of other kinds', () => {
  it('connect to a port', async () => {
    assert.equal(await told(`tcp://site.test:${ports.silent}`), 'ok');
    assert.equal(await told(`tcp://site.test:${ports.free}`), 'failed connect refused');
  });

  it('ask a name server, which may never answer', async (context) => {
    const { createSocket } = await import('node:dgram');
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    context.after(() => silent.close());
    assert.equal(await told(`dns://127.0.0.1:${silent.address().port}/site.test`, SHORT), 'failed dns timeout');
    const nameServers = [`127.0.0.1:${silent.address().port}`];
    assert.equal(
      await told('http://elsewhere.test/', {
        ...SHORT,
        nameServers,
        family: 4,
        anchors: [`127.0.0.1:${ports.silent}`],
      }),
      'failed dns timeout',
    );
  });

  it('send an echo, or say that they cannot', async () => {
    assert.match(await told('icmp://127.0.0.1'), /^(ok|failed connect not-supported)$/);
  });
});

describe('attempts', () => {
  it('are made again, and tell how many there were', async () => {
    const times = { attemptMs: 5000, retriesMs: [30, 120], checkMs: 20_000 };
    const [{ attempts, outcome, totalMs }] = await check(`http://site.test:${ports.free}/`, { times });
    assert.deepEqual({ attempts, outcome }, { attempts: 3, outcome: 'failed' });
    assert.ok(totalMs >= 120, `${totalMs} ms`);
  });

  it('go to the next address', async () => {
    const times = { attemptMs: 5000, retriesMs: [10], checkMs: 20_000 };
    const hosts = new Map([['site.test', ['127.0.0.7', '127.0.0.1']]]);
    const [{ attempts, outcome, address }] = await check(http('/'), { times, hosts });
    assert.deepEqual({ attempts, outcome, address }, { attempts: 2, outcome: 'ok', address: '127.0.0.1' });
  });

  it('end before the check would reach into the next', async () => {
    const times = { attemptMs: 400, retriesMs: [10, 20], checkMs: 700 };
    const [{ attempts, totalMs }] = await check(`http://site.test:${ports.silent}/`, { times });
    assert.equal(attempts, 2);
    assert.ok(totalMs < 2000, `${totalMs} ms`);
  });

  it('say nothing of the site where the own way out fails', async () => {
    // There is a way to no such address, or nobody at its end.
    const nowhere = { hosts: new Map([['site.test', ['fd00:240::1']]]) };
    const closedAnchor = { anchors: [`127.0.0.1:${ports.free}`] };
    const openAnchor = { anchors: [`127.0.0.1:${ports.silent}`] };
    assert.match(
      await told(http('/'), { ...SHORT, ...nowhere, ...closedAnchor }),
      /^no-way-out (connect|dns) no-way-out$/,
    );
    assert.match(
      await told(http('/'), { ...SHORT, ...nowhere, ...openAnchor }),
      /^failed connect (unreachable|timeout|connect-failed)$/,
    );
  });
});
