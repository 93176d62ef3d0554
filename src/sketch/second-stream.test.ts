import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { address, prefix, putRow, type RowSpec } from '../../test/support/flow-rows.ts';
import { hashAddress } from '../base/hash.ts';
import type { Prefix } from '../base/prefix.ts';
import { Random } from '../base/random.ts';
import { BATCH_ROWS, createFlowBatch } from '../model/flow-batch.ts';
import { CLASS } from '../model/traffic-class.ts';
import type { Second } from './second.ts';
import { encodeSecond } from './second-codec.ts';
import { SecondStream } from './second-stream.ts';
import { CELL_FIRST_MS, CELL_LAG } from './table-cells.ts';

const SEED = 23;
const T = 1_700_000_000;
const PACKET: RowSpec = { src: '198.51.100.1', dst: '192.0.2.1', proto: 17, srcPort: 53, dstPort: 4000 };

interface Taken {
  readonly second: number;
  readonly packets: number;
  readonly rows: number;
  readonly coveredMs: number;
  readonly untilMs: number;
}

interface Run {
  readonly seconds: readonly Taken[];
  readonly prepared: readonly number[];
  readonly stream: SecondStream;
}

interface RunOptions {
  readonly networks?: readonly Prefix[];
  readonly pacing?: boolean;
  readonly batchRows?: number;
  /** Rows are put where they are counted. */
  readonly inPlace?: boolean;
  readonly onTake?: (second: Parameters<ConstructorParameters<typeof SecondStream>[1]['take']>[0]) => void;
}

function run(specs: readonly RowSpec[], options: RunOptions = {}): Run {
  const seconds: Taken[] = [];
  const prepared: number[] = [];
  const stream = new SecondStream(
    { seed: SEED, networks: options.networks ?? [], ...(options.pacing === false ? { pacing: false } : {}) },
    {
      prepare: (second) => {
        assert.deepEqual([second.packets, second.table.rows, second.sample.length, second.watch.size], [0, 0, 0, 0]);
        prepared.push(second.second);
      },
      take: (second, coveredMs, untilMs) => {
        seconds.push({ second: second.second, packets: second.packets, rows: second.table.rows, coveredMs, untilMs });
        options.onTake?.(second);
      },
    },
  );
  const batchRows = options.batchRows ?? BATCH_ROWS;
  const batch = options.inPlace === true ? stream.batch : createFlowBatch(batchRows);
  for (const spec of specs) {
    putRow(batch, { ...PACKET, ...spec });
    if (batch.length === batchRows) stream.take(batch);
  }
  stream.take(batch);
  assert.equal(batch.length, 0, 'the batch is given back empty');
  stream.finish();
  assert.deepEqual(
    seconds.map(({ second }) => second),
    prepared,
    'every second that was begun is taken',
  );
  return { seconds, prepared, stream };
}

const packets = ({ seconds }: Run): number[] => seconds.map((second) => second.packets);

test('empty seconds are given too, so that baselines see silence', () => {
  const result = run([{ observedMs: T * 1000 }, { observedMs: T * 1000 + 999 }, { observedMs: (T + 4) * 1000 }]);
  assert.deepEqual(packets(result), [2, 0, 0, 0, 1]);
  assert.deepEqual(
    result.seconds.map(({ second }) => second),
    [T, T + 1, T + 2, T + 3, T + 4],
  );
});

test('late rows count in the second that is open, and are counted late', () => {
  const result = run([
    { observedMs: T * 1000 + 5 },
    { observedMs: (T + 2) * 1000 },
    { observedMs: T * 1000 + 900 },
    { observedMs: (T + 1) * 1000 },
    { observedMs: (T + 2) * 1000 + 1 },
  ]);
  assert.deepEqual(packets(result), [1, 0, 4]);
  assert.equal(result.stream.late, 2);
});

