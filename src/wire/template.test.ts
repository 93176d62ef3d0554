import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import { encodeIpfix, encodeRecord, type SetSpec } from '../../test/support/encode-netflow.ts';
import { Rejections } from '../model/rejection.ts';
import { ExporterTable } from './exporter.ts';

const SECONDS = 1_750_000_000;
const NOW = SECONDS * 1000;
const FIELDS = [{ id: 2, length: 4 }];

function define(domain: number, ...ids: number[]): Uint8Array {
  const sets: SetSpec[] = [{ kind: 'templates', templates: ids.map((id) => ({ id, fields: FIELDS })) }];
  return encodeIpfix({ seconds: SECONDS, domain, sets });
}

function data(domain: number, id: number): Uint8Array {
  const sets: SetSpec[] = [{ kind: 'data', id, records: [encodeRecord(FIELDS, [1])] }];
  return encodeIpfix({ seconds: SECONDS, domain, sets });
}

it('drops the template unused longest where an exporter has too many', () => {
  const bench = new TelemetryBench({ templatesPerExporterMax: 3 });
  bench.feed(define(0, 256, 257, 258), NOW);
  bench.feed(data(0, 256), NOW);
  bench.feed(define(0, 259), NOW);
  assert.equal(bench.exporter.templates, 3);
  assert.equal(bench.rejections.of('templates-full'), 1);
  for (const id of [256, 258, 259]) bench.feed(data(0, id), NOW);
  assert.equal(bench.batch.length, 4);
  bench.feed(data(0, 257), NOW);
  assert.equal(bench.rejections.of('template-unknown'), 1);
});

it('forgets templates neither announced nor used for long', () => {
  const bench = new TelemetryBench({ templateExpiryMs: 1000, exporterExpiryMs: 1e9 });
  bench.feed(define(0, 256), NOW);
  bench.feed(data(0, 256), NOW + 900);
  bench.feed(data(0, 256), NOW + 1800);
  assert.equal(bench.batch.length, 2);
  bench.feed(data(0, 256), NOW + 2801);
  assert.equal(bench.rejections.of('template-unknown'), 1);
  assert.equal(bench.exporter.templates, 0);
});

it('stays bounded under a million template ids', () => {
  const bench = new TelemetryBench({ exportersMax: 8, templatesPerExporterMax: 500, templateFieldsMax: 2000 });
  const ids = Array.from({ length: 1000 }, (_, at) => 256 + at);
  let defined = 0;
  for (let domain = 0; defined < 1_000_000; domain++) {
    bench.feed(define(domain, ...ids), NOW + domain);
    defined += ids.length;
    assert.ok(bench.decoder.exporters.size <= 8);
    assert.ok(bench.decoder.templates.fields <= 2000);
  }
  const held = bench.decoder.exporters.list().reduce((sum, exporter) => sum + exporter.templates, 0);
  assert.equal(held, bench.decoder.templates.fields, 'one field each');
  assert.equal(bench.rejections.of('exporters-full'), 1000 - 8);
});

it('forgets the exporter silent longest, and gives its index to the next', () => {
  const table = new ExporterTable(new Rejections(), { exportersMax: 2 });
  const source = (last: number): Uint32Array => Uint32Array.of(0, 0, 0xffff, last);
  const first = table.touch(source(1), 0, 0, 'ipfix', 1);
  const second = table.touch(source(2), 0, 0, 'ipfix', 2);
  assert.equal(table.touch(source(1), 0, 0, 'ipfix', 3), first);
  const third = table.touch(source(3), 0, 0, 'ipfix', 4);
  assert.equal(third.index, second.index);
  assert.equal(table.at(first.index), first);
  assert.deepEqual(
    table.list().map((exporter) => exporter.address),
    ['0.0.0.1', '0.0.0.3'],
  );
});

it('forgets exporters that fell silent', () => {
  const table = new ExporterTable(new Rejections(), { exporterExpiryMs: 1000 });
  const source = (last: number): Uint32Array => Uint32Array.of(0, 0, 0xffff, last);
  table.touch(source(1), 0, 0, 'netflow-v9', 0);
  table.touch(source(2), 0, 0, 'netflow-v9', 900);
  table.touch(source(2), 0, 0, 'netflow-v9', 1001);
  assert.equal(table.size, 1);
  table.touch(source(3), 0, 0, 'netflow-v9', 9999, false);
  assert.equal(table.size, 2);
});

it('tells exporters apart by protocol, domain and all words of the address', () => {
  const table = new ExporterTable(new Rejections());
  const words = Uint32Array.of(0, 0, 0xffff, 1, 0x20010db8, 0, 0, 1);
  const all = [
    table.touch(words, 0, 0, 'ipfix', 1),
    table.touch(words, 0, 1, 'ipfix', 1),
    table.touch(words, 0, 0, 'netflow-v9', 1),
    table.touch(words, 4, 0, 'ipfix', 1),
  ];
  assert.equal(new Set(all).size, 4);
  assert.equal(all[3].address, '2001:db8::1');
  assert.equal(table.touch(words, 4, 0, 'ipfix', 1).datagrams, 2);
});

it('keeps a bounded number of samplers and rates', () => {
  const rejections = new Rejections();
  const exporter = new ExporterTable(rejections).touch(new Uint32Array(4), 0, 0, 'ipfix', 1);
  for (let id = 0; id < 1000; id++) exporter.setSamplerRate(id, id + 1, rejections);
  assert.equal(exporter.samplerRate(999), 1000);
  assert.equal(exporter.samplerRate(0), 0, 'the oldest was dropped, and there is no default');
  assert.equal(exporter.samplingRates.length, 16);
});
