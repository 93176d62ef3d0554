import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { corpusOf } from '../../test/fuzz/corpus.ts';
import { mutate } from '../../test/fuzz/mutate.ts';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import { encodeIpfix, encodeNetflow9, encodeRecord } from '../../test/support/encode-netflow.ts';
import { Random } from '../base/random.ts';
import type { ExporterState } from './exporter.ts';

const NOW = 1_750_000_000_000;

/** What must be the same whether the datagrams were decoded or skipped: all but the rates that single records tell. */
function learned(exporter: ExporterState): unknown[] {
  const { address, observationDomain, protocol, datagrams, optionRecords, counterSamples, templates } = exporter;
  const { sequenceLost, recordsLost, samplingRate, clockOffsetMinMs, bootMs, lastSeenMs } = exporter;
  return [
    ...[address, observationDomain, protocol, datagrams, optionRecords, counterSamples, templates],
    ...[sequenceLost, recordsLost, samplingRate, clockOffsetMinMs, bootMs, lastSeenMs, exporter.samplers()],
    exporter.records + exporter.recordsShed,
  ];
}

function skip(bench: TelemetryBench, datagram: Uint8Array, arrivalMs: number): number {
  const words = Uint32Array.of(0, 0, 0xffff, 0x0a000001);
  return bench.decoder.skip(datagram, 0, datagram.length, words, 0, arrivalMs);
}

const recordsOf = (bench: TelemetryBench): number =>
  bench.decoder.exporters.list().reduce((sum, exporter) => sum + exporter.records, 0);

for (const name of ['netflow', 'sflow'] as const) {
  it(`counts the records that would have been decoded, and learns as much: ${name}`, () => {
    const seeds = corpusOf()[name];
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.nat(2), { minLength: 1, maxLength: 40 }), (seed, kinds) => {
        const random = new Random(seed);
        const decoded = new TelemetryBench();
        const skipped = new TelemetryBench();
        kinds.forEach((kind, at) => {
          const whole = seeds[random.below(seeds.length)];
          const other = seeds[random.below(seeds.length)];
          const datagram = kind === 0 ? mutate(random, whole, other) : whole;
          const before = recordsOf(decoded);
          decoded.feed(datagram, NOW + at);
          assert.equal(skip(skipped, datagram, NOW + at), recordsOf(decoded) - before);
        });
        assert.equal(skipped.batch.length, 0);
        const [left, right] = [decoded, skipped].map((bench) => bench.decoder.exporters.list().map(learned));
        assert.deepEqual(right, left);
      }),
      { numRuns: 120 },
    );
  });
}

it('counts records of variable length by walking over them, and decodes what follows', () => {
  const fields = [
    { id: 2, length: 4 },
    { id: 96, length: 0xffff },
    { id: 1, length: 4 },
  ];
  const records = [0, 3, 300].map((length) => encodeRecord(fields, [1, new Uint8Array(length), 60]));
  const bench = new TelemetryBench();
  const template = { kind: 'templates', templates: [{ id: 256, fields }] } as const;
  const data = { kind: 'data', id: 256, records } as const;
  assert.equal(skip(bench, encodeIpfix({ seconds: 1, sequence: 0, sets: [template, data] }), NOW), 3);
  assert.equal(skip(bench, encodeIpfix({ seconds: 1, sequence: 3, sets: [data, data] }), NOW), 6);
  bench.feed(encodeIpfix({ seconds: 1, sequence: 9, sets: [data] }), NOW);
  assert.deepEqual([bench.batch.length, bench.exporter.records, bench.exporter.recordsShed], [3, 3, 9]);
  assert.equal(bench.exporter.recordsLost, 0);
});

it('learns templates and options of a skipped datagram', () => {
  const bench = new TelemetryBench();
  const fields = [{ id: 2, length: 4 }];
  const options = [
    { id: 1, length: 4 },
    { id: 34, length: 4 },
  ];
  const sets = [
    { kind: 'templates', templates: [{ id: 256, fields }] },
    { kind: 'options-templates', templates: [{ id: 300, scopeCount: 1, fields: options }] },
    { kind: 'data', id: 300, records: [encodeRecord(options, [0, 1000])] },
  ] as const;
  assert.equal(skip(bench, encodeNetflow9({ uptimeMs: 1, seconds: 1, sequence: 1, sets }), NOW), 0);
  const data = { kind: 'data', id: 256, records: [encodeRecord(fields, [7])] } as const;
  bench.feed(encodeNetflow9({ uptimeMs: 1, seconds: 1, sequence: 2, sets: [data] }), NOW);
  assert.deepEqual([bench.batch.length, bench.batch.samplingRate[0]], [1, 1000]);
  assert.equal(skip(bench, Uint8Array.of(0, 7, 0, 0), NOW), 0);
  assert.equal(bench.rejections.of('datagram-version-unknown'), 1);
});
