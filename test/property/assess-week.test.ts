import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Assessor } from '../../src/assess/assessor.ts';
import type { SiteChange } from '../../src/assess/site-watch.ts';
import type { Outage } from '../../src/model/incident.ts';
import { type Answer, type SimulatedVantage, simulateChecks } from '../support/simulated-checks.ts';
import { aSite, VANTAGES } from '../support/sites.ts';

const INTERVAL_MS = 30_000;
const WEEK_MS = 7 * 86_400_000;
const T0 = Date.parse('2026-11-02T00:00:00Z');
const LOSSY: readonly SimulatedVantage[] = [
  { name: 'seoul', loss: 0 },
  { name: 'busan', loss: 0.01 },
  { name: 'frankfurt', loss: 0 },
];

interface Run {
  readonly changes: readonly SiteChange[];
  /** As each outage stood last, by id. */
  readonly outages: readonly Outage[];
}

function simulate(seed: number, toMs: number, answer: (ms: number, vantage: string) => Answer): Run {
  const changes: SiteChange[] = [];
  const outages = new Map<string, Outage>();
  const assessor = new Assessor({
    intervalMs: INTERVAL_MS,
    onChange: (change) => {
      changes.push(change);
      if (change.kind === 'outage') outages.set(change.outage.id, change.outage);
    },
  });
  assessor.setSites([aSite('ministry')]);
  assessor.setVantages(VANTAGES);
  const options = { site: 'ministry', vantages: LOSSY, seed, fromMs: T0, toMs, intervalMs: INTERVAL_MS, answer };
  for (const check of simulateChecks(options)) assessor.check(check);
  return { changes, outages: [...outages.values()] };
}

describe('a simulated week', () => {
  it('with one packet of a hundred lost at one vantage of three has no outage', () => {
    for (const seed of [1, 2, 3]) {
      const { outages } = simulate(seed, T0 + WEEK_MS, () => ({ kind: 'ok', ms: 80 }));
      assert.deepEqual(
        outages.map(({ why, start }) => `${start} ${why}`),
        [],
      );
    }
  });

  for (const kind of ['refused', 'silent', 'status'] as const) {
    it(`confirms each of many outages (${kind}) soon, and tells start and end within a check interval`, () => {
      const lags: number[] = [];
      const off: number[] = [];
      for (let seed = 1; seed <= 60; seed++) {
        const startMs = T0 + 3_600_000 + seed * 7919;
        const endMs = startMs + 180_000 + ((seed * 104_729) % 1_200_000);
        const gone: Answer = kind === 'status' ? { kind, status: 502 } : { kind };
        const { outages } = simulate(seed, endMs + 1_800_000, (ms) =>
          ms >= startMs && ms < endMs ? gone : { kind: 'ok', ms: 80 },
        );
        assert.equal(outages.length, 1, `seed ${seed}`);
        const [outage] = outages;
        assert.equal(outage.state, 'down');
        assert.equal(outage.ongoing, false);
        lags.push(Date.parse(outage.confirmedAt) - startMs);
        off.push(Math.abs(Date.parse(outage.start) - startMs), Math.abs(Date.parse(outage.end ?? '') - endMs));
        const trueMinutes = (endMs - startMs) / 60_000;
        const { low, high } = outage.outMinutes ?? { low: 0, high: 0 };
        assert.ok(low <= trueMinutes && trueMinutes <= high, `seed ${seed}: ${trueMinutes} in ${low} … ${high}`);
      }
      assert.ok(Math.max(...lags) <= 60_000, `confirmed after ${Math.max(...lags)} ms at the latest`);
      assert.ok(Math.max(...off) <= INTERVAL_MS, `start or end off by ${Math.max(...off)} ms`);
    });
  }
});
