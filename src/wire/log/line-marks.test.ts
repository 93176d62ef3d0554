import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/random.ts';
import { MARKED_BYTES_MAX, MARKS, markLines } from './line-marks.ts';

const MARKED = new Set([0x22, 0x5c, 0x0a]);

test('every quote, backslash and line end is marked, and nothing else, however dense they are', () => {
  const random = new Random(3);
  for (const density of [0, 0.01, 0.2, 1]) {
    for (const length of [0, 1, 31, 32, 33, 1000, MARKED_BYTES_MAX]) {
      const from = random.below(100);
      const text = new Uint8Array(from + length + 50).fill(0x0a);
      for (let at = from; at < from + length; at++)
        text[at] = random.unit() < density ? [0x22, 0x5c, 0x0a][random.below(3)] : 0x80 + random.below(128);
      const expected: number[] = [];
      for (let at = from; at < from + length; at++) if (MARKED.has(text[at])) expected.push(at);
      const count = markLines(text, from, from + length);
      assert.deepEqual([...MARKS.subarray(0, count)], expected);
      assert.ok(MARKS[count] > text.length, 'beyond any text');
    }
  }
});
