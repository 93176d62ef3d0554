import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { BonghwaError } from '../base/errors.ts';
import { formatAddress } from '../base/ip.ts';
import type { ListenAddress } from '../base/listen.ts';
import { createKernelBatch } from '../model/flow-batch.ts';
import { openUdp, probeUdp, udpWays } from './udp.ts';
import { udpHolders } from './udp-holders.ts';
import {
  UDP_ROOM_BYTES,
  UDP_SLOT_BYTES,
  type UdpBatch,
  type UdpOptions,
  type UdpReceiver,
  type UdpWay,
} from './udp-port.ts';

const LOOPBACK: ListenAddress = { address: '127.0.0.1', port: 0, family: 4 };
const LOOPBACK6: ListenAddress = { address: '::1', port: 0, family: 6 };

interface Got {
  readonly socket: number;
  readonly from: string;
  readonly bytes: Buffer;
}

/** Copies what is handed over, and counts the turns. */
function recorder(): { got: Got[]; turns: number; take(batch: UdpBatch): void; turn(): void } {
  return {
    got: [],
    turns: 0,
    take(batch) {
      for (let at = 0; at < batch.count; at++) {
        const from = `${formatAddress(batch.sources, 4 * at)} ${batch.ports[at]}`;
        const bytes = Buffer.from(batch.bytes.subarray(batch.offsets[at], batch.offsets[at] + batch.lengths[at]));
        this.got.push({ socket: batch.socket, from, bytes });
      }
    },
    turn() {
      this.turns++;
    },
  };
}

async function open(t: TestContext, via: UdpWay, options: Omit<UdpOptions, 'via'>): Promise<UdpReceiver> {
  const receiver = await openUdp({ ...options, via });
  t.after(() => receiver.stop());
  assert.equal(receiver.via, via);
  return receiver;
}

async function sender(t: TestContext, address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', sendBufferSize: 1 << 20 });
  socket.bind(0, address);
  await once(socket, 'listening');
  t.after(() => socket.close());
  return socket;
}

