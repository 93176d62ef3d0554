import type { Estimate } from '../../model/incident.ts';
import { clockIn, offsetOf, sameDay } from './clock.ts';
import { boundsOf, NAMES_MAX, rounded, type SentenceFacts, spanOf, type UnknownFact } from './facts.ts';
import { VECTORS_UK } from './vectors.ts';

const MONTHS = 'січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня'.split(' ');
const ZONES: Readonly<Record<string, string>> = {
  'Asia/Seoul': 'за сеульським часом',
  'Europe/Kyiv': 'за київським часом',
  UTC: 'UTC',
};

/** Forms of a noun: with 1, 21 …; with 2 to 4, 22 to 24 …; with 5 to 20, 25 … */
type Forms = readonly [one: string, few: string, many: string];
const RULES = new Intl.PluralRules('uk');

/** A count with the form of the noun that belongs to it. */
export function counted(count: number, [one, few, many]: Forms): string {
  const category = RULES.select(count);
  return `${number(count)} ${category === 'one' ? one : category === 'few' ? few : many}`;
}

/** After «близько» and «від … до …» a noun stands in the genitive: with 1, 21 … in the singular. */
const genitive = (count: number, singular: string, plural: string): string =>
  counted(count, [singular, plural, plural]);

/** One site is «він», and so are 21 of them: where the count is written, the verb follows it. */
const isMany = (sites: number): boolean => (sites > NAMES_MAX ? RULES.select(sites) !== 'one' : sites > 1);

const upper = (text: string): string => text[0].toUpperCase() + text.slice(1);

const number = (of: number): string => of.toLocaleString('uk-UA');

/** The statement in Ukrainian, in the style of an office. */
export function ukrainianSentence(facts: SentenceFacts): string {
  return [effect(facts), ...lost(facts), finding(facts), ...facts.unknown.map(unknown)].join(' ');
}

function effect(facts: SentenceFacts): string {
  const { sites, attack } = facts;
  const many = isMany(sites.length);
  const going = facts.endMs === undefined;
  const under = attack === undefined ? '' : ` під час атаки на відмову в обслуговуванні (${VECTORS_UK[attack]})`;
  const lead = `${when(facts)} ${names(sites, facts.registered)}`;
  // Present while it goes on, past when it is over; one site is «він».
  const was = going ? '' : many ? ' були' : ' був';
  switch (facts.effect) {
    case 'out':
      return `${lead}${was} ${going ? '' : 'тимчасово '}${many ? 'недоступні' : 'недоступний'} ${about(facts.outMinutes)}${under}.`;
    case 'degraded':
      return `${lead} ${going ? (many ? 'працюють' : 'працює') : many ? 'працювали' : 'працював'} повільно або з помилками ${about(facts.degradedMinutes)}${under}.`;
    case 'fenced':
      return `${lead}${was} ${many ? 'доступні' : 'доступний'} всередині країни та ${many ? 'закриті' : 'закритий'} для відвідувачів з-за кордону${under}.`;
    case 'none':
    case 'unseen': {
      const verb = going ? (many ? 'зазнають' : 'зазнає') : many ? 'зазнали' : 'зазнав';
      const attackName = `атаки на відмову в обслуговуванні${attack === undefined ? '' : ` (${VECTORS_UK[attack]})`}`;
      const stayed = going
        ? many
          ? 'залишаються доступними'
          : 'залишається доступним'
        : many
          ? 'залишалися доступними'
          : 'залишався доступним';
      return `${lead} ${verb} ${attackName}${facts.effect === 'none' ? ` і ${stayed}` : ''}.`;
    }
  }
}

function when({ startMs, endMs, zone }: SentenceFacts): string {
  const from = clockIn(startMs, zone);
  const zoneName = ZONES[zone] ?? `за часом ${offsetOf(startMs, zone)}`;
  const isUtc = zoneName === 'UTC';
  const date = `${from.day} ${MONTHS[from.month - 1]} ${from.year} року`;
  const utcFrom = clockIn(startMs, 'UTC').time;
  if (endMs === undefined) return `З ${from.time} ${zoneName}${isUtc ? '' : ` (${utcFrom} UTC)`} ${date}`;
  const to = clockIn(endMs, zone);
  const toText = sameDay(from, to) ? to.time : `${to.time} ${to.day} ${MONTHS[to.month - 1]}`;
  const utc = isUtc ? '' : ` (${utcFrom}–${clockIn(endMs, 'UTC').time} UTC)`;
  return `${date} з ${from.time} до ${toText} ${zoneName}${utc}`;
}

