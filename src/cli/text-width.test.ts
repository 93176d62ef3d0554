import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutText, fitText, textWidth, withoutControls } from './text-width.ts';

test('Hangul and Han take two columns, marks none', () => {
  assert.equal(textWidth('www.ministry.example'), 20);
  assert.equal(textWidth('행정안전부'), 10);
  assert.equal(textWidth('Міністерство'), 12);
  assert.equal(textWidth('e\u0301'), 1);
});

test('text is cut to whole characters with an ellipsis, and filled to its width', () => {
  assert.equal(cutText('행정안전부', 6), '행정…');
  assert.equal(fitText('행정안전부', 6), '행정… ');
  assert.equal(fitText('12', 5, 'right'), '   12');
  assert.equal(cutText('abc', 3), 'abc');
  assert.equal(cutText('abc', 0), '');
});

test('fitted text has its width, whatever it is made of', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'ab행정·Ї▁') }),
      fc.integer({ min: 1, max: 20 }),
      (text, width) => {
        assert.equal(textWidth(fitText(text, width)), width);
      },
    ),
  );
});

test('nothing that moves a cursor is left in what came over a network', () => {
  const told = withoutControls({ name: 'a\x1b[2Jb\u202e', list: ['x\r\n', 7, null], when: undefined });
  assert.deepEqual(told, { name: 'a\ufffd[2Jb\ufffd', list: ['x\ufffd\ufffd', 7, null], when: undefined });
});
