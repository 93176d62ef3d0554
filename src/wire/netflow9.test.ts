import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import {
  encodeNetflow9,
  encodeRecord,
  type FieldSpec,
  type FieldValue,
  type SetSpec,
} from '../../test/support/encode-netflow.ts';
import { FRAGMENT_FIRST, FRAGMENT_LATER, FRAGMENT_NONE, HAS } from '../model/flow-columns.ts';

const SECONDS = 1_750_000_000;
const NOW = SECONDS * 1000;
const UPTIME = 1_000_000;

const f = (id: number, length: number): FieldSpec => ({ id, length });
const templates = (id: number, fields: readonly FieldSpec[]): SetSpec => ({
  kind: 'templates',
  templates: [{ id, fields }],
});

/** One datagram with a template and one record by it for each row of values. */
function feed(bench: TelemetryBench, fields: readonly FieldSpec[], ...rows: readonly (readonly FieldValue[])[]): void {
  const records = rows.map((values) => encodeRecord(fields, values));
  const sets: SetSpec[] = [templates(256, fields), { kind: 'data', id: 256, records }];
  bench.feed(encodeNetflow9({ uptimeMs: UPTIME, seconds: SECONDS, sets }), NOW);
}

function feedOptions(bench: TelemetryBench, fields: readonly FieldSpec[], values: readonly number[]): void {
  const sets: SetSpec[] = [
    { kind: 'options-templates', templates: [{ id: 300, fields, scopeCount: 1 }] },
    { kind: 'data', id: 300, records: [encodeRecord(fields, values)] },
  ];
  bench.feed(encodeNetflow9({ uptimeMs: UPTIME, seconds: SECONDS, sets }), NOW);
}

it('counts data before its template, and reads it after', () => {
  const bench = new TelemetryBench();
  const fields = [f(2, 4), f(1, 4)];
  const data: SetSpec = { kind: 'data', id: 256, records: [encodeRecord(fields, [1, 2])] };
  const send = (sets: readonly SetSpec[]): boolean =>
    bench.feed(encodeNetflow9({ uptimeMs: UPTIME, seconds: SECONDS, sets }), NOW);
  send([data]);
  assert.equal(bench.rejections.of('template-unknown'), 1);
  assert.equal(bench.exporter.unknownTemplateSets, 1);
  send([templates(256, fields), data]);
  assert.equal(bench.batch.length, 1);
  assert.equal(bench.exporter.templates, 1);
});

it('keeps exporters and their source ids apart', () => {
  const bench = new TelemetryBench();
  const fields = [f(2, 4)];
  const data: SetSpec = { kind: 'data', id: 256, records: [encodeRecord(fields, [1])] };
  const spec = { uptimeMs: UPTIME, seconds: SECONDS };
  bench.feed(encodeNetflow9({ ...spec, sourceId: 1, sets: [templates(256, fields)] }), NOW, 1);
  bench.feed(encodeNetflow9({ ...spec, sourceId: 2, sets: [data] }), NOW, 1);
  bench.feed(encodeNetflow9({ ...spec, sourceId: 1, sets: [data] }), NOW, 2);
  assert.equal(bench.rejections.of('template-unknown'), 2);
  bench.feed(encodeNetflow9({ ...spec, sourceId: 1, sets: [data] }), NOW, 1);
  assert.equal(bench.batch.length, 1);
  const exporter = bench.decoder.exporters.at(bench.batch.exporter[0]);
  assert.deepEqual([exporter?.address, exporter?.observationDomain], ['10.0.0.1', 1]);
});

it('reads data after a template was redefined in mid stream', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(2, 4), f(1, 4)], [5, 500]);
  feed(bench, [f(1, 8), f(2, 2)], [700, 7]);
  assert.deepEqual([...bench.batch.packets.slice(0, 2)], [5, 7]);
  assert.deepEqual([...bench.batch.bytes.slice(0, 2)], [500, 700]);
});

