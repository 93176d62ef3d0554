import type { Values } from './catalogue.ts';
import { enFindings } from './en-findings.ts';
import { enForms } from './en-forms.ts';
import { enWords } from './en-words.ts';

export type FormName = keyof (typeof enForms & typeof enFindings) extends `form.${infer Name}` ? Name : never;

/** A sentence of the station, understood: what is said under this name, with these values. */
export interface Form {
  readonly name: FormName;
  /** `number` and `share` are as they were read; `duration` is in ms, `ratios` are n of 1 in n; `word` is a name of the catalogue, `forms` are sentences in the sentence; the rest is text. */
  readonly values: Readonly<Partial<Record<string, Value>>>;
}

export type Value =
  | { readonly kind: 'number' | 'share' | 'duration'; readonly value: number }
  | { readonly kind: 'ratios'; readonly values: readonly number[] }
  | { readonly kind: 'word'; readonly key: string }
  | { readonly kind: 'forms'; readonly forms: readonly Form[] }
  | { readonly kind: 'text'; readonly text: string };

/** Sentences longer than this are none of ours. */
const CHARS_MAX = 400;
const DURATION_MS: Readonly<Record<string, number>> = { h: 3_600_000, min: 60_000, s: 1000 };
const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
const STATES: ReadonlySet<string> = new Set(['open', 'contained', 'recovered', 'closed']);
/** Between sentences that are told together. */
const AND = '; ';

/** Names of vectors, as sentences have them in lower case. */
const VECTORS: ReadonlyMap<string, string> = new Map(
  Object.entries(enWords)
    .filter(([key]) => key.startsWith('vector.'))
    .map(([key, title]) => [title.toLowerCase(), key]),
);

/** What may stand in the place of a name. */
const PLACES: Readonly<Record<string, string>> = {
  a: String.raw`([\d.]+(?: ?[kMGTP%])?)`,
  b: String.raw`([\d.]+(?: ?[kMGTP%])?)`,
  c: String.raw`([\d.]+(?: ?[kMGTP%])?)`,
  d: String.raw`([\d.]+(?: ?[kMGTP%])?)`,
  at: '([^;]+?)',
  failure: '([^;]+?)',
  names: '([^;]+)',
  causes: '([^;]+?)',
  home: '((?:the|all) [^,]+)',
  abroad: '((?:the|none) [^:]+)',
  attack: 'an? ([^:]+?)',
  code: String.raw`([\w ()-]+)`,
  reason: String.raw`([\w -]+)`,
  quoted: '(.+)',
  why: '(.+)',
  siteState: '([a-z-]+)',
  service: String.raw`([\w. ]+?)`,
  state: '([a-z]+)',
  next: '([a-z]+)',
  vector: '(.+?)',
  target: '(.+)',
  time: String.raw`(\d+ h \d+ min|\d+ min(?: \d+ s)?|[\d.]+ s)`,
  pause: String.raw`(\d+ h \d+ min|\d+ min(?: \d+ s)?|[\d.]+ s)`,
  datagrams: String.raw`([\d.]+(?: [kMGTP])?) datagrams?`,
  sets: String.raw`([\d.]+(?: [kMGTP])?) sets?`,
  ratio: String.raw`(1 in \d+)`,
  ratios: String.raw`(1 in \d+(?:(?:, | and )1 in \d+)*)`,
  keeper: String.raw`([\da-f:.]+)`,
  missing: String.raw`([\d, ]+)`,
  seen: String.raw`([\d, ]+)`,
  heard: '(.+?)',
  finding: '(.+)',
};

const FORMS = Object.entries({ ...enForms, ...enFindings }).map(([key, template]) => {
  const names: string[] = [];
  const pattern = template.split(/\{(\w+)\}/).map((part, at) => {
    if (at % 2 === 0) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    names.push(part);
    return PLACES[part];
  });
  return { name: key.slice('form.'.length) as FormName, names, pattern: new RegExp(`^${pattern.join('')}$`, 's') };
});

/** Understands what the station says in English, one sentence or several; undefined where one has none of the forms that are known here. */
export function formsOf(sentence: string): readonly Form[] | undefined {
  if (sentence.length > CHARS_MAX) return undefined;
  const whole = formOf(sentence);
  if (whole !== undefined) return [whole];
  for (let at = sentence.indexOf(AND); at >= 0; at = sentence.indexOf(AND, at + 1)) {
    const first = formOf(sentence.slice(0, at));
    const rest = first === undefined ? undefined : formsOf(sentence.slice(at + AND.length));
    if (first !== undefined && rest !== undefined) return [first, ...rest];
  }
  return undefined;
}

