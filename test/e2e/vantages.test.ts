import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ChecksAnswer, SitesAnswer, VantageView } from '../../src/api/contract/sites.ts';
import type { CheckResult } from '../../src/model/vantage.ts';
import { temporaryDirectory, until } from '../support/state.ts';
import { StationProcess } from '../support/station.ts';

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const directory = temporaryDirectory('vantages');
const data = join(directory.path, 'data');

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [BONGHWA, ...args], { cwd: directory.path, stdio: ['ignore', 'pipe', 'pipe'] });
}

function bonghwa(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = start(...args);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** When the results that a file of a vantage holds began. */
function waitingIn(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('{"kind":"added"') && line.endsWith('}}'))
    .map((line) => JSON.parse(line).result.at);
}

describe('sites and vantages of a station', () => {
  let answer = { status: 200, text: 'the portal' };
  const server = createServer((_, response) => response.writeHead(answer.status).end(answer.text));
  let station: StationProcess;
  let vantage: ChildProcess | undefined;
  let config = '';
  let vantagesAt = '';

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    config = join(directory.path, 'bonghwa.yaml');
    const text = (port: number): string =>
      [
        `storage: { directory: '${data}', telemetry: 'off' }`,
        'probe: { everySeconds: 1, allow: [127.0.0.0/8], country: KR, network: home }',
        `inputs: { vantages: '127.0.0.1:${port}' }`,
        `sites: [{ name: portal, urls: ['${url}'], expect: { contains: portal }, country: KR }]`,
      ].join('\n');
    writeFileSync(config, text(0));
    station = await StationProcess.start(['--config', config, '--workers', '1']);
    await stateReady();
    vantagesAt = listeningAt();
    // The same port again after the restart.
    writeFileSync(config, text(Number(vantagesAt.split(':').at(-1))));
  });
  after(async () => {
    vantage?.kill('SIGKILL');
    await station.end('SIGKILL');
    server.close();
    directory.remove();
  });

  function listeningAt(): string {
    const line = station.lines.find(({ msg, input }) => msg === 'listening' && input === 'vantages');
    return String(line?.address);
  }

  const stateReady = (): Promise<void> =>
    until('the state store answers', async () => (await station.status()).state.state === 'ready');
  const checks = async (site: string): Promise<readonly CheckResult[]> =>
    (await station.ask<ChecksAnswer>(`/api/sites/${site}/checks?limit=1000`)).checks;
  const fromBerlin = async (): Promise<readonly CheckResult[]> =>
    (await checks('portal')).filter((check) => check.vantage === 'berlin');
  const startBerlin = (): ChildProcess =>
    start(
      'vantage',
      ...['--station', `https://${vantagesAt}`, '--key', 'berlin.key', '--name', 'berlin'],
      '--allow-private',
    );
  const askSites = (): Promise<SitesAnswer> => station.ask<SitesAnswer>('/api/sites');

  it('checks the sites of the configuration itself', async () => {
    await until('the station has checked', async () => (await checks('portal')).length > 0);
    const [check] = await checks('portal');
    assert.deepEqual([check.vantage, check.outcome, check.status], ['station', 'ok', 200]);
  });

  it('takes results from a vantage with its key, and from nobody else', async () => {
    const added = await bonghwa('vantage', 'add', 'berlin', '--country', 'DE', '--network', 'AS64511', '--data', data);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, /^bonghwa-vantage\.[\w-]{43}\.[0-9a-f]{64}\n$/);
    assert.match(added.stderr, /told this once/);
    writeFileSync(join(directory.path, 'berlin.key'), added.stdout, { mode: 0o600 });

    const key = added.stdout.trim().split('.');
    const wrongs: readonly (readonly [text: string, says: RegExp])[] = [
      [`${key[0]}.${'A'.repeat(43)}.${key[2]}`, /does not know this key/],
      [`${key[0]}.${key[1]}.${'0'.repeat(64)}`, /its certificate is not the one of the key/],
      ['secret', /holds no key of a vantage/],
    ];
    vantage = startBerlin();
    const ran = await Promise.all(
      wrongs.map(([text], at) => {
        writeFileSync(join(directory.path, `wrong-${at}.key`), text);
        const to = ['--station', `https://${vantagesAt}`, '--key', `wrong-${at}.key`, '--data', `wrong-${at}`];
        return bonghwa('vantage', ...to);
      }),
    );
    for (const [at, { code, stderr }] of ran.entries()) {
      assert.equal(code, 2);
      assert.match(stderr, wrongs[at][1]);
    }
    await until('berlin has reported', async () => (await fromBerlin()).length > 0);
    const { vantages } = await station.ask<{ vantages: VantageView[] }>('/api/vantages');
    assert.deepEqual(
      vantages.map(({ vantage: { name, country }, own, checks: told }) => [name, country, own, (told ?? 0) > 0]),
      [
        ['berlin', 'DE', false, true],
        ['station', 'KR', true, true],
      ],
    );
    assert.match((await bonghwa('vantage', 'list', '--data', data)).stdout, /^vantage.*\nberlin +DE +AS64511/);
  });

  it('keeps what a vantage finds while the station is away, and takes it in order', async () => {
    await station.end('SIGKILL');
    answer = { status: 502, text: 'bad gateway' };
    const waits = (): readonly string[] => waitingIn(join(directory.path, 'bonghwa-vantage', 'waiting.ndjson'));
    await until('results wait on disk', () => waits().length > 1);
    // Killed, and started again before the station is there.
    vantage?.kill('SIGKILL');
    const before = waits();
    vantage = startBerlin();
    await until('it goes on with what it kept', () => waits().length > before.length);
    answer = { status: 200, text: 'the portal' };
    station = await StationProcess.start(['--config', config, '--workers', '1']);
    await stateReady();
    await until('what waited has come', async () => {
      const all = await fromBerlin();
      const told = new Set(all.map(({ at }) => at));
      return before.every((at) => told.has(at)) && all[0]?.outcome === 'ok';
    });
    const told = await fromBerlin();
    assert.ok(told.some(({ outcome }) => outcome === 'unexpected'));
    const ends = told.map(({ at, totalMs }) => Date.parse(at) + totalMs).reverse();
    assert.deepEqual(
      ends,
      ends.toSorted((left, right) => left - right),
    );
    assert.equal(new Set(told.map(({ at }) => at)).size, told.length, 'none twice');
  });

  it('imports all of a CSV file or nothing, and tells every fault with its line', async () => {
    const file = join(directory.path, 'sites.csv');
    writeFileSync(
      file,
      'name,urls,sector,country\ncourt,https://court.invalid/,judiciary,KR\nbank,ftp://bank/,finance,KR\nclinic,,heath,KR\n',
    );
    const bad = await bonghwa('site', 'import', file, '--data', data);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /sites\.csv:3: urls\.0: 'ftp:\/\/bank\/' cannot be checked: .*\n.*sites\.csv:4: sector: /);
    assert.match(bad.stdout, /^Nothing was imported: 2 faults/);
    assert.equal((await askSites()).total, 1);

    writeFileSync(file, 'name,urls,sector,country\ncourt,,judiciary,KR\nbank,,finance,KR\n');
    assert.match(
      (await bonghwa('site', 'import', file, '--dry-run', '--data', data)).stdout,
      /^Would be imported: 2 new/,
    );
    assert.equal((await askSites()).total, 1);
    const good = await bonghwa('site', 'import', file, '--data', data);
    assert.equal(good.stdout, 'Imported: 2 new, 0 changed, 0 as they were.\n', good.stderr);
    assert.deepEqual(
      (await askSites()).sites.map(({ site }) => site.name),
      ['bank', 'court', 'portal'],
    );
  });

  it('adds, lists, checks and removes', async () => {
    const added = await bonghwa(
      'site',
      'add',
      '청와대',
      '--address',
      '192.0.2.7',
      '--sector',
      'government',
      '--data',
      data,
    );
    assert.equal(added.code, 0, added.stderr);
    const again = await bonghwa('site', 'add', '청와대', '--data', data);
    assert.deepEqual([again.code, /is registered/.test(again.stderr)], [2, true], again.stderr);
    const removed = await bonghwa('site', 'remove', 'portal', '--data', data);
    assert.match(removed.stderr, /stands in the configuration/);
    assert.equal((await bonghwa('site', 'remove', 'bank', '--data', data)).code, 0);
    const { stdout } = await bonghwa('site', 'list', '--data', data);
    assert.match(stdout, /court[\s\S]*portal[\s\S]*청와대[\s\S]*3 sites: /);
    const checked = await bonghwa('site', 'check', 'portal', '--allow-private', '--data', data);
    assert.match(checked.stdout, /\nok +127\.0\.0\.1/, checked.stderr);
    assert.match(checked.stdout, /portal has no contact/);
  });

  it('is read and changed while no station runs', async () => {
    vantage?.kill('SIGTERM');
    assert.equal(await station.end('SIGTERM'), 0);
    const added = await bonghwa('site', 'add', 'archive', '--sector', 'media', '--data', data);
    assert.equal(added.code, 0, added.stderr);
    const { stdout } = await bonghwa('site', 'list', '--json', '--data', data);
    const { sites } = JSON.parse(stdout) as SitesAnswer;
    assert.deepEqual(
      sites.map(({ site }) => site.name),
      ['archive', 'court', '청와대'],
    );
  });
});
