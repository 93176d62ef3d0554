import { parsePrefix } from '../../src/base/prefix.ts';
import { openUdp } from '../../src/input/udp.ts';
import { UDP_ROOM_BYTES, type UdpBatch } from '../../src/input/udp-port.ts';
import type { FlowBatch } from '../../src/model/flow-batch.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { SecondStream, type SecondTaker } from '../../src/sketch/second-stream.ts';
import { TelemetryDecoder } from '../../src/wire/telemetry.ts';
import { type BenchCase, type BenchResult, measureAsync, runCases } from '../harness.ts';
import { DatagramsLost, lossless } from '../lossless.ts';
import { type BlastFormat, NETWORK } from '../make/blast.ts';
import { startSender } from '../make/send-plan.ts';

/**
 * What the data path costs live, stage by stage, in one thread and with nothing beside it: receiving over loopback, decoding, counting
 * into seconds. The difference of two cases is a stage. The least that `serve` can cost.
 */
type Stage = 'receive' | 'decode' | 'count';

const RECORDS_PER_SECOND = 1_000_000;
/** As receiver threads have it. */
const BATCH_ROWS = 1024;

async function run(format: BlastFormat, stage: Stage, records: number): Promise<BenchResult> {
  const rejections = new Rejections();
  const decoder = new TelemetryDecoder(rejections, {}, 1);
  let counted = 0;
  const network = parsePrefix(NETWORK);
  if (network === undefined) throw new Error('the network is a prefix');
  const taker: SecondTaker = { take: () => undefined, prepare: () => undefined };
  const stream = new SecondStream({ seed: 1, networks: [network], receiveBytes: UDP_ROOM_BYTES }, taker);
  const rows = stream.batch;
  const sink = {
    take: (batch: FlowBatch): void => {
      counted += batch.length;
      if (stage === 'count') stream.take(batch);
      batch.length = 0;
    },
  };
  const take = ({ bytes, offsets, lengths, sources, count }: UdpBatch): void => {
    if (stage === 'receive') return;
    const nowMs = Date.now();
    for (let at = 0; at < count; at++) {
      decoder.decode(bytes, offsets[at], lengths[at], sources, 4 * at, nowMs, rows, sink);
      if (rows.length >= BATCH_ROWS) sink.take(rows);
    }
  };
  const receiver = await openUdp({
    listen: [{ address: '127.0.0.1', port: 0, family: 4 }],
    sink: { take },
    ...(rows.receive === undefined ? {} : { room: rows.receive }),
  });
  const sender = await startSender({ format, port: receiver.status()[0].at.port, exporters: 4 });
  const phase = {
    seconds: records / RECORDS_PER_SECOND,
    recordsPerSecond: RECORDS_PER_SECOND,
    floodRecordsPerSecond: 0,
  };
  try {
    return await measureAsync(records, async () => {
      const before = receiver.status()[0];
      counted = 0;
      const sent = await sender.send(phase);
      while (receiver.status()[0].datagrams + receiver.dropped() < before.datagrams + before.dropped + sent.datagrams) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      sink.take(rows);
      const lost = receiver.dropped() - before.dropped;
      if (lost > 0) throw new DatagramsLost(lost, sent.datagrams);
      if (stage !== 'receive' && counted !== sent.records)
        throw new Error(`${counted} of ${sent.records} records counted`);
      return counted;
    });
  } finally {
    await sender.end();
    await receiver.stop();
  }
}

export const cases: readonly BenchCase[] = (['netflow9', 'netflow5'] as const).flatMap((format) =>
  (['receive', 'decode', 'count'] as const).map((stage) => ({
    name: `live/${format}-${stage}`,
    unit: 'records',
    sizes: { small: 100_000, full: 5_000_000 },
    run: (size: number) => lossless(() => run(format, stage, size)),
  })),
);

if (import.meta.main) await runCases(cases);
