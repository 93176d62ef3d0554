import type { en } from './en.ts';

/** Names of everything that the console says. */
export type Key = keyof typeof en;

/** A text; `{name}` is filled in. Where it depends on a number, one text for each plural form of the language, by `{n}`. */
export type Message = string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string }>;

/** All texts in one language. */
export type Catalogue = Readonly<Record<Key, Message>>;

export type Values = Readonly<Record<string, string | number>>;

/** The text for these values; a value that is missing stays visible as its name. */
export function fill(
  message: Message,
  values: Values,
  rules: Intl.PluralRules,
  number: (value: number) => string,
): string {
  const text = typeof message === 'string' ? message : (message[rules.select(Number(values.n))] ?? message.other);
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? number(value) : value;
  });
}