test('the first and last second of a capture are covered in part, those between whole', () => {
  const result = run([
    { observedMs: T * 1000 + 300 },
    { observedMs: (T + 1) * 1000 + 10 },
    { observedMs: (T + 2) * 1000 + 250 },
  ]);
  assert.deepEqual(
    result.seconds.map(({ coveredMs, untilMs }) => [coveredMs, untilMs - T * 1000]),
    [
      [700, 1000],
      [1000, 2000],
      [250, 2250],
    ],
  );
  const excerpt = run([{ observedMs: T * 1000 + 300 }, { observedMs: T * 1000 + 420 }]);
  assert.deepEqual(
    excerpt.seconds.map(({ coveredMs, untilMs }) => [coveredMs, untilMs - T * 1000]),
    [[120, 420]],
  );
});

test('telemetry covers its first and last second whole', () => {
  const result = run([
    { observedMs: T * 1000 + 300, exporter: 0 },
    { observedMs: (T + 1) * 1000 + 10, exporter: 0 },
  ]);
  assert.deepEqual(
    result.seconds.map(({ coveredMs, untilMs }) => [coveredMs, untilMs - T * 1000]),
    [
      [1000, 1000],
      [1000, 2000],
    ],
  );
});

test('all times equal make one second', () => {
  for (const observedMs of [T * 1000, T * 1000 + 999.999, 0, 500, -1]) {
    const result = run(new Array<RowSpec>(100).fill({ observedMs }), { batchRows: 7 });
    assert.deepEqual(packets(result), [100], `at ${observedMs}`);
    assert.deepEqual(
      result.seconds.map(({ second, coveredMs }) => [second, coveredMs]),
      [[Math.floor(observedMs / 1000), 0]],
    );
  }
});

test('a capture whose clock begins at 0 keeps its first second', () => {
  const result = run([{ observedMs: 0 }, { observedMs: 400 }, { observedMs: 1200 }, { observedMs: 3000 }]);
  assert.deepEqual(packets(result), [2, 1, 0, 1]);
  assert.deepEqual(
    result.seconds.map(({ coveredMs }) => coveredMs),
    [1000, 1000, 1000, 0],
  );
});

test('rows without a time count in the open second and leave no trace on its times', () => {
  let lag = Number.NaN;
  let firstMs = Number.NaN;
  const untimed = { observedMs: Number.NaN, startMs: Number.NaN, endMs: Number.NaN, exporter: 1 };
  const result = run(
    [
      { observedMs: T * 1000 + 500, startMs: T * 1000 + 100, exporter: 0 },
      untimed,
      untimed,
      { observedMs: (T + 1) * 1000, startMs: (T + 1) * 1000, exporter: 0 },
      untimed,
    ],
    {
      onTake: (second) => {
        if (second.second !== T) return;
        const words = address('192.0.2.1');
        const at = second.table.cell(second.table.find(words, 0, hashAddress(words, 0, SEED)), CLASS.dnsResponse);
        lag = second.table.cellData[at + CELL_LAG];
        firstMs = second.table.cellData[at + CELL_FIRST_MS];
      },
    },
  );
  assert.deepEqual(packets(result), [3, 2]);
  assert.equal(lag, 400);
  assert.equal(firstMs, T * 1000 + 100);
  assert.equal(result.stream.late, 0);
});

test('nothing but rows without a time makes no second', () => {
  const result = run(new Array<RowSpec>(10).fill({ observedMs: Number.NaN, exporter: 0 }));
  assert.deepEqual(result.seconds, []);
});

test('a jump of hours forward is not gone through second by second, and what waited is told', () => {
  const long = { observedMs: T * 1000, startMs: (T - 60) * 1000, endMs: T * 1000, packets: 60, exporter: 0 };
  for (const jump of [3601, 86_400, 1e6, 2 ** 40]) {
    const result = run([long, { observedMs: (T + jump) * 1000, exporter: 0 }]);
    assert.deepEqual(
      result.seconds.map(({ second }) => second),
      [T, T + jump],
    );
    assert.equal(result.stream.lostByJump, 1);
  }
  const hour = run([long, { observedMs: (T + 3600) * 1000, exporter: 0 }]);
  assert.equal(hour.seconds.length, 3601);
  assert.equal(hour.stream.lostByJump, 0);
  assert.equal(
    packets(hour).reduce((sum, count) => sum + count, 0),
    61,
  );
});

