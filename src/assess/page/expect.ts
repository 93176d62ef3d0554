import type { CheckFailureCode } from '../../model/check-failure.ts';
import type { Expectation } from '../../model/site.ts';
import type { CheckOutcome } from '../../model/vantage.ts';
import { type Page, type PageKind, recognisePage } from './recognise.ts';

/** What came of an answer: the site, or what it is instead. */
export interface PageVerdict {
  readonly outcome: Extract<CheckOutcome, 'ok' | 'unexpected' | PageKind>;
  readonly failure?: { readonly code: CheckFailureCode; readonly message: string };
}

const PAGE_CODES = {
  challenge: ['challenge-page', 'asks for a proof of being a person or a browser'],
  blocked: ['blocked-page', 'says that the vantage is blocked'],
  maintenance: ['maintenance-page', 'says that the site is under maintenance'],
} as const satisfies Record<PageKind, readonly [CheckFailureCode, string]>;

/**
 * Holds an answer against what the site looks like when it is well. Text that was asked for and is there, under a status that was
 * expected, is the site: words of a notice beside it change nothing.
 */
export function judgePage(page: Page, expect: Expectation): PageVerdict {
  const { contains, lacks } = expect;
  const rightStatus = expect.statuses?.includes(page.status) ?? (page.status >= 200 && page.status < 400);
  const has = (text: string): boolean => page.text.includes(text);
  if (lacks !== undefined && lacks !== '' && has(lacks))
    return unexpected('text-forbidden', `the answer has the text '${brief(lacks)}' in it`);
  if (rightStatus && contains !== undefined && contains !== '' && has(contains)) return { outcome: 'ok' };
  const found = recognisePage(page);
  if (found !== undefined) {
    const [code, says] = PAGE_CODES[found.kind];
    return { outcome: found.kind, failure: { code, message: `the page ${says} (${found.by})` } };
  }
  if (!rightStatus) return unexpected('status', `the status is ${page.status}`);
  if (contains !== undefined && contains !== '')
    return unexpected('text-missing', `the answer lacks the text '${brief(contains)}'`);
  return { outcome: 'ok' };
}

function unexpected(code: CheckFailureCode, message: string): PageVerdict {
  return { outcome: 'unexpected', failure: { code, message } };
}

function brief(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
