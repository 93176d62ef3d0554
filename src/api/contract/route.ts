import { z } from 'zod';
import type { Role } from '../../model/role.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** Bytes of a body, unless a route takes more. */
export const BODY_BYTES_MAX = 256 * 1024;

/**
 * Who may ask: everybody (`anyone`), programs of this machine and viewers (`this-machine`), or whoever has the role or a higher one.
 */
export type Needs = 'anyone' | 'this-machine' | Role;

export interface RouteContract {
  /** `GET` where absent. */
  readonly method?: Method;
  /** With `{id}` where a part of the path is a parameter. */
  readonly path: string;
  readonly summary: string;
  /** What it belongs to in the reference. */
  readonly group: Group;
  readonly needs: Needs;
  /** Parameters of path and query. */
  readonly params: z.ZodObject;
  /** What is sent along: JSON, or the media type named. */
  readonly body?: {
    readonly name: string;
    readonly schema: z.ZodType;
    readonly mediaType?: string;
    readonly bytesMax?: number;
  };
  /** Name and schema of a JSON answer, the media type of another one, or nothing. */
  readonly answer:
    | { readonly name: string; readonly schema: z.ZodType }
    | { readonly mediaType: string }
    | { readonly nothing: true };
  /** Status of an answer that is not 200 (204 where there is nothing to say). */
  readonly status?: 201 | 202 | 204 | 302;
  /** True where the answer has a version as `ETag`, or the change asks for one in `If-Match`. */
  readonly versioned?: true;
  /** Other statuses that carry an answer or a problem. */
  readonly statuses: Readonly<Record<number, string>>;
}

export const GROUPS = ['station', 'traffic', 'sites', 'incidents', 'people', 'notifications'] as const;
export type Group = (typeof GROUPS)[number];

const TIME = 'so long ago (`24h`), `now`, or ISO 8601, UTC where no zone is said';
export const when = (about: string) => z.string().max(64).describe(`${about}: ${TIME}`);
export const text = (about: string) => z.string().min(1).max(200).describe(about);
/** Values of one parameter that is given several times. */
const VALUES_MAX = 100;
export const texts = (about: string) =>
  z.array(z.string().min(1).max(200)).min(1).max(VALUES_MAX).describe(`${about}; repeatable`);
export const port = (about: string) => z.int().min(0).max(65_535).describe(about);
/** Rows on one page. */
export const PAGE_MAX = 1000;
export const paging = (what: string, standard = 100) => ({
  limit: z.int().min(1).max(PAGE_MAX).describe(`${what} on one page`).default(standard),
  before: z.string().min(1).max(1000).describe('`next` of the page before this one').optional(),
});
/** Given back as `before`, asks for the next page; absent on the last one. */
export const next = z.string().optional();
export const time = z.iso.datetime({ precision: 3 });
/** True where the database could not be asked, and older rows may be missing. */
export const partial = z.literal(true).optional();
export const none = z.strictObject({});

export const STORE_DOWN = 'the store does not answer; detection goes on';
export const NOT_HERE = 'this is not available on this station, or the store does not answer';
