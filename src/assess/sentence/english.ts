import type { Estimate } from '../../model/incident.ts';
import { VECTOR_TITLES } from '../../model/vector.ts';
import { clockIn, offsetOf, sameDay } from './clock.ts';
import { boundsOf, NAMES_MAX, rounded, type SentenceFacts, spanOf, type UnknownFact } from './facts.ts';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const HOST = /^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+$/u;
const ZONES: Readonly<Record<string, string>> = {
  'Asia/Seoul': 'Korea Standard Time',
  'Europe/Kyiv': 'Kyiv time',
  UTC: 'UTC',
};

/** The statement in English. */
export function englishSentence(facts: SentenceFacts): string {
  return [effect(facts), ...lost(facts), finding(facts), ...facts.unknown.map(englishUnknown)].join(' ');
}

function effect(facts: SentenceFacts): string {
  const { sites, attack } = facts;
  const many = sites.length > 1;
  // A host is what the website is called; an office is whose it is.
  const of = sites.every((site) => HOST.test(site)) ? '' : 'of ';
  const name = facts.registered ? `the ${many ? 'websites' : 'website'} ${of}${names(sites)}` : names(sites);
  const under = attack === undefined ? '' : `, during a denial-of-service attack (${VECTOR_TITLES[attack]})`;
  const going = facts.endMs === undefined;
  const was = going ? (many ? 'have been' : 'has been') : many ? 'were' : 'was';
  const lead = `${when(facts)}, ${name}`;
  switch (facts.effect) {
    case 'out':
      return `${lead} ${was} ${going ? '' : 'temporarily '}unreachable for ${about(facts.outMinutes)}${under}.`;
    case 'degraded':
      return `${lead} ${was} reachable, but slow or with errors for ${about(facts.degradedMinutes)}${under}.`;
    case 'fenced':
      return `${lead} ${was} reachable at home, and closed to visitors from abroad${under}.`;
    case 'none':
      return `${lead} ${was} under a denial-of-service attack${attack === undefined ? '' : ` (${VECTOR_TITLES[attack]})`} and stayed reachable.`;
    case 'unseen':
      return `${lead} ${was} under a denial-of-service attack${attack === undefined ? '' : ` (${VECTOR_TITLES[attack]})`}.`;
  }
}

function when({ startMs, endMs, zone }: SentenceFacts): string {
  const from = clockIn(startMs, zone);
  const date = `${from.day} ${MONTHS[from.month - 1]} ${from.year}`;
  const zoneName = ZONES[zone] ?? offsetOf(startMs, zone);
  const utcFrom = clockIn(startMs, 'UTC');
  const isUtc = zoneName === 'UTC';
  if (endMs === undefined) return `Since ${from.time} ${zoneName}${isUtc ? '' : ` (${utcFrom.time} UTC)`} on ${date}`;
  const to = clockIn(endMs, zone);
  const utcTo = clockIn(endMs, 'UTC');
  const toText = sameDay(from, to) ? to.time : `${to.time} on ${to.day} ${MONTHS[to.month - 1]}`;
  const utc = isUtc ? '' : ` (${utcFrom.time} to ${utcTo.time} UTC)`;
  return `On ${date}, from ${from.time} to ${toText} ${zoneName}${utc}`;
}

function names(sites: readonly string[]): string {
  const shown = sites.slice(0, NAMES_MAX);
  const rest = sites.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return shown.length === 1 ? shown[0] : `${shown.slice(0, -1).join(', ')} and ${shown[shown.length - 1]}`;
}

function about(estimate: Estimate): string {
  if (estimate.value < 0.75) return 'less than a minute';
  const { hours, minutes } = spanOf(estimate.value);
  const bounds = boundsOf(estimate);
  const span =
    hours === 0
      ? plural(minutes, 'minute')
      : `${plural(hours, 'hour')}${minutes === 0 ? '' : ` and ${plural(minutes, 'minute')}`}`;
  return `about ${span}${bounds === undefined ? '' : ` (${bounds[0]} to ${bounds[1]} minutes)`}`;
}

const plural = (count: number, word: string): string =>
  `${count.toLocaleString('en-GB')} ${word}${count === 1 ? '' : 's'}`;

function lost({ lostRequests, usersAffected }: SentenceFacts): string[] {
  const said: string[] = [];
  if (lostRequests !== undefined && lostRequests.high >= 1)
    said.push(
      `An estimated ${range(lostRequests)} ${rounded(lostRequests.high) === 1 ? 'request' : 'requests'} went unanswered.`,
    );
  if (usersAffected !== undefined && usersAffected.high >= 1)
    said.push(`An estimated ${range(usersAffected)} people were affected.`);
  return said;
}

function range({ value, low, high }: Estimate): string {
  const number = (of: number): string => rounded(of).toLocaleString('en-GB');
  return number(low) === number(high) ? number(value) : `${number(value)} (between ${number(low)} and ${number(high)})`;
}

function finding({ grade, effect: how, endMs }: SentenceFacts): string {
  const going = endMs === undefined;
  if (how === 'unseen') return 'What it did to the service was not measured.';
  switch (grade) {
    case 'D0':
      return `No effect on the service ${going ? 'has been found so far' : 'was found'}.`;
    case 'D1':
      return going ? 'There has been no serious damage so far.' : 'There was no serious damage.';
    case 'D2':
      return going
        ? 'There has been no serious damage so far.'
        : 'It was a temporary outage; there was no serious damage.';
    case 'D3':
      return `The disruption ${going ? 'has been considerable so far' : 'was considerable'}.`;
    case 'D4':
      return `The disruption ${going ? 'has been serious so far' : 'was serious'}.`;
  }
}

/** What is not known, one sentence. */
export function englishUnknown(fact: UnknownFact): string {
  switch (fact.kind) {
    case 'people':
      return 'How many people were affected is not known.';
    case 'requests':
      return 'How many requests went unanswered is not known.';
    case 'unwatched':
      return `Whether ${names(fact.sites)} could be reached is not known: no vantage checks ${fact.sites.length === 1 ? 'it' : 'them'} and no log is read.`;
    case 'unseen':
      return `For ${about({ value: fact.minutes, low: fact.minutes, high: fact.minutes })} nobody could tell whether service was there.`;
    case 'one-vantage':
      return `Only one vantage looked at ${names(fact.sites)}; no other confirms what it saw.`;
    case 'ongoing':
      return 'How long it will last is not known.';
    case 'cause':
      return 'The cause is not known; no attack was seen at the time.';
  }
}
