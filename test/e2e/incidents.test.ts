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
/** A busy machine takes its time. */
const WAIT_MS_MAX = 60_000;

interface Ran {
  readonly code: number | null;
  readonly text: string;
  readonly fault: string;
}

function run(...args: string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BONGHWA, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [text, fault] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      fault += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text, fault }));
  });
}

async function bonghwa(...args: string[]): Promise<string> {
  const { code, text, fault } = await run(...args);
  assert.equal(code, 0, fault);
  return text;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + WAIT_MS_MAX; !(await holds()); await sleep(50))
    assert.ok(Date.now() < endMs, `waited in vain until ${what}`);
}

function listen(port: number): Promise<Server> {
  const server = createServer((_, answer) => answer.end('<title>site</title>the site'));
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

async function gone(server: Server | undefined): Promise<void> {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
}

describe('sites that go out, at a station', () => {
  const directory = temporaryDirectory('incidents');
  const data = join(directory.path, 'data');
  const config = join(directory.path, 'bonghwa.yaml');
  const servers: Server[] = [];
  let station: StationProcess | undefined;
  after(async () => {
    await station?.end('SIGKILL');
    for (const server of servers) server.close();
    directory.remove();
  });

  const incidents = async (): Promise<IncidentsAnswer['incidents']> =>
    (await station?.ask<IncidentsAnswer>('/api/incidents'))?.incidents ?? [];
  const ask = (...args: string[]): Promise<string> => bonghwa(...args, '--data', data);
  const start = (): Promise<StationProcess> =>
    StationProcess.start(['--config', config, '--data', data, '--telemetry', 'off', '--workers', '1']);

  it('are told by status and incidents, over kill -9, until they are up again', { timeout: 240_000 }, async () => {
    servers.push(await listen(0), await listen(0));
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    const sites = ['ministry', 'court'].map(
      (name, at) => `{ name: ${name}, urls: ['http://127.0.0.1:${ports[at]}/'], country: KR }`,
    );
    writeFileSync(config, `sites: [${sites.join(', ')}]\nprobe: { everySeconds: 1, allow: [127.0.0.0/8] }\n`);
    const first = await start();
    station = first;
    await until('the sites are up', async () => (await first.ask<NowAnswer>('/api/now')).sitesByState.up === 2);
    const [calm, none] = await Promise.all([ask('status'), ask('incidents')]);
    assert.match(calm, /^all 2 sites up, no attack in progress/);
    assert.match(none, /^No incident/);

    await gone(servers[0]);
    await until('there is an incident', async () => (await incidents()).length === 1);
    const [{ id }] = await incidents();
    const [situation, open] = await Promise.all([ask('status'), ask('incidents', '--state', 'open')]);
    assert.match(situation, /^1 of 2 sites out, no attack in progress, since/);
    assert.match(open, /1 incident, 1 goes on.+Outage of ministry/s);
    await first.end('SIGKILL');

    station = await start();
    assert.deepEqual(
      (await incidents()).map(({ id: known, state }) => [known, state]),
      [[id, 'open']],
    );
    servers[0] = await listen(ports[0]);
    await until('the incident is over', async () => (await incidents())[0].state === 'recovered');
    assert.equal((await incidents()).length, 1, 'over kill -9 it is the same incident');
    const [text, json, korean] = await Promise.all([
      ask('incidents', id),
      ask('incidents', id.slice(-12), '--json'),
      ask('incidents', id, '--statement', 'ko'),
    ]);
    assert.match(text, /the only vantage that can tell/);
    assert.match(text, /there was no serious damage/);
    const incident = incidentSchema.parse(JSON.parse(json));
    assert.equal(korean, `${incident.damage.sentence.ko}\n`);
    assert.match(korean, /심각한 피해는 없었습니다/);
    assert.deepEqual([incident.damage.grade, incident.outages.length], ['D2', 1]);
    assert.ok(incident.damage.unknown.some((unknown) => unknown.startsWith('Only one vantage looked at ministry')));
  });

  it('are worked on from the terminal: owner, severity, note, state, merge, split', { timeout: 240_000 }, async () => {
    const [{ id: first }] = await incidents();
    await gone(servers[1]);
    const other = async (): Promise<string | undefined> =>
      (await incidents()).find(({ sites }) => sites.includes('court'))?.id;
    await until('the other is out', async () => (await other()) !== undefined);
    const second = (await other()) ?? '';
    assert.notEqual(second, first);
    const [a, b] = [first.slice(-12), second.slice(-6)];

    const set = await ask('incidents', 'set', b, '--owner', 'Kim Minji', '--severity', 'critical', '--title', 'Court');
    assert.match(set, /^Court · D\d · open\n.*this machine: severity \w+ → critical; owner Kim Minji; named "Court"\n/);
    assert.match(await ask('incidents', 'note', b, 'the provider', 'filters'), /this machine: the provider filters\n/);
    assert.match(await ask('incidents', 'contain', b), /^Court · D\d · contained\n/);
    assert.match(await ask('incidents', 'close', a, b), /· closed\n[\s\S]*Court · D\d · closed\n/);
    assert.match(await ask('incidents', 'reopen', a), /· open\n/);

    const merged = incidentSchema.parse(JSON.parse(await ask('incidents', 'merge', b, a, '--json')));
    assert.deepEqual([merged.id, merged.outages.length, merged.notes.length], [first, 2, 1]);
    const [part] = merged.outages.filter((outage) => outage.includes('-court-'));
    const split = await ask('incidents', 'split', a, part.slice(-12), '--title', 'Court again');
    assert.match(split, /^Court again · .*\n.*split from/);
    assert.match(await ask('incidents', 'set', a, '--no-owner', '--state', 'closed'), /· closed\n/);

    const wrongs: readonly (readonly [args: string[], says: RegExp])[] = [
      [['set', a], /nothing was said to change/],
      [['close', 'nothing-of-the-kind'], /no incident has 'nothing-of-the-kind' in its id/],
      [['close', 'incident'], /stands in more than one id/],
      [['split', a, 'x'], /no attack or outage of this incident has 'x' in its id/],
      [['note', b, 'late'], /it was merged into/],
      [['--statement', 'ko'], /--statement needs the id of an incident/],
    ];
    const ran = await Promise.all(wrongs.map(([args]) => run('incidents', ...args, '--data', data)));
    for (const [at, { code, fault }] of ran.entries()) {
      assert.equal(code, 2, fault);
      assert.match(fault, wrongs[at][1]);
    }
    assert.equal(await station?.end('SIGTERM'), 0);
  });
});
