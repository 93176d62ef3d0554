import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckResult } from '../../model/vantage.ts';
import { CHECKS_MAX, CHECKS_PER_SITE_MAX, CheckBook } from './check-book.ts';

const AT = Date.parse('2026-11-26T00:00:00Z');

function check(site: string, n: number, vantage = 'v'): CheckResult {
  const at = new Date(AT + n * 1000).toISOString();
  return { site, vantage, subject: 'u', kind: 'http', at, totalMs: n, outcome: 'ok', attempts: 1 };
}

describe('the book of checks', () => {
  it('gives pages, the latest first, by time and vantage', () => {
    const book = new CheckBook();
    for (let n = 0; n < 10; n++) book.take(check('a', n, n % 2 === 0 ? 'v' : 'w'));
    const times = (query: object): number[] =>
      book.page('a', { limit: 4, ...query }).checks.map(({ totalMs }) => totalMs);
    assert.deepEqual(times({}), [9, 8, 7, 6]);
    const first = book.page('a', { limit: 4 });
    assert.deepEqual(times({ before: first.next }), [5, 4, 3, 2]);
    assert.deepEqual(times({ vantage: 'w' }), [9, 7, 5, 3]);
    assert.deepEqual(times({ since: AT + 2000, until: AT + 4000 }), [3, 2]);
    assert.equal(book.page('a', { limit: 10 }).next, undefined);
    assert.deepEqual(book.page('b', { limit: 4 }), { checks: [] });
  });

  it('forgets the oldest, and says so where they are asked for', () => {
    const book = new CheckBook();
    for (let n = 0; n < 2 * CHECKS_PER_SITE_MAX; n++) book.take(check('a', n));
    const all = book.page('a', { limit: 10 * CHECKS_PER_SITE_MAX });
    assert.ok(all.checks.length >= CHECKS_PER_SITE_MAX && all.checks.length < 1.2 * CHECKS_PER_SITE_MAX);
    assert.equal(all.partial, true);
    assert.equal(book.page('a', { limit: 10, since: AT + 1.9e3 * CHECKS_PER_SITE_MAX }).partial, undefined);
  });

  it('stays within its bound, however many sites there are', () => {
    const book = new CheckBook();
    const sites = 4000;
    for (let n = 0; n < 60; n++) for (let site = 0; site < sites; site++) book.take(check(`s${site}`, n));
    let kept = 0;
    for (let site = 0; site < sites; site++) kept += book.page(`s${site}`, { limit: 1000 }).checks.length;
    assert.ok(kept <= 1.2 * CHECKS_MAX, `${kept}`);
    book.keepOnly((name) => name === 's1');
    assert.equal(book.page('s2', { limit: 1 }).checks.length, 0);
    assert.ok(book.page('s1', { limit: 100 }).checks.length >= 40);
  });
});