it('reads fields in fewer bytes, and passes over fields without bytes', () => {
  const bench = new TelemetryBench();
  feed(
    bench,
    [f(1, 3), f(2, 1), f(10, 1), f(8, 0), f(16, 2), f(7, 2), f(22, 4), f(21, 4)],
    [70_000, 3, 9, 0, 65_000, 80, 999_000, 999_500],
  );
  const { batch } = bench;
  assert.deepEqual([batch.bytes[0], batch.packets[0], batch.inIf[0], batch.srcAs[0]], [70_000, 3, 9, 65_000]);
  assert.equal(batch.present[0] & HAS.srcAddr, 0);
  assert.deepEqual([batch.startMs[0], batch.endMs[0]], [NOW - 1000, NOW - 500]);
});

it('reads fields of variable length, which H3C writes as IPFIX has them', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(96, 0xffff), f(2, 4), f(1, 4)], [new Uint8Array(0), 5, 500]);
  feed(bench, [f(96, 0xffff), f(2, 4), f(1, 4)], [new TextEncoder().encode('vpn-a'), 7, 700]);
  assert.deepEqual([...bench.batch.packets.slice(0, 2)], [5, 7]);
  assert.deepEqual([...bench.batch.bytes.slice(0, 2)], [500, 700]);
  assert.equal(bench.rejections.total(), 0);
});

it('counts what left where nothing is said to have come', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(2, 4), f(1, 4), f(24, 4), f(23, 4)], [0, 0, 1, 32], [2, 100, 2, 90]);
  const { batch } = bench;
  assert.deepEqual([...batch.packets.slice(0, 2)], [1, 2]);
  assert.deepEqual([...batch.bytes.slice(0, 2)], [32, 100]);
  assert.equal(batch.flowDirection[0], 1);
  assert.ok((batch.present[0] & HAS.flowDirection) !== 0);
  assert.equal(batch.present[1] & HAS.flowDirection, 0);
  assert.equal(bench.rejections.of('record-empty'), 0);
});

it('reads fragments from offset and flags', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(88, 2), f(197, 1)], [0, 0x40], [0, 0x20], [185, 0x20], [370, 0]);
  const kinds = [FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER, FRAGMENT_LATER];
  assert.deepEqual([...bench.batch.fragment.slice(0, 4)], kinds);
});

it('reads ICMP from its element, and from the port only where there is none', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(4, 1), f(11, 2), f(32, 2)], [1, 17_549, 8 * 256], [6, 443, 0]);
  feed(bench, [f(4, 1), f(11, 2)], [58, 129 * 256], [17, 53]);
  const { batch } = bench;
  const types = [0, 1, 2, 3].map((row) =>
    (batch.present[row] & HAS.icmpType) === 0 ? undefined : batch.icmpType[row],
  );
  assert.deepEqual(types, [8, undefined, 129, undefined]);
});

it('tells IPv4 from IPv6 in a template that has both', () => {
  const bench = new TelemetryBench();
  const fields = [f(8, 4), f(12, 4), f(27, 16), f(28, 16)];
  const six = Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  const records = [
    encodeRecord(fields, [0x0a000001, 0x0a000002, new Uint8Array(16), new Uint8Array(16)]),
    encodeRecord(fields, [0, 0, six, six]),
  ];
  const sets: SetSpec[] = [templates(256, fields), { kind: 'data', id: 256, records }];
  bench.feed(encodeNetflow9({ uptimeMs: UPTIME, seconds: SECONDS, sets }), NOW);
  assert.deepEqual([...bench.batch.ipVersion.slice(0, 2)], [4, 6]);
  assert.deepEqual([...bench.batch.srcAddr.slice(0, 8)], [0, 0, 0xffff, 0x0a000001, 0x20010db8, 0, 0, 1]);
});

