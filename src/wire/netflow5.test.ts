import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import { encodeNetflow5, type Netflow5Record } from '../../test/support/encode-netflow.ts';
import { HAS } from '../model/flow-columns.ts';

const SECONDS = 1_750_000_000;
const NOW = SECONDS * 1000;
const RECORD: Netflow5Record = {
  srcAddr: 0xc0000201,
  dstAddr: 0xc6336401,
  inIf: 3,
  outIf: 4,
  packets: 10,
  bytes: 4000,
  first: 99_000,
  last: 100_000,
  srcPort: 53,
  dstPort: 40_000,
  tcpFlags: 18,
  proto: 17,
  tos: 8,
  srcAs: 64_500,
  dstAs: 64_501,
};

it('reads every column of a record', () => {
  const bench = new TelemetryBench();
  assert.ok(
    bench.feed(encodeNetflow5({ uptimeMs: 100_500, seconds: SECONDS, records: [RECORD], engine: 7 }), NOW + 20),
  );
  const { batch } = bench;
  assert.equal(batch.length, 1);
  assert.deepEqual([...batch.srcAddr.slice(0, 4)], [0, 0, 0xffff, 0xc0000201]);
  assert.deepEqual([...batch.dstAddr.slice(0, 4)], [0, 0, 0xffff, 0xc6336401]);
  assert.deepEqual([batch.packets[0], batch.bytes[0], batch.proto[0]], [10, 4000, 17]);
  assert.deepEqual([batch.srcPort[0], batch.dstPort[0], batch.tcpFlags[0], batch.tos[0]], [53, 40_000, 18, 8]);
  assert.deepEqual([batch.inIf[0], batch.outIf[0], batch.srcAs[0], batch.dstAs[0]], [3, 4, 64_500, 64_501]);
  assert.deepEqual([batch.observedMs[0], batch.startMs[0], batch.endMs[0]], [NOW + 20, NOW - 1500, NOW - 500]);
  assert.deepEqual([batch.ipVersion[0], batch.layer[0], batch.observationDomain[0]], [4, 0, 7]);
  assert.equal(batch.present[0] & HAS.icmpType, 0);
  assert.equal(bench.exporter.clockOffsetMinMs, 20);
});

it('takes the export time where the arrival is not known', () => {
  const bench = new TelemetryBench();
  bench.feed(encodeNetflow5({ uptimeMs: 100_500, seconds: SECONDS, nanoseconds: 7e6, records: [RECORD] }), Number.NaN);
  assert.equal(bench.batch.observedMs[0], NOW + 7);
});

it('reads times over a wrap of the uptime', () => {
  const bench = new TelemetryBench();
  const records = [{ ...RECORD, first: 0xffffff00, last: 10 }];
  bench.feed(encodeNetflow5({ uptimeMs: 100, seconds: SECONDS, records }), NOW);
  assert.deepEqual([bench.batch.startMs[0], bench.batch.endMs[0]], [NOW - 100 - 256, NOW - 90]);
});

it('puts the arrival in the place of times that cannot be, and counts them', () => {
  const bench = new TelemetryBench();
  const day = 86_400_000;
  const records = [
    { ...RECORD, first: 2 * day, last: 2 * day },
    { ...RECORD, first: 5 * day, last: 5 * day + 11 * 60_000 },
    { ...RECORD, first: 5 * day, last: 5 * day - 1 },
    { ...RECORD, first: 5 * day, last: 5 * day },
  ];
  bench.feed(encodeNetflow5({ uptimeMs: 5 * day, seconds: SECONDS, records }), NOW);
  assert.deepEqual([...bench.batch.startMs.slice(0, 4)], [NOW, NOW, NOW, NOW]);
  assert.equal(bench.rejections.of('record-time-absurd'), 3);
});

it('reads ICMP type and code from the destination port', () => {
  const bench = new TelemetryBench();
  const records = [{ ...RECORD, proto: 1, dstPort: 3 * 256 + 1 }, RECORD];
  bench.feed(encodeNetflow5({ uptimeMs: 100_500, seconds: SECONDS, records }), NOW);
  assert.deepEqual([bench.batch.icmpType[0], bench.batch.icmpCode[0]], [3, 1]);
  assert.ok((bench.batch.present[0] & HAS.icmpType) !== 0);
  assert.equal(bench.batch.present[1] & HAS.icmpType, 0);
});

