import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { healthyStatus } from '../../../test/support/station-status.ts';
import { type Config, defaultConfig } from '../../model/config.ts';
import { lockDirectory } from '../../store/lock.ts';
import { diskFacts } from './disk.ts';
import { gatherFacts } from './gather.ts';
import { diagnose } from './judge.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-doctor-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A configuration that listens on ports that nobody else has. */
function configWith(netflowPort: number, httpPort: number, storage: Partial<Config['storage']> = {}): Config {
  const config = defaultConfig();
  return {
    ...config,
    inputs: { ...config.inputs, netflow: [{ address: '127.0.0.1', port: netflowPort, family: 4 }], sflow: [] },
    http: { ...config.http, listen: { address: '127.0.0.1', port: httpPort, family: 4 } },
    storage: { directory, ...storage },
  };
}

const gather = (config: Config, environment: Record<string, string> = {}) =>
  gatherFacts({
    configuration: { file: 'bonghwa.yaml', problems: [], notes: [], config },
    environment,
    nodeMajorMin: 24,
    lookMs: 20,
  });

test('a port that another socket holds is told with its process, and a station with its status', async () => {
  const socket = createSocket('udp4');
  socket.bind({ address: '127.0.0.1', port: 0, exclusive: true });
  await once(socket, 'listening');
  const answers = { body: JSON.stringify(healthyStatus()) };
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url);
    response.end(answers.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const config = configWith(socket.address().port, port);
    const lock = await lockDirectory(directory, { pid: process.pid, http: `127.0.0.1:${port}` });
    const facts = await gather(config);
    assert.deepEqual(paths, ['/api/status']);
    assert.equal(facts.station.kind === 'running' && facts.station.status?.version, '0.2.0');
    for (const { use, state, holder, dropped } of facts.listeners) {
      assert.equal(state, 'held', use);
      if (process.platform === 'linux') assert.equal(holder?.pid, process.pid, use);
      if (use === 'netflow') assert.equal(dropped, 0);
    }
    const checks = diagnose(facts).checks.filter(({ id }) => id.startsWith('port-'));
    assert.deepEqual(
      checks.map(({ verdict }) => verdict),
      ['ok', 'ok'],
    );
    answers.body = '{"other": true}';
    const silent = await gather(config);
    assert.match(
      silent.station.kind === 'running' ? (silent.station.silent ?? '') : '',
      /something else than a status/,
    );
    await lock.release();
    assert.deepEqual((await gather(config)).station, { kind: 'none' });
    // A lock that another user may not look at, and a station that answers.
    answers.body = JSON.stringify(healthyStatus());
    const closed = await gather(config);
    assert.equal(closed.station.kind === 'running' && closed.station.pid, undefined);
  } finally {
    socket.close();
    server.close();
  }
});

test('facts of this machine are there and make sense', async () => {
  const { port } = await freePort();
  const lock = await lockDirectory(directory, { pid: process.pid });
  const facts = await gather(configWith(0, port));
  await lock.release();
  assert.deepEqual(
    facts.listeners.map(({ state }) => state),
    ['free', 'free'],
  );
  assert.match(facts.station.kind === 'running' ? (facts.station.silent ?? '') : '', /ECONNREFUSED/);
  assert.ok(facts.machine.cores > 0 && facts.machine.memoryAvailableBytes > 0);
  assert.ok(Math.abs(facts.clock.jumpMs) < 60_000);
  assert.ok((facts.disk.writeBytesPerSecond ?? 0) > 0 && (facts.disk.fsyncMs ?? -1) >= 0);
  if (process.platform !== 'linux') return;
  assert.ok((facts.receiveBuffer.bytesMax ?? 0) > 0);
  assert.ok((facts.udp.datagrams ?? -1) >= 0);
  assert.ok((facts.machine.openFilesMax ?? 0) > 0);
});

async function freePort(): Promise<AddressInfo> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return address;
}

test('stores by URL are tried, and their passwords are never told', async () => {
  const { port } = await freePort();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const config = configWith(0, 0, { state: { env: 'STATE' }, telemetry: url });
    const { stores } = await gather(config, { STATE: `postgresql://a:secret@127.0.0.1:${port}/b` });
    assert.deepEqual(stores, [
      {
        name: 'state',
        address: `127.0.0.1:${port}`,
        fault: `127.0.0.1:${port} does not take connections: ECONNREFUSED`,
      },
      { name: 'telemetry', address: new URL(url).host },
    ]);
    const broken = await gather(config, { STATE: 'secret' });
    assert.equal(broken.stores[0].fault, 'what storage.state refers to is no URL');
    const unset = await gather(config, {});
    assert.match(unset.stores[0].fault ?? '', /variable STATE .* is not set/);
  } finally {
    server.close();
  }
});

test('files and pipes are looked at, and a file of events may still be made', async () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  const config = configWith(0, 0);
  const statesOf = async (pcap: string, eventsFile: string): Promise<string[]> => {
    const { files } = await gather({ ...config, inputs: { ...config.inputs, pcap }, reports: { eventsFile } });
    return files.map(({ key, state }) => `${key} ${state}`);
  };
  assert.deepEqual(await statesOf(file, join(directory, 'made')), ['inputs.pcap usable', 'reports.eventsFile usable']);
  assert.deepEqual(await statesOf(join(directory, 'none'), join(directory, 'no', 'made')), [
    'inputs.pcap missing',
    'reports.eventsFile missing',
  ]);
  assert.deepEqual(await statesOf('-', directory), ['reports.eventsFile directory']);
  rmSync(file);
});

test('a data directory is measured, left as it was, and need not be there', async () => {
  writeFileSync(join(directory, 'kept'), 'x'.repeat(1000));
  rmSync(join(directory, 'lock'), { force: true });
  const there = await diskFacts(directory, Date.now());
  assert.equal(there.usedBytes, 1000);
  assert.ok(there.exists && there.unwritable === undefined && (there.freeBytes ?? 0) > 0);
  const missing = await diskFacts(join(directory, 'not', 'yet'), Date.now());
  assert.ok(!missing.exists && missing.unwritable === undefined && (missing.writeBytesPerSecond ?? 0) > 0);
  assert.equal((await diskFacts(join(directory, 'kept'), Date.now())).unwritable, 'it is not a directory');
  assert.deepEqual(readdirSync(directory), ['kept']);
});
