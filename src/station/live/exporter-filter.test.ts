import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../base/ip.ts';
import { createFlowBatch } from '../../model/flow-batch.ts';
import { HAS, NO_EXPORTER } from '../../model/flow-columns.ts';
import { Rejections } from '../../model/rejection.ts';
import { UNCOUNTED } from '../../sketch/classify.ts';
import { ExporterTable } from '../../wire/exporter.ts';
import { ExporterFilter } from './exporter-filter.ts';

test('what crosses no outside interface of its exporter is left out, and nothing else', () => {
  const exporters = new ExporterTable(new Rejections());
  const told = exporters.touch(parseAddress('192.0.2.1') as Uint32Array, 0, 0, 'ipfix', 1);
  const untold = exporters.touch(parseAddress('192.0.2.2') as Uint32Array, 0, 0, 'ipfix', 1);
  const settings = new Map([['192.0.2.1', new Set([3])]]);
  const filter = new ExporterFilter(settings, exporters);
  const both = HAS.inIf | HAS.outIf;
  // Exporter, what the row has, input, output, and whether it counts.
  const rows: [number, number, number, number, boolean][] = [
    [told.index, both, 3, 7, true],
    [told.index, both, 7, 3, true],
    [told.index, both, 7, 8, false],
    [told.index, HAS.inIf, 3, 0, true],
    [told.index, HAS.outIf, 3, 8, false],
    [told.index, 0, 7, 8, true],
    [untold.index, both, 7, 8, true],
    [NO_EXPORTER, both, 7, 8, true],
  ];
  const batch = createFlowBatch(rows.length);
  const classes = new Uint8Array(rows.length);
  rows.forEach(([exporter, has, input, output], row) => {
    batch.exporter[row] = exporter;
    batch.present[row] = has;
    batch.inIf[row] = input;
    batch.outIf[row] = output;
  });
  filter.apply(batch, classes, rows.length);
  assert.deepEqual(
    [...classes].map((known) => known !== UNCOUNTED),
    rows.map(([, , , , counts]) => counts),
  );
  assert.equal(filter.left, 2);
});
