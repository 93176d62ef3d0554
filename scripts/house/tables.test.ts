import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { markdownTable, withPart } from './tables.ts';

describe('markdownTable', () => {
  it('writes a head, a rule and rows, with bars escaped', () => {
    assert.equal(markdownTable(['a', 'b'], [['1', 'x | y']]), '| a | b |\n|---|---|\n| 1 | x \\| y |');
  });
});

describe('withPart', () => {
  it('replaces what stands between the marks of that name', () => {
    const text = 'a\n<!-- table: t -->\nold\nrows\n<!-- end of table -->\nb';
    assert.equal(withPart(text, 'table', 't', 'new'), 'a\n<!-- table: t -->\nnew\n<!-- end of table -->\nb');
  });

  it('fills marks that have nothing between them', () => {
    const text = '<!-- output: t -->\n<!-- end of output -->';
    assert.equal(withPart(text, 'output', 't', 'new'), '<!-- output: t -->\nnew\n<!-- end of output -->');
  });

  it('tells when the marks are missing', () => {
    assert.equal(withPart('text', 'output', 't', 'new'), undefined);
  });
});
