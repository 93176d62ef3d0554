import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parsePrefix } from '../../base/prefix.ts';
import { createDuplicateVolumes } from '../../detect/exporter/duplicate-guard.ts';
import type { FromDetector, FromReceiver, ReceiverReport } from './messages.ts';
import type { ReceiverSetup } from './receiver-thread.ts';
import { StationThreads } from './threads.ts';

const NETWORK = parsePrefix('198.51.100.0/24');
assert.ok(NETWORK !== undefined);
const SUBJECT = { networks: [NETWORK], sites: new Map<string, string>(), configuredPps: {} };
const NOTHING_SAID = { outside: new Map(), sampling: new Map() };
const LOOPBACK = { address: '127.0.0.1', port: 0, family: 4 } as const;

function setup(receiver: number, port: number, shared: boolean): ReceiverSetup {
  const listen = [{ kind: 'netflow' as const, at: { ...LOOPBACK, port } }];
  const volumes = createDuplicateVolumes();
  const setup = { receiver, seed: 9, lots: 3 + receiver, networks: SUBJECT.networks, settings: NOTHING_SAID, volumes };
  return { ...setup, listen, shared, snapshots: [] };
}

class Told {
  readonly detector: FromDetector[] = [];
  readonly receivers: [number, FromReceiver][] = [];
  readonly deaths: string[] = [];

  threads(receivers: readonly ReceiverSetup[]): StationThreads {
    return new StationThreads({
      detector: { seed: 9, subject: SUBJECT, snapshot: undefined },
      receivers,
      ongoing: () => [],
      onDetector: (message) => this.detector.push(message),
      onReceiver: (receiver, message) => this.receivers.push([receiver, message]),
      onDeath: (thread) => this.deaths.push(thread),
    });
  }

  /** The last report of each receiver. */
  reports(): ReceiverReport[] {
    const last = new Map<number, ReceiverReport>();
    for (const [receiver, message] of this.receivers) if (message.kind === 'report') last.set(receiver, message);
    return [...last.values()];
  }

  flows(): number {
    return this.detector.reduce((sum, message) => sum + (message.kind === 'second' ? message.record.total.fps : 0), 0);
  }

  port(): number {
    for (const [, message] of this.receivers) {
      if (message.kind === 'listening') return Number(message.inputs[0].address.split(':').at(-1));
    }
    return assert.fail('nobody listens');
  }
}

/** A NetFlow v5 datagram of one record of one packet to the network. */
function datagram(sequence: number): Uint8Array {
  const bytes = new Uint8Array(72);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 5);
  view.setUint16(2, 1);
  view.setUint32(8, Math.floor(Date.now() / 1000));
  view.setUint32(16, sequence);
  view.setUint32(24, 0x0a000001);
  view.setUint32(28, 0xc6336401);
  view.setUint32(40, 1);
  view.setUint32(44, 40);
  bytes[62] = 17;
  return bytes;
}

async function send(port: number, from: number, count: number): Promise<void> {
  const socket = createSocket('udp4');
  for (let sequence = from; sequence < from + count; sequence++) {
    await new Promise((resolve) => socket.send(datagram(sequence), port, '127.0.0.1', resolve));
  }
  socket.close();
  await once(socket, 'close');
}

async function until(what: string, limitMs: number, holds: () => boolean): Promise<void> {
  for (const endMs = Date.now() + limitMs; !holds(); await sleep(20))
    assert.ok(Date.now() < endMs, `${what} within ${limitMs} ms`);
}

test('what is sent is received, counted and decided by threads of their own, and nothing is left when they stop', async () => {
  const told = new Told();
  const threads = told.threads([setup(0, 0, false)]);
  await threads.start();
  await send(told.port(), 0, 50);
  await until('the flows were counted', 5000, () => told.flows() === 50);
  const snapshots = await threads.stop();
  assert.equal(snapshots.receivers.length, 1);
  assert.ok(snapshots.detector !== undefined);
  const [report] = told.reports();
  assert.equal(report.records, 50);
  assert.equal(report.recordsMissing, 0);
  assert.deepEqual(report.rejected, {});
  assert.deepEqual(told.deaths, []);
});

test('workers share a port, and an exporter stays with one of them', async () => {
  const told = new Told();
  const first = told.threads([setup(0, 0, true)]);
  await first.start();
  const port = told.port();
  await first.stop();
  const shared = new Told();
  const threads = shared.threads([setup(0, port, true), setup(1, port, true), setup(2, port, true)]);
  await threads.start();
  for (let sender = 0; sender < 6; sender++) await send(port, 0, 10);
  await until('the flows were counted', 5000, () => shared.flows() === 60);
  await threads.stop();
  assert.equal(
    shared.reports().reduce((sum, { records }) => sum + records, 0),
    60,
  );
});

test('a thread that dies is started again, and the others go on', async () => {
  const told = new Told();
  const threads = told.threads([setup(0, 0, false)]);
  await threads.start();
  const port = told.port();
  await send(port, 0, 5);
  await until('the first flows were counted', 5000, () => told.flows() === 5);
  for (const thread of ['detector', 'receiver 0']) {
    await threads.kill(thread);
    await until(`${thread} is missed`, 5000, () => told.deaths.includes(thread));
    const seconds = told.detector.filter(({ kind }) => kind === 'second').length;
    await until('seconds are decided again', 10_000, () => {
      return told.detector.filter(({ kind }) => kind === 'second').length > seconds + 1;
    });
  }
  const before = told.flows();
  // The socket of the new thread has the old one's address only if that was free: a port that was chosen by the system is another one.
  const ports = told.receivers.flatMap(([, message]) =>
    message.kind === 'listening' ? [Number(message.inputs[0].address.split(':').at(-1))] : [],
  );
  await send(ports[ports.length - 1], 5, 7);
  await until('flows are counted again', 5000, () => told.flows() === before + 7);
  assert.equal(threads.deaths, 2);
  await threads.stop();
});

test('an address that is taken is a fault of the start, and leaves no thread behind', async () => {
  const taken = createSocket('udp4');
  taken.bind(0, '127.0.0.1');
  await once(taken, 'listening');
  const threads = new Told().threads([setup(0, taken.address().port, false)]);
  await assert.rejects(threads.start(), { code: 'LISTEN_FAILED' });
  taken.close();
});
