import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compile } from 'svelte/compiler';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const COMPONENTS = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.svelte'),
);

/** What may stand in markup as it is: numbers, signs, units, names of keys and of formats. */
const FREE =
  /^(?:[\s\d\W_]|kB|req\/s|Esc|Enter|[jk]|name,urls,addresses,organisation,sector,criticality|npx bonghwa init)*$/u;

/** The markup of a component: no script, no style, no expression, no tag. */
function wordsOf(component: string): string {
  let markup = component
    .replace(/<script[\s\S]*?<\/script>/g, '')
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replaceAll(/=>/g, '');
  for (let before = ''; before !== markup; ) {
    before = markup;
    markup = markup.replaceAll(/\{[^{}]*\}/g, '');
  }
  return markup.replaceAll(/<\/?[a-zA-Z][^<>]*>/g, ' ').replaceAll(/<!--[\s\S]*?-->/g, '');
}

describe('the components', () => {
  for (const path of COMPONENTS) {
    const source = readFileSync(join(SOURCES, path), 'utf8');

    it(`${path} compiles without a warning`, () => {
      const { warnings } = compile(source, { filename: path, generate: 'client' });
      assert.deepEqual(
        warnings.map(({ code, message }) => `${code}: ${message}`),
        [],
      );
    });

    it(`${path} takes its words from the catalogues`, () => {
      const words = wordsOf(source)
        .split(/\s{2,}|\n/)
        .filter((text) => !FREE.test(text));
      assert.deepEqual(words, []);
    });

    it(`${path} makes no markup of text`, () => {
      const raw = [...source.matchAll(/\{@html [^}]*\}/g)].map(([found]) => found);
      assert.deepEqual(raw, path.endsWith('Documents.svelte') ? ['{@html trustedMarkup(entry.html)}'] : []);
      assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|style="/);
    });
  }
});
