import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/random.ts';
import { KEPT_ATTACK, KEPT_PEACE } from '../../model/second-record.ts';
import { RowSample } from '../../sketch/row-sample.ts';
import { ATTACK_ROWS_MAX, keepFlows, PEACE_ROWS_MAX } from './kept-flows.ts';

const SITE = Uint32Array.of(0, 0, 0xffff, 0xc6120101);
const OTHER = Uint32Array.of(0, 0, 0xffff, 0xc6120202);
const CLIENT = Uint32Array.of(0, 0, 0xffff, 0x0a000001);

/** A sample of so many rows towards the site, from it, and between others; the hash of each is its port and its bytes. */
function sampleOf(toSite: number, fromSite: number, others: number, random: Random): RowSample {
  const sample = new RowSample();
  const add = (src: Uint32Array, dst: Uint32Array): void => {
    const hash = random.uint32();
    if (hash < sample.threshold) sample.add(hash, src, dst, 0, hash & 0xffff, hash >>> 16, 1, 6, 2, 64, 0, 0, 1, hash);
  };
  for (let row = 0; row < toSite; row++) add(CLIENT, SITE);
  for (let row = 0; row < fromSite; row++) add(SITE, CLIENT);
  for (let row = 0; row < others; row++) add(CLIENT, OTHER);
  return sample;
}

test('of each kind those with the smallest hashes are kept, as many as there is room for, and stand for the others', () => {
  const random = new Random(3);
  const cases = [
    [0, 0, 0],
    [0, 0, 200],
    [100, 50, 256],
    [3000, 2000, 5000],
    [20_000, 10_000, 60_000],
    [0, 400_000, 30],
  ];
  for (const [toSite, fromSite, others] of cases) {
    const sample = sampleOf(toSite, fromSite, others, random);
    const flows = keepFlows(sample, [{ words: SITE, length: 128 }], () => CLIENT);
    for (const [kind, max] of [
      [KEPT_PEACE, PEACE_ROWS_MAX],
      [KEPT_ATTACK, ATTACK_ROWS_MAX],
    ]) {
      const isKind = (row: number): boolean =>
        (sample.dstAddr[4 * row + 3] === OTHER[3] ? KEPT_PEACE : KEPT_ATTACK) === kind;
      const all = Array.from({ length: sample.length }, (_, row) => row)
        .filter(isKind)
        .map((row) => sample.hash[row]);
      // The largest power of two below which no more than `max` lie.
      let bound = sample.threshold;
      while (all.filter((hash) => hash < bound).length > max) bound /= 2;
      const expected = all.filter((hash) => hash < bound);
      const rows = Array.from({ length: flows.length }, (_, row) => row).filter((row) => flows.kept[row] === kind);
      assert.deepEqual(
        rows.map((row) => flows.bytes[row]),
        expected,
        `${toSite} ${fromSite} ${others} ${kind}`,
      );
      assert.ok(all.length <= max || rows.length > max / 4, `${rows.length} of ${all.length}`);
      for (const row of rows) {
        assert.equal(flows.weight[row], 2 ** 32 / bound);
        assert.equal(flows.exporter[4 * row + 3], CLIENT[3]);
        assert.equal(flows.dstPort[row], flows.bytes[row] >>> 16);
      }
    }
  }
});

test('rows of a prefix under attack count as attacked, in both directions', () => {
  const sample = sampleOf(10, 10, 10, new Random(4));
  const wide = keepFlows(sample, [{ words: Uint32Array.of(0, 0, 0xffff, 0xc6120000), length: 112 }], () => undefined);
  assert.deepEqual(
    [...wide.kept].sort(),
    Array.from({ length: 30 }, () => KEPT_ATTACK),
  );
  const none = keepFlows(sample, [], () => undefined);
  assert.deepEqual(
    [...none.kept],
    Array.from({ length: 30 }, () => KEPT_PEACE),
  );
});
