import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import {
  encodeIpfix,
  encodeRecord,
  type FieldSpec,
  type FieldValue,
  type SetSpec,
} from '../../test/support/encode-netflow.ts';
import { HAS } from '../model/flow-columns.ts';
import { REVERSE_PEN } from './elements.ts';

const SECONDS = 1_750_000_000;
const NOW = SECONDS * 1000;
const NTP_OFFSET = 2_208_988_800;

const f = (id: number, length: number, pen = 0): FieldSpec => ({ id, length, pen });

function feed(
  bench: TelemetryBench,
  fields: readonly FieldSpec[],
  rows: readonly (readonly FieldValue[])[],
  longForm = false,
): void {
  const records = rows.map((values) => encodeRecord(fields, values, longForm));
  const sets: SetSpec[] = [
    { kind: 'templates', templates: [{ id: 256, fields }] },
    { kind: 'data', id: 256, records },
  ];
  bench.feed(encodeIpfix({ seconds: SECONDS, sets }), NOW);
}

function feedOptions(bench: TelemetryBench, fields: readonly FieldSpec[], values: readonly FieldValue[]): void {
  const sets: SetSpec[] = [
    { kind: 'options-templates', templates: [{ id: 300, fields, scopeCount: 1 }] },
    { kind: 'data', id: 300, records: [encodeRecord(fields, values)] },
  ];
  bench.feed(encodeIpfix({ seconds: SECONDS, sets }), NOW);
}

it('reads fields behind texts of variable length, in short and long form', () => {
  for (const longForm of [false, true]) {
    const bench = new TelemetryBench({}, 4096, true);
    const text = (length: number): Uint8Array => new Uint8Array(length).fill(97);
    const fields = [f(2, 4), f(96, 0xffff), f(1, 4), f(460, 0xffff), f(7, 2)];
    const rows = [
      [1, text(0), 100, text(3), 53],
      [2, text(254), 200, text(255), 80],
      [3, text(300), 300, text(0), 443],
    ];
    feed(bench, fields, rows, longForm);
    const { batch } = bench;
    assert.deepEqual([...batch.packets.slice(0, 3)], [1, 2, 3]);
    assert.deepEqual([...batch.bytes.slice(0, 3)], [100, 200, 300]);
    assert.deepEqual([...batch.srcPort.slice(0, 3)], [53, 80, 443]);
    assert.equal(bench.traced[2].fields.applicationName, 'a'.repeat(300));
  }
});

it('stops at a record that overruns its set', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(2, 4), f(96, 0xffff)], [[1, new Uint8Array(5)]]);
  const content = Uint8Array.of(0, 0, 0, 9, 1, 97, 0, 0, 0, 8, 200, 97, 97, 97);
  bench.feed(encodeIpfix({ seconds: SECONDS, sets: [{ kind: 'raw', id: 256, content }] }), NOW);
  assert.deepEqual([...bench.batch.packets.slice(0, bench.batch.length)], [1, 9]);
  assert.equal(bench.rejections.of('record-truncated'), 1);
});

it('reads both directions of a biflow', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(85, 8), f(86, 8), f(85, 8, REVERSE_PEN), f(86, 8, REVERSE_PEN)], [[1000, 10, 40, 1]]);
  const { batch } = bench;
  assert.deepEqual([batch.bytes[0], batch.packets[0]], [1000, 10]);
  assert.deepEqual([batch.reverseBytes[0], batch.reversePackets[0]], [40, 1]);
  assert.ok((batch.present[0] & HAS.reverseBytes) !== 0);
});

it('passes over enterprise elements with the id of a known one', () => {
  const bench = new TelemetryBench({}, 16, true);
  feed(bench, [f(1, 4, 4242), f(1, 4)], [[999, 7]]);
  assert.equal(bench.batch.bytes[0], 7);
  assert.equal(bench.traced[0].fields['4242.1'], '000003e7');
});

