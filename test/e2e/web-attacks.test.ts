import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from '../../src/model/attack.ts';
import { configSchema } from '../../src/model/config-schema.ts';
import type { SiteSecond } from '../../src/model/site-second.ts';
import { WebDesk } from '../../src/station/live/web-desk.ts';
import { ended } from '../support/ended.ts';

/** From the first line of an attack to the word: 3 s, and what a loaded machine takes to start a program; and where two answers of a status page have to come. */
const TOLD_MS_MAX = 4000;
const TOLD_BY_STATUS_MS_MAX = 6000;

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const missing = ['nginx', 'wrk', 'slowhttptest'].filter((program) => !has(program));
const skip = missing.length === 0 ? false : `${missing.join(', ')} not installed`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

interface Told {
  readonly attack: Attack;
  readonly state: string;
  readonly atMs: number;
}

describe('a real nginx that is attacked', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'bonghwa-nginx-'));
  const children: ChildProcess[] = [];
  const desks: WebDesk[] = [];
  const blobs = new Map<string, Uint8Array>();
  const state = {
    loadBlob: async (name: string) => blobs.get(name),
    saveBlob: async (name: string, bytes: Uint8Array) => {
      blobs.set(name, bytes);
    },
  };
  after(async () => {
    for (const desk of desks) await desk.stop();
    await Promise.all(children.map(ended));
    rmSync(directory, { recursive: true, force: true });
  });

  async function startNginx(): Promise<{ url: string; log: string }> {
    const port = await freePort();
    const log = join(directory, `access-${port}.log`);
    // The workers of nginx are somebody else where it is started by root.
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, 'www'), { recursive: true });
    writeFileSync(join(directory, 'www', 'index.html'), '<h1>Ministry</h1>\n');
    writeFileSync(log, '');
    const config = join(directory, `nginx-${port}.conf`);
    writeFileSync(
      config,
      `daemon off; pid ${directory}/nginx-${port}.pid; error_log ${directory}/error.log crit; worker_processes 1;
       events { worker_connections 1024; }
       http { access_log ${log} combined; client_header_timeout 60s; client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
         fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
         server { listen 127.0.0.1:${port}; root ${directory}/www; location = /status { stub_status; access_log off; } } }\n`,
    );
    const nginx = spawn('nginx', ['-c', config, '-p', directory], { stdio: 'ignore' });
    children.push(nginx);
    const url = `http://127.0.0.1:${port}`;
    for (let tried = 0; tried < 100; tried++) {
      if (
        await fetch(url).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return { url, log };
      await sleep(50);
    }
    throw new Error('nginx does not answer');
  }

  function follow(name: string, log: string, status: string): { desk: WebDesk; told: Told[]; seconds: SiteSecond[] } {
    const told: Told[] = [];
    const seconds: SiteSecond[] = [];
    const config = configSchema.parse({
      sites: [{ name, logs: [log], serverStatus: [status] }],
      storage: { directory: join(directory, `data-${name}`) },
    });
    mkdirSync(config.storage.directory, { recursive: true });
    const desk = new WebDesk({
      config,
      state,
      ongoing: () => [],
      onAttack: (attack, state) => told.push({ attack, state, atMs: Date.now() }),
      onSecond: (second) => seconds.push(second),
      onProblem: (part, error) => assert.fail(`${part}: ${error.message}`),
    });
    desks.push(desk);
    return { desk, told, seconds };
  }

  async function until(found: () => boolean, withinMs: number): Promise<void> {
    for (let waited = 0; waited < withinMs && !found(); waited += 50) await sleep(50);
  }

  test('wrk is told while it runs, in time, with its address', { timeout: 60_000 }, async () => {
    const { url, log } = await startNginx();
    const { desk, told, seconds } = follow('flooded', log, `${url}/status`);
    await desk.start();
    for (let at = 0; at < 6; at++) {
      await fetch(url);
      await sleep(250);
    }
    assert.equal(told.length, 0);
    const fromMs = Date.now();
    const wrk = spawn('wrk', ['-t1', '-c16', '-d5s', `${url}/?q=1`], { stdio: 'ignore' });
    children.push(wrk);
    await until(() => told.length > 0, 10_000);
    const [first] = told;
    assert.ok(first !== undefined, 'the flood is told');
    assert.ok(first.atMs - fromMs <= TOLD_MS_MAX, `told after ${first.atMs - fromMs} ms`);
    assert.deepEqual(first.attack.target, { kind: 'site', value: 'flooded' });
    assert.equal(first.attack.attackers?.[0].addr, '127.0.0.1');
    if (wrk.exitCode === null) await once(wrk, 'exit');
    const busy = (): boolean => seconds.some(({ site, requests }) => site === 'flooded' && requests > 100);
    await until(busy, 3000);
    assert.ok(busy(), 'seconds of the site are told');
    await desk.stop();
    assert.ok((blobs.get('web-detector')?.length ?? 0) > 100, 'what was learned is kept');
  });

  test('slowloris by slowhttptest is told from the status page, while its log says nothing', {
    timeout: 60_000,
  }, async () => {
    const { url, log } = await startNginx();
    const { desk, told } = follow('held', log, `${url}/status`);
    await desk.start();
    await sleep(2500);
    assert.equal(told.length, 0);
    const fromMs = Date.now();
    const slow = spawn(
      'slowhttptest',
      ['-H', '-c', '300', '-r', '150', '-i', '8', '-l', '12', '-p', '3', '-u', `${url}/`],
      {
        stdio: 'ignore',
        cwd: directory,
      },
    );
    children.push(slow);
    await until(() => told.length > 0, 15_000);
    slow.kill('SIGKILL');
    const [first] = told;
    assert.ok(first !== undefined, 'the held connections are told');
    assert.equal(first.attack.vectors[0].name, 'slowloris');
    assert.equal(first.attack.evidence.measure, 'connections');
    assert.ok((first.attack.evidence.web?.connections ?? 0) >= 60);
    assert.ok(first.atMs - fromMs <= TOLD_BY_STATUS_MS_MAX, `told after ${first.atMs - fromMs} ms`);
    await desk.stop();
  });
});