function formOf(sentence: string): Form | undefined {
  for (const { name, names, pattern } of FORMS) {
    const found = pattern.exec(sentence);
    if (found === null) continue;
    const values = names.map((place, at) => [place, readAs(place, found[at + 1])] as const);
    if (values.every((pair): pair is readonly [string, Value] => pair[1] !== undefined))
      return { name, values: Object.fromEntries(values) };
  }
  return undefined;
}

/** Several causes, each with the names of those that met it. */
function causesOf(text: string): readonly Form[] | undefined {
  const whole = formOf(text);
  if (whole?.name === 'causeAt') return [whole];
  for (let at = text.indexOf(', '); at >= 0; at = text.indexOf(', ', at + 1)) {
    const first = formOf(text.slice(0, at));
    const rest = first?.name === 'causeAt' ? causesOf(text.slice(at + 2)) : undefined;
    if (first !== undefined && rest !== undefined) return [first, ...rest];
  }
  return undefined;
}

function readAs(name: string, text: string): Value | undefined {
  switch (name) {
    case 'a':
    case 'b':
    case 'c':
    case 'd':
    case 'datagrams':
    case 'sets': {
      const [, digits, unit] = /^([\d.]+) ?(\D?)$/.exec(text) ?? [];
      const value = Number(digits) * (unit === '%' ? 0.01 : (FACTORS[unit] ?? Number.NaN));
      return Number.isNaN(value) ? undefined : { kind: unit === '%' ? 'share' : 'number', value };
    }
    case 'attack':
    case 'vector': {
      const key = VECTORS.get(text.toLowerCase());
      return key === undefined ? undefined : { kind: 'word', key };
    }
    case 'state':
    case 'next':
      return STATES.has(text) ? { kind: 'word', key: `incidentState.${text}` } : undefined;
    case 'siteState':
      return Object.hasOwn(enWords, `state.${text}`) ? { kind: 'word', key: `state.${text}` } : undefined;
    case 'time':
    case 'pause': {
      const parts = [...text.matchAll(/([\d.]+) (h|min|s)/g)];
      const value = parts.reduce((sum, [, digits, unit]) => sum + Number(digits) * DURATION_MS[unit], 0);
      return Number.isNaN(value) ? undefined : { kind: 'duration', value };
    }
    case 'ratio':
    case 'ratios':
      return { kind: 'ratios', values: [...text.matchAll(/1 in (\d+)/g)].map(([, n]) => Number(n)) };
    case 'causes': {
      const forms = causesOf(text);
      return forms === undefined ? undefined : { kind: 'forms', forms };
    }
    case 'finding': {
      const form = formOf(text);
      return form !== undefined && Object.hasOwn(enFindings, `form.${form.name}`)
        ? { kind: 'forms', forms: [form] }
        : undefined;
    }
    case 'home':
    case 'abroad':
    case 'why':
    case 'failure': {
      const forms = formsOf(text);
      return forms === undefined ? undefined : { kind: 'forms', forms };
    }
    case 'code': {
      if (Object.hasOwn(enWords, `fault.${text}`)) return { kind: 'word', key: `fault.${text}` };
      const forms = formsOf(text);
      return forms === undefined ? { kind: 'text', text } : { kind: 'forms', forms };
    }
    case 'names':
      // What has a cause in it is several causes with their names.
      return text.includes(' at ')
        ? undefined
        : { kind: 'text', text: text.replace(/ and (\d+) more$/, ', + $1').replaceAll(' and ', ', ') };
    default:
      return { kind: 'text', text };
  }
}

/** How the parts of sentences are said in a language. */
export interface Voice {
  readonly text: (name: FormName, values: Values) => string;
  readonly number: (value: number) => string;
  readonly share: (value: number) => string;
  readonly duration: (ms: number) => string;
  readonly word: (key: string) => string;
}

/** Says in a language what was understood. */
export const say = (forms: readonly Form[], voice: Voice): string =>
  forms
    .map(({ name, values }) =>
      voice.text(
        name,
        Object.fromEntries(
          Object.entries(values).map(([place, value]) => [place, value === undefined ? '' : said(value, voice)]),
        ),
      ),
    )
    .join(AND);

function said(value: Value, voice: Voice): string {
  switch (value.kind) {
    case 'text':
      return value.text;
    case 'word':
      return voice.word(value.key);
    case 'forms':
      return say(value.forms, voice);
    case 'ratios':
      return value.values.map((n) => `1:${voice.number(n)}`).join(', ');
    default:
      return voice[value.kind](value.value);
  }
}
