import type { Attack } from '../../../src/model/attack.ts';
import type { CheckResult } from '../../../src/model/vantage.ts';
import { amount, capital, digits, duration, moment, percent } from './shown.ts';
import { t, text, tOr } from './text.svelte.ts';
import type { Voice } from './told.ts';
import { usualOf } from './words.ts';

/** What the station says in English, in the reader's language; undefined where it can only be shown as it is said. */
export function told(sentence: string): string | undefined {
  const forms = text.forms?.formsOf(sentence);
  if (forms === undefined || text.forms === undefined) return undefined;
  const said = text.forms.say(forms, VOICE);
  const { target } = forms[0].values;
  // A name keeps its letters.
  return target?.kind === 'text' && said.startsWith(target.text) ? said : capital(said);
}

/** Why a check failed, in the reader's language: by its sentence where it has a form, else by its code; undefined where neither is known. */
export function faultOf({ code, message }: NonNullable<CheckResult['failure']>): string | undefined {
  const own = told(message) ?? tOr(`fault.${code}`, '');
  return own === '' ? undefined : capital(own);
}

const VOICE: Voice = {
  text: (name, values) => t(`form.${name}`, values),
  number: (value) => (value < 1e6 ? text.numbers.format(value) : amount(value, 'count')),
  share: percent,
  duration,
  word: (key) => tOr(key, key),
};

/** Why it is an attack, in the reader's language, of the numbers that opened it. */
export function whyOf(attack: Attack, nowMs: number): readonly string[] {
  const { evidence, attackersTotal, template } = attack;
  const { measure, observed, limit, limitFrom, at, cusum, samplingError } = evidence;
  const times = observed / limit;
  const numbers = {
    observed: amount(observed, measure),
    limit: amount(limit, measure),
    from: t(`limit.${limitFrom}`),
    at: moment(at, nowMs),
    times: digits(times >= 10 ? Math.round(times) : times),
  };
  const usual = usualOf(attack, measure);
  const isHeld = measure === 'connections' || attack.vectors[0].name === 'slowloris';
  return [
    ...(attackersTotal === undefined || attackersTotal === 0 || template === undefined
      ? []
      : [t('why.clients', { n: attackersTotal, template })]),
    isHeld ? t('why.held', numbers) : t(cusum && times < 1 ? 'why.rise' : 'why.seen', numbers),
    ...(isHeld ? [] : [usual === undefined ? t('why.noPast') : t('why.usual', { usual: amount(usual, measure) })]),
    ...(samplingError > 0 ? [t('why.sampling', { share: percent(samplingError) })] : []),
  ];
}
