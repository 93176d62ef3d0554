import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { putRow, type RowSpec } from '../../test/support/flow-rows.ts';
import { Random } from '../base/random.ts';
import { createFlowBatch } from '../model/flow-batch.ts';
import { CLASS } from '../model/traffic-class.ts';
import { UNCOUNTED } from './classify.ts';
import { PACED_DURATION_MIN_MS, Pacer, type PacerLimits } from './pacer.ts';

const T = 1_700_000_000;
const BASE: RowSpec = {
  exporter: 0,
  src: '198.51.100.1',
  dst: '192.0.2.1',
  proto: 17,
  srcPort: 53,
  dstPort: 4000,
};

interface Released {
  packets: number;
  bytes: number;
  rows: number;
  flows: number;
  lagMs: number;
}

/** A pacer, and per second what came out of it or was counted at once. */
class Rig {
  readonly seconds = new Map<number, Released>();
  readonly pacer: Pacer;
  second = T;
  readonly #batch = createFlowBatch(1);
  readonly #classes = new Uint8Array(1);

  constructor(limits: PacerLimits) {
    this.pacer = new Pacer((batch, classes, from, to, startsFlows) => {
      for (let row = from; row < to; row++) {
        if (classes[row] === UNCOUNTED) continue;
        assert.equal(classes[row], CLASS.dnsResponse);
        assert.equal(batch.dstAddr[4 * row + 3], 0xc0000201);
        assert.ok(batch.packets[row] > 0 && batch.bytes[row] >= 0, 'every share has packets');
        assert.ok(batch.observedMs[row] >= batch.startMs[row], 'nothing is released before it was carried');
        this.#note(
          batch.packets[row] * batch.samplingRate[row],
          batch.bytes[row] * batch.samplingRate[row],
          startsFlows,
          batch.observedMs[row] - batch.startMs[row],
        );
      }
    }, limits);
  }

  #note(packets: number, bytes: number, startsFlow: boolean, lagMs: number): void {
    const at = this.seconds.get(this.second) ?? { packets: 0, bytes: 0, rows: 0, flows: 0, lagMs: 0 };
    at.packets += packets;
    at.bytes += bytes;
    at.rows++;
    at.lagMs = Math.max(at.lagMs, lagMs);
    if (startsFlow) at.flows++;
    this.seconds.set(this.second, at);
  }

  put(spec: RowSpec, trafficClass: number = CLASS.dnsResponse): boolean {
    this.#batch.length = 0;
    putRow(this.#batch, { ...BASE, ...spec });
    this.#classes[0] = trafficClass;
    const waiting = this.pacer.pending;
    const { thinned } = this.pacer;
    this.pacer.pace(this.#batch, this.#classes, 0, this.second);
    if (this.#classes[0] !== UNCOUNTED) {
      const { packets, bytes, samplingRate, observedMs, startMs } = this.#batch;
      const rate = samplingRate[0];
      this.#note(packets[0] * rate, bytes[0] * rate, true, observedMs[0] - startMs[0]);
    }
    return this.pacer.pending > waiting || this.pacer.thinned > thinned;
  }

  to(second: number): void {
    while (this.second < second) this.pacer.advance(++this.second);
  }

  series(from: number, to: number): number[] {
    return Array.from({ length: to - from }, (_, index) => this.seconds.get(from + index)?.packets ?? 0);
  }

  sum(key: keyof Released): number {
    return [...this.seconds.values()].reduce((sum, released) => sum + released[key], 0);
  }
}

const SMALL: PacerLimits = { pendingMax: 256, exportersMax: 4 };

test('a record of 60 s gives the same rate in each of 60 seconds', () => {
  const rig = new Rig(SMALL);
  const now = T * 1000 + 250;
  assert.ok(rig.put({ observedMs: now, startMs: now - 60_000, endMs: now, packets: 6000, bytes: 720_000 }));
  rig.to(T + 100);
  assert.deepEqual(rig.series(T, T + 61), [...new Array<number>(60).fill(100), 0]);
  assert.ok([...rig.seconds.values()].every((released) => released.bytes === 12_000));
  assert.equal(rig.sum('flows'), 1);
  assert.equal(rig.seconds.get(T)?.flows, 1);
  assert.equal(rig.pacer.pending, 0);
  // The lag is the distance from carriage to release, the same for all shares but for the part of a second that the first came late.
  assert.equal(rig.seconds.get(T)?.lagMs, 60_000);
  rig.seconds.delete(T);
  assert.ok([...rig.seconds.values()].every((released) => released.lagMs === 59_750));
});

test('shares add up to the packets and bytes of the record, each within one packet of the rate', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: PACED_DURATION_MIN_MS, max: 400_000 }),
      fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 1_000_000 }), fc.maxSafeNat()),
      fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.maxSafeNat()),
      (durationMs, packetsAny, bytes) => {
        // A record has at least one packet; zero is never handed to the pacer with a class.
        const packets = Math.max(1, packetsAny);
        const rig = new Rig(SMALL);
        const now = T * 1000;
        assert.ok(rig.put({ observedMs: now, startMs: now - durationMs, endMs: now, packets, bytes }));
        const shares = Math.ceil(durationMs / 1000);
        rig.to(T + shares + 2);
        // Sums beyond 2^53 would round on the way: add as big integers.
        const sum = (key: 'packets' | 'bytes'): bigint =>
          [...rig.seconds.values()].reduce((total, released) => total + BigInt(released[key]), 0n);
        assert.equal(sum('packets'), BigInt(packets));
        assert.equal(sum('bytes'), BigInt(bytes));
        assert.equal(rig.sum('flows'), 1);
        assert.equal(rig.pacer.pending, 0);
        const series = rig.series(T, T + shares);
        const slack = 1 + packets * 2 ** -50;
        for (const share of series) assert.ok(Math.abs(share - packets / shares) <= slack, `${share} of ${packets}`);
        assert.deepEqual(rig.series(T + shares, T + shares + 3), [0, 0, 0]);
      },
    ),
    { numRuns: 200 },
  );
});