/** `вебсайт «Міністерство»`; `вебсайти «А» та «Б»`; `12 вебсайтів («А», «Б», «В» та інші)`. */
function names(sites: readonly string[], registered = true): string {
  const forms: Forms = registered ? ['вебсайт', 'вебсайти', 'вебсайтів'] : ['вузол', 'вузли', 'вузлів'];
  const quoted = sites.slice(0, NAMES_MAX).map((name) => `«${name}»`);
  if (sites.length === 1) return `${forms[0]} ${quoted[0]}`;
  if (sites.length <= NAMES_MAX) return `${forms[1]} ${quoted.slice(0, -1).join(', ')} та ${quoted[quoted.length - 1]}`;
  return `${counted(sites.length, forms)} (${quoted.join(', ')} та інші)`;
}

function about(estimate: Estimate): string {
  if (estimate.value < 0.75) return 'менше хвилини';
  const { hours, minutes } = spanOf(estimate.value);
  const parts = [
    hours === 0 ? '' : genitive(hours, 'години', 'годин'),
    minutes === 0 && hours > 0 ? '' : genitive(minutes, 'хвилини', 'хвилин'),
  ];
  const bounds = boundsOf(estimate);
  const range =
    bounds === undefined ? '' : ` (від ${number(bounds[0])} до ${genitive(bounds[1], 'хвилини', 'хвилин')})`;
  return `близько ${parts.filter((part) => part !== '').join(' ')}${range}`;
}

function lost({ lostRequests, usersAffected }: SentenceFacts): string[] {
  const said: string[] = [];
  if (lostRequests !== undefined && lostRequests.high >= 1)
    said.push(`За оцінкою, без відповіді залишилося близько ${range(lostRequests, 'запиту', 'запитів')}.`);
  if (usersAffected !== undefined && usersAffected.high >= 1)
    said.push(`За оцінкою, це стосувалося близько ${range(usersAffected, 'людини', 'людей')}.`);
  return said;
}

function range({ value, low, high }: Estimate, singular: string, plural: string): string {
  const [from, to] = [rounded(low), rounded(high)];
  return `${genitive(rounded(value), singular, plural)}${from === to ? '' : ` (від ${number(from)} до ${number(to)})`}`;
}

function finding({ grade, effect: how, endMs }: SentenceFacts): string {
  const far = endMs === undefined ? 'Наразі ' : '';
  const first = (text: string): string => (far === '' ? upper(text) : far + text);
  if (how === 'unseen') return 'Вплив на роботу сервісу не вимірювався.';
  switch (grade) {
    case 'D0':
      return first('впливу на роботу сервісу не виявлено.');
    case 'D1':
      return first('серйозної шкоди не завдано.');
    case 'D2':
      return first(`${far === '' ? 'це тимчасовий збій; ' : ''}серйозної шкоди не завдано.`);
    case 'D3':
      return first('порушення роботи є значним.');
    case 'D4':
      return first('порушення роботи є серйозним.');
  }
}

function unknown(fact: UnknownFact): string {
  switch (fact.kind) {
    case 'people':
      return 'Скільки людей це зачепило, невідомо.';
    case 'requests':
      return 'Скільки запитів залишилося без відповіді, невідомо.';
    case 'unwatched':
      return `Невідомо, чи ${isMany(fact.sites.length) ? 'були доступні' : 'був доступний'} ${names(fact.sites)}: перевірок і журналу немає.`;
    case 'unseen':
      return `Протягом близько ${genitive(Math.max(1, Math.round(fact.minutes)), 'хвилини', 'хвилин')} стан сервісу не був відомий.`;
    case 'one-vantage':
      return `${upper(names(fact.sites))} ${isMany(fact.sites.length) ? 'перевірялися' : 'перевірявся'} лише з однієї точки; іншого підтвердження немає.`;
    case 'ongoing':
      return 'Скільки це триватиме, невідомо.';
    case 'cause':
      return 'Причина невідома; атаки в цей час не зафіксовано.';
  }
}
