import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashAddress, mix32 } from '../base/hash.ts';
import { Random } from '../base/random.ts';
import { hllAdd, hllError, hllEstimate, hllMerge } from './hyperloglog.ts';

const DISTINCT = [10, 100, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000];

test('10 to 1,000,000 distinct addresses are told within four standard errors', () => {
  for (const precision of [8, 9, 11]) {
    for (const seed of [1, 2, 3]) {
      const registers = new Uint8Array(2 ** precision);
      const words = Uint32Array.of(0, 0, 0xffff, 0);
      let added = 0;
      for (const distinct of DISTINCT) {
        // Neighbours, as in a carpet: the hash has to spread them.
        for (; added < distinct; added++) {
          words[3] = 0x0a000000 + added;
          hllAdd(registers, 0, precision, hashAddress(words, 0, seed));
        }
        const error = Math.abs(hllEstimate(registers, 0, precision) / distinct - 1);
        assert.ok(
          error <= 4 * hllError(precision),
          `${distinct} at precision ${precision}, seed ${seed}: off by ${error}`,
        );
      }
    }
  }
});

test('the mean over many seeds is off by less than one standard error: no bias where the estimators meet', () => {
  const precision = 8;
  for (const distinct of [50, 300, 600, 700, 1000, 5000]) {
    let sum = 0;
    const rounds = 60;
    const random = new Random(distinct);
    for (let round = 0; round < rounds; round++) {
      const registers = new Uint8Array(2 ** precision);
      for (let added = 0; added < distinct; added++) hllAdd(registers, 0, precision, random.uint32());
      sum += hllEstimate(registers, 0, precision) / distinct;
    }
    assert.ok(Math.abs(sum / rounds - 1) < hllError(precision), `${distinct}: ${sum / rounds}`);
  }
});

test('what was added before counts once', () => {
  const registers = new Uint8Array(512);
  for (let round = 0; round < 5; round++)
    for (let port = 0; port < 100; port++) hllAdd(registers, 0, 9, mix32(port + 1));
  const once = new Uint8Array(512);
  for (let port = 99; port >= 0; port--) hllAdd(once, 0, 9, mix32(port + 1));
  assert.deepEqual(registers, once);
});

test('registers lie where they are told, neighbours are untouched, and every hash has a place', () => {
  for (const precision of [4, 8, 9, 11]) {
    const count = 2 ** precision;
    const registers = new Uint8Array(3 * count);
    for (const hash of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 1 << (31 - precision)]) {
      hllAdd(registers, count, precision, hash >>> 0);
    }
    assert.ok(registers.subarray(0, count).every((rank) => rank === 0));
    assert.ok(registers.subarray(2 * count).every((rank) => rank === 0));
    assert.equal(Math.max(...registers), 33 - precision, 'the rank of a hash without further bits');
  }
});

test('merged registers are those of the union', () => {
  const random = new Random(8);
  const union = new Uint8Array(256);
  const parts = [new Uint8Array(300), new Uint8Array(300), new Uint8Array(300)];
  for (let added = 0; added < 3000; added++) {
    const hash = random.uint32();
    hllAdd(union, 0, 8, hash);
    hllAdd(parts[random.below(3)], 20, 8, hash);
  }
  hllMerge(parts[2], 20, parts[0], 20, 256);
  hllMerge(parts[2], 20, parts[1], 20, 256);
  assert.deepEqual(parts[2].subarray(20, 276), union);
});

test('none is none, and full registers are a number', () => {
  assert.equal(hllEstimate(new Uint8Array(256), 0, 8), 0);
  const full = hllEstimate(new Uint8Array(2048).fill(22), 0, 11);
  assert.ok(Number.isFinite(full) && full > 2 ** 31);
});