test('bytes and the flow of a record with fewer packets than seconds are not lost', () => {
  const rig = new Rig(SMALL);
  const now = T * 1000;
  rig.put({ observedMs: now, startMs: now - 60_000, endMs: now, packets: 7, bytes: 1001 });
  assert.equal(rig.seconds.get(T)?.flows, 1, 'the flow is counted with its first share');
  rig.to(T + 61);
  assert.equal(rig.sum('packets'), 7);
  assert.equal(rig.sum('bytes'), 1001);
  assert.equal(rig.sum('rows'), 7);
});

test('short records and uncounted rows pass through', () => {
  const rig = new Rig(SMALL);
  const now = T * 1000;
  assert.equal(rig.put({ observedMs: now, startMs: now - PACED_DURATION_MIN_MS + 1, endMs: now }), false);
  assert.equal(rig.put({ observedMs: now, startMs: now - 60_000, endMs: now }, UNCOUNTED), false);
  assert.equal(rig.put({ observedMs: Number.NaN, startMs: Number.NaN, endMs: Number.NaN }), false);
  assert.equal(rig.put({ observedMs: now, startMs: now, endMs: now - 60_000 }), false, 'an end before the start');
  assert.equal(rig.put({ observedMs: now, startMs: now - PACED_DURATION_MIN_MS, endMs: now }), true);
});

test('a record that claims to have lasted for a year is released within an hour', () => {
  const rig = new Rig(SMALL);
  const now = T * 1000;
  rig.put({ observedMs: now, startMs: now - 365 * 86_400_000, endMs: now, packets: 7200, bytes: 7200 });
  rig.to(T + 3600);
  assert.equal(rig.pacer.pending, 0);
  assert.deepEqual(rig.series(T, T + 3600), new Array<number>(3600).fill(2));
});

test('a flow that is cut by the active timeout into records of 60 s gives a flat line', () => {
  const rig = new Rig(SMALL);
  for (let minute = 1; minute <= 10; minute++) {
    rig.to(T + 60 * minute);
    const now = (T + 60 * minute) * 1000;
    rig.put({ observedMs: now, startMs: now - 60_000, endMs: now, packets: 60_000, bytes: 6_000_000 });
  }
  rig.to(T + 660);
  assert.deepEqual(rig.series(T + 60, T + 660), new Array<number>(600).fill(1000));
});

test('thinning when records fill up is unbiased and counted, and so is what finds no room at all', () => {
  const random = new Random(7);
  const limits: PacerLimits = { pendingMax: 1000, exportersMax: 4 };
  for (const [records, unpaced] of [
    [400, false],
    [900, false],
    [2000, false],
    [6000, true],
  ] as const) {
    let packets = 0;
    let told = 0;
    const rounds = 12;
    for (let round = 0; round < rounds; round++) {
      const rig = new Rig(limits);
      for (let record = 0; record < records; record++) {
        const now = T * 1000 + record / 100;
        const count = 1 + random.below(1000);
        told += count;
        rig.put({
          observedMs: now,
          startMs: now - 2000 - random.below(10_000),
          endMs: now,
          srcPort: random.below(65_536),
          packets: count,
          bytes: 100 * count,
        });
        assert.ok(rig.pacer.pending <= limits.pendingMax);
      }
      assert.equal(rig.pacer.thinned > 0, records > 500);
      assert.equal(rig.pacer.unpaced > 0, unpaced);
      rig.to(T + 30);
      packets += rig.sum('packets');
      // Whatever left was kept or counted: records that were neither thinned nor unpaced.
      assert.equal(rig.sum('flows'), records - rig.pacer.thinned);
    }
    // Thinning of 1 in 16 at most: five standard errors of the sum of all rounds.
    const error = 5 * Math.sqrt(rounds * records * 15) * 580;
    const bound = records <= 500 ? 0 : Math.min(error, 0.1 * told);
    assert.ok(Math.abs(packets - told) <= bound, `${records} records: ${packets} of ${told}`);
  }
});

