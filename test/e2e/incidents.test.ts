import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { IncidentsAnswer, NowAnswer } from '../../src/api/contract/incidents.ts';
import { incidentSchema } from '../../src/model/incident.ts';
import { temporaryDirectory } from '../support/state.ts';
import { StationProcess } from '../support/station.ts';

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
/** Checks are 5 s apart, and tried again until the next is due; a busy machine takes its time. */
const WAIT_MS_MAX = 60_000;

function bonghwa(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BONGHWA, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, COLUMNS: '100' },
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + WAIT_MS_MAX; !(await holds()); await sleep(200))
    assert.ok(Date.now() < endMs, `waited in vain until ${what}`);
}

function listen(port: number): Promise<Server> {
  const server = createServer((_, answer) => answer.end('<title>site</title>the site'));
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

describe('a site that goes out, at a station', () => {
  const directory = temporaryDirectory('incidents');
  const data = join(directory.path, 'data');
  const config = join(directory.path, 'bonghwa.yaml');
  let site: Server | undefined;
  let station: StationProcess | undefined;
  after(async () => {
    await station?.end('SIGKILL');
    site?.close();
    directory.remove();
  });

  const incidents = async (): Promise<IncidentsAnswer['incidents']> =>
    (await station?.ask<IncidentsAnswer>('/api/incidents'))?.incidents ?? [];

  it('is told by status and incidents, over kill -9, until it is up again', { timeout: 240_000 }, async () => {
    site = await listen(0);
    const { port } = site.address() as AddressInfo;
    writeFileSync(
      config,
      `sites:\n  - name: ministry\n    urls: [http://127.0.0.1:${port}/]\n    country: KR\nprobe:\n  everySeconds: 5\n  allow: [127.0.0.0/8]\n`,
    );
    const start = (): Promise<StationProcess> => StationProcess.start(['--config', config, '--data', data]);
    const first = await start();
    station = first;
    await until('the site is up', async () => (await first.ask<NowAnswer>('/api/now')).sitesByState.up === 1);
    assert.match(await bonghwa('status', '--data', data), /^the site is up, no attack in progress/);
    assert.match(await bonghwa('incidents', '--data', data), /^No incident/);

    site.closeAllConnections();
    await new Promise((resolve) => site?.close(resolve));
    await until('there is an incident', async () => (await incidents()).length === 1);
    const [{ id }] = await incidents();
    assert.match(await bonghwa('status', '--data', data), /^1 of 1 site out, no attack in progress, since/);
    assert.match(
      await bonghwa('incidents', '--state', 'open', '--data', data),
      /1 incident, 1 goes on.+Outage of ministry/s,
    );
    await first.end('SIGKILL');

    station = await start();
    assert.deepEqual(
      (await incidents()).map(({ id: known, state }) => [known, state]),
      [[id, 'open']],
    );
    site = await listen(port);
    await until('the incident is over', async () => (await incidents())[0].state === 'recovered');
    assert.equal((await incidents()).length, 1, 'over kill -9 it is the same incident');
    const text = await bonghwa('incidents', id, '--data', data);
    assert.match(text, /the only vantage that can tell/);
    assert.match(text, /there was no serious damage/);
    assert.match(text, /심각한 피해는 없었습니다/);
    const incident = incidentSchema.parse(JSON.parse(await bonghwa('incidents', id, '--json', '--data', data)));
    assert.deepEqual([incident.damage.grade, incident.outages.length], ['D2', 1]);
    assert.ok(incident.damage.unknown.some((unknown) => unknown.startsWith('Only one vantage looked at ministry')));
    assert.equal(await station.end('SIGTERM'), 0);
  });
});
