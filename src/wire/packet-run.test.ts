import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type CapturePacket, ethernet, icmp, ipv4, ipv6, pcap, tcp, udp } from '../../test/support/encode-packet.ts';
import { createFlowBatch, createKernelBatch, type FlowBatch } from '../model/flow-batch.ts';
import { COLUMN_NAMES, FLOW_COLUMNS, HAS } from '../model/flow-columns.ts';
import { Rejections } from '../model/rejection.ts';
import { CaptureReader } from './capture.ts';
import { PACKET_ROWS_MAX, PacketDecoder } from './packet.ts';
import { PacketTotals, runLimits } from './packet-run.ts';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const START_MS = 1_700_000_000_000;
const TELEMETRY = new Uint8Array(65_536);
TELEMETRY[2055] = 1;

interface Read {
  /** Every column that counts of every row. */
  readonly rows: number[][];
  readonly totals: PacketTotals;
  readonly rejected: Record<string, number>;
  /** Rows that runs gave. */
  inRuns: number;
}

function append(rows: number[][], batch: FlowBatch): void {
  for (let row = 0; row < batch.length; row++) {
    const cells = [batch.present[row]];
    for (const name of COLUMN_NAMES) {
      const { kind, optional } = FLOW_COLUMNS[name];
      if (optional && (batch.present[row] & HAS[name as keyof typeof HAS]) === 0) continue;
      if (kind === 'addr') cells.push(...batch[name].subarray(4 * row, 4 * row + 4));
      else cells.push(batch[name][row]);
    }
    rows.push(cells);
  }
  batch.length = 0;
}

/** Reads the capture in chunks, with runs of at most `stepMs` or one packet at a time, into a batch that is full of rubbish. */
function read(file: Uint8Array, batch: FlowBatch, chunkBytes: number, stepMs: number | undefined): Read {
  for (const name of COLUMN_NAMES) batch[name].fill(0xee);
  batch.present.fill(0xffffffff);
  const rejections = new Rejections();
  const reader = new CaptureReader(rejections);
  const decoder = new PacketDecoder(rejections);
  const limits = runLimits(batch.capacity, TELEMETRY);
  const read: Read = { rows: [], totals: new PacketTotals(), rejected: {}, inRuns: 0 };
  const { totals } = read;
  for (let at = 0; at < file.length; at += chunkBytes) {
    reader.push(file.slice(at, at + chunkBytes));
    for (;;) {
      if (batch.length + PACKET_ROWS_MAX > batch.capacity) append(read.rows, batch);
      if (stepMs !== undefined) {
        limits.untilMs = Number.isNaN(totals.lastMs) ? START_MS : totals.lastMs + stepMs;
        const before = batch.length;
        const rows = reader.run(limits, batch, totals);
        assert.equal(batch.length, before + rows);
        for (let row = before; row < batch.length - 1; row++) assert.ok(batch.observedMs[row] < limits.untilMs);
        for (let row = before; row < batch.length; row++) {
          assert.ok(batch.proto[row] === 6 || TELEMETRY[batch.dstPort[row]] === 0, 'telemetry is left to the caller');
        }
        read.inRuns += rows;
        if (rows > 0) continue;
      }
      if (!reader.next()) break;
      const { bytes, offset, capturedLength, wireLength, linkType, timeMs } = reader;
      totals.add(timeMs, wireLength);
      decoder.decode(bytes, offset, capturedLength, wireLength, linkType, timeMs, batch);
    }
  }
  reader.end();
  append(read.rows, batch);
  return { ...read, rejected: rejections.toRecord() };
}

const port = fc.oneof(fc.nat(65_535), fc.constantFrom(53, 443, 2055, 2152, 4789));
const payload = fc.uint8Array({ maxLength: 30 });
const upper = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(port, port, fc.nat(511), payload).map((args) => ({ proto: 6, bytes: tcp(...args) })),
  },
  { weight: 6, arbitrary: fc.tuple(port, port, payload).map((args) => ({ proto: 17, bytes: udp(...args) })) },
  { weight: 1, arbitrary: payload.map((bytes) => ({ proto: 1, bytes: icmp(8, 0, bytes) })) },
);
const packet: fc.Arbitrary<CapturePacket> = fc
  .record({
    upper,
    src: fc.ipV4(),
    dst: fc.ipV4(),
    ttl: fc.nat(255),
    tos: fc.nat(255),
    moreFragments: fc.integer({ min: 0, max: 15 }).map((roll) => roll === 0),
    version6: fc.integer({ min: 0, max: 15 }).map((roll) => roll === 0),
    snap: fc.oneof({ weight: 4, arbitrary: fc.constant(1000) }, { weight: 1, arbitrary: fc.nat(80) }),
    wireExtra: fc.oneof(fc.constant(0), fc.nat(9000), fc.constant(0xffff0000)),
    timeMs: fc.nat(4_000_000).map((micros) => START_MS + micros / 1000),
  })
  .map(({ upper, snap, wireExtra, timeMs, version6, ...header }) => {
    const { proto } = upper;
    const whole = version6
      ? ethernet(IPV6, ipv6({ src: '2001:db8::1', dst: '2001:db8::2', proto }, upper.bytes))
      : ethernet(IPV4, ipv4({ ...header, proto }, upper.bytes));
    const bytes = whole.slice(0, snap);
    return { timeMs, bytes, wireLength: bytes.length + wireExtra };
  });
const layout = fc.record({ little: fc.boolean(), nano: fc.boolean(), kuznetzov: fc.boolean() });

describe('runs of usual packets', () => {
  test('give the rows, totals and rejections of one packet at a time', () => {
    let inRuns = 0;
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 80 }),
        layout,
        fc.integer({ min: 1, max: 3000 }),
        fc.constantFrom(0, 100, 1e9),
        (packets, options, chunkBytes, stepMs) => {
          const file = pcap(packets, options);
          const single = read(file, createFlowBatch(32), chunkBytes, undefined);
          const runs = read(file, createFlowBatch(32), chunkBytes, stepMs);
          inRuns += runs.inRuns;
          assert.deepEqual(runs.rows, single.rows);
          assert.deepEqual(runs.totals, single.totals);
          assert.deepEqual(runs.rejected, single.rejected);
        },
      ),
    );
    assert.ok(inRuns > 100, `${inRuns} rows came in runs`);
  });

  test('of a length whose columns are filled at once, in a batch for kernels', () => {
    const bytes = ethernet(IPV4, ipv4({ src: '192.0.2.1', dst: '198.51.100.7', proto: 6 }, tcp(40_000, 443, 2)));
    const file = pcap(
      Array.from({ length: 1000 }, (_, at) => ({ timeMs: START_MS + at / 8, bytes, wireLength: 60 + at })),
    );
    const single = read(file, createKernelBatch(256), file.length, undefined);
    const runs = read(file, createKernelBatch(256), file.length, 1e9);
    assert.equal(runs.inRuns, 1000 - 1);
    assert.deepEqual(runs.rows, single.rows);
    assert.deepEqual(runs.totals, single.totals);
  });

  test('other link types and bytes that are no packets are left alone', () => {
    const bytes = ipv4({ src: '192.0.2.1', dst: '198.51.100.7', proto: 6 }, tcp(40_000, 443, 2, new Uint8Array(40)));
    const packets = Array.from({ length: 10 }, () => ({ timeMs: START_MS, bytes }));
    assert.equal(read(pcap(packets, { linkType: 101 }), createFlowBatch(), 1e6, 1e9).inRuns, 0);
    assert.equal(read(pcap(packets), createFlowBatch(), 1e6, 1e9).inRuns, 0);
  });
});
