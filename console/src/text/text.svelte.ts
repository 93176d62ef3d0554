import { read, write } from '../data/settings.svelte.ts';
import { type Catalogue, fill, type Key, type Values } from './catalogue.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';
import { uk } from './uk.ts';

export const LANGUAGES = ['en', 'ko', 'uk'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language in its own words. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', ko: '한국어', uk: 'Українська' };

const CATALOGUES: Readonly<Record<Language, Catalogue>> = { en, ko, uk };

class Text {
  language = $state<Language>(first());
  readonly rules = $derived(new Intl.PluralRules(this.language));
  readonly numbers = $derived(new Intl.NumberFormat(this.language));

  constructor() {
    document.documentElement.lang = this.language;
  }

  use(language: Language): void {
    this.language = language;
    write('language', language);
    document.documentElement.lang = language;
  }
}

export const text = new Text();

/** What the console says under a name, in the reader's language. */
export function t(key: Key, values: Values = {}): string {
  return fill(CATALOGUES[text.language][key], values, text.rules, (value) => text.numbers.format(value));
}

/** What it says under a name that the station may know and this console may not: then the name itself. */
export function tOr(key: string, fallback: string): string {
  const messages: Readonly<Record<string, unknown>> = CATALOGUES[text.language];
  return Object.hasOwn(messages, key) ? t(key as Key) : fallback;
}

/** The language that was chosen here, else the first of the browser's that we have. */
function first(): Language {
  const wanted = [read('language') ?? '', ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.map((tag) => LANGUAGES.find((known) => known === tag)).find((tag) => tag !== undefined) ?? 'en';
}
