import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isSigned } from '../../src/output/notify/webhook.ts';
import { ApiClient } from '../support/api-client.ts';
import { StationProcess, until } from '../support/station.ts';

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const PASSWORD = 'signal fire on the hill';

function bonghwa(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BONGHWA, ...args], { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('people at a station', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-people-'));
  const data = join(folder, 'data');
  const start = (): Promise<StationProcess> =>
    StationProcess.start(['--network', '198.51.100.0/24', '--data', data, '--telemetry', 'off', '--workers', '1']);
  let station: StationProcess;
  let person: ApiClient;

  before(async () => {
    station = await start();
  });
  after(async () => {
    await station?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('make the first account by the link of the log, or the one that the command makes in its place', async () => {
    const told = await until(30_000, () =>
      station.lines.find(({ msg }) => String(msg).includes('nobody has an account')),
    );
    assert.match(String(told?.url), /^http:\/\/127\.0\.0\.1:\d+\/welcome#[\w-]{43}$/);
    const { code, stdout, stderr } = await bonghwa('set-up', '--data', data);
    assert.equal(code, 0, stderr);
    person = new ApiClient(`http://${station.http}`);
    const account = { name: 'Han', email: 'han@ministry.example', password: PASSWORD };
    const secretOf = (url: string): string => new URL(url.trim()).hash.slice(1);
    const old = await person.send('POST', '/api/auth/link', { secret: secretOf(String(told?.url)), ...account });
    assert.equal(old.status, 401);
    assert.equal((await person.send('POST', '/api/auth/link', { secret: secretOf(stdout), ...account })).status, 200);
    assert.equal((await person.send('GET', '/api/status')).status, 200);
    const again = await bonghwa('set-up', '--data', data);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /there are accounts already/);
  });

  it('say who is told, and try it', async () => {
    const taken: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        const { 'x-bonghwa-timestamp': timestamp, 'x-bonghwa-signature': signature } = request.headers;
        if (isSigned('key', String(timestamp), body, String(signature))) taken.push(body);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const hook = { name: 'hook', kind: 'webhook', url: `http://127.0.0.1:${port}/`, secret: 'key' };
    const saved = await person.send('PUT', '/api/notifications/hook', hook);
    assert.deepEqual([saved.status, saved.body.secret, saved.body.registered], [200, true, 'api'], saved.text);
    const { secret: _, ...hours } = hook;
    const quiet = { from: '22:00', to: '07:00', zone: 'Asia/Seoul' };
    assert.equal(
      (await person.send('PUT', '/api/notifications/hook', { ...hours, quiet })).body.secret,
      true,
      'the secret stays',
    );
    assert.equal((await person.send('PUT', '/api/notifications/hook', { ...hook, kind: 'fax' })).status, 400);
    assert.equal((await person.send('PUT', '/api/notifications/new', { ...hours, name: 'new' })).status, 400);
    const tested = await bonghwa('notify', 'test', 'hook', '--data', data);
    assert.deepEqual([tested.code, taken.length], [0, 1], tested.stdout + tested.stderr);
    server.close();
    const failed = await person.send('POST', '/api/notifications/hook/test');
    assert.deepEqual(
      [failed.status, failed.body.delivered, failed.body.error],
      [200, false, 'it cannot be reached (ECONNREFUSED)'],
    );
    assert.match(
      (await bonghwa('notify', 'list', '--data', data)).stdout,
      /^hook \(webhook\): 1 sent, 1 attempts failed/,
    );
    const setup = (await person.send('GET', '/api/setup')).body as { told: unknown; accounts: unknown };
    assert.deepEqual(
      [setup.told, setup.accounts],
      [
        { receivers: 1, missing: false },
        { signIn: true, missing: false },
      ],
    );
  });

  it('are known after a restart, and what they did is kept whole', async () => {
    assert.equal(await station.end('SIGTERM'), 0);
    const resting = await bonghwa('audit', 'verify', '--data', data);
    assert.deepEqual(
      [resting.code, /is whole: \d+ entries/.test(resting.stdout)],
      [0, true],
      resting.stdout + resting.stderr,
    );
    station = await start();
    const again = new ApiClient(`http://${station.http}`);
    for (const [name, value] of person.cookies) again.cookies.set(name, value);
    const me = await until(60_000, async () => {
      const { status, body } = await again.send('GET', '/api/me');
      return status === 200 ? body : undefined;
    });
    assert.equal(me?.name, 'Han');
    assert.equal((await again.send('GET', '/api/audit/verify')).body.whole, true);
    const receivers = await until(60_000, async () => {
      const { body } = await again.send('GET', '/api/notifications');
      return (body.receivers as unknown[]).length > 0 ? body.receivers : undefined;
    });
    assert.ok(receivers !== undefined, 'who is told is known again');
  });
});