test('strays far behind are not counted, and open no seconds', () => {
  const result = run([
    { observedMs: T * 1000 },
    ...new Array<RowSpec>(50).fill({ observedMs: (T - 10_000) * 1000 }),
    { observedMs: -1e15 },
    { observedMs: (T + 1) * 1000 },
  ]);
  assert.deepEqual(packets(result), [1, 1]);
  assert.equal(result.stream.late, 51);
  assert.equal(result.stream.outOfTime, 51);
});

test('a clock that is set back by hours goes on from there', () => {
  const result = run([
    { observedMs: T * 1000 },
    ...new Array<RowSpec>(200).fill({ observedMs: (T - 10_000) * 1000 }),
    { observedMs: (T - 9999) * 1000 },
  ]);
  assert.deepEqual(
    result.seconds.map(({ second }) => second),
    [T, T - 10_000, T - 9999],
  );
  assert.deepEqual(packets(result), [1, 101, 1]);
  assert.equal(result.stream.outOfTime, 99);
});

test('times of any kind lose no row, and no more seconds are made than one hour for each row', () => {
  const time = fc.oneof(
    fc.integer({ min: T * 1000, max: (T + 20) * 1000 }),
    fc.double({ noNaN: true, min: -1e15, max: 1e15 }),
    fc.constantFrom(Number.NaN, 0, -1, 2 ** 53),
  );
  fc.assert(
    fc.property(fc.array(time, { maxLength: 30, size: 'max' }), fc.integer({ min: 1, max: 9 }), (times, batchRows) => {
      const specs = [T * 1000, ...times].map((observedMs): RowSpec => ({ observedMs }));
      const result = run(specs, { batchRows });
      assert.equal(packets(result).reduce((sum, count) => sum + count, 0) + result.stream.outOfTime, specs.length);
      assert.ok(result.seconds.length <= 1 + 3600 * specs.length);
      for (let at = 1; at < result.seconds.length; at++)
        assert.ok(result.seconds[at].second > result.seconds[at - 1].second, 'time goes forward');
      for (const { coveredMs } of result.seconds) assert.ok(coveredMs >= 0 && coveredMs <= 1000);
    }),
    { numRuns: 40 },
  );
});

test('long records are released over the seconds that follow, and lumps without pacing', () => {
  const records = [
    { observedMs: T * 1000, startMs: (T - 10) * 1000, endMs: T * 1000, packets: 100, bytes: 1000, exporter: 0 },
    { observedMs: (T + 12) * 1000, startMs: (T + 12) * 1000, endMs: (T + 12) * 1000, exporter: 0 },
  ];
  const paced = run(records);
  assert.deepEqual(packets(paced), [...new Array<number>(10).fill(10), 0, 0, 1]);
  const lumped = run(records, { pacing: false });
  assert.deepEqual(packets(lumped), [100, ...new Array<number>(11).fill(0), 1]);
});

test('with networks, what passes between outsiders is nobody’s, and uncounted rows count nowhere', () => {
  const result = run(
    [
      { observedMs: T * 1000, src: '198.51.100.1', dst: '192.0.2.1' },
      { observedMs: T * 1000, src: '192.0.2.1', dst: '198.51.100.1', packets: 10 },
      { observedMs: T * 1000, src: '198.51.100.1', dst: '198.51.100.2', packets: 100 },
      { observedMs: T * 1000, src: '198.51.100.1', dst: '224.0.0.1', packets: 1000 },
    ],
    { networks: [prefix('192.0.2.0/24')] },
  );
  assert.deepEqual(packets(result), [11]);
  assert.equal(result.seconds[0].rows, 2);
});

