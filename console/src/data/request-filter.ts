import type { Params } from './ask.ts';

/** What requests are grouped by, and filtered by when a value is pressed: as `/api/requests` and `bonghwa requests` name it. */
export const REQUEST_GROUPS = [
  'client',
  'clientNet',
  'country',
  'asn',
  'path',
  'query',
  'method',
  'status',
  'userAgent',
  'referrer',
  'httpVersion',
  'kept',
] as const;
export type RequestGroup = (typeof REQUEST_GROUPS)[number];

/** The parameter that a value of a group is asked for by, where there is one. */
const FIELD_OF: Readonly<Partial<Record<RequestGroup, string>>> = {
  client: 'client',
  clientNet: 'client',
  country: 'country',
  asn: 'asn',
  path: 'path',
  query: 'query',
  method: 'method',
  status: 'status',
  userAgent: 'userAgent',
  referrer: 'referrer',
  kept: 'kept',
};
export type RequestFilter = Readonly<Record<string, string>>;

/** Characters of a value that the interface takes; what is longer is looked for by its beginning. */
const CHARS_MAX = 200;
const FIELDS: ReadonlySet<string> = new Set(Object.values(FIELD_OF));

export const canFilter = (group: string): boolean => FIELD_OF[group as RequestGroup] !== undefined;

/** What stands in the address; anything that is no filter of ours is none. */
export function readRequestFilter(text: string): RequestFilter {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter(
        (entry): entry is [string, string] => FIELDS.has(entry[0]) && typeof entry[1] === 'string' && entry[1] !== '',
      ),
    );
  } catch {
    return {};
  }
}

/** The filter with one condition more, in place of an earlier one of the same field. */
export function withCondition(filter: RequestFilter, group: RequestGroup, value: string | number): RequestFilter {
  const field = FIELD_OF[group];
  if (field === undefined) return filter;
  const text = String(value);
  const cut = text.length > CHARS_MAX || text.endsWith('…');
  return { ...filter, [field]: cut ? `${text.slice(0, CHARS_MAX - 1).replace(/…$/, '')}*` : text };
}

export function withoutField(filter: RequestFilter, field: string): RequestFilter {
  return Object.fromEntries(Object.entries(filter).filter(([known]) => known !== field));
}

/** As it stands in the address; nothing where nothing is filtered. */
export const writeRequestFilter = (filter: RequestFilter): string =>
  Object.keys(filter).length === 0 ? '' : JSON.stringify(filter);

export const requestParams = (filter: RequestFilter): Params => ({ ...filter });
