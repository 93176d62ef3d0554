import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { StationProcess, TestRouter, until } from '../support/station.ts';

const NETWORK = '198.51.100.0/24';
const SITE = 0xc633640a;
const SITE_TEXT = '198.51.100.10';
const SAMPLE = fileURLToPath(new URL('../../samples/flood-on-a-ministry.packets.pcap.gz', import.meta.url));

describe('a station through its faults', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-station-'));
  const data = join(folder, 'data');
  const args = ['--network', NETWORK, '--data', data];
  let station: StationProcess;
  let router: TestRouter;

  before(async () => {
    station = await StationProcess.start(args);
    router = new TestRouter(() => station.netflowPort, SITE);
  });
  after(async () => {
    router.stop();
    await station.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('counts what it receives, and is alive and ready', async () => {
    const counted = await until(10_000, async () => ((await station.status()).records > 200 ? true : undefined));
    assert.equal(counted, true);
    const status = await station.status();
    assert.equal(status.recordsLost, 0);
    // Exporters are told anew twice a second.
    const exporter = await until(5000, async () => (await station.status()).exporters[0]);
    assert.equal(exporter?.protocol, 'netflow-v5');
    for (const path of ['/healthz', '/readyz'])
      assert.equal((await fetch(`http://${station.http}${path}`)).status, 200);
    const metrics = await (await fetch(`http://${station.http}/metrics`)).text();
    assert.match(metrics, /^bonghwa_flow_records_total \d{3,}$/m);
    assert.match(metrics, /^bonghwa_flow_records_lost_total 0$/m);
    assert.match(metrics, /^bonghwa_attacks_total 0$/m);
  });

  it('refuses to share its data directory, and says who has it', async () => {
    await assert.rejects(
      StationProcess.start(args),
      (error: Error) => error.message.includes(String(station.child.pid)) && error.message.includes(station.http),
    );
  });

  it('keeps an attack over kill -9: the same id, not twice', async () => {
    router.flooding = true;
    // What is announced is durable; the interface shows an attack a moment earlier.
    const announced = await until(8000, () => station.lines.find(({ msg }) => msg === 'attack opened'));
    const opened = (await station.attacks()).find(({ id }) => id === announced?.id);
    assert.ok(opened !== undefined, 'an attack was opened');
    assert.equal(opened.target.value, SITE_TEXT);
    assert.equal(opened.vectors[0].name, 'syn-flood');
    await station.end('SIGKILL');
    const restartMs = Date.now();
    station = await StationProcess.start(args);
    const detecting = await until(10_000, async () =>
      (await station.status()).decidedAt === undefined ? undefined : true,
    );
    assert.equal(detecting, true);
    const readyMs = Date.parse(String(station.lines.find(({ msg }) => msg === 'ready')?.time));
    // How fast it is, bench/live tells; here only that it does not wait for its stores.
    assert.ok(readyMs - restartMs < 15_000, `ready after ${readyMs - restartMs} ms`);
    const ongoing = await until(10_000, async () => {
      const [attack] = (await station.status()).attacksOngoing;
      return attack;
    });
    assert.equal(ongoing?.id, opened.id, 'it goes on under the same id');
    assert.deepEqual(
      (await station.attacks()).map(({ id }) => id),
      [opened.id],
    );
  });

  it('goes on over a restart with everything learned', async () => {
    const [known] = await station.attacks();
    assert.equal(await station.end('SIGTERM'), 0);
    station = await StationProcess.start(args);
    const ready = station.lines.find(({ msg }) => msg === 'detector ready');
    assert.ok(Number(ready?.targets) > 0, 'targets were remembered');
    const again = await until(10_000, async () => (await station.status()).attacksOngoing[0]);
    assert.equal(again?.id, known.id);
    assert.equal((await station.attacks()).length, 1);
    router.flooding = false;
  });

  it('answers for the flows of the attack', async () => {
    const flows = await until(30_000, async () => {
      const path = `/api/flows?since=1h&target=${SITE_TEXT}&top=class&kept=attack`;
      const answer = await station
        .ask<{ total: { packets: number }; groups: { key: unknown[] }[] }>(path)
        // The store may still be starting.
        .catch(() => undefined);
      return answer !== undefined && answer.groups.length > 0 ? answer : undefined;
    });
    assert.ok(flows !== undefined && flows.total.packets > 1000);
    assert.ok(
      flows.groups.some(({ key }) => key[0] === 'tcpSyn'),
      JSON.stringify(flows.groups),
    );
  });
});

describe('a station with a configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-station-config-'));
  const config = join(folder, 'bonghwa.yaml');
  const write = (networks: string): void =>
    writeFileSync(
      config,
      `networks: [${networks}]\nsites: [{ name: portal, addresses: [${SITE_TEXT}] }]\nstorage: { directory: ${join(folder, 'data')}, telemetry: off }\nreports: { eventsFile: ${join(folder, 'events.jsonl')} }\n`,
    );
  let station: StationProcess;
  let router: TestRouter | undefined;

  before(async () => {
    write(NETWORK);
    station = await StationProcess.start(['--config', config]);
  });
  after(async () => {
    router?.stop();
    await station.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('reads it again on SIGHUP, without losing a record, and keeps the old one where the new one is wrong', async () => {
    router = new TestRouter(() => station.netflowPort, SITE);
    await until(5000, async () => ((await station.status()).records > 0 ? true : undefined));
    write(`${NETWORK}, 203.0.113.0/24`);
    station.child.kill('SIGHUP');
    const told = await until(5000, () => station.lines.find(({ msg }) => msg === 'configuration read again'));
    assert.deepEqual(told?.restart, []);
    assert.match(JSON.stringify(told?.live), /203\.0\.113\.0\/24/);
    write('198.51.100.0/99');
    station.child.kill('SIGHUP');
    const refused = await until(5000, () =>
      station.lines.find(({ msg }) => msg === 'the configuration was not taken over'),
    );
    assert.match(String(refused?.fault), /198\.51\.100\.0\/99/);
    router.stop();
    const sent = router.records;
    router = undefined;
    const counted = await until(5000, async () => ((await station.status()).records >= sent ? true : undefined));
    assert.equal(counted, true, 'every record was counted');
    assert.equal((await station.status()).recordsLost, 0);
  });

  it('names the site that is attacked, and writes a line for every attack', async () => {
    router = new TestRouter(() => station.netflowPort, SITE);
    router.flooding = true;
    const attack = await until(10_000, async () => (await station.attacks())[0]);
    assert.deepEqual(attack?.target, { kind: 'site', value: 'portal' });
    const events = await until(
      5000,
      () => linesOf(join(folder, 'events.jsonl')).filter(({ kind }) => kind === 'attack')[0],
    );
    assert.equal(events?.state, 'opened');
    assert.equal(events?.attack?.id, attack?.id);
  });
});

it('a station reads packets from standard input, and a recording in its own time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-station-pcap-'));
  const station = await StationProcess.start(
    ['--network', NETWORK, '--data', folder, '--netflow', 'off', '--pcap', '-', '--telemetry', 'off'],
    'pipe',
  );
  try {
    station.child.stdin?.end(gunzipSync(readFileSync(SAMPLE)));
    const attack = await until(
      15_000,
      async () => (await station.ask<{ attacks: never[] }>('/api/attacks?since=2020-01-01T00:00:00Z')).attacks[0],
    );
    assert.ok(attack !== undefined, 'the flood in the recording was found');
    assert.equal(await station.end('SIGTERM'), 0);
  } finally {
    await station.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

function linesOf(
  path: string,
): { readonly kind: string; readonly state: string; readonly attack?: { readonly id: string } }[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}
