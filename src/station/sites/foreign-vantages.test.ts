import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { until } from '../../../test/support/state.ts';
import { type ConfigVantage, parseConfig } from '../../model/config.ts';
import { readSite } from '../../model/site-fields.ts';
import type { CheckResult } from '../../model/vantage.ts';
import { ForeignVantages } from './foreign-vantages.ts';
import { SiteRegister } from './register.ts';

const SITES = [
  { name: 'portal', urls: ['https://portal.example/', 'https://inside.example/'] },
  { name: 'court', urls: ['https://court.example/start', 'tcp://mail.court.example:25'] },
];

describe('programs whose checks are read', () => {
  const asked: { url: string; authorization: string | undefined }[] = [];
  let serve: (url: URL, answer: ServerResponse) => void = () => undefined;
  const server = createServer((request: IncomingMessage, answer) => {
    asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
    serve(new URL(request.url ?? '', 'http://x'), answer);
  });
  let at = '';

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  function register(): SiteRegister {
    const configured = SITES.map((given) => {
      const read = readSite(given, 'configuration');
      if (read.kind !== 'ok') throw new Error('no site');
      return read.site;
    });
    return new SiteRegister({ configured, onProblem: () => undefined });
  }

  /** What one program gives, read for as long as `enough` says that there is more to come. */
  async function read(
    source: object,
    enough: (results: readonly CheckResult[], problems: readonly string[]) => boolean,
  ): Promise<{ results: CheckResult[]; problems: string[] }> {
    const parsed = parseConfig(JSON.stringify({ vantages: [{ name: 'abroad', everySeconds: 5, ...source }] }));
    assert.equal(parsed.kind, 'ok', JSON.stringify(parsed));
    const vantages: readonly ConfigVantage[] = parsed.kind === 'ok' ? parsed.config.vantages : [];
    const results: CheckResult[] = [];
    const problems: string[] = [];
    asked.length = 0;
    const foreign = new ForeignVantages({
      register: register(),
      permitted: (url) => !url.includes('inside'),
      token: async ({ token }) => (token === undefined ? undefined : 'the-key'),
      onResults: (_, told) => results.push(...told),
      onProblem: ({ message }) => problems.push(message),
    });
    foreign.configure(vantages);
    await until('it was read', () => enough(results, problems));
    foreign.stop();
    return { results, problems };
  }

  it('asks blackbox_exporter for every page that is registered', async () => {
    serve = (url, answer) =>
      answer.end(
        `probe_success ${url.searchParams.get('target')?.includes('court') === true ? 0 : 1}\nprobe_http_status_code 200\nprobe_duration_seconds 0.1\n`,
      );
    const { results } = await read(
      { program: 'blackbox', url: `${at}/probe?module=http_2xx` },
      (told) => told.length >= 2,
    );
    assert.deepEqual(results.map(({ site, vantage, subject, outcome }) => [site, vantage, subject, outcome]).sort(), [
      ['court', 'abroad', 'https://court.example/start', 'unexpected'],
      ['portal', 'abroad', 'https://portal.example/', 'ok'],
    ]);
    assert.match(asked[0].url, /^\/probe\?module=http_2xx&target=https%3A%2F%2F/);
  });

  it('finds the sites of what Prometheus has, by URL or host, each probe once, at its own time', async () => {
    const probe = (instance: string, success: string) =>
      [
        ['probe_success', success],
        ['probe_http_status_code', '200'],
      ].map(([__name__, value]) => ({
        metric: { __name__, instance, job: 'blackbox' } as Record<string, string>,
        value: [0, value] as const,
      }));
    const result = [
      ...probe('https://portal.example/', '1'),
      ...probe('court.example', '1'),
      ...probe('https://stranger.example/', '1'),
    ];
    // The time of an answer is that of the question; when it was probed, another question tells.
    let nowSeconds = 1_764_000_000;
    serve = (url, answer) => {
      nowSeconds++;
      const query = url.searchParams.get('query') ?? '';
      const at = query.startsWith('timestamp(')
        ? result.map(({ metric: { __name__, ...metric } }) => ({ metric, value: [nowSeconds, '1763999990.5'] }))
        : result.map((one) => ({ ...one, value: [nowSeconds, one.value[1]] }));
      answer.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: at } }));
    };
    const source = { program: 'prometheus', url: `${at}/prom?match=place="seoul"`, everySeconds: 1 };
    const { results } = await read(source, () => asked.length >= 5);
    assert.deepEqual(results.map(({ site, outcome, at: time }) => [site, outcome, time]).sort(), [
      ['court', 'ok', '2025-11-24T15:59:50.500Z'],
      ['portal', 'ok', '2025-11-24T15:59:50.500Z'],
    ]);
    const questions = asked.map(({ url }) => new URL(url, at).searchParams.get('query'));
    assert.match(asked[0].url, /^\/prom\/api\/v1\/query\?query=/);
    assert.deepEqual([...new Set(questions)].sort(), [
      'timestamp(probe_success{place="seoul"})',
      '{__name__=~"probe_.+",place="seoul"}',
    ]);
  });

  it('signs in to Uptime Kuma with its API key', async () => {
    serve = (_, answer) =>
      answer.end(
        'monitor_status{monitor_name="Mail",monitor_type="port",monitor_url="https://",monitor_hostname="mail.court.example",monitor_port="25"} 0\n',
      );
    const source = { program: 'uptime-kuma', url: `${at}/metrics`, token: { env: 'KUMA' } };
    const { results } = await read(source, (told) => told.length >= 1);
    assert.deepEqual(
      [results[0].site, results[0].subject, results[0].outcome],
      ['court', 'mail.court.example:25', 'failed'],
    );
    assert.equal(asked[0].authorization, `Basic ${Buffer.from(':the-key').toString('base64')}`);
  });

  it('says what is wrong where a program cannot be read', async () => {
    serve = (_, answer) => answer.writeHead(401).end();
    const refused = await read({ program: 'uptime-kuma', url: `${at}/metrics` }, (_, problems) => problems.length > 0);
    assert.match(refused.problems[0], /^vantage abroad: .*\/metrics answers with status 401$/);
    serve = (_, answer) => answer.end('<html>');
    for (const program of ['blackbox', 'prometheus', 'uptime-kuma']) {
      const { problems } = await read({ program, url: `${at}/x` }, (_, told) => told.length > 0);
      assert.match(problems[0], /tells of no|does not answer as Prometheus/);
    }
  });
});
