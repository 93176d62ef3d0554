import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../base/random.ts';
import { RowSample } from './row-sample.ts';

const WORDS = Uint32Array.of(0, 0, 0xffff, 0x0a000001);

function add(sample: RowSample, hash: number, packets = 1): void {
  if (hash >= sample.threshold) return;
  const [srcPort, dstPort] = [hash & 0xffff, hash >>> 16];
  const [proto, tcpFlags, ttl] = [hash % 251, hash % 65_521, hash & 255];
  const srcAs = hash;
  const exporter = ~hash >>> 0;
  sample.add(
    hash,
    WORDS,
    WORDS,
    0,
    srcPort,
    dstPort,
    hash % 28,
    proto,
    tcpFlags,
    ttl,
    srcAs,
    exporter,
    packets,
    10 * packets,
  );
}

const hashes = (sample: RowSample): number[] => [...sample.hash.subarray(0, sample.length)].sort((a, b) => a - b);

/** What the sample must hold: the rows below the highest threshold 2^32 / 2^k that leaves no more than the capacity. */
function expected(all: readonly number[], capacity: number): { threshold: number; kept: number[] } {
  let threshold = 2 ** 32;
  while (all.filter((hash) => hash < threshold).length > capacity) threshold = Math.floor(threshold / 2);
  return { threshold, kept: all.filter((hash) => hash < threshold).sort((a, b) => a - b) };
}

const HASHES = fc.array(fc.oneof(fc.nat(0xffffffff), fc.nat(50), fc.constantFrom(0, 1, 0xffffffff, 0x80000000, 77)), {
  maxLength: 200,
  size: 'max',
});

test('exactly the rows below the threshold are kept, and the threshold is the highest that leaves room', () => {
  fc.assert(
    fc.property(HASHES, fc.integer({ min: 1, max: 64 }), (all, capacity) => {
      const sample = new RowSample(capacity);
      for (const hash of all) add(sample, hash);
      const { threshold, kept } = expected(all, capacity);
      assert.equal(sample.threshold, threshold);
      assert.deepEqual(hashes(sample), kept);
      assert.equal(sample.share(), threshold / 2 ** 32);
    }),
  );
});

test('samples of any division merge to the same, whichever order', () => {
  fc.assert(
    fc.property(HASHES, fc.array(fc.nat(3), { minLength: 200, maxLength: 200 }), fc.boolean(), (all, to, backwards) => {
      const parts = Array.from({ length: 4 }, () => new RowSample(20));
      all.forEach((hash, row) => {
        add(parts[to[row]], hash);
      });
      if (backwards) parts.reverse();
      const [merged, ...others] = parts;
      for (const other of others) merged.merge(other);
      const { threshold, kept } = expected(all, 20);
      assert.equal(merged.threshold, threshold);
      assert.deepEqual(hashes(merged), kept);
    }),
  );
});

test('rows move whole when others before them go', () => {
  const sample = new RowSample(50);
  const random = new Random(5);
  for (let row = 0; row < 5000; row++) {
    const hash = random.uint32();
    add(sample, hash, 1 + (hash % 1000));
  }
  assert.ok(sample.length > 10 && sample.length <= 50);
  for (let row = 0; row < sample.length; row++) {
    const hash = sample.hash[row];
    assert.ok(hash < sample.threshold);
    assert.equal(sample.srcPort[row], hash & 0xffff);
    assert.equal(sample.dstPort[row], hash >>> 16);
    assert.equal(sample.trafficClass[row], hash % 28);
    assert.equal(sample.ttl[row], hash & 255);
    assert.equal(sample.proto[row], hash % 251);
    assert.equal(sample.tcpFlags[row], hash % 65_521);
    assert.equal(sample.srcAs[row], hash);
    assert.equal(sample.exporter[row], ~hash >>> 0);
    assert.equal(sample.packets[row], 1 + (hash % 1000));
    assert.equal(sample.bytes[row], 10 * (1 + (hash % 1000)));
    assert.deepEqual([...sample.srcAddr.subarray(4 * row, 4 * row + 4)], [...WORDS]);
    assert.deepEqual([...sample.dstAddr.subarray(4 * row, 4 * row + 4)], [...WORDS]);
  }
});

test('the kept share tells the whole: totals come out within five standard errors', () => {
  const random = new Random(11);
  for (const rows of [1000, 30_000, 300_000]) {
    const sample = new RowSample(4096);
    for (let row = 0; row < rows; row++) add(sample, random.uint32());
    const share = sample.share();
    assert.equal(share === 1, rows <= 4096);
    const error = 5 * Math.sqrt((rows * (1 - share)) / share);
    assert.ok(Math.abs(sample.length / share - rows) <= error, `${sample.length / share} of ${rows}`);
  }
});

test('a flood of identical rows ends at a threshold that keeps none of them, and stays bounded', () => {
  for (const hash of [0, 1, 5, 0x12345678, 0xffffffff]) {
    const sample = new RowSample(100);
    for (let row = 0; row < 10_000; row++) add(sample, hash);
    assert.equal(sample.length, 0);
    assert.ok(sample.threshold <= hash);
    const other = new RowSample(100);
    for (let row = 0; row < 101; row++) add(other, hash);
    sample.merge(other);
    assert.equal(sample.length, 0);
    sample.clear();
    assert.equal(sample.share(), 1);
    add(sample, 9);
    assert.equal(sample.length, 1);
  }
});

test('a sample that kept all takes over the threshold of one that could not', () => {
  for (const backwards of [false, true]) {
    const [few, many] = [new RowSample(20), new RowSample(20)];
    const all = [0x10000000, 0xf0000000];
    for (const hash of all) add(few, hash);
    for (let row = 0; row < 30; row++) {
      all.push(row * 0x08000000);
      add(many, row * 0x08000000);
    }
    const merged = backwards ? many : few;
    merged.merge(backwards ? few : many);
    const { threshold, kept } = expected(all, 20);
    assert.equal(threshold, 2 ** 31);
    assert.equal(merged.threshold, threshold);
    assert.deepEqual(hashes(merged), kept);
  }
});

test('the next second begins with the threshold that as many rows would come to; after few rows or none, all are kept', () => {
  const random = new Random(9);
  const sample = new RowSample(100);
  const fill = (rows: number): void => {
    for (let row = 0; row < rows; row++) add(sample, random.uint32());
  };
  fill(6000);
  const busy = sample.threshold;
  assert.ok(sample.length > 25 && busy <= 2 ** 27);
  for (let second = 0; second < 50; second++) {
    sample.clear();
    assert.ok(sample.threshold >= busy / 2 && sample.threshold <= 2 * busy, `${sample.threshold} after ${busy}`);
    fill(6000);
    assert.ok(sample.length > 25 && sample.length <= 100, `${sample.length}`);
  }
  sample.clear();
  fill(60);
  sample.clear();
  assert.ok(sample.threshold > busy, 'it rises again');
  sample.clear();
  assert.equal(sample.threshold, 2 ** 32, 'and an empty second forgets it');
});