test('what a silent exporter gathered for a minute is released over about a minute', () => {
  const random = new Random(3);
  const rig = new Rig({ pendingMax: 8192, exportersMax: 4 });
  rig.put({ observedMs: (T - 60) * 1000, startMs: (T - 60) * 1000, endMs: (T - 60) * 1000 });
  rig.seconds.clear();
  const now = T * 1000;
  for (let record = 0; record < 3000; record++) {
    const end = now - random.below(60_000);
    rig.put({ observedMs: now + record / 10, startMs: end, endMs: end, packets: 10, bytes: 1000 });
  }
  rig.to(T + 120);
  assert.equal(rig.sum('packets'), 30_000);
  assert.equal(rig.sum('flows'), 3000);
  const seconds = [...rig.seconds.keys()];
  assert.ok(Math.max(...seconds) - T >= 55 && Math.max(...seconds) - T <= 61, `to ${Math.max(...seconds) - T}`);
  const series = rig.series(T, T + 58);
  // Records that came before the oldest was seen go at once; apart from these every second is near 50 records of 10 packets.
  for (const packets of series.slice(1)) assert.ok(packets > 200 && packets < 900, series.join(' '));
  assert.ok(series[0] < 1500, `${series[0]} at once`);
  assert.equal(rig.pacer.pending, 0);
});

test('records that a continuous exporter sends are not delayed', () => {
  const random = new Random(4);
  const rig = new Rig(SMALL);
  for (let tick = 0; tick < 600; tick++) {
    const now = T * 1000 + 100 * tick;
    rig.to(Math.floor(now / 1000));
    const end = now - random.below(15_000);
    assert.equal(rig.put({ observedMs: now, startMs: end, endMs: end }), false, `record ${tick}`);
  }
  assert.equal(rig.pacer.pending, 0);
});

test('exporters beyond the limit and the first datagram of each are counted at once', () => {
  const rig = new Rig({ pendingMax: 16, exportersMax: 2 });
  for (const exporter of [0, 1, 2, 0xfffffffe]) {
    const now = T * 1000 + 60_000;
    assert.equal(rig.put({ exporter, observedMs: T * 1000, startMs: T * 1000, endMs: T * 1000 }), false);
    rig.put({ exporter, observedMs: now, startMs: T * 1000, endMs: T * 1000 });
    const taken = rig.put({ exporter, observedMs: now, startMs: now - 1000, endMs: now - 1000 });
    assert.equal(taken, exporter < 2, `exporter ${exporter}`);
  }
});

test('after a jump of the clock nothing waits any more, and the loss is told', () => {
  const rig = new Rig(SMALL);
  const now = T * 1000;
  for (let record = 0; record < 20; record++)
    rig.put({ observedMs: now, startMs: now - 60_000, endMs: now, packets: 600, bytes: 600 });
  assert.equal(rig.pacer.pending, 20);
  assert.equal(rig.pacer.drop(), 20);
  assert.equal(rig.pacer.pending, 0);
  rig.to(T + 70);
  assert.deepEqual([...rig.seconds.keys()], [T]);
});

test('records that end at different times give way to each other without loss', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1500, max: 30_000 }), fc.integer({ min: 1, max: 500 })), {
        maxLength: 60,
        size: 'max',
      }),
      (records) => {
        const rig = new Rig(SMALL);
        let told = 0;
        for (const [after, durationMs, packets] of [...records].sort((left, right) => left[0] - right[0])) {
          rig.to(T + after);
          const now = (T + after) * 1000;
          told += packets;
          rig.put({ observedMs: now, startMs: now - durationMs, endMs: now, packets, bytes: 7 * packets });
        }
        rig.to(T + 200);
        assert.equal(rig.sum('packets'), told);
        assert.equal(rig.sum('bytes'), 7 * told);
        assert.equal(rig.sum('flows'), records.length);
        assert.equal(rig.pacer.pending, 0);
      },
    ),
    { numRuns: 50 },
  );
});
