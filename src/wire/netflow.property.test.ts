import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { TelemetryBench } from '../../test/support/decode-telemetry.ts';
import {
  encodeIpfix,
  encodeNetflow5,
  encodeNetflow9,
  encodeRecord,
  type FieldSpec,
  type FieldValue,
  type SetSpec,
} from '../../test/support/encode-netflow.ts';
import { type ColumnName, FLOW_COLUMNS, HAS } from '../model/flow-columns.ts';

const SECONDS = 1_750_000_000;
const NOW = SECONDS * 1000;

/** Elements with the column they fill and the largest value it holds. */
const POOL: readonly (readonly [id: number, column: ColumnName, max: number])[] = [
  [4, 'proto', 0xff],
  [7, 'srcPort', 0xffff],
  [11, 'dstPort', 0xffff],
  [6, 'tcpFlags', 0x1ff],
  [192, 'ttl', 0xff],
  [5, 'tos', 0xff],
  [58, 'vlan', 0xfff],
  [10, 'inIf', 0xffffffff],
  [14, 'outIf', 0xffffffff],
  [16, 'srcAs', 0xffffffff],
  [17, 'dstAs', 0xffffffff],
  [61, 'flowDirection', 1],
  [2, 'packets', 2 ** 53],
  [1, 'bytes', 2 ** 53],
];
const COLUMN_OF = new Map(POOL.map(([id, column]) => [id, column]));

interface Shape {
  readonly fields: readonly FieldSpec[];
  readonly rows: readonly (readonly FieldValue[])[];
}

/** A template of some elements of the pool in any length, addresses, and elements that no column takes, with records. */
function shapes(variable: boolean): fc.Arbitrary<Shape> {
  const known = fc
    .shuffledSubarray([...POOL])
    .chain((chosen) =>
      fc.tuple(
        ...chosen.map(([id, , max]) =>
          fc.record({ id: fc.constant(id), length: fc.integer({ min: 1, max: 8 }), max: fc.constant(max) }),
        ),
      ),
    );
  const addresses = fc
    .constantFrom<readonly number[]>([], [8], [8, 12], [12])
    .map((ids) => ids.map((id) => ({ id, length: 4, max: 0xffffffff })));
  const length = variable ? fc.oneof(fc.constant(0xffff), fc.integer({ min: 0, max: 20 })) : fc.nat(20);
  const other = fc.array(fc.record({ id: fc.integer({ min: 20_000, max: 30_000 }), length, max: fc.constant(0) }), {
    maxLength: 4,
  });
  return fc
    .tuple(known, addresses, other)
    .chain(([a, b, c]) => fc.shuffledSubarray([...a, ...b, ...c], { minLength: a.length + b.length + c.length }))
    .filter((fields) => fields.some((field) => field.length > 0))
    .chain((fields) =>
      fc.record({
        fields: fc.constant(fields.map(({ id, length }) => ({ id, length }))),
        rows: fc.array(fc.tuple(...fields.map((field) => arbitraryValue(field))), { minLength: 1, maxLength: 20 }),
      }),
    );
}

function arbitraryValue(field: { length: number; max: number }): fc.Arbitrary<FieldValue> {
  if (field.length === 0xffff) return fc.uint8Array({ maxLength: 300 });
  if (field.max === 0) return fc.uint8Array({ minLength: field.length, maxLength: field.length });
  return fc.maxSafeNat().map((value) => value % Math.min(field.max + 1, 256 ** field.length, 2 ** 53));
}

function checkRows(bench: TelemetryBench, { fields, rows }: Shape, from: number): void {
  const { batch } = bench;
  rows.forEach((values, index) => {
    const row = from + index;
    fields.forEach((field, at) => {
      const column = COLUMN_OF.get(field.id);
      if (column !== undefined) {
        assert.equal(batch[column][row], values[at], column);
        const isOptional = FLOW_COLUMNS[column].optional;
        if (isOptional) assert.ok((batch.present[row] & HAS[column as keyof typeof HAS]) !== 0, column);
      }
      if (field.id === 8) assert.equal(batch.srcAddr[4 * row + 3], values[at]);
      if (field.id === 12) assert.equal(batch.dstAddr[4 * row + 3], values[at]);
    });
    const hasAddress = fields.some((field) => field.id === 8 || field.id === 12);
    assert.equal(batch.ipVersion[row], hasAddress ? 4 : 0);
    assert.deepEqual([batch.observedMs[row], batch.startMs[row], batch.endMs[row]], [NOW, NOW, NOW]);
  });
}

for (const version of [9, 10] as const) {
  it(`gives back what was encoded in any template of version ${version}`, () => {
    fc.assert(
      fc.property(shapes(version === 10), fc.boolean(), fc.boolean(), fc.nat(3), (shape, longForm, trace, padding) => {
        const { fields, rows } = shape;
        const bench = new TelemetryBench({}, 64, trace);
        const records = rows.map((values) => encodeRecord(fields, values, longForm));
        const shortest = Math.min(...records.map((record) => record.length));
        const sets: SetSpec[] = [
          {
            kind: 'templates',
            templates: [
              { id: 999, fields: [{ id: 1, length: 4 }] },
              { id: 256, fields },
            ],
          },
          { kind: 'data', id: 256, records, padding: shortest > 60 ? padding : 0 },
        ];
        const spec = { seconds: SECONDS, sets };
        bench.feed(version === 9 ? encodeNetflow9({ ...spec, uptimeMs: 5 }) : encodeIpfix(spec), NOW);
        assert.equal(bench.batch.length, rows.length);
        checkRows(bench, shape, 0);
        if (trace) assert.equal(bench.traced.length, rows.length);
        assert.equal(bench.rejections.total(), bench.rejections.of('record-empty'));
      }),
      { numRuns: 150 },
    );
  });
}