function send(from: Socket, bytes: Uint8Array, to: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    from.send(bytes, to.port, to.address, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Waits for what must come; the run's own limit of time ends a wait in vain. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await sleep(1);
}

async function rejection(work: Promise<unknown>): Promise<BonghwaError> {
  const error: unknown = await work.then(
    () => undefined,
    (fault) => fault,
  );
  assert.ok(error instanceof BonghwaError, `rejected with ${error}`);
  return error;
}

/** Bytes that tell one datagram from another, and every part of it. */
function patterned(length: number, number: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = (number * 31 + at * 7 + (at >>> 8)) & 0xff;
  return bytes;
}

for (const via of udpWays()) {
  describe(`UDP through ${via}`, () => {
    it('hands over what was sent, whole, in order, with its sender', async (t) => {
      const sink = recorder();
      const receiver = await open(t, via, { listen: [LOOPBACK], sink });
      const [{ at }] = receiver.status();
      const from = await sender(t, '127.0.0.7');
      const sent = Array.from({ length: 300 }, (_, number) => patterned(1 + ((number * 37) % 1400), number));
      for (const bytes of sent) await send(from, bytes, at);
      await until(() => sink.got.length === sent.length);
      for (const [number, { bytes, from: source, socket }] of sink.got.entries()) {
        assert.deepEqual(bytes, sent[number], `datagram ${number}`);
        assert.equal(source, `127.0.0.7 ${from.address().port}`);
        assert.equal(socket, 0);
      }
      const [status] = receiver.status();
      assert.equal(status.datagrams, 300);
      assert.equal(status.bytes, Buffer.concat(sent).length);
      assert.deepEqual([status.dropped, status.droppedKnown, status.truncated, status.error], [0, true, 0, undefined]);
      assert.ok(status.receiveBufferBytes > 0);
    });

    it('takes empty datagrams, jumbo frames and the largest there are', async (t) => {
      const sink = recorder();
      const receiver = await open(t, via, { listen: [LOOPBACK], sink });
      const [{ at }] = receiver.status();
      const from = await sender(t);
      const sizes = [0, 9000, 65_507, 1, 0, 65_507];
      for (const [number, size] of sizes.entries()) await send(from, patterned(size, number), at);
      await until(() => sink.got.length === sizes.length);
      for (const [number, { bytes }] of sink.got.entries()) assert.deepEqual(bytes, patterned(sizes[number], number));
    });

    it('counts datagrams that are longer than it takes, and hands none of their bytes over', async (t) => {
      const sink = recorder();
      const receiver = await open(t, via, { listen: [LOOPBACK], sink, datagramBytesMax: 512 });
      const [{ at }] = receiver.status();
      const from = await sender(t);
      for (const size of [512, 513, 9000, 511]) await send(from, patterned(size, size), at);
      await until(() => sink.got.length === 2);
      assert.deepEqual(
        sink.got.map(({ bytes }) => bytes),
        [patterned(512, 512), patterned(511, 511)],
      );
      const [status] = receiver.status();
      assert.deepEqual([status.datagrams, status.truncated, status.dropped], [2, 2, 0]);
    });

    it('hears IPv6, and IPv4 on the address of all', async (t) => {
      const sink = recorder();
      const everywhere: ListenAddress = { address: '::', port: 0, family: 6 };
      const receiver = await open(t, via, { listen: [LOOPBACK6, everywhere], sink });
      const [one, all] = receiver.status();
      const six = await sender(t, '::1');
      const four = await sender(t, '127.0.0.3');
      await send(six, Buffer.from('six'), one.at);
      await until(() => sink.got.length === 1);
      await send(four, Buffer.from('four'), { address: '127.0.0.1', port: all.at.port, family: 4 });
      await until(() => sink.got.length === 2);
      assert.deepEqual(
        sink.got.map(({ socket, from, bytes }) => `${socket} ${from} ${bytes}`),
        [`0 ::1 ${six.address().port} six`, `1 127.0.0.3 ${four.address().port} four`],
      );
    });

    it('counts exactly what the kernel dropped when the buffer was full', async (t) => {
      const sink = recorder();
      const receiver = await open(t, via, { listen: [LOOPBACK], sink, receiveBufferBytes: 16_384 });
      const [{ at }] = receiver.status();
      const from = await sender(t);
      const sent = 2000;
      // Nothing is taken while this thread sends.
      const done = Array.from({ length: sent }, (_, number) => send(from, patterned(1000, number), at));
      await Promise.all(done);
      await until(() => sink.got.length + receiver.dropped() === sent);
      const dropped = receiver.dropped();
      assert.ok(dropped > 0 && sink.got.length > 0);
      // Whatever comes now has room again.
      await send(from, patterned(10, 1), at);
      await until(() => sink.got.length === sent - dropped + 1);
      assert.equal(receiver.dropped(), dropped);
      await receiver.stop();
      assert.equal(receiver.dropped(), dropped);
      assert.equal(receiver.status()[0].datagrams, sent - dropped + 1);
    });

    it('receives into the memory of a batch', async (t) => {
      const sink = recorder();
      const { receive, memory } = createKernelBatch(64, UDP_ROOM_BYTES);
      assert.ok(receive !== undefined && memory !== undefined);
      let room: ArrayBufferLike | undefined;
      const take = (batch: UdpBatch): void => {
        room = batch.bytes.buffer;
        sink.take(batch);
      };
      const receiver = await open(t, via, { listen: [LOOPBACK], sink: { take }, room: receive });
      await send(await sender(t), patterned(1472, 5), receiver.status()[0].at);
      await until(() => sink.got.length === 1);
      assert.equal(room, memory.buffer);
      assert.deepEqual(sink.got[0].bytes, patterned(1472, 5));
    });

    it('does with room for one datagram', async (t) => {
      const sink = recorder();
      const room = new Uint8Array(UDP_SLOT_BYTES);
      const receiver = await open(t, via, { listen: [LOOPBACK], sink, room });
      const from = await sender(t);
      for (let number = 0; number < 40; number++) await send(from, patterned(200, number), receiver.status()[0].at);
      await until(() => sink.got.length === 40);
      for (const [number, { bytes }] of sink.got.entries()) assert.deepEqual(bytes, patterned(200, number));
    });

    it('keeps many sockets apart', async (t) => {
      const sink = recorder();
      const listen = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? LOOPBACK : LOOPBACK6));
      const receiver = await open(t, via, { listen, sink });
      const four = await sender(t);
      const six = await sender(t, '::1');
      const statuses = receiver.status();
      for (const [index, { at }] of statuses.entries()) {
        for (let copy = 0; copy <= index; copy++) await send(at.family === 4 ? four : six, Buffer.of(index), at);
      }
      await until(() => sink.got.length === 820);
      for (const { socket, from, bytes } of sink.got) {
        assert.equal(bytes[0], socket);
        assert.equal(from.split(' ')[0], socket % 2 === 0 ? '127.0.0.1' : '::1');
      }
      assert.deepEqual(
        receiver.status().map(({ datagrams }) => datagrams),
        statuses.map((_, index) => index + 1),
      );
    });

    it('takes turns also when nothing comes, and leaves timers theirs', async (t) => {
      const sink = recorder();
      const receiver = await open(t, via, { listen: [LOOPBACK], sink });
      await until(() => sink.turns >= 5);
      assert.ok(receiver.waitedMs > 0);
      assert.equal(sink.got.length, 0);
    });

    it('stops at once, also in the middle of a batch, and leaves the address free', async (t) => {
      let taken = 0;
      let stopped: Promise<void> | undefined;
      const holder: { receiver?: UdpReceiver } = {};
      const take = (batch: UdpBatch): void => {
        taken += batch.count;
        stopped ??= holder.receiver?.stop();
      };
      const room = new Uint8Array(UDP_SLOT_BYTES * 4);
      holder.receiver = await open(t, via, { listen: [LOOPBACK], sink: { take }, room });
      const [{ at }] = holder.receiver.status();
      const from = await sender(t);
      await Promise.all(Array.from({ length: 64 }, (_, number) => send(from, patterned(64, number), at)));
      await until(() => stopped !== undefined);
      await stopped;
      const after = taken;
      assert.ok(after >= 1 && after <= 4);
      // The very same address, without reusePort.
      const sink = recorder();
      const second = await open(t, via, { listen: [at], sink });
      await send(from, Buffer.from('again'), at);
      await until(() => sink.got.length === 1);
      assert.equal(taken, after);
      await holder.receiver.stop();
      await second.stop();
      await second.stop();
    });

    it('shares an address with receivers that want to, and not with a second station', async (t) => {
      const sinks = [recorder(), recorder(), recorder()];
      const first = await open(t, via, { listen: [LOOPBACK], sink: sinks[0], reusePort: true });
      const listen = [first.status()[0].at];
      await open(t, via, { listen, sink: sinks[1], reusePort: true });
      await open(t, via, { listen, sink: sinks[2], reusePort: true });
      for (let number = 0; number < 30; number++) await send(await sender(t), Buffer.of(number), listen[0]);
      const all = (): Got[] => sinks.flatMap(({ got }) => got);
      await until(() => all().length === 30);
      assert.deepEqual(
        all()
          .map(({ bytes }) => bytes[0])
          .sort((a, b) => a - b),
        Array.from({ length: 30 }, (_, number) => number),
      );
      assert.ok(sinks.filter(({ got }) => got.length > 0).length >= 2);
      assert.equal((await rejection(probeUdp(listen))).code, 'LISTEN_FAILED');
      assert.equal((await rejection(openUdp({ listen, sink: recorder(), via }))).code, 'LISTEN_FAILED');
    });

    it('says who holds an address, and leaves nothing open', async (t) => {
      const first = await open(t, via, { listen: [LOOPBACK], sink: recorder() });
      const taken = first.status()[0].at;
      const free = (await open(t, via, { listen: [LOOPBACK], sink: recorder() })).status()[0].at;
      const error = await rejection(openUdp({ listen: [LOOPBACK, taken], sink: recorder(), via }));
      assert.equal(error.code, 'LISTEN_FAILED');
      assert.match(
        error.message,
        new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${taken.port} \\(UDP\\): something else`),
      );
      assert.match(error.hint ?? '', new RegExp(`process ${process.pid}\\)`));
      assert.deepEqual(
        udpHolders(free).map(({ pid }) => pid),
        [process.pid],
      );
      await first.stop();
      await probeUdp([taken]);
    });

    it('says what to do about an address that this machine has not', async () => {
      const listen = [{ address: '192.0.2.1', port: 0, family: 4 }] as const;
      const error = await rejection(openUdp({ listen, sink: recorder(), via }));
      assert.equal(error.code, 'LISTEN_FAILED');
      assert.match(error.message, /192\.0\.2\.1:0 \(UDP\): this machine has no such address/);
      assert.match(error.hint ?? '', /ip address/);
    });

    it('works in a thread that has messages to answer', async (t) => {
      const worker = new Worker(new URL('../../test/support/udp-worker.ts', import.meta.url), { workerData: { via } });
      t.after(() => worker.terminate());
      const [{ at }] = await once(worker, 'message');
      const from = await sender(t);
      for (let number = 0; number < 100; number++) await send(from, patterned(100, number), at);
      for (let datagrams = 0; datagrams < 100; ) {
        worker.postMessage('count');
        [{ datagrams }] = await once(worker, 'message');
      }
      // Both may come in one turn, the message just before the end.
      const exited = once(worker, 'exit');
      const last = once(worker, 'message');
      worker.postMessage('stop');
      assert.equal((await last)[0].stopped, true);
      await exited;
    });
  });
}

describe('the ways to receive', () => {
  it('has recvmmsg on the machines that Bonghwa is tested on', () => {
    assert.deepEqual(udpWays(), process.platform === 'linux' ? ['recvmmsg', 'dgram'] : ['dgram']);
  });
});
