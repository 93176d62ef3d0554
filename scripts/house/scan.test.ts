import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { codeOf, scan } from './scan.ts';

const words = (text: string): string[] =>
  codeOf(scan(text))
    .filter((token) => token.kind === 'word')
    .map((token) => token.text);

describe('scan', () => {
  it('leaves words inside comments, strings and regular expressions out of the code', () => {
    assert.deepEqual(words("// Math\n/* Date\n now */ \"setTimeout\" 'a\\'b console'; /process[/]env/g + x"), [
      'g',
      'x',
    ]);
  });

  it('takes the code inside template literals, also nested ones', () => {
    // The dollar sign is joined in, so that this test is not itself taken for a template with a wrong quote.
    const text = ['`text $', '{ outer(`inner $', '{ deep } tail`) } end` + after'].join('');
    assert.deepEqual(words(text), ['outer', 'deep', 'after']);
  });

  it('keeps braces of objects inside a template literal apart from its end', () => {
    assert.deepEqual(words(['`a $', '{ f({ b: { c } }) } d` e'].join('')), ['f', 'b', 'c', 'e']);
  });

  it('tells a division from a regular expression', () => {
    assert.deepEqual(words('a / b / c; return /x y/.test(d)'), ['a', 'b', 'c', 'return', 'test', 'd']);
    assert.deepEqual(words('(a) / b; c[1] / d; e = /f/'), ['a', 'b', 'c', 'd', 'e']);
  });

  it('counts lines through every kind of token', () => {
    const tokens = codeOf(scan('#!/usr/bin/env node\n/* a\nb */\n`c\nd`\ne'));
    assert.deepEqual(
      tokens.map((token) => [token.kind, token.line]),
      [
        ['template', 4],
        ['word', 6],
      ],
    );
  });

  it('ends on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a1`$}{\'"/\\*\n[]() '), maxLength: 60 }), (text) => {
        const tokens = scan(text);
        assert.ok(tokens.length <= text.length + 1);
      }),
    );
  });
});
