import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import {
  encodeIpfix,
  encodeNetflow5,
  encodeNetflow9,
  encodeRecord,
  type FieldSpec,
  type Netflow5Record,
  type SetSpec,
} from '../../test/support/encode-netflow.ts';
import { createFlowBatch, createKernelBatch, type FlowBatch } from '../model/flow-batch.ts';
import { COLUMN_NAMES, FLOW_COLUMNS, HAS } from '../model/flow-columns.ts';
import { Rejections } from '../model/rejection.ts';
import { TelemetryDecoder } from './telemetry.ts';

const SECONDS = 1_750_000_000;
const NOW = SECONDS * 1000;
const CAPACITY = 50;
/** One for all runs: every memory of WebAssembly reserves gigabytes of address space. */
const KERNEL_BATCH = createKernelBatch(CAPACITY, 65_536);

/** Elements that kernels know, beside some that they leave to the loops, in the lengths that exporters send. */
const FIELDS: readonly FieldSpec[] = [
  ...[1, 2].flatMap((id) => [2, 3, 4, 8].map((length) => ({ id, length }))),
  ...[10, 14, 16, 17].flatMap((id) => [1, 2, 3, 4, 8].map((length) => ({ id, length }))),
  ...[7, 11, 6, 58, 256].flatMap((id) => [1, 2, 4].map((length) => ({ id, length }))),
  ...[4, 5, 61, 192, 60, 197].flatMap((id) => [1, 2].map((length) => ({ id, length }))),
  ...[8, 12, 22, 21, 150, 151, 158, 161, 34, 48].map((id) => ({ id, length: 4 })),
  ...[152, 153, 154, 155].map((id) => ({ id, length: 8 })),
  ...[27, 28].map((id) => ({ id, length: 16 })),
  ...[23, 24, 32, 88, 139].map((id) => ({ id, length: 2 })),
  { id: 33_000, length: 12 },
];

interface Outcome {
  readonly rows: unknown[][];
  readonly rejected: Partial<Record<string, number>>;
}

/** All cells that count, row by row, and what was rejected. */
function outcome(datagrams: readonly Uint8Array[], batch: FlowBatch, inPlace: boolean): Outcome {
  const rejections = new Rejections();
  const decoder = new TelemetryDecoder(rejections, { kernelAfterRecords: 0 });
  const rows: unknown[][] = [];
  const sink = {
    take(full: FlowBatch): void {
      for (let row = 0; row < full.length; row++) rows.push(cells(full, row));
      full.length = 0;
    },
  };
  batch.length = 0;
  const source = Uint32Array.of(0, 0, 0xffff, 1);
  for (const datagram of datagrams) {
    let bytes = datagram;
    if (inPlace) {
      bytes = batch.receive!;
      bytes.set(datagram, 7);
    }
    decoder.decode(bytes, inPlace ? 7 : 0, datagram.length, source, 0, NOW, batch, sink);
  }
  sink.take(batch);
  return { rows, rejected: rejections.toRecord() };
}

function cells(batch: FlowBatch, row: number): unknown[] {
  const out: unknown[] = [batch.present[row]];
  for (const name of COLUMN_NAMES) {
    const isOptional = FLOW_COLUMNS[name].optional;
    if (isOptional && (batch.present[row] & HAS[name as keyof typeof HAS]) === 0) continue;
    const column = batch[name];
    if (FLOW_COLUMNS[name].kind === 'addr') out.push(...column.subarray(4 * row, 4 * row + 4));
    else out.push(column[row]);
  }
  return out;
}

function checkSame(datagrams: readonly Uint8Array[]): void {
  const plain = outcome(datagrams, createFlowBatch(CAPACITY), false);
  assert.deepEqual(outcome(datagrams, KERNEL_BATCH, false), plain);
  assert.deepEqual(outcome(datagrams, KERNEL_BATCH, true), plain, 'read in place');
}

it('gives what the loops give, for any template and any bytes', () => {
  const shape = fc.uniqueArray(fc.constantFrom(...FIELDS), { minLength: 1, maxLength: 20 }).chain((fields) => {
    const length = fields.reduce((sum, field) => sum + field.length, 0);
    // Bytes at random hit every sign bit; small ones make ICMP, empty counters and times that can be.
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 58));
    return fc.record({
      fields: fc.constant(fields),
      records: fc.array(
        fc.array(byte, { minLength: length, maxLength: length }).map((bytes) => Uint8Array.from(bytes)),
        { minLength: 1, maxLength: 60 },
      ),
    });
  });
  fc.assert(
    fc.property(shape, fc.boolean(), ({ fields, records }, isNetflow9) => {
      const sets: SetSpec[] = [
        { kind: 'templates', templates: [{ id: 256, fields }] },
        { kind: 'data', id: 256, records },
      ];
      const spec = { seconds: SECONDS, sets };
      const datagram = isNetflow9 ? encodeNetflow9({ ...spec, uptimeMs: 4e9 }) : encodeIpfix(spec);
      checkSame([datagram, datagram]);
    }),
    { numRuns: 150 },
  );
});

it('gives what the loops give for times near the arrival and over a wrap of the uptime', () => {
  const fields = [22, 21, 2, 1].map((id) => ({ id, length: 4 }));
  const age = fc.integer({ min: -700_000, max: 90_000_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(age, age), { minLength: 1, maxLength: 60 }), fc.nat(0xffffffff), (ages, uptimeMs) => {
      const records = ages.map(([first, last]) => encodeRecord(fields, [uptimeMs - first, uptimeMs - last, 1, 0]));
      const sets: SetSpec[] = [
        { kind: 'templates', templates: [{ id: 256, fields }] },
        { kind: 'data', id: 256, records },
      ];
      checkSame([encodeNetflow9({ uptimeMs, seconds: SECONDS, sets })]);
    }),
    { numRuns: 60 },
  );
});

it('gives what the loops give for NetFlow v5', () => {
  const u16 = fc.nat(0xffff);
  const u32 = fc.nat(0xffffffff);
  const record: fc.Arbitrary<Netflow5Record> = fc.record({
    srcAddr: u32,
    dstAddr: u32,
    inIf: u16,
    outIf: u16,
    packets: fc.oneof(fc.constant(0), u32),
    bytes: fc.oneof(fc.constant(0), u32),
    first: fc.integer({ min: 1_000_000, max: 2_000_000 }),
    last: fc.integer({ min: 1_000_000, max: 2_000_000 }),
    srcPort: u16,
    dstPort: u16,
    tcpFlags: fc.nat(255),
    proto: fc.constantFrom(1, 6, 17, 58),
    tos: fc.nat(255),
    srcAs: u16,
    dstAs: u16,
  });
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 60 }), (records) => {
      checkSame([encodeNetflow5({ uptimeMs: 2_000_000, seconds: SECONDS, records })]);
    }),
    { numRuns: 60 },
  );
});