it('takes the sampling interval of the header, and keeps it where a header contradicts itself', () => {
  const bench = new TelemetryBench();
  const spec = { uptimeMs: 100_500, seconds: SECONDS, records: [RECORD] };
  bench.feed(encodeNetflow5(spec), NOW);
  bench.feed(encodeNetflow5({ ...spec, sequence: 1, sampling: (1 << 14) | 1000 }), NOW);
  bench.feed(encodeNetflow5({ ...spec, sequence: 2, sampling: 1 << 14 }), NOW);
  assert.deepEqual([...bench.batch.samplingRate.slice(0, 3)], [0, 1000, 1000]);
  assert.equal(bench.rejections.of('sampling-absurd'), 1);
  assert.deepEqual(bench.exporter.samplingRates, [1000]);
});

it('reads what is there of a datagram that lies about its count', () => {
  const bench = new TelemetryBench();
  const spec = { uptimeMs: 100_500, seconds: SECONDS };
  bench.feed(encodeNetflow5({ ...spec, records: [RECORD, RECORD], count: 30 }), NOW);
  assert.equal(bench.batch.length, 2);
  assert.equal(bench.rejections.of('datagram-truncated'), 1);
  bench.feed(encodeNetflow5({ ...spec, records: [RECORD, RECORD], count: 1 }), NOW);
  assert.equal(bench.batch.length, 3);
  assert.equal(bench.rejections.of('datagram-length-lies'), 1);
  assert.ok(bench.feed(encodeNetflow5({ ...spec, records: [] }).slice(0, 20), NOW));
  assert.equal(bench.rejections.of('datagram-truncated'), 2);
});

it('counts records without content, and makes rows of them', () => {
  const bench = new TelemetryBench();
  const records = [{ ...RECORD, packets: 0, bytes: 0 }];
  bench.feed(encodeNetflow5({ uptimeMs: 100_500, seconds: SECONDS, records }), NOW);
  assert.equal(bench.batch.length, 1);
  assert.equal(bench.rejections.of('record-empty'), 1);
});

it('hands the batch on whenever it is full', () => {
  const bench = new TelemetryBench({}, 7);
  const records = Array.from({ length: 30 }, (_, at) => ({ ...RECORD, packets: at + 1 }));
  bench.feed(encodeNetflow5({ uptimeMs: 100_500, seconds: SECONDS, records }), NOW);
  assert.equal(bench.taken, 28);
  assert.deepEqual([...bench.batch.packets.slice(0, bench.batch.length)], [29, 30]);
});

it('counts lost flows by the sequence, and not twice what only came late', () => {
  const bench = new TelemetryBench();
  const send = (sequence: number, uptimeMs = 100_500): void => {
    bench.feed(encodeNetflow5({ uptimeMs, seconds: SECONDS, sequence, records: [RECORD, RECORD] }), NOW);
  };
  send(10);
  send(12);
  assert.equal(bench.exporter.sequenceLost, 0);
  send(20);
  assert.equal(bench.exporter.sequenceLost, 6);
  send(14);
  assert.equal(bench.exporter.sequenceLost, 4);
  send(22);
  assert.equal(bench.exporter.sequenceLost, 4);
  // A jump over half of the range, and a start anew of the exporter, are restarts and no losses.
  send(3_000_000_000);
  send(3_000_000_002);
  send(0, 50);
  send(2, 90);
  assert.equal(bench.exporter.sequenceLost, 4);
});

it('follows the sequence over its wrap', () => {
  const bench = new TelemetryBench();
  for (const sequence of [0xfffffffe, 0, 3]) {
    bench.feed(encodeNetflow5({ uptimeMs: 1, seconds: SECONDS, sequence, records: [RECORD, RECORD] }), NOW);
  }
  assert.equal(bench.exporter.sequenceLost, 1);
});
