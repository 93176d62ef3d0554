import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { overlaps } from './score.ts';
import { poissonMax, quantiles, wilson } from './summary.ts';

describe('intervals', () => {
  it('are those of Wilson', () => {
    // 81 of 263: the worked example of Newcombe 1998, method 3: 0.2553 to 0.3662.
    const share = wilson(81, 263);
    assert.ok(share !== undefined);
    assert.deepEqual([share.low.toFixed(4), share.high.toFixed(4)], ['0.2553', '0.3662']);
    assert.equal(wilson(0, 0), undefined);
    assert.deepEqual([wilson(20, 20)?.high, wilson(0, 20)?.low], [1, 0]);
  });

  it('bound a count by Poisson', () => {
    // None seen: at most three, at 95 %; ten seen: 16.96 by the exact bound.
    assert.ok(Math.abs(poissonMax(0) - 2.996) < 0.1);
    assert.ok(Math.abs(poissonMax(10) - 16.96) < 0.05);
  });

  it('take quantiles that were measured', () => {
    assert.deepEqual(quantiles([3, 1, 2, 4]), { p50: 2, p95: 4, of: 4 });
    assert.equal(quantiles([]), undefined);
  });
});

describe('targets', () => {
  it('overlap where one lies in the other', () => {
    assert.ok(overlaps('203.0.113.10', '203.0.113.0/24'));
    assert.ok(overlaps('203.0.113.0/24', '203.0.113.10'));
    assert.ok(overlaps('2001:db8:1::/64', '2001:db8:1::/48'));
    assert.ok(!overlaps('203.0.113.10', '203.0.114.0/24'));
    assert.ok(!overlaps('Ministry', '203.0.113.0/24'));
  });
});