it('withdraws one template, and all of a kind', () => {
  const bench = new TelemetryBench();
  const fields = [f(2, 4)];
  const define: SetSpec = {
    kind: 'templates',
    templates: [256, 257, 258].map((id) => ({ id, fields })),
  };
  const options: SetSpec = { kind: 'options-templates', templates: [{ id: 300, fields, scopeCount: 1 }] };
  const send = (...sets: SetSpec[]): boolean => bench.feed(encodeIpfix({ seconds: SECONDS, sets }), NOW);
  send(define, options);
  assert.equal(bench.exporter.templates, 4);
  send({ kind: 'templates', templates: [{ id: 257, fields: [] }] });
  assert.equal(bench.exporter.templates, 3);
  send({ kind: 'templates', templates: [{ id: 2, fields: [] }] });
  assert.equal(bench.exporter.templates, 1);
  send({ kind: 'options-templates', templates: [{ id: 3, fields: [] }] });
  assert.equal(bench.exporter.templates, 0);
  assert.equal(bench.decoder.templates.fields, 0);
  send({ kind: 'data', id: 256, records: [encodeRecord(fields, [1])] });
  assert.equal(bench.rejections.of('template-unknown'), 1);
});

const ntp = (ms: number): bigint =>
  (BigInt(Math.floor(ms / 1000) + NTP_OFFSET) << 32n) | BigInt(Math.round(((ms % 1000) / 1000) * 2 ** 32));

/** Ways to tell a flow from NOW - 5000 to NOW - 2000. */
const TIMES: Readonly<Record<string, readonly [fields: readonly FieldSpec[], values: readonly FieldValue[]]>> = {
  seconds: [
    [f(150, 4), f(151, 4)],
    [SECONDS - 5, SECONDS - 2],
  ],
  milliseconds: [
    [f(152, 8), f(153, 8)],
    [NOW - 5000, NOW - 2000],
  ],
  microseconds: [
    [f(154, 8), f(155, 8)],
    [ntp(NOW - 5000), ntp(NOW - 2000)],
  ],
  nanoseconds: [
    [f(156, 8), f(157, 8)],
    [ntp(NOW - 5000), ntp(NOW - 2000)],
  ],
  deltas: [
    [f(158, 4), f(159, 4)],
    [5_000_000, 2_000_000],
  ],
  'uptime and its start in the record': [
    [f(22, 4), f(21, 4), f(160, 8)],
    [1000, 4000, NOW - 6000],
  ],
  'start and duration': [
    [f(152, 8), f(161, 4)],
    [NOW - 5000, 3000],
  ],
  'start and duration in microseconds': [
    [f(152, 8), f(162, 4)],
    [NOW - 5000, 3_000_000],
  ],
  'end and duration': [
    [f(153, 8), f(161, 4)],
    [NOW - 2000, 3000],
  ],
  'start and the time of an event': [
    [f(152, 8), f(323, 8)],
    [NOW - 5000, NOW - 2000],
  ],
};

for (const [name, [fields, values]] of Object.entries(TIMES)) {
  it(`reads times told as ${name}`, () => {
    const bench = new TelemetryBench();
    feed(bench, [...fields, f(2, 4)], [[...values, 1]]);
    assert.deepEqual([bench.batch.startMs[0], bench.batch.endMs[0]], [NOW - 5000, NOW - 2000]);
    assert.equal(bench.rejections.of('record-time-absurd'), 0);
  });
}

it('places uptimes once options told when the system started, and knows the duration before', () => {
  const bench = new TelemetryBench();
  const fields = [f(22, 4), f(21, 4), f(2, 4)];
  feed(bench, fields, [[1000, 4000, 1]]);
  feedOptions(bench, [f(143, 4), f(160, 8)], [1, NOW - 6000]);
  feed(bench, fields, [[1000, 4000, 1]]);
  assert.deepEqual([...bench.batch.startMs.slice(0, 2)], [NOW - 3000, NOW - 5000]);
  assert.deepEqual([...bench.batch.endMs.slice(0, 2)], [NOW, NOW - 2000]);
});

