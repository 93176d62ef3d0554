import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { markdownTable, withTable } from './tables.ts';

describe('markdownTable', () => {
  it('writes a head, a rule and rows, with bars escaped', () => {
    assert.equal(markdownTable(['a', 'b'], [['1', 'x | y']]), '| a | b |\n|---|---|\n| 1 | x \\| y |');
  });
});

describe('withTable', () => {
  it('replaces what stands between the marks of that name', () => {
    const text = 'a\n<!-- table: t -->\nold\nrows\n<!-- end of table -->\nb';
    assert.equal(withTable(text, 't', 'new'), 'a\n<!-- table: t -->\nnew\n<!-- end of table -->\nb');
  });

  it('tells when the marks are missing', () => {
    assert.equal(withTable('text', 't', 'new'), undefined);
  });
});
