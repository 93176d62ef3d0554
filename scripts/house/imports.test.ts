import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ImportKind, importsOf } from './imports.ts';
import { scan } from './scan.ts';

const cases: readonly (readonly [name: string, text: string, want: readonly (readonly [string, ImportKind])[]])[] = [
  ['default', "import a from './a.ts';", [['./a.ts', 'static']]],
  ['names over several lines', "import {\n  a,\n  b as c,\n} from './a.ts';", [['./a.ts', 'static']]],
  ['namespace', "import * as a from 'a';", [['a', 'static']]],
  ['for its effect', "import './a.ts';", [['./a.ts', 'static']]],
  ['default and names', "import a, { b } from 'a';", [['a', 'static']]],
  ['types', "import type { A } from './a.ts';", [['./a.ts', 'type']]],
  ['a default type', "import type A from './a.ts';", [['./a.ts', 'type']]],
  ['inline types only', "import { type A, type B } from './a.ts';", [['./a.ts', 'type']]],
  ['inline types and values', "import { type A, b } from './a.ts';", [['./a.ts', 'static']]],
  ['a value called type', "import type from './a.ts';", [['./a.ts', 'static']]],
  ['dynamic', "const a = await import('./a.ts');", [['./a.ts', 'dynamic']]],
  ['dynamic with a template', 'await import(`./a.ts`);', [['./a.ts', 'dynamic']]],
  ['a type in place', "let a: import('./a.ts').A;", [['./a.ts', 'dynamic']]],
  ['require', "const a = require('node:fs');", [['node:fs', 'dynamic']]],
  ['re-export of all', "export * from './a.ts';", [['./a.ts', 'reexport']]],
  ['re-export under a name', "export * as a from './a.ts';", [['./a.ts', 'reexport']]],
  ['re-export of names', "export { a, b as c } from './a.ts';", [['./a.ts', 'reexport']]],
  ['re-export of types', "export type { A } from './a.ts';", [['./a.ts', 'type']]],
  ['a worker', "new Worker(new URL('./w.ts', import.meta.url));", [['./w.ts', 'url']]],
  ['a script by path', "spawn(node, ['bench/case.ts']);", [['bench/case.ts', 'path']]],
  ['an export without from', "export { a };\nconst from = 'b';\nimport 'c';", [['c', 'static']]],
  ['an export of a value', "export const a = 'from';", []],
  ['import.meta', 'const here = import.meta.dirname;', []],
  ['a method called import', "a.import('b');", []],
  ['a comment and a string', "// import 'a'\nconst b = \"import 'c'\";", []],
];

describe('importsOf', () => {
  for (const [name, text, want] of cases) {
    it(name, () => {
      assert.deepEqual(
        importsOf(scan(text)).map((found) => [found.specifier, found.kind]),
        want,
      );
    });
  }

  it('tells the line of the specifier', () => {
    assert.equal(importsOf(scan("\nimport {\n  a,\n} from './a.ts';"))[0].line, 4);
  });
});
