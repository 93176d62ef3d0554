/** Every view has an address: the page, what it shows, and what is selected in it. */
export const PAGES = [
  'now',
  'attacks',
  'incidents',
  'sites',
  'vantages',
  'exporters',
  'settings',
  'docs',
  'setup',
  'sign-in',
] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  /** `lost` where nothing is at the address. */
  readonly page: Page | 'lost';
  /** What the page shows: the id of an attack, the name of a site, the path of a document. */
  readonly subject: string | undefined;
}

/** The page at a path. A path that cannot be read leads nowhere, and does no harm. */
export function routeOf(path: string): Route {
  const [first = '', ...rest] = path.replace(/^\/+|\/+$/g, '').split('/');
  if (first === '') return { page: 'now', subject: undefined };
  const page = PAGES.find((known) => known === first);
  if (page === undefined || page === 'now') return { page: 'lost', subject: undefined };
  try {
    const subject = rest.map(decodeURIComponent).join('/');
    return { page, subject: subject === '' ? undefined : subject };
  } catch {
    return { page: 'lost', subject: undefined };
  }
}

/** The address of a page. */
export function hrefOf(
  page: Page,
  subject?: string,
  params: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = Object.entries(params).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const tail = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  if (page === 'now') return `/${tail}`;
  // The path of a document stays one; in a name of somebody else's a slash is a letter like any other.
  const parts = page === 'docs' ? (subject ?? '').split('/') : [subject ?? ''];
  const path =
    subject === undefined ? '' : `/${parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`;
  return `/${page}${path}${tail}`;
}
