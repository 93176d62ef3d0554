import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../base/ip.ts';
import { createFlowBatch, type FlowBatch } from './flow-batch.ts';
import { FRAGMENT_FIRST, FRAGMENT_NONE, HAS, LAYER_INNER, LAYER_OUTER, NO_EXPORTER } from './flow-columns.ts';
import { FlowJson, TimeText } from './flow-json.ts';

const json = new FlowJson((index) => (index === 3 ? '198.51.100.1' : undefined));

function parsed(batch: FlowBatch, row: number): unknown {
  return JSON.parse(`{${json.members(batch, row)}}`);
}

function rowOf(values: Partial<Record<keyof FlowBatch, number>>): FlowBatch {
  const batch = createFlowBatch(1);
  batch.startMs[0] = batch.endMs[0] = batch.observedMs[0] = 1_700_000_000_123.9;
  batch.exporter[0] = NO_EXPORTER;
  batch.layer[0] = LAYER_OUTER;
  batch.packets[0] = 1;
  for (const [name, value] of Object.entries(values)) (batch[name as keyof FlowBatch] as Float64Array)[0] = value;
  return batch;
}

function setAddress(column: Uint32Array, text: string): void {
  column.set(parseAddress(text)!, 0);
}

test('a flow record has the fields of the issue by their names, in their order', () => {
  const batch = rowOf({
    exporter: 3,
    observationDomain: 7,
    samplingRate: 1000,
    packets: 5,
    bytes: 4000,
    srcPort: 53,
    dstPort: 4444,
    proto: 17,
    tcpFlags: 0,
    inIf: 1,
    outIf: 2,
    srcAs: 64500,
    dstAs: 64501,
    vlan: 12,
    fragment: FRAGMENT_FIRST,
  });
  setAddress(batch.srcAddr, '192.0.2.53');
  setAddress(batch.dstAddr, '2001:db8::1');
  batch.present[0] =
    HAS.srcAddr |
    HAS.dstAddr |
    HAS.srcPort |
    HAS.dstPort |
    HAS.proto |
    HAS.tcpFlags |
    HAS.inIf |
    HAS.outIf |
    HAS.srcAs |
    HAS.dstAs |
    HAS.vlan |
    HAS.fragment;
  assert.equal(
    json.members(batch, 0),
    '"exporter":"198.51.100.1","observationDomain":7,"srcAddr":"192.0.2.53","dstAddr":"2001:db8::1","srcPort":53,' +
      '"dstPort":4444,"proto":17,"tcpFlags":0,"bytes":4000,"packets":5,"samplingRate":1000,' +
      '"start":"2023-11-14T22:13:20.123Z","end":"2023-11-14T22:13:20.123Z","observed":"2023-11-14T22:13:20.123Z",' +
      '"inIf":1,"outIf":2,"srcAs":64500,"dstAs":64501,"fragment":"first","vlan":12',
  );
});

test('absent fields, unknown sampling, unknown exporters and times beyond a Date are left out', () => {
  const batch = rowOf({
    exporter: 9,
    samplingRate: 0,
    bytes: 40,
    startMs: Number.NaN,
    endMs: 1e300,
    fragment: FRAGMENT_NONE,
  });
  batch.present[0] = HAS.fragment;
  assert.deepEqual(parsed(batch, 0), {
    observationDomain: 0,
    bytes: 40,
    packets: 1,
    observed: '2023-11-14T22:13:20.123Z',
  });
});

test('a packet has no exporter, and a header in a tunnel no time and no count of its own', () => {
  assert.deepEqual(parsed(rowOf({ bytes: 60 }), 0), {
    bytes: 60,
    packets: 1,
    start: '2023-11-14T22:13:20.123Z',
    end: '2023-11-14T22:13:20.123Z',
  });
  const inner = rowOf({ layer: LAYER_INNER, bytes: 40, icmpType: 8, icmpCode: 0 });
  inner.present[0] = HAS.icmpType | HAS.icmpCode;
  assert.deepEqual(parsed(inner, 0), { bytes: 40, icmpType: 8, icmpCode: 0 });
});

test('times are those of Date, whatever second came before', () => {
  const times = new TimeText();
  fc.assert(
    fc.property(fc.array(fc.double({ min: -6e13, max: 2.5e14, noNaN: true })), (list) => {
      for (const timeMs of list) assert.equal(times.of(timeMs), new Date(Math.floor(timeMs)).toISOString());
    }),
  );
  assert.equal(times.of(Number.NaN), '');
  assert.equal(times.of(8.64e15 + 1), '');
});
