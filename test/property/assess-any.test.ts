import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formsOf } from '../../console/src/text/told.ts';
import { Assessor } from '../../src/assess/assessor.ts';
import { IncidentBook } from '../../src/assess/incident-book.ts';
import { ASSESS } from '../../src/assess/parameters.ts';
import {
  type Estimate,
  incidentSchema,
  type Outage,
  outageSchema,
  siteStatusSchema,
} from '../../src/model/incident.ts';
import { CHECK_OUTCOMES, type CheckResult } from '../../src/model/vantage.ts';
import { anAttack } from '../support/attacks.ts';
import { aSite, VANTAGES } from '../support/sites.ts';

const T0 = Date.parse('2026-11-02T00:00:00Z');
const MINUTE = 60_000;

/** What may happen next: a check of any outcome, a second of a log, an attack, or time that passes; now and then out of order. */
const happening = fc.oneof(
  fc.record({
    kind: fc.constant('check' as const),
    vantage: fc.constantFrom('seoul', 'busan', 'frankfurt', 'nobody knows it'),
    outcome: fc.constantFrom(...CHECK_OUTCOMES),
    attempts: fc.integer({ min: 1, max: 3 }),
    totalMs: fc.oneof(fc.integer({ min: 0, max: 28_000 }), fc.constantFrom(0, 1e9)),
    late: fc.integer({ min: -90_000, max: 5_000 }),
  }),
  fc.record({
    kind: fc.constant('second' as const),
    requests: fc.integer({ min: 0, max: 500 }),
    share: fc.constantFrom(0, 0, 0.06, 0.5, 1),
    p95Ms: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
    late: fc.integer({ min: -600, max: 2 }),
  }),
  fc.record({ kind: fc.constant('attack' as const), id: fc.integer({ min: 0, max: 3 }), over: fc.boolean() }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 20 * MINUTE }) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function ordered({ low, value, high }: Estimate): void {
  assert.ok(
    0 <= low && low <= value + 1e-9 && value <= high + 1e-9 && Number.isFinite(high),
    `${low} ${value} ${high}`,
  );
}

function play(happenings: readonly Happening[], restartAt: number): void {
  const outages = new Map<string, Outage>();
  let nowMs = T0;
  const book = new IncidentBook({ watched: () => true, onIncident: (incident) => void incidentSchema.parse(incident) });
  const make = (): Assessor => {
    const assessor = new Assessor({
      onChange: (change) => {
        if (change.kind === 'state') {
          const { why } = siteStatusSchema.parse(change.status);
          assert.ok(formsOf(why) !== undefined, `the console says it in every language: ${why}`);
        } else {
          outages.set(change.outage.id, outageSchema.parse(change.outage));
          book.takeOutage(change.outage, nowMs);
        }
      },
    });
    assessor.setSites([aSite('ministry')]);
    assessor.setVantages(VANTAGES);
    return assessor;
  };
  book.setSites([aSite('ministry')]);
  let assessor = make();
  for (const [at, one] of happenings.entries()) {
    if (at === restartAt) {
      const kept = JSON.parse(JSON.stringify(assessor.snapshot()));
      assessor = make();
      assessor.restore(kept);
    }
    nowMs += 5000;
    if (one.kind === 'check') assessor.check(checkOf(one, nowMs));
    else if (one.kind === 'second')
      assessor.second({
        site: 'ministry',
        second: Math.floor(nowMs / 1000) + one.late,
        requests: one.requests,
        failed: Math.floor(one.requests * one.share),
        bytes: 0,
        ...(one.p95Ms === undefined ? {} : { p95Ms: one.p95Ms }),
      });
    else if (one.kind === 'attack')
      book.takeAttack(
        anAttack({
          id: `${one.id}`,
          startMs: nowMs - MINUTE,
          target: { kind: 'site', value: 'ministry' },
          ...(one.over ? { endMs: nowMs } : {}),
        }),
        nowMs,
      );
    else nowMs += one.ms;
    assessor.advance(nowMs);
    book.advance(nowMs);
  }
  for (const outage of outages.values()) {
    for (const estimate of [outage.outMinutes, outage.degradedMinutes, outage.lostRequests])
      if (estimate !== undefined) ordered(estimate);
    assert.ok(outage.states.length <= ASSESS.statesPerOutageMax);
    assert.equal(outage.ongoing, outage.end === undefined);
    if (outage.end !== undefined) assert.ok(outage.end >= outage.start, `${outage.start} … ${outage.end}`);
  }
  for (const incident of book.live()) {
    ordered(incident.damage.outMinutes);
    assert.doesNotMatch(JSON.stringify(incident.damage), /NaN|Infinity|undefined/);
    assert.ok(incident.timeline.length <= ASSESS.timelineMax);
  }
}

function checkOf(one: Extract<Happening, { kind: 'check' }>, nowMs: number): CheckResult {
  const { vantage, outcome, attempts, totalMs } = one;
  const at = new Date(nowMs + one.late - Math.min(totalMs, 30_000)).toISOString();
  const failure = { phase: 'connect' as const, code: 'timeout', message: 'nothing came' };
  return {
    site: 'ministry',
    vantage,
    subject: 'https://ministry.example/',
    kind: 'http',
    at,
    totalMs,
    outcome,
    attempts,
    ...(outcome === 'failed' ? { failure } : {}),
  };
}

describe('assessment of anything', () => {
  it('is sound, bounded and told by the schemas, over a restart too', () => {
    fc.assert(
      fc.property(
        fc.array(happening, { minLength: 1, maxLength: 250, size: 'max' }),
        fc.integer({ min: 0, max: 250 }),
        play,
      ),
      { numRuns: 60 },
    );
  });
});
