import { openUdp, udpWays } from '../../src/input/udp.ts';
import { UDP_ROOM_BYTES, type UdpBatch, type UdpWay } from '../../src/input/udp-port.ts';
import { createKernelBatch } from '../../src/model/flow-batch.ts';
import { type BenchCase, type BenchResult, measureAsync, runCases } from '../harness.ts';
import { DatagramsLost, lossless } from '../lossless.ts';
import { startSender } from '../make/send-plan.ts';

/** What it costs to receive a datagram of 1,464 bytes, NetFlow v5 with 30 records, and to do nothing with it. The sender's time is its own. */
const RECORDS = 30;
const DATAGRAMS_PER_SECOND: Readonly<Record<UdpWay, number>> = { recvmmsg: 100_000, dgram: 50_000 };

async function receive(via: UdpWay, datagrams: number): Promise<BenchResult> {
  let received = 0;
  let sum = 0;
  let whenAll: (() => void) | undefined;
  const take = (batch: UdpBatch): void => {
    const { bytes, offsets, count } = batch;
    for (let at = 0; at < count; at++) sum = (sum + bytes[offsets[at] + 1] * bytes[offsets[at] + 3]) >>> 0;
    received += count;
    if (received >= datagrams) whenAll?.();
  };
  const room = createKernelBatch(1024, UDP_ROOM_BYTES).receive;
  const receiver = await openUdp({
    listen: [{ address: '127.0.0.1', port: 0, family: 4 }],
    sink: { take },
    via,
    ...(room === undefined ? {} : { room }),
  });
  const recordsPerSecond = RECORDS * DATAGRAMS_PER_SECOND[via];
  const sender = await startSender({
    format: 'netflow5',
    port: receiver.status()[0].at.port,
    exporters: 4,
  });
  const phase = { seconds: (RECORDS * datagrams) / recordsPerSecond, recordsPerSecond, floodRecordsPerSecond: 0 };
  try {
    return await measureAsync(datagrams, async () => {
      received = 0;
      sum = 0;
      const all = new Promise<void>((resolve) => {
        whenAll = resolve;
      });
      const before = receiver.dropped();
      await sender.send(phase);
      const lost = receiver.dropped() - before;
      if (lost > 0) throw new DatagramsLost(lost, datagrams);
      await all;
      return sum;
    });
  } finally {
    await sender.end();
    await receiver.stop();
  }
}

export const cases: readonly BenchCase[] = udpWays().map((via) => ({
  name: `live/udp-${via}`,
  unit: 'datagrams',
  sizes: { small: 5000, full: 5 * DATAGRAMS_PER_SECOND[via] },
  run: (size) => lossless(() => receive(via, size)),
}));

if (import.meta.main) await runCases(cases);