it('takes sampling from options, by sampler, and from records', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(2, 4)], [1]);
  feedOptions(bench, [f(1, 4), f(34, 4)], [0, 512]);
  feed(bench, [f(2, 4)], [1]);
  feedOptions(bench, [f(1, 4), f(48, 1), f(50, 4)], [0, 3, 4096]);
  feed(bench, [f(2, 4), f(48, 1)], [1, 3], [1, 9]);
  feed(bench, [f(2, 4), f(34, 4)], [1, 100]);
  assert.deepEqual([...bench.batch.samplingRate.slice(0, 5)], [0, 512, 4096, 512, 100]);
  assert.deepEqual(bench.exporter.samplingRates, [512, 4096, 100]);
  assert.equal(bench.exporter.optionRecords, 2);
});

it('counts absurd sampling and keeps the rate known before', () => {
  const bench = new TelemetryBench();
  feedOptions(bench, [f(1, 4), f(34, 4)], [0, 256]);
  for (const absurd of [0, 2 ** 31, 0xffffffff]) feedOptions(bench, [f(1, 4), f(34, 4)], [0, absurd]);
  feed(bench, [f(2, 4), f(34, 4)], [1, 0]);
  assert.equal(bench.batch.samplingRate[0], 256);
  assert.equal(bench.rejections.of('sampling-absurd'), 4);
});

it('learns the flow cache timeouts from options', () => {
  const bench = new TelemetryBench();
  feedOptions(bench, [f(1, 4), f(36, 2), f(37, 2)], [0, 1800, 15]);
  assert.deepEqual([bench.exporter.activeTimeoutSeconds, bench.exporter.inactiveTimeoutSeconds], [1800, 15]);
});

it('does not take a scope of NetFlow v9 for the element of its number', () => {
  const bench = new TelemetryBench();
  // Scope type 34 does not exist; element 34 is the sampling interval.
  feedOptions(bench, [f(34, 4), f(41, 4)], [77, 1]);
  assert.equal(bench.exporter.samplingRate, 0);
});

it('rejects templates that cannot be, and keeps the good one of the same id', () => {
  const bench = new TelemetryBench({ fieldsPerTemplateMax: 8 });
  feed(bench, [f(2, 4)], [1]);
  const many = Array.from({ length: 9 }, () => f(2, 1));
  const bad: readonly (readonly [number, readonly FieldSpec[]])[] = [
    [256, []],
    [256, [f(2, 0)]],
    [256, [f(96, 0xfffe), f(94, 2)]],
    [255, [f(2, 4)]],
    [256, many],
  ];
  for (const [id, fields] of bad) {
    bench.feed(encodeNetflow9({ uptimeMs: UPTIME, seconds: SECONDS, sets: [templates(id, fields)] }), NOW);
  }
  assert.equal(bench.rejections.of('template-invalid'), bad.length);
  const lie: SetSpec = { kind: 'raw', id: 0, content: Uint8Array.of(1, 0, 0xff, 0xff, 0, 2, 0, 4) };
  bench.feed(encodeNetflow9({ uptimeMs: UPTIME, seconds: SECONDS, sets: [lie] }), NOW);
  assert.equal(bench.rejections.of('template-invalid'), bad.length + 1);
  const data: SetSpec = { kind: 'data', id: 256, records: [encodeRecord([f(2, 4)], [2])] };
  bench.feed(encodeNetflow9({ uptimeMs: UPTIME, seconds: SECONDS, sets: [data] }), NOW);
  assert.deepEqual([...bench.batch.packets.slice(0, 2)], [1, 2]);
});

it('reads sets of which the length lies as far as they go', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(2, 4)], [1]);
  const send = (set: SetSpec): boolean =>
    bench.feed(encodeNetflow9({ uptimeMs: UPTIME, seconds: SECONDS, sets: [set] }), NOW);
  const content = encodeRecord([f(2, 4)], [2]);
  send({ kind: 'raw', id: 256, length: 4000, content });
  assert.equal(bench.batch.length, 2);
  send({ kind: 'raw', id: 256, length: 3, content });
  assert.equal(bench.batch.length, 2);
  assert.equal(bench.rejections.of('set-length-invalid'), 2);
  send({ kind: 'raw', id: 256, content: content.slice(0, 3) });
  assert.equal(bench.rejections.of('record-truncated'), 1);
});
