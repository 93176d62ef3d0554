import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qrOf } from './qr.ts';

/** As the encoder of the npm package `qr` 0.7.0 draws it, and jsQR 1.4.0 reads it. */
const BEACON = `
#######.#####.#######
#.....#..#.#..#.....#
#.###.#..##...#.###.#
#.###.#..###..#.###.#
#.###.#...#.#.#.###.#
#.....#....##.#.....#
#######.#.#.#.#######
........#####........
##.##.#..##.#.#.....#
.#.#...#.##.#.#.###..
.######.#.#..##.#.###
...#.#..##.#......#.#
#..####.###...#..#.##
........#.###.....##.
#######..##.#######..
#.....#..#.###...##..
#.###.#.#####.#.##.##
#.###.#.#.###....##..
#.###.#..#....#.#..##
#.....#.#....########
#######.#.##.........`;

const drawn = (text: string): string =>
  (qrOf(text) ?? []).map((row) => `\n${row.map((dark) => (dark ? '#' : '.')).join('')}`).join('');

test('a text is drawn as other encoders draw it', () => {
  assert.equal(drawn('beacon'), BEACON);
});

test('a longer text takes a larger picture, and one that is too long none', () => {
  const sizes = [1, 17, 18, 32, 53, 78, 106, 134, 154, 192, 230, 271].map((length) => qrOf('x'.repeat(length))?.length);
  assert.deepEqual(sizes, [21, 21, 25, 25, 29, 33, 37, 41, 45, 49, 53, 57]);
  assert.equal(qrOf('x'.repeat(272)), undefined);
  assert.equal(qrOf('봉화'.repeat(46)), undefined, 'bytes count, not letters');
});
