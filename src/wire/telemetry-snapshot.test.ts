import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { corpusOf } from '../../test/fuzz/corpus.ts';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import { encodeIpfix, encodeNetflow9, encodeRecord } from '../../test/support/encode-netflow.ts';
import type { ExporterState } from './exporter.ts';
import { hashBytes, restoreTelemetry, snapshotTelemetry } from './telemetry-snapshot.ts';

const SECONDS = 1_750_000_000;
const NOW = SECONDS * 1000;
const DAY_MS = 86_400_000;

const FIELDS = [8, 12, 1, 2].map((id) => ({ id, length: 4 }));
const OPTIONS = [1, 48, 50].map((id) => ({ id, length: 4 }));
const TEMPLATES = [
  { kind: 'templates', templates: [{ id: 256, fields: FIELDS }] },
  { kind: 'options-templates', templates: [{ id: 300, scopeCount: 1, fields: OPTIONS }] },
  {
    kind: 'data',
    id: 300,
    records: [
      [0, 7, 500],
      [0, 8, 100],
    ].map((values) => encodeRecord(OPTIONS, values)),
  },
] as const;
const DATA = {
  kind: 'data',
  id: 256,
  records: new Array<Uint8Array>(30).fill(encodeRecord(FIELDS, [1, 2, 3, 4])),
} as const;

const nine = (sequence: number, sets: Parameters<typeof encodeNetflow9>[0]['sets']): Uint8Array =>
  encodeNetflow9({ uptimeMs: 100_000_000, seconds: SECONDS, sequence, sets });

function restored(
  from: TelemetryBench,
  nowMs: number,
): { bench: TelemetryBench; exporters: number; templates: number } {
  const bench = new TelemetryBench();
  return { bench, ...restoreTelemetry(bench.decoder, snapshotTelemetry(from.decoder), nowMs) };
}

/** What is kept of all exporters; their order and that of their templates is that of use. */
const keptOf = (bench: TelemetryBench): string[] =>
  bench.decoder.exporters
    .list()
    .map((exporter) => JSON.stringify(kept(exporter)))
    .sort();

function kept(exporter: ExporterState): unknown[] {
  const { address, observationDomain, protocol, templates, samplingRate, activeTimeoutSeconds, bootMs } = exporter;
  const fields = [...(exporter.templateById?.values() ?? [])]
    .sort((left, right) => left.id - right.id)
    .map(({ id, fields, scopeCount }) => [id, [...fields], scopeCount]);
  const all = [address, observationDomain, protocol, templates, samplingRate, activeTimeoutSeconds, bootMs];
  return [...all, exporter.samplers(), fields, exporter.sequence.memory()];
}

it('reads on after a restart, and tells what came while it was down', () => {
  const before = new TelemetryBench();
  before.feed(nine(5, TEMPLATES), NOW);
  for (let at = 6; at < 50; at++) before.feed(nine(at, [DATA]), NOW + at);
  const { bench, exporters, templates } = restored(before, NOW + 60_000);
  assert.deepEqual([exporters, templates], [1, 2]);
  assert.deepEqual(keptOf(bench), keptOf(before));
  bench.feed(nine(150, [DATA]), NOW + 60_000);
  assert.deepEqual([bench.batch.length, bench.rejections.total()], [30, 0]);
  assert.deepEqual([bench.exporter.recordsLost, bench.exporter.sequenceLost, bench.exporter.records], [0, 0, 30]);
  assert.equal(bench.exporter.silenceMaxMs, 0);
  // The first datagram after the gap is measured too: 45 of 46 hold records.
  const mean = (45 * 30) / 46;
  assert.ok(Math.abs(bench.exporter.sequence.missedWhileDown - 100 * mean) < 1e-6);
});

it('takes back what a live exporter sent, whatever it was', () => {
  const corpus = corpusOf();
  const seeds = [...corpus.netflow, ...corpus.sflow];
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 60 }), (chosen) => {
      const before = new TelemetryBench();
      for (const at of chosen) before.feed(seeds[at % seeds.length], NOW, 1 + (at % 5));
      const { bench } = restored(before, NOW);
      assert.deepEqual(keptOf(bench), keptOf(before));
    }),
    { numRuns: 40 },
  );
});

it('leaves out templates and exporters of more than a day ago', () => {
  const before = new TelemetryBench();
  before.feed(encodeIpfix({ seconds: SECONDS, domain: 1, sets: TEMPLATES }), NOW - 2 * DAY_MS);
  before.feed(encodeIpfix({ seconds: SECONDS, domain: 2, sets: TEMPLATES }), NOW - DAY_MS + 1000);
  before.feed(encodeIpfix({ seconds: SECONDS, domain: 2, sets: [] }), NOW);
  const soon = restored(before, NOW);
  assert.deepEqual([soon.exporters, soon.templates], [1, 2]);
  const later = restored(before, NOW + 2000);
  assert.deepEqual([later.exporters, later.templates], [1, 0]);
  assert.equal(restored(before, NOW + 2 * DAY_MS).exporters, 0);
});

it('leaves alone what was heard since, and more than there is room for', () => {
  const before = new TelemetryBench();
  before.feed(nine(5, TEMPLATES), NOW);
  const bench = new TelemetryBench({ exportersMax: 3 });
  bench.feed(nine(900, []), NOW);
  assert.deepEqual(restoreTelemetry(bench.decoder, snapshotTelemetry(before.decoder), NOW), {
    exporters: 0,
    templates: 0,
  });
  assert.equal(bench.exporter.sequence.memory().next, 901);
  for (let source = 1; source < 20; source++) before.feed(nine(5, TEMPLATES), NOW, source);
  assert.equal(restoreTelemetry(bench.decoder, snapshotTelemetry(before.decoder), NOW).exporters, 2);
  assert.equal(bench.decoder.exporters.size, 3);
});

it('takes nothing from bytes that are damaged, of another version, or no snapshot', () => {
  const before = new TelemetryBench();
  before.feed(nine(5, TEMPLATES), NOW);
  const snapshot = snapshotTelemetry(before.decoder);
  const none = { exporters: 0, templates: 0 };
  const f = (bytes: Uint8Array): void => {
    assert.deepEqual(restoreTelemetry(new TelemetryBench().decoder, bytes, NOW), none);
  };
  for (let length = 0; length < snapshot.length; length++) f(snapshot.slice(0, length));
  for (let at = 0; at < snapshot.length; at++) f(snapshot.with(at, snapshot[at] ^ 0x10));
  f(Uint8Array.from([...snapshot, 0]));
  const other = snapshot.slice();
  other[4] = 2;
  new DataView(other.buffer).setUint32(12, hashBytes(other, 16), true);
  f(other);
});
