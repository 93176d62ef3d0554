import { GUARDS, type Guard, MARK_CHARS_MAX, RELOADS, WIDGETS } from './guards.ts';
import { NOTICES, type Notice } from './notices.ts';
import { type VisibleText, visibleText } from './visible-text.ts';

/** Pages that are not the site, whatever their status says. */
export type PageKind = 'challenge' | 'blocked' | 'maintenance';

/** An answer of HTTP as far as it tells what page it is. */
export interface Page {
  readonly status: number;
  /** By name in lower case; empty where there is none. */
  readonly header: (name: string) => string;
  /** The first part of the content, decoded. */
  readonly text: string;
}

export interface PageFinding {
  readonly kind: PageKind;
  /** How it is known, in words: `Cloudflare`, `Korean words`. */
  readonly by: string;
}

/** A page with no more visible characters than this is a notice where it has the words of one anywhere. */
const NOTICE_CHARS_MAX = 1200;
/** Up to here, where they are in its title or headings; and anywhere on a page with a status of an error. */
const HEADED_CHARS_MAX = 4000;
/** A page with no more than this shows nothing. */
const EMPTY_CHARS_MAX = 80;

/**
 * What a page is, if it is not the site: a challenge, a block page, a maintenance page. Marks of the services in front come first, then
 * the words of short pages in English, Korean, Ukrainian and Russian. A long article about maintenance is an article.
 */
export function recognisePage(page: Page): PageFinding | undefined {
  const marked = GUARDS.find((guard) => hasMark(guard, page));
  if (marked !== undefined) return { kind: marked.kind, by: marked.by };
  const visible = visibleText(page.text);
  if (visible.text.length > HEADED_CHARS_MAX) return undefined;
  const start = page.text.slice(0, MARK_CHARS_MAX);
  if (visible.text.length <= NOTICE_CHARS_MAX && WIDGETS.test(start) && !hasPassword(start) && !hasFields(start))
    return { kind: 'challenge', by: 'a captcha' };
  if (visible.text.length <= EMPTY_CHARS_MAX && RELOADS.test(start))
    return { kind: 'challenge', by: 'a script that sets a cookie' };
  const words = NOTICES.find((notice) => hasWords(notice, page.status, visible));
  return words === undefined ? undefined : { kind: words.kind, by: `${words.language} words` };
}

function hasMark({ header, mark, statuses }: Guard, page: Page): boolean {
  if (statuses !== undefined && !statuses.includes(page.status)) return false;
  if (header !== undefined && !header[1].test(page.header(header[0]))) return false;
  return mark === undefined || mark.test(page.text.slice(0, MARK_CHARS_MAX));
}

function hasWords({ words, onlyUnderSuccess }: Notice, status: number, visible: VisibleText): boolean {
  const failed = status >= 400;
  if (failed && onlyUnderSuccess === true) return false;
  const everywhere = failed || visible.text.length <= NOTICE_CHARS_MAX;
  const where = everywhere ? `${visible.title} ${visible.text}` : `${visible.title} ${visible.headings}`;
  return words.test(where.toLowerCase());
}

/** A form to sign in, with a captcha in it, is the site. */
function hasPassword(text: string): boolean {
  return /<input[^>]{0,300}type=["']?password/i.test(text);
}

/** So is one to write to somebody. */
function hasFields(text: string): boolean {
  return /<(textarea|select)\b/i.test(text);
}
