import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashAddress } from '../base/hash.ts';
import { Random } from '../base/random.ts';
import { FrequentItems } from './frequent-items.ts';

const SEED = 5;
type Item = readonly [key: number, weight: number];

function add(items: FrequentItems, [key, weight]: Item): void {
  const words = Uint32Array.of(0x20010db8, key >>> 8, 0, key);
  items.add(words, 0, hashAddress(words, 0, SEED), weight, key + 1);
}

/** Holds the summary against the truth: every estimate within the error, the error within the stated bound. */
function check(items: FrequentItems, stream: readonly Item[], about: string): void {
  const truth = new Map<number, number>();
  let total = 0;
  for (const [key, weight] of stream) {
    truth.set(key, (truth.get(key) ?? 0) + weight);
    total += weight;
  }
  assert.equal(items.total, total, about);
  assert.ok(items.size <= items.capacity, about);
  const stated = total / (items.capacity / 2);
  assert.ok(items.errorMax <= stated, `${about}: error ${items.errorMax} above ${stated}`);
  const held = new Map<number, number>();
  for (const slot of items.top(items.capacity + 1)) {
    const key = items.keys[4 * slot + 3];
    assert.ok(!held.has(key), `${about}: key ${key} twice`);
    assert.equal(items.tags[slot], key + 1, `${about}: the tag of key ${key}`);
    held.set(key, items.counts[slot]);
  }
  assert.equal(held.size, items.size, about);
  for (const [key, weight] of truth) {
    const estimate = held.get(key) ?? 0;
    assert.ok(estimate <= weight, `${about}: key ${key} is over-estimated`);
    assert.ok(weight - estimate <= items.errorMax, `${about}: key ${key} has ${weight}, told ${estimate}`);
  }
  for (const key of held.keys()) assert.ok(truth.has(key), `${about}: key ${key} was never added`);
}

function streams(): ReadonlyMap<string, readonly Item[]> {
  const random = new Random(21);
  const zipf = Array.from(
    { length: 20_000 },
    (): Item => [Math.floor(1 / (random.unit() + 1e-4)), 1 + random.below(9)],
  );
  const distinct = Array.from({ length: 20_000 }, (_, key): Item => [key, 1]);
  const up = Array.from({ length: 5000 }, (_, key): Item => [key, 1 + key]);
  const rounds = Array.from({ length: 20_000 }, (_, at): Item => [at % 97, 1]);
  const hidden = distinct.map(([key], at): Item => (at % 20 === 0 ? [1_000_000, 1] : [key, 1]));
  return new Map([
    ['zipf', zipf],
    ['zipf sorted', [...zipf].sort((left, right) => left[0] - right[0])],
    ['all distinct', distinct],
    ['weights that rise', up],
    ['weights that fall', [...up].reverse()],
    ['a few more keys than room, in turn', rounds],
    ['one heavy key among distinct ones', hidden],
    ['weights of 2^40', distinct.slice(0, 3000).map(([key]): Item => [key, 2 ** 40 + key])],
  ]);
}

test('no estimate is off by more than the error and the error keeps its bound, for adversarial streams', () => {
  for (const [about, stream] of streams()) {
    for (const capacity of [8, 64, 256]) {
      const items = new FrequentItems(capacity, SEED);
      for (const item of stream) add(items, item);
      check(items, stream, `${about}, room for ${capacity}`);
    }
  }
});

test('the bound outlives any merging', () => {
  for (const [about, stream] of streams()) {
    for (const [workers, assign] of [
      [4, (at: number): number => at % 4],
      [3, (at: number): number => Math.floor((3 * at) / stream.length)],
    ] as const) {
      const parts = Array.from({ length: workers }, () => new FrequentItems(64, SEED));
      stream.forEach((item, at) => {
        add(parts[assign(at)], item);
      });
      const [merged, ...others] = parts;
      for (const other of others) merged.merge(other);
      check(merged, stream, `${about}, merged`);
    }
  }
});

test('small streams of any kind keep the bound, and without overflow they are exact', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 1000 }), fc.nat(2)), { maxLength: 200, size: 'max' }),
      (stream) => {
        const parts = Array.from({ length: 3 }, () => new FrequentItems(16, SEED));
        for (const [key, weight, worker] of stream) add(parts[worker], [key, weight]);
        parts[0].merge(parts[1]);
        parts[2].merge(parts[0]);
        const items = stream.map(([key, weight]): Item => [key, weight]);
        check(parts[2], items, 'merged');
        if (new Set(items.map(([key]) => key)).size <= 16) assert.equal(parts[2].errorMax, 0);
      },
    ),
    { numRuns: 150 },
  );
});

test('the heaviest come first, equals by key, and no more than asked for', () => {
  const items = new FrequentItems(16, SEED);
  for (const [key, weight] of [
    [1, 5],
    [2, 50],
    [3, 5],
    [4, 500],
    [5, 5],
  ] as const)
    add(items, [key, weight]);
  const keys = (limit: number): number[] => items.top(limit).map((slot) => items.keys[4 * slot + 3]);
  assert.deepEqual(keys(10), [4, 2, 1, 3, 5]);
  assert.deepEqual(keys(2), [4, 2]);
  items.clear();
  assert.deepEqual([items.size, items.total, items.errorMax, keys(5).length], [0, 0, 0, 0]);
  items.addNumber(443, 3);
  items.addNumber(443, 4);
  items.addNumber(0, 1);
  assert.deepEqual(keys(5), [443, 0]);
  assert.equal(items.counts[items.top(1)[0]], 7);
});

test('room is a power of two from 8 to 65,536', () => {
  for (const capacity of [0, 4, 12, 100, 131_072]) assert.throws(() => new FrequentItems(capacity, SEED));
});