test('seconds are closed by the clock where no rows come', () => {
  const seconds: number[] = [];
  const taker = { prepare: (): void => undefined, take: (second: Second): number => seconds.push(second.second) };
  const stream = new SecondStream({ seed: 1, networks: [] }, taker);
  stream.advance(1_700_000_000_250);
  stream.advance(1_700_000_000_900);
  stream.advance(1_700_000_000_100);
  assert.deepEqual(seconds, []);
  stream.advance(1_700_000_003_001);
  assert.deepEqual(seconds, [1_700_000_000, 1_700_000_001, 1_700_000_002]);
  // A clock that is set back by two hours is followed, though no row says so.
  stream.advance(1_699_992_803_500);
  stream.advance(1_699_992_805_000);
  assert.deepEqual(seconds.slice(3), [1_700_000_003, 1_699_992_803, 1_699_992_804]);
});

test('what comes after a clock was set ahead and back again is counted in its second, and not held back', () => {
  const seconds: [number, number][] = [];
  const taker = {
    take: (second: Second) => seconds.push([second.second, second.packets]),
    prepare: () => undefined,
  };
  const stream = new SecondStream({ seed: 1, networks: [], jumpSecondsMin: 60 }, taker);
  const batch = createFlowBatch(256);
  const expected: [number, number][] = [];
  for (const from of [T, T + 3600, T - 3600, T + 30]) {
    for (let second = from; second < from + 5; second++) {
      stream.advance(1000 * second);
      for (let part = 0; part < 150; part++) {
        const observedMs = 1000 * second + 5 * part;
        putRow(batch, { ...PACKET, exporter: 0, observedMs, startMs: observedMs - 40, endMs: observedMs });
      }
      stream.take(batch);
      expected.push([second, 150]);
    }
  }
  stream.advance(1000 * (T + 35));
  assert.deepEqual(seconds, expected);
  assert.equal(stream.outOfTime, 0);
});

test('a gap in what the clock tells is a jump from the bound on that was given', () => {
  const seconds: number[] = [];
  const taker = { prepare: (): void => undefined, take: (second: Second): number => seconds.push(second.second - T) };
  const stream = new SecondStream({ seed: 1, networks: [], jumpSecondsMin: 60 }, taker);
  for (const at of [0, 1, 61, 3661, 3662]) stream.advance((T + at) * 1000);
  assert.deepEqual(seconds, [...Array.from({ length: 62 }, (_, second) => second), 3661]);
});

test('rows that are counted where they were put give the seconds of those that are copied', () => {
  const random = new Random(SEED);
  const specs = Array.from({ length: 5000 }, (_, at): RowSpec => {
    // Times that rise, some that are late or far behind, and long records that go through the intake once more in every second.
    const observedMs = T * 1000 + 2 * at - (random.below(20) === 0 ? random.below(20_000) : 0);
    const durationMs = random.below(4) === 0 ? 30_000 : 0;
    return {
      dst: `192.0.2.${random.below(250)}`,
      srcPort: 1024 + random.below(60_000),
      packets: 1 + random.below(500),
      observedMs,
      ...(random.below(2) === 0
        ? { exporter: random.below(3), startMs: observedMs - durationMs, endMs: observedMs }
        : {}),
    };
  });
  const [copied, inPlace] = [false, true].map((inPlace) => {
    const seconds: unknown[] = [];
    const { stream } = run(specs, { inPlace, batchRows: 700, onTake: (second) => seconds.push(encodeSecond(second)) });
    return { seconds, late: stream.late, outOfTime: stream.outOfTime };
  });
  assert.ok(copied.seconds.length >= 10 && copied.late > 0 && copied.outOfTime > 0);
  assert.deepEqual(inPlace, copied);
});
