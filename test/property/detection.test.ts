import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IPV4_MAPPED_WORD } from '../../src/base/ip.ts';
import { parsePrefix } from '../../src/base/prefix.ts';
import { Detector } from '../../src/detect/network/detector.ts';
import { PARAMETERS } from '../../src/detect/network/parameters.ts';
import { attackSchema, type Verdict, verdictSchema } from '../../src/model/attack.ts';
import { createFlowBatch, type FlowBatch } from '../../src/model/flow-batch.ts';
import { NO_EXPORTER } from '../../src/model/flow-columns.ts';
import { SecondStream } from '../../src/sketch/second-stream.ts';

/** Rows in a burst that repeats one row, with only its source and ports changing. */
const BURST_MAX = 400;

/** Counts are unsigned integers of at most 64 bits, as exporters write them. */
const absurdCount = fc.constantFrom(0, 1, 65_535, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 2 ** 64);
const absurdTime = fc.constantFrom(
  0,
  1,
  -1,
  0.5,
  64,
  1500,
  65_535,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 53,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
);
const mostlySane = <T>(sane: fc.Arbitrary<T>, absurd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: sane, weight: 5 }, { arbitrary: absurd, weight: 1 });

const address = fc.oneof(
  fc.integer({ min: 0, max: 600 }).map((host) => [0, 0, IPV4_MAPPED_WORD, 0xcb007100 + host]),
  fc.integer({ min: 0, max: 600 }).map((host) => [0x20010db8, 0x10000, 0, host]),
  fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 2 ** 32 - 1 }))).map((words) => [...words]),
);

const burst = fc.record({
  /** Where the clock goes before it: on, nowhere, back, or far away. */
  stepMs: mostlySane(
    fc.constantFrom(0, 1, 300, 1000),
    fc.constantFrom(-5000, 61_000, 4_000_000, 1e13, -1e14, Number.NaN),
  ),
  rows: fc.integer({ min: 1, max: BURST_MAX }),
  captured: fc.boolean(),
  exporter: fc.constantFrom(0, 1, 4095, 4096, 2 ** 31),
  srcAddr: address,
  dstAddr: address,
  spreadSources: fc.boolean(),
  spreadTargets: fc.boolean(),
  spreadPorts: fc.boolean(),
  proto: fc.constantFrom(0, 1, 6, 6, 6, 17, 17, 17, 47, 50, 58, 99, 255),
  srcPort: fc.constantFrom(0, 19, 53, 80, 123, 161, 389, 443, 1900, 3702, 11_211, 40_000),
  dstPort: fc.constantFrom(0, 53, 80, 443, 40_000, 65_535),
  tcpFlags: fc.constantFrom(0, 1, 2, 4, 16, 18, 20, 24, 27, 63, 65_535),
  packets: mostlySane(fc.constantFrom(1, 3, 40), absurdCount),
  bytes: mostlySane(fc.constantFrom(40, 900, 60_000), absurdCount),
  samplingRate: mostlySane(fc.constantFrom(0, 1, 100), absurdCount),
  durationMs: mostlySane(fc.constantFrom(0, 900, 20_000), absurdTime),
  delayMs: mostlySane(fc.constantFrom(0, 800, 60_000), absurdTime),
  ipVersion: fc.constantFrom(4, 4, 6, 0, 9),
  layer: fc.constantFrom(0, 0, 0, 1, 2, 77),
  fragment: fc.constantFrom(0, 0, 1, 2, 200),
  present: mostlySane(fc.constant(0xffffffff), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
});
type Burst = typeof burst extends fc.Arbitrary<infer T> ? T : never;

const bursts = fc.array(burst, { minLength: 1, maxLength: 40 });
const networkTexts = fc.subarray(['203.0.113.0/24', '203.0.113.128/25', '2001:db8:1::/48', '0.0.0.0/0', '::/0']);

function fill(batch: FlowBatch, { ...from }: Burst, index: number, nowMs: number): void {
  const row = batch.length++;
  batch.srcAddr.set(from.srcAddr, 4 * row);
  batch.dstAddr.set(from.dstAddr, 4 * row);
  if (from.spreadSources) batch.srcAddr[4 * row + 3] += Math.imul(index, 0x9e3779b1);
  if (from.spreadTargets) batch.dstAddr[4 * row + 3] += index;
  batch.observedMs[row] = nowMs;
  batch.startMs[row] = nowMs - from.delayMs - from.durationMs;
  batch.endMs[row] = nowMs - from.delayMs;
  batch.exporter[row] = from.captured ? NO_EXPORTER : from.exporter;
  batch.layer[row] = from.layer;
  batch.ipVersion[row] = from.ipVersion;
  batch.samplingRate[row] = from.samplingRate;
  batch.packets[row] = from.packets;
  batch.bytes[row] = from.bytes;
  batch.proto[row] = from.proto;
  batch.srcPort[row] = from.srcPort + (from.spreadPorts ? index * 7 : 0);
  batch.dstPort[row] = from.dstPort + (from.spreadPorts ? index * 13 : 0);
  batch.tcpFlags[row] = from.tcpFlags;
  batch.fragment[row] = from.fragment;
  batch.present[row] = from.present;
}

function detect(
  all: readonly Burst[],
  networks: readonly string[],
): { attacks: unknown; verdicts: readonly Verdict[] } {
  const verdicts: Verdict[] = [];
  const prefixes = networks.flatMap((text) => parsePrefix(text) ?? []);
  const detector = new Detector({ seed: 5, networks: prefixes, onVerdict: (verdict) => verdicts.push(verdict) });
  const stream = new SecondStream(
    { seed: 5, networks: prefixes, pacerLimits: { pendingMax: 2048, exportersMax: 4096 } },
    detector,
  );
  const batch = createFlowBatch(BURST_MAX);
  let nowMs = 1_750_000_000_000;
  for (const each of all) {
    for (let index = 0; index < each.rows; index++) fill(batch, each, index, nowMs + each.stepMs);
    if (Number.isFinite(each.stepMs)) nowMs += each.stepMs;
    stream.take(batch);
    assert.ok(detector.targets <= PARAMETERS.targetsMax);
    const attacks = detector.attacks();
    assert.ok(attacks.filter((attack) => attack.ongoing).length <= PARAMETERS.attacksOpenMax);
  }
  stream.finish();
  const attacks = detector.attacks();
  for (const attack of attacks) attackSchema.parse(attack);
  for (const verdict of verdicts) verdictSchema.parse(verdict);
  return { attacks, verdicts };
}

test('no rows make detection throw, run on or outgrow its bounds, and what it says has the shape of an attack', () => {
  fc.assert(
    fc.property(bursts, networkTexts, (all, networks) => {
      detect(all, networks);
    }),
    { numRuns: 100 },
  );
});

test('the same rows give the same attacks and verdicts', () => {
  fc.assert(
    fc.property(bursts, networkTexts, (all, networks) => {
      assert.deepEqual(detect(all, networks), detect(all, networks));
    }),
    { numRuns: 25 },
  );
});

test('random floods are told as attacks often enough for these properties to mean something', () => {
  const found = fc.sample(bursts, { seed: 42, numRuns: 60 }).filter((all) => {
    const { attacks } = detect(all, []);
    return Array.isArray(attacks) && attacks.length > 0;
  });
  assert.ok(found.length >= 10, `${found.length} of 60 inputs held an attack`);
});
