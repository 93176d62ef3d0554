import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/random.ts';
import { createFlowBatch } from '../../model/flow-batch.ts';
import { HAS } from '../../model/flow-columns.ts';
import { REFLECTORS } from '../../model/traffic-class.ts';
import { classifyRows } from '../classify.ts';
import { INTAKE_ROWS, Intake } from '../intake.ts';
import { type Classify, classifyKernel, PORTS_CHOSEN } from './classify.ts';

const PORTS = [...REFLECTORS.keys(), 80, 443, 1023, 1024, 40_000];
const PROTOCOLS = [6, 6, 6, 17, 17, 17, 1, 58, 47, 50, 51, 132, 0];
const SIZES = [0, 40, 100, 101, 109, 110, 111, 150, 250, 4000, 4001];

test('gives the classes that the loops in JavaScript give, and clears the same columns', () => {
  const random = new Random(3);
  const intake = new Intake(0);
  const classify = intake.bind<Classify>(classifyKernel);
  const pick = (values: readonly number[]): number => values[random.below(values.length)];
  const kinds = new Set<number>();
  for (let round = 0; round < 60; round++) {
    const batch = createFlowBatch(INTAKE_ROWS);
    batch.length = INTAKE_ROWS;
    for (let row = 0; row < INTAKE_ROWS; row++) {
      // Most columns are there in most rows.
      batch.present[row] = random.uint32() | random.uint32() | random.uint32();
      if (random.below(2) === 0) batch.present[row] |= HAS.dstAddr | HAS.srcPort | HAS.tcpFlags;
      batch.ipVersion[row] = pick([4, 4, 4, 6, 0]);
      for (const column of [batch.srcAddr, batch.dstAddr]) {
        const last = pick([0xe0000001, 0xefffffff, 0xf0000000, 0xffffffff, random.uint32()]);
        const first = pick([0xff020000, 0xfd000000, 0, 0x20010db8]);
        column.set(batch.ipVersion[row] === 4 ? [0, 0, 0xffff, last] : [first, 0, 0, last], 4 * row);
      }
      batch.proto[row] = pick(PROTOCOLS);
      batch.srcPort[row] = pick(PORTS);
      batch.dstPort[row] = random.below(4) === 0 ? batch.srcPort[row] : pick(PORTS);
      batch.tcpFlags[row] = random.below(512);
      batch.icmpType[row] = random.below(16);
      batch.fragment[row] = pick([0, 0, 1, 2]);
      batch.layer[row] = pick([0, 0, 0, 1, 2]);
      batch.packets[row] = pick([1, 1, 2, 16, 17, 0.5, 0, Number.NaN]);
      batch.bytes[row] = pick(SIZES) * (random.below(2) === 0 ? 1 : batch.packets[row]);
    }
    intake.copy(batch, 0, INTAKE_ROWS);
    const chosen = classify(0, INTAKE_ROWS);
    const isChosen = (row: number): boolean =>
      Math.imul(intake.batch.srcPort[row] + intake.batch.dstPort[row], PORTS_CHOSEN.mix) < PORTS_CHOSEN.limit;
    assert.deepEqual([...intake.list.subarray(0, chosen)], [...Array(INTAKE_ROWS).keys()].filter(isChosen));
    const want = new Uint8Array(INTAKE_ROWS);
    classifyRows(batch, 0, INTAKE_ROWS, want);
    assert.deepEqual(intake.classes, want);
    for (const name of ['srcAddr', 'dstAddr', 'proto', 'srcPort', 'dstPort'] as const)
      assert.deepEqual(intake.batch[name], batch[name], name);
    for (const trafficClass of want) kinds.add(trafficClass);
  }
  assert.ok(kinds.size >= 28, `only ${kinds.size} classes came by`);
});

test('only the rows asked for are classified', () => {
  const intake = new Intake(0);
  intake.classes.fill(99);
  intake.bind<Classify>(classifyKernel)(2, 5);
  assert.deepEqual([...intake.classes.subarray(0, 7)], [99, 99, 255, 255, 255, 99, 99]);
});
