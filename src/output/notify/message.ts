import type { Language } from '../../model/incident.ts';
import { SEVERITIES } from '../../model/incident.ts';
import type { News, Severity } from './news.ts';
import { words } from './words.ts';

/** What is spelled out in one message; the rest is counted. */
const LINES_MAX = 20;
/** Characters of a title and of a text: what is longer is cut. */
const TITLE_CHARS_MAX = 200;
const TEXT_CHARS_MAX = 1000;

/** One thing of a message. */
export interface MessageLine {
  readonly kind: News['kind'];
  readonly key: string;
  readonly state: News['state'];
  readonly severity: Severity;
  readonly at: string;
  readonly title: string;
  readonly text: string;
  /** Where it is looked at. */
  readonly url: string;
}

/** What a receiver is told at a time, in its language. */
export interface Message {
  /** The same over all attempts to deliver it: a receiver that gets it twice can tell. */
  readonly id: string;
  readonly at: string;
  readonly station: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly lines: readonly MessageLine[];
  /** News beyond `lines`. */
  readonly more: number;
  readonly test: boolean;
}

export interface MessageFrame {
  readonly id: string;
  readonly at: string;
  readonly station: string;
  /** Address of the station. */
  readonly url: string;
  readonly language: Language;
}

/** Makes one message of news, the most severe first. */
export function messageOf(news: readonly News[], frame: MessageFrame): Message {
  const { id, at, station, url, language } = frame;
  const sorted = [...news].sort((left, right) => weightOf(right) - weightOf(left) || (left.at < right.at ? -1 : 1));
  const lines = sorted.slice(0, LINES_MAX).map(
    ({ kind, key, state, severity, at: when, path, title, body }): MessageLine => ({
      kind,
      key,
      state,
      severity,
      at: when,
      title: plain(title[language], TITLE_CHARS_MAX),
      text: plain(body[language], TEXT_CHARS_MAX),
      url: `${url}${path}`,
    }),
  );
  const subject =
    lines.length === 1 ? lines[0].title : `${words('several', { count: news.length })[language]}: ${lines[0].title}`;
  return {
    id,
    at,
    station,
    severity: sorted[0].severity,
    subject: plain(subject, TITLE_CHARS_MAX),
    lines,
    more: news.length - lines.length,
    test: false,
  };
}

/** A message that tells nothing but that messages arrive. */
export function testMessage({ id, at, station, url, language }: MessageFrame): Message {
  const title = words('test', {})[language];
  const line = {
    kind: 'station',
    key: 'test',
    state: 'began',
    severity: 'low',
    at,
    title,
    text: station,
    url,
  } as const;
  return { id, at, station, severity: 'low', subject: title, lines: [line], more: 0, test: true };
}

/** A message as plain text, for whatever shows text. */
export function textOf(message: Message, language: Language): string {
  const lines = message.lines.map(({ at, title, text, url }) =>
    [title, text, `${at} ${url}`].filter((one) => one !== '').join('\n'),
  );
  if (message.more > 0) lines.push(words('more', { count: message.more })[language]);
  return lines.join('\n\n');
}

/** What gets worse is told before what begins, and that before what is over. */
const weightOf = ({ severity, state }: News): number =>
  SEVERITIES.indexOf(severity) * 3 + ['ended', 'began', 'worse'].indexOf(state);

/** Text without signs that move a cursor, turn the writing direction, or end a header. */
function plain(text: string, charsMax: number): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]+/gu, ' ').trim();
  const signs = [...clean];
  return signs.length <= charsMax ? clean : `${signs.slice(0, charsMax - 1).join('')}…`;
}
