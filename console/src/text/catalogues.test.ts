import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Catalogue, fill, type Message } from './catalogue.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';
import { uk } from './uk.ts';

const SOURCES = fileURLToPath(new URL('..', import.meta.url));
const CATALOGUES: Readonly<Record<string, Catalogue>> = { en, ko, uk };

const formsOf = (message: Message): readonly string[] =>
  typeof message === 'string' ? [message] : Object.values(message);
const placesOf = (message: Message): ReadonlySet<string> =>
  new Set(formsOf(message).flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)));

/** All code of the console but the catalogues themselves. */
function sources(): string {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(svelte|ts)$/.test(path) && !/\.test\.ts$|text\/(en|ko|uk)/.test(path))
    .map((path) => readFileSync(join(SOURCES, path), 'utf8'))
    .join('\n');
}

describe('the catalogues', () => {
  for (const [language, catalogue] of Object.entries(CATALOGUES)) {
    it(`${language} says everything, with the same places to fill in`, () => {
      assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(en).sort());
      for (const [key, message] of Object.entries(catalogue)) {
        const wanted = placesOf(en[key as keyof typeof en]);
        // A singular form may leave its number out.
        const told = placesOf(message);
        assert.deepEqual([...told].sort(), [...wanted].sort(), `${language} ${key}`);
        for (const form of formsOf(message)) assert.notEqual(form.trim(), '', `${language} ${key}`);
      }
    });

    it(`${language} has every plural form of the language`, () => {
      const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
      for (const [key, message] of Object.entries(catalogue)) {
        if (typeof message === 'string') continue;
        assert.deepEqual(Object.keys(message).sort(), [...pluralCategories].sort(), `${language} ${key}`);
      }
    });
  }

  it('says the same thing in several languages, and not the English one thrice', () => {
    const same = Object.keys(en).filter((key) => {
      const told = (catalogue: Catalogue): string => JSON.stringify(catalogue[key as keyof typeof en]);
      return told(en) === told(ko) || told(en) === told(uk);
    });
    // Names of protocols and formats are the same everywhere.
    assert.ok(same.length < 25, same.join(', '));
  });

  it('has no text that nothing says', () => {
    const code = sources();
    const families = [...code.matchAll(/`([a-zA-Z]+(?:\.[a-zA-Z]+)*)\.\$\{/g)].map(([, prefix]) => `${prefix}.`);
    const unused = Object.keys(en).filter(
      (key) => !code.includes(`'${key}'`) && !families.some((prefix) => key.startsWith(prefix)),
    );
    assert.deepEqual(unused, []);
  });

  it('chooses the form by the number', () => {
    const rules = new Intl.PluralRules('uk');
    const say = (n: number): string => fill(uk['now.attacks'], { n }, rules, String);
    assert.deepEqual([1, 3, 5, 21, 112].map(say), [
      'триває 1 атака',
      'тривають 3 атаки',
      'триває 5 атак',
      'триває 21 атака',
      'триває 112 атак',
    ]);
    assert.equal(fill('{a} of {b}', { a: 1 }, rules, String), '1 of {b}');
    assert.equal(fill('{a}', { a: '{b}', b: 'never read again' }, rules, String), '{b}');
  });
});