it('takes the arrival for times that are not told', () => {
  const bench = new TelemetryBench();
  feed(bench, [f(2, 4)], [[1]]);
  feed(bench, [f(152, 8), f(2, 4)], [[NOW - 5000, 1]]);
  feed(bench, [f(153, 8), f(2, 4)], [[NOW - 2000, 1]]);
  feed(bench, [f(161, 4), f(2, 4)], [[3000, 1]]);
  assert.deepEqual([...bench.batch.startMs.slice(0, 4)], [NOW, NOW - 5000, NOW - 2000, NOW - 3000]);
  assert.deepEqual([...bench.batch.endMs.slice(0, 4)], [NOW, NOW, NOW - 2000, NOW]);
});

/** Ways to tell a sampling of one packet in 100. */
const SAMPLINGS: Readonly<Record<string, readonly [readonly FieldSpec[], readonly FieldValue[]]>> = {
  interval: [[f(34, 4)], [100]],
  'random interval': [[f(50, 4)], [100]],
  'packet interval alone': [[f(305, 4)], [100]],
  'packet interval and space': [
    [f(305, 4), f(306, 4)],
    [10, 990],
  ],
  'size and population': [
    [f(309, 4), f(310, 4)],
    [2, 200],
  ],
  probability: [[f(311, 8)], [Uint8Array.of(0x3f, 0x84, 0x7a, 0xe1, 0x47, 0xae, 0x14, 0x7b)]],
};

for (const [name, [fields, values]] of Object.entries(SAMPLINGS)) {
  it(`reads sampling told as ${name}, in options and in records`, () => {
    const bench = new TelemetryBench();
    feedOptions(bench, [f(143, 4), ...fields], [1, ...values]);
    feed(bench, [f(2, 4)], [[1]]);
    assert.equal(bench.batch.samplingRate[0], 100);
    const other = new TelemetryBench();
    feed(other, [f(2, 4), ...fields], [[1, ...values]]);
    assert.equal(other.batch.samplingRate[0], 100);
  });
}

it('looks up the rate of a selector', () => {
  const bench = new TelemetryBench();
  feedOptions(bench, [f(302, 8), f(305, 4), f(306, 4)], [77, 1, 1999]);
  feed(bench, [f(2, 4), f(302, 8)], [[1, 77]]);
  assert.equal(bench.batch.samplingRate[0], 2000);
});

it('counts lost data records by the sequence, unless it cannot know how many there were', () => {
  const bench = new TelemetryBench();
  const fields = [f(2, 4)];
  const define: SetSpec = { kind: 'templates', templates: [{ id: 256, fields }] };
  const data = (id: number): SetSpec => ({
    kind: 'data',
    id,
    records: [1, 2, 3].map((n) => encodeRecord(fields, [n])),
  });
  const send = (sequence: number, ...sets: SetSpec[]): boolean =>
    bench.feed(encodeIpfix({ seconds: SECONDS, sequence, sets }), NOW);
  send(0, define, data(256));
  send(3, data(256));
  send(10, data(256));
  assert.equal(bench.exporter.sequenceLost, 4);
  send(13, data(999));
  send(50, data(256));
  assert.equal(bench.exporter.sequenceLost, 4);
});

it('reads one message, and counts bytes behind it', () => {
  const bench = new TelemetryBench();
  const fields = [f(2, 4)];
  const sets: SetSpec[] = [
    { kind: 'templates', templates: [{ id: 256, fields }] },
    { kind: 'data', id: 256, records: [encodeRecord(fields, [1])], padding: 3 },
  ];
  const message = encodeIpfix({ seconds: SECONDS, sets });
  const twice = new Uint8Array(2 * message.length);
  twice.set(message);
  twice.set(message, message.length);
  bench.feed(twice, NOW);
  assert.equal(bench.batch.length, 1);
  assert.equal(bench.rejections.of('datagram-length-lies'), 1);
});
