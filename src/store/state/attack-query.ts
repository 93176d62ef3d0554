import { formatPrefix, type Prefix, parsePrefix, prefixContains } from '../../base/prefix.ts';
import type { Attack } from '../../model/attack.ts';
import { ATTACKS_PAGE_MAX, type AttackQuery } from './state-store.ts';

const PAGE_DEFAULT = 100;

/** A place in the order of attacks: the latest start first, then the largest id. */
export interface AttackPlace {
  /** ISO 8601 in UTC with milliseconds, as `Attack.start`: such texts sort as their times do. */
  readonly start: string;
  readonly id: string;
}

/** A query with its texts understood. Plain data: it goes to the thread of the database. */
export interface AttackFilter {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly target?: { readonly text: string; readonly net: string | undefined } | undefined;
  readonly ongoing?: boolean | undefined;
  readonly limit: number;
  readonly before?: AttackPlace | undefined;
}

export function filterOf(query: AttackQuery): AttackFilter {
  const { since, until, target, ongoing, limit, before } = query;
  return {
    since: since === undefined ? undefined : isoOf(since),
    until: until === undefined ? undefined : isoOf(until),
    target: target === undefined ? undefined : { text: target, net: netOf(target) },
    ongoing,
    limit: Math.min(Math.max(Math.trunc(limit ?? PAGE_DEFAULT), 1), ATTACKS_PAGE_MAX),
    before: before === undefined ? undefined : placeOf(before),
  };
}

/** Largest time of the 4-digit years, in which texts sort as times do, ms. */
const TIME_MS_MAX = 253_402_300_799_999;
const isoOf = (timeMs: number): string => new Date(Math.min(Math.max(timeMs, 0), TIME_MS_MAX)).toISOString();

/** Text of the prefix that a target is, in the one way that we write it; `undefined` for names. */
export function netOf(target: string): string | undefined {
  const prefix = parsePrefix(target);
  return prefix === undefined ? undefined : formatPrefix(prefix.words, prefix.length);
}

export const cursorOf = ({ start, id }: AttackPlace): string => Buffer.from(`${start} ${id}`).toString('base64url');

/** The place that a cursor names; one that was not made here means the beginning. */
function placeOf(cursor: string): AttackPlace | undefined {
  const found = /^(\S{24}) (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString());
  return found === null || Number.isNaN(Date.parse(found[1])) ? undefined : { start: found[1], id: found[2] };
}

/** The order of answers. Ids are compared as the database does: by their bytes. */
export function compareAttacks(left: AttackPlace, right: AttackPlace): number {
  if (left.start !== right.start) return left.start < right.start ? 1 : -1;
  return Buffer.compare(Buffer.from(right.id), Buffer.from(left.id));
}

/** When an attack was over, as far as anything is known of that; `undefined` while it goes on. */
export const overAt = (attack: Attack): string | undefined =>
  attack.ongoing ? undefined : (attack.end ?? attack.start);

/** The same answer as the database gives, for attacks in memory. */
export function matches(filter: AttackFilter, attack: Attack): boolean {
  const { since, until, target, ongoing, before } = filter;
  const over = overAt(attack);
  if (since !== undefined && over !== undefined && over < since) return false;
  if (until !== undefined && attack.start >= until) return false;
  if (ongoing !== undefined && attack.ongoing !== ongoing) return false;
  if (before !== undefined && compareAttacks(before, attack) >= 0) return false;
  return target === undefined || target.text === attack.target.value || overlap(target.net, attack.target.value);
}

function overlap(net: string | undefined, target: string): boolean {
  if (net === undefined) return false;
  const wanted = parsePrefix(net);
  const attacked = parsePrefix(target);
  return wanted !== undefined && attacked !== undefined && (covers(wanted, attacked) || covers(attacked, wanted));
}

const covers = (outer: Prefix, inner: Prefix): boolean =>
  outer.length <= inner.length && prefixContains(outer, inner.words);
