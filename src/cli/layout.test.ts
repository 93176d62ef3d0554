import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { labelled, renderTable, tableWidth, wrapText } from './layout.ts';

const plain = (text: string): string => text;

test('text is broken at spaces, and a number keeps its unit', () => {
  assert.deepEqual(wrapText('the peak was 12.3 k packets/s, twice', 14), [
    'the peak was',
    '12.3 k',
    'packets/s,',
    'twice',
  ]);
  assert.deepEqual(wrapText('the peak was 12.3 k packets/s, twice', 20), [
    'the peak was',
    '12.3 k packets/s,',
    'twice',
  ]);
  assert.deepEqual(wrapText('', 10), ['']);
});

test('no line is longer than the width, and no letter is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab1 2%k') }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      const lines = wrapText(text, width);
      for (const line of lines) assert.ok(line.length <= width, `'${line}' is longer than ${width}`);
      assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''));
    }),
  );
});

test('a label stands before the first line only', () => {
  assert.deepEqual(labelled('why', 'one two three four five six', 25, 5), ['why  one two three four', '     five six']);
});

test('a table pads its columns, breaks cells that are too wide and aligns numbers to the right', () => {
  const columns = [{ title: 'target', widthMax: 8 }, { title: 'n', align: 'right' as const }, { title: 'last' }];
  const rows = [
    [['192.0.2.10'], ['7'], ['x', 'y']],
    [['a'], ['1,000'], ['z']],
  ];
  assert.equal(tableWidth(columns, rows), 10 + 2 + 5 + 2 + 4);
  assert.deepEqual(renderTable(columns, rows, plain), [
    'target        n  last',
    '192.0.2.      7  x',
    '10               y',
    'a         1,000  z',
  ]);
});
