import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../base/ip.ts';
import { createFlowBatch, type FlowBatch } from '../model/flow-batch.ts';
import {
  COLUMN_NAMES,
  FLOW_COLUMNS,
  LAYER_INNER,
  LAYER_OUTER,
  LAYER_QUOTED,
  NO_EXPORTER,
} from '../model/flow-columns.ts';
import { ExporterState } from '../wire/exporter.ts';
import { JsonLines } from './decode.ts';

const ROUTER = new ExporterState(0, parseAddress('203.0.113.1')!, 0, 7, 'netflow-v9', 0);
const NOBODY = new ExporterState(0, new Uint32Array(4), 0, 7, 'netflow-v9', 0);

function addRow(batch: FlowBatch, exporter: number, layer: number, bytes: number): void {
  const row = batch.length++;
  batch.exporter[row] = exporter;
  batch.layer[row] = layer;
  batch.bytes[row] = bytes;
  batch.packets[row] = 1;
  batch.present[row] = 0;
}

function linesOf(use: (lines: JsonLines) => void, counters = false, limit?: number): Record<string, unknown>[] {
  const written: Record<string, unknown>[] = [];
  use(new JsonLines((line) => written.push(JSON.parse(line)), counters, limit));
  return written;
}

test('the headers inside a packet stand inside its line', () => {
  const [packet, next] = linesOf((lines) => {
    const batch = createFlowBatch(8);
    addRow(batch, NO_EXPORTER, LAYER_OUTER, 154);
    addRow(batch, NO_EXPORTER, LAYER_INNER, 90);
    addRow(batch, NO_EXPORTER, LAYER_INNER, 40);
    addRow(batch, NO_EXPORTER, LAYER_QUOTED, 28);
    addRow(batch, NO_EXPORTER, LAYER_OUTER, 60);
    lines.take(batch);
    assert.deepEqual(lines.counts, { packets: 2, flows: 0, options: 0, counters: 0 });
  });
  const times = { start: '1970-01-01T00:00:00.000Z', end: '1970-01-01T00:00:00.000Z' };
  assert.deepEqual(packet, {
    kind: 'packet',
    bytes: 154,
    packets: 1,
    ...times,
    inner: { bytes: 90, inner: { bytes: 40, quoted: { bytes: 28 } } },
  });
  assert.deepEqual(next, { kind: 'packet', bytes: 60, packets: 1, ...times });
});

test('flows, options and counters keep the order in which they were decoded', () => {
  const kinds = (counters: boolean): unknown[] =>
    linesOf((lines) => {
      const batch = createFlowBatch(8);
      lines.record('options', ROUTER, { n: 1 });
      lines.record('flow', ROUTER, { n: 2 });
      addRow(batch, 0, LAYER_OUTER, 1);
      lines.record('counters', ROUTER, { n: 3 });
      lines.record('flow', ROUTER, { n: 4 });
      addRow(batch, 0, LAYER_OUTER, 1);
      lines.record('options', ROUTER, { n: 5 });
      lines.take(batch);
      lines.record('flow', ROUTER, { n: 6 });
      addRow(batch, 0, LAYER_OUTER, 1);
      lines.take(batch);
    }, counters).map(({ kind, fields }) => `${kind} ${(fields as { n: number }).n}`);
  assert.deepEqual(kinds(true), ['options 1', 'flow 2', 'counters 3', 'flow 4', 'options 5', 'flow 6']);
  assert.deepEqual(kinds(false), ['options 1', 'flow 2', 'flow 4', 'options 5', 'flow 6']);
});

test('integers beyond 2^53 are text, and an unknown exporter is left out', () => {
  const lines = linesOf((lines) => {
    lines.record('options', ROUTER, { big: 2n ** 60n, list: [1n, 2n] });
    lines.record('options', NOBODY, {});
  });
  assert.deepEqual(lines, [
    {
      kind: 'options',
      exporter: '203.0.113.1',
      observationDomain: 7,
      fields: { big: '1152921504606846976', list: ['1', '2'] },
    },
    { kind: 'options', observationDomain: 7, fields: {} },
  ]);
});

test('a limit stops after so many lines, whatever their kind', () => {
  const lines = linesOf(
    (lines) => {
      const batch = createFlowBatch(8);
      lines.record('options', ROUTER, { n: 1 });
      for (let at = 0; at < 5; at++) addRow(batch, NO_EXPORTER, LAYER_OUTER, at);
      assert.equal(lines.done, false);
      lines.take(batch);
      assert.equal(lines.done, true);
      lines.record('options', ROUTER, { n: 2 });
    },
    false,
    3,
  );
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ['options', 'packet', 'packet'],
  );
});

test('every optional column of the table is in the JSON', () => {
  const [line] = linesOf((lines) => {
    const batch = createFlowBatch(1);
    addRow(batch, NO_EXPORTER, LAYER_OUTER, 1);
    batch.present[0] = 0xffffffff;
    batch.fragment[0] = 1;
    lines.take(batch);
  });
  const optional = COLUMN_NAMES.filter((name) => FLOW_COLUMNS[name].optional);
  assert.deepEqual(
    optional.filter((name) => !(name in line)),
    [],
  );
});
