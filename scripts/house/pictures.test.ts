import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pictureOf } from './pictures.ts';

describe('pictureOf', () => {
  it('shows the command and what it printed', () => {
    assert.equal(pictureOf('npx a b', 'one\n\ntwo\n\n'), '```\n$ npx a b\none\n\ntwo\n```');
  });

  it('leaves out what stands behind the part that is shown', () => {
    assert.equal(pictureOf('npx a', 'one\n\n── 2 two\nthree\n', /^── 2 /), '```\n$ npx a\none\n```');
  });
});
