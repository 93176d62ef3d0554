import { BonghwaError } from '../../base/errors.ts';
import type { StateEntry } from './journal-frame.ts';
import {
  DOCUMENT_BYTES_MAX,
  DOCUMENT_ID_CHARS_MAX,
  DOCUMENT_TAG_CHARS_MAX,
  DOCUMENT_TAGS_MAX,
  DOCUMENTS_PAGE_MAX,
  type DocumentOptions,
  type DocumentQuery,
  type StoredDocument,
} from './state-store.ts';

const PAGE_DEFAULT = 100;

export type DocumentEntry = Extract<StateEntry, { kind: 'document' }>;

/** A place in the order of documents: the latest `at` first, then the largest id. */
export interface DocumentPlace {
  readonly at: string;
  readonly id: string;
}

/** A query with its texts understood. Plain data: it goes to the thread of the database. */
export interface DocumentFilter {
  readonly kind: string;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly tag?: string | undefined;
  readonly limit: number;
  readonly before?: DocumentPlace | undefined;
}

export function documentFilterOf(kind: string, query: DocumentQuery): DocumentFilter {
  const { since, until, tag, limit, before } = query;
  return {
    kind: checkedKind(kind),
    since: since === undefined ? undefined : isoOf(since),
    until: until === undefined ? undefined : isoOf(until),
    tag,
    limit: Math.min(Math.max(Math.trunc(limit ?? PAGE_DEFAULT), 1), DOCUMENTS_PAGE_MAX),
    before: before === undefined ? undefined : placeOf(before),
  };
}

/** Largest time of the 4-digit years, in which texts sort as times do, ms. */
const TIME_MS_MAX = 253_402_300_799_999;
export const isoOf = (timeMs: number): string => new Date(Math.min(Math.max(timeMs, 0), TIME_MS_MAX)).toISOString();

export const documentCursorOf = ({ at, id }: DocumentPlace): string => Buffer.from(`${at} ${id}`).toString('base64url');

/** The place that a cursor names; one that was not made here means the beginning. */
function placeOf(cursor: string): DocumentPlace | undefined {
  const found = /^(\S{24}) ([^\0]+)$/s.exec(Buffer.from(cursor, 'base64url').toString());
  return found === null || Number.isNaN(Date.parse(found[1])) ? undefined : { at: found[1], id: found[2] };
}

/** The order of answers. Ids are compared as the database does: by their bytes. */
export function compareDocuments(left: DocumentPlace, right: DocumentPlace): number {
  if (left.at !== right.at) return left.at < right.at ? 1 : -1;
  return Buffer.compare(Buffer.from(right.id), Buffer.from(left.id));
}

/** The same answer as the database gives, for documents in memory. */
export function matchesDocument(filter: DocumentFilter, entry: DocumentEntry): boolean {
  const { kind, since, until, tag, before } = filter;
  if (entry.of !== kind || entry.removed) return false;
  if (since !== undefined && entry.at < since) return false;
  if (until !== undefined && entry.at >= until) return false;
  if (before !== undefined && compareDocuments(before, entry) >= 0) return false;
  return tag === undefined || entry.tags.includes(tag);
}

export const shownDocument = ({ id, at, tags, body }: DocumentEntry): StoredDocument => ({ id, at, tags, body });

/** Names of kinds are few and chosen by the program. */
export function checkedKind(kind: string): string {
  if (/^[a-z][a-z0-9-]{0,31}$/.test(kind)) return kind;
  throw refused(`'${kind.slice(0, 40)}' is no kind of document`);
}

export function checkedId(id: string): string {
  if (id.length > 0 && id.length <= DOCUMENT_ID_CHARS_MAX && isStorable(id)) return id;
  throw refused(`an id has 1 to ${DOCUMENT_ID_CHARS_MAX} characters, and none is a zero`);
}

/** The body as every reader gets it, from memory as from the database: what JSON makes of it. */
export function checkedBody(id: string, body: unknown): unknown {
  // Of a value that JSON does not know (a function) it makes nothing.
  const text = JSON.stringify(body) as string | undefined;
  if (text === undefined) throw refused(`the body of ${id} is nothing that JSON can hold`);
  if (text.length <= DOCUMENT_BYTES_MAX && Buffer.byteLength(text) <= DOCUMENT_BYTES_MAX) return JSON.parse(text);
  throw refused(`the body of ${id} takes more than ${DOCUMENT_BYTES_MAX} bytes`);
}

/** Time and tags of a write; throws where they cannot be kept. */
export function checkedOptions({ at, tags = [] }: DocumentOptions, nowMs: number): { at: string; tags: string[] } {
  const atMs = at ?? nowMs;
  if (!Number.isFinite(atMs)) throw refused('the time of a document is a number');
  const distinct = [...new Set(tags)];
  const sound = distinct.every((tag) => tag.length > 0 && tag.length <= DOCUMENT_TAG_CHARS_MAX && isStorable(tag));
  if (!sound || distinct.length > DOCUMENT_TAGS_MAX)
    throw refused(`a document has at most ${DOCUMENT_TAGS_MAX} tags of 1 to ${DOCUMENT_TAG_CHARS_MAX} characters`);
  return { at: isoOf(atMs), tags: distinct };
}

/** PostgreSQL has no text with a zero in it, and none that is not Unicode. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

const refused = (reason: string): BonghwaError => new BonghwaError('DOCUMENT_INVALID', reason);
