import { read, write } from '../data/settings.svelte.ts';
import { type Catalogue, fill, type Key, type Values } from './catalogue.ts';

export const LANGUAGES = ['en', 'ko', 'uk'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language in its own words. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', ko: '한국어', uk: 'Українська' };

/** Who reads one language does not load the others. */
const LOADERS: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => (await import('./en.ts')).en,
  ko: async () => (await import('./ko.ts')).ko,
  uk: async () => (await import('./uk.ts')).uk,
};

class Text {
  language = $state<Language>(first());
  /** Nothing is shown before they are here. */
  messages = $state.raw({} as Catalogue);
  /** Knows the English sentences of the station by their forms; who reads English does not need it. */
  forms = $state.raw<typeof import('./told.ts') | undefined>();
  /** Resolves when the console can speak. */
  readonly ready: Promise<void>;
  readonly rules = $derived(new Intl.PluralRules(this.language));
  readonly numbers = $derived(new Intl.NumberFormat(this.language));

  constructor() {
    this.ready = this.#speak(this.language);
  }

  use(language: Language): void {
    write('language', language);
    // Where it cannot be loaded just now, the language stays as it is.
    this.#speak(language).catch(() => undefined);
  }

  async #speak(language: Language): Promise<void> {
    const [messages, forms] = await Promise.all([
      LOADERS[language](),
      language === 'en' ? undefined : import('./told.ts'),
    ]);
    this.messages = messages;
    this.forms = forms;
    this.language = language;
    document.documentElement.lang = language;
  }
}

export const text = new Text();

/** What the console says under a name, in the reader's language. */
export function t(key: Key, values: Values = {}): string {
  return fill(text.messages[key], values, text.rules, (value) => text.numbers.format(value));
}

/** What it says under a name that the station may know and this console may not: then the name itself. */
export function tOr(key: string, fallback: string): string {
  const messages: Readonly<Record<string, unknown>> = text.messages;
  return Object.hasOwn(messages, key) ? t(key as Key) : fallback;
}

/** The language that was chosen here, else the first of the browser's that we have. */
function first(): Language {
  const wanted = [read('language') ?? '', ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.map((tag) => LANGUAGES.find((known) => known === tag)).find((tag) => tag !== undefined) ?? 'en';
}