it('gives the same columns however small the batch is', () => {
  fc.assert(
    fc.property(shapes(true), fc.integer({ min: 1, max: 30 }), (shape, capacity) => {
      const records = shape.rows.map((values) => encodeRecord(shape.fields, values));
      const sets: SetSpec[] = [
        { kind: 'templates', templates: [{ id: 256, fields: shape.fields }] },
        { kind: 'data', id: 256, records },
      ];
      const bench = new TelemetryBench({}, capacity);
      bench.feed(encodeIpfix({ seconds: SECONDS, sets }), NOW);
      assert.equal(bench.taken + bench.batch.length, shape.rows.length);
      const rest = shape.rows.slice(bench.taken);
      checkRows(bench, { fields: shape.fields, rows: rest }, 0);
    }),
    { numRuns: 60 },
  );
});

/** Datagrams that hold something of everything, as seeds for mutation. */
function seedDatagrams(): Uint8Array[] {
  const fields: FieldSpec[] = [8, 12, 22, 21, 1, 2].map((id) => ({ id, length: 4 }));
  const variable: FieldSpec[] = [...fields, { id: 96, length: 0xffff }, { id: 1, length: 4, pen: 29305 }];
  const record = encodeRecord(fields, [1, 2, 3, 4, 5, 6]);
  const options: SetSpec = {
    kind: 'options-templates',
    templates: [{ id: 300, scopeCount: 1, fields: [1, 34, 48, 160].map((id) => ({ id, length: id === 160 ? 8 : 4 })) }],
  };
  const sets: SetSpec[] = [
    { kind: 'templates', templates: [{ id: 256, fields }] },
    { kind: 'data', id: 256, records: [record, record, record] },
    options,
    { kind: 'data', id: 300, records: [encodeRecord([{ id: 1, length: 20 }], [12_345])] },
  ];
  const text = new TextEncoder().encode('www.example.org');
  const variableSets: SetSpec[] = [
    { kind: 'templates', templates: [{ id: 257, fields: variable }] },
    { kind: 'data', id: 257, records: [encodeRecord(variable, [1, 2, 3, 4, 5, 6, text, 9])] },
    { kind: 'templates', templates: [{ id: 2, fields: [] }] },
  ];
  const five = { srcAddr: 1, dstAddr: 2, packets: 1, bytes: 1, first: 1, last: 2, srcPort: 1, dstPort: 2, proto: 1 };
  return [
    encodeNetflow5({ uptimeMs: 9, seconds: SECONDS, records: [five, five] }),
    encodeNetflow9({ uptimeMs: 9, seconds: SECONDS, sets }),
    encodeIpfix({ seconds: SECONDS, sets }),
    encodeIpfix({ seconds: SECONDS, sets: variableSets }),
  ];
}

interface Mutation {
  readonly seed: number;
  readonly at: number;
  readonly value: number;
  readonly kind: number;
}

function mutate(bytes: Uint8Array, { at, value, kind }: Mutation): Uint8Array {
  const copy = bytes.slice();
  const place = at % copy.length;
  switch (kind % 4) {
    case 0:
      copy[place] = value;
      return copy;
    case 1:
      return copy.slice(0, place);
    case 2:
      // Lengths and counts are 16 bits: all ones in one is the lie that hurts most.
      copy.fill(0xff, place & ~1, (place & ~1) + 2);
      return copy;
    default: {
      const longer = new Uint8Array(copy.length + (value % 64));
      longer.set(copy.slice(0, place));
      longer.set(copy.slice(place), place + (value % 64));
      return longer;
    }
  }
}

it('never throws, never overflows and never grows on mutated or random datagrams', () => {
  const seeds = seedDatagrams();
  const mutated = fc
    .record({ seed: fc.nat(), at: fc.nat(), value: fc.nat(255), kind: fc.nat() })
    .map((mutation) => mutate(seeds[mutation.seed % seeds.length], mutation));
  const random = fc
    .tuple(fc.constantFrom(5, 9, 10), fc.uint8Array({ minLength: 2, maxLength: 200 }))
    .map(([version, bytes]) => Uint8Array.of(0, version, ...bytes.slice(2)));
  const limits = { exportersMax: 4, templatesPerExporterMax: 4, templateFieldsMax: 64, fieldsPerTemplateMax: 16 };
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: mutated }, random), { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      (datagrams, capacity, trace) => {
        const bench = new TelemetryBench(limits, capacity, trace);
        let rejected = 0;
        let rows = 0;
        for (const datagram of [...seeds, ...datagrams]) {
          bench.feed(datagram, NOW);
          assert.ok(bench.batch.length < capacity, 'a full batch went to the sink');
          assert.ok(bench.rejections.total() >= rejected && bench.taken + bench.batch.length >= rows);
          rejected = bench.rejections.total();
          rows = bench.taken + bench.batch.length;
          assert.ok(bench.decoder.exporters.size <= 4);
          assert.ok(bench.decoder.templates.fields <= 64);
        }
        if (trace) assert.equal(bench.traced.filter(({ kind }) => kind === 'flow').length, rows);
        const { startMs, endMs, packets, bytes } = bench.batch;
        for (let row = 0; row < bench.batch.length; row++) {
          assert.ok(startMs[row] <= endMs[row] && Math.abs(startMs[row] - NOW) <= 86_400_000);
          assert.ok(packets[row] >= 0 && bytes[row] >= 0);
        }
      },
    ),
    { numRuns: 400 },
  );
});
