import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Api, createApi } from '../../src/api/api.ts';
import { BonghwaError } from '../../src/base/errors.ts';
import { lockDirectory } from '../../src/store/lock.ts';
import { openState } from '../../src/store/state/open.ts';
import type { FlowsQuery } from '../../src/store/telemetry/flows-query.ts';
import type { RequestsQuery } from '../../src/store/telemetry/requests-query.ts';
import { FixedStation, quietStatus } from '../support/fixed-station.ts';
import { fixedReport } from '../support/report.ts';

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function bonghwa(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BONGHWA, ...args], { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('commands that ask a station', () => {
  const station = new FixedStation();
  let api: Api;
  let at = '';

  before(async () => {
    api = createApi(station);
    const { port } = await api.listen({ address: '127.0.0.1', port: 0, family: 4 });
    at = `127.0.0.1:${port}`;
  });
  after(() => api.close());
  beforeEach(() => {
    Object.assign(station, { fault: undefined, kept: fixedReport().attacks, current: new FixedStation().current });
    station.asked.length = 0;
  });

  async function ask(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await bonghwa(...args, '--station', at);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    return stdout;
  }

  it('attacks lists what there was and what goes on, for people and for programs', async () => {
    const text = await ask('attacks', '--since', '7d');
    assert.match(text, /^2 attacks, 1 goes on\n/);
    assert.match(text, /▲ {2}2001:db8:1234:5678::\/64/);
    assert.match(text, /2024-03-05 12:00:08 UTC {2}a1\n/);
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
    const { attacks } = JSON.parse(await ask('attacks', '--json', '--ongoing')) as { attacks: { id: string }[] };
    assert.deepEqual(
      attacks.map(({ id }) => id),
      ['a2'],
    );
    assert.match(await ask('attacks', '--limit', '1'), /^1 attack and more/);
  });

  it('attacks says what to try where there was none', async () => {
    station.kept = [];
    const text = await ask('attacks', '--since', '24h', '--target', '192.0.2.7');
    assert.match(text, /^No attack is kept since 24h on 192\.0\.2\.7\n/);
    assert.match(text, /bonghwa status/);
  });

  it('attacks show tells the whole why of one', async () => {
    const text = await ask('attacks', 'show', 'a1');
    assert.match(text, /syn-flood on 192\.0\.2\.10/);
    assert.match(text, / why {8}12,300 SYN a second/);
    assert.match(text, /began {6}2024-03-05 12:00:08\.250 UTC, detected after 1 s/);
    assert.equal((JSON.parse(await ask('attacks', 'show', 'a1', '--json')) as { id: string }).id, 'a1');
    const { code, stderr } = await bonghwa('attacks', 'show', 'a9', '--station', at);
    assert.deepEqual([code, /^bonghwa: no attack has this id\./.test(stderr)], [2, true]);
  });

  it('flows groups by what is asked, as a table, as CSV and as JSON', async () => {
    const text = await ask('flows', '--target', 'www.ministry.example', '--top', 'SRCASN', '--proto', 'tcp');
    assert.match(text, /AS64500 +1\.00 M +2\.0 % +91 % +█+ +60\.0 MB +50\.0 k/);
    const asked = station.asked.at(-1) as FlowsQuery;
    assert.deepEqual([asked.top, asked.proto, asked.targets?.length], [['srcAsn'], 6, 2]);
    await ask('flows');
    assert.deepEqual((station.asked.at(-1) as FlowsQuery).top, ['dstAddr']);
    assert.equal(
      await ask('flows', '--top', 'class', '--csv'),
      'class,packets,bytes,flows,rows,error,share\r\ntcpSyn,1000000,60000000,50000,10000,0.02,0.91\r\ndnsResponse,100000,6100000,4000,2000,0,0.09\r\n',
    );
    const { groups } = JSON.parse(await ask('flows', '--top', 'srcAddr,class', '--json')) as {
      groups: { key: string[] }[];
    };
    assert.deepEqual(groups[0].key, ['198.51.100.7', 'tcpSyn']);
    assert.match(await ask('flows', '--top', 'class', '--step', '1m'), /over time[\s\S]* ▅█/);
  });

  it('requests shows requests page by page, groups them, and writes CSV that no spreadsheet takes for a formula', async () => {
    const text = await ask('requests', '--site', 'www.ministry.example', '--path', '/s*', '--status', '5XX,404');
    assert.match(text, /www\.ministry\.example +203\.0\.113\.1 +503 +1\.20 kB +20 +GET \/search\?q=1/);
    const asked = station.asked.at(-1) as RequestsQuery;
    assert.deepEqual(
      [asked.site, asked.path, asked.status, asked.top],
      [['www.ministry.example'], '/s*', ['5xx', '404'], []],
    );
    const { requests } = JSON.parse(await ask('requests', '--limit', '2', '--json')) as { requests: unknown[] };
    assert.equal(requests.length, 2);
    const lines = (await ask('requests', '--limit', '3', '--csv')).split('\r\n');
    assert.match(lines[0], /^time,site,client,asn,country,method,path,query,status,/);
    assert.ok(lines[3].includes(`,"'=1+1,""2""",503,`), lines[3]);
    assert.match(await ask('requests', '--top', 'CLIENT,path'), /203\.0\.113\.9 +\/search +60 +30 % +100 % +█+/);
  });

  it('exporters tells who sends, what is lost, and what to do', async () => {
    const text = await ask('exporters');
    assert.match(text, /^3 exporters, 1 silent, something wrong with 1\n/);
    assert.match(text, /! its active timeout is 300 s/);
    station.current = quietStatus();
    assert.match(await ask('exporters'), /^Nobody has exported to this station yet\n[\s\S]*softflowd -i eth0/);
  });

  it('status shows what the live view shows, once', async () => {
    assert.match(await ask('status'), /^2 attacks in progress, the first since 12:00:08/);
    assert.equal((JSON.parse(await ask('status', '--json')) as { recordsLost: number }).recordsLost, 4132);
    const { code, stderr } = await bonghwa('status', '--watch', '--station', at);
    assert.deepEqual([code, /--watch needs a terminal/.test(stderr)], [2, true]);
  });

  it('a question that is wrong, a store that is down and a station that is none end with what to do', async () => {
    const failing = async (said: RegExp, ...args: string[]): Promise<void> => {
      const { code, stdout, stderr } = await bonghwa(...args);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, said);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    };
    await failing(/--top srcAsm is not known\. Did you mean 'srcAsn'/, 'flows', '--top', 'srcAsm', '--station', at);
    await failing(/--since: 'yesterday' is no time such as/, 'flows', '--since', 'yesterday', '--station', at);
    await failing(
      /--top userAgnt is not known\. Did you mean 'userAgent'/,
      ...['requests', '--top', 'userAgnt', '--station', at],
    );
    await failing(/--status: a status is three digits/, 'requests', '--status', 'bad', '--station', at);
    await failing(/--src-port: 'http' is no whole number/, 'flows', '--src-port', 'http', '--station', at);
    await failing(/--json and --csv/, 'flows', '--json', '--csv', '--station', at);
    station.fault = new BonghwaError('TELEMETRY_DOWN', 'the telemetry store does not answer', {
      hint: 'See bonghwa doctor.',
    });
    await failing(/^bonghwa: the telemetry store does not answer\. See bonghwa doctor\./, 'flows', '--station', at);
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const nobody = `127.0.0.1:${(gone.address() as AddressInfo).port}`;
    await new Promise((resolve) => gone.close(resolve));
    await failing(
      /no station answers at http:\/\/127\.0\.0\.1:\d+: nothing listens there\. 'bonghwa serve/,
      'attacks',
      '--station',
      nobody,
    );
    const other = createServer((_, response) => response.end('hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await failing(/is no Bonghwa of this version/, 'status', '--station', `127.0.0.1:${port}`);
    other.close();
  });
});

describe('attacks of a data directory on which no station runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bonghwa-rest-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('are read from what it remembers', async () => {
    const { code, stderr } = await bonghwa('attacks', '--data', directory);
    assert.equal(code, 2);
    assert.match(stderr, /no station runs on .* holds no attacks itself/);

    const lock = await lockDirectory(directory, { pid: process.pid });
    const state = await openState({ directory });
    for (const attack of fixedReport().attacks) await state.saveAttack(attack);
    for (let tries = 0; state.status().state !== 'ready' && tries < 600; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    await state.close();
    await lock.release();

    const listed = await bonghwa('attacks', '--data', directory);
    assert.equal(listed.code, 0, listed.stderr);
    assert.match(listed.stdout, /^2 attacks/);
    assert.ok(listed.stdout.replace(/\s+/g, ' ').includes(`Read from ${directory}, on which no station runs now.`));
    const shown = await bonghwa('attacks', 'show', 'a2', '--data', directory, '--json');
    assert.equal((JSON.parse(shown.stdout) as { id: string }).id, 'a2');
  });
});
