import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anAttack } from '../../../test/support/attacks.ts';
import { type Answer, simulateChecks } from '../../../test/support/simulated-checks.ts';
import { aSite, VANTAGES } from '../../../test/support/sites.ts';
import { temporaryDirectory } from '../../../test/support/state.ts';
import type { Caller } from '../../model/role.ts';
import type { StationEvent } from '../../model/station-event.ts';
import { openState } from '../../store/state/open.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { AssessDesk } from './assess-desk.ts';

const MINUTE = 60_000;
const KIM: Caller = { kind: 'person', id: 'p1', name: 'Kim', role: 'analyst' };

/** Plays checks into a desk whose clock is theirs. */
async function open(state: StateStore, clock: { ms: number }, events: StationEvent[]): Promise<AssessDesk> {
  const desk = new AssessDesk({
    state,
    retentionDays: 30,
    now: () => clock.ms,
    tell: (event) => events.push(event),
    onProblem: (error) => assert.fail(error),
  });
  desk.setSites([aSite('ministry', { addresses: ['192.0.2.10'] }), aSite('court')]);
  desk.setVantages(VANTAGES);
  await desk.start();
  return desk;
}

function play(desk: AssessDesk, clock: { ms: number }, toMs: number, answer: (ms: number) => Answer): void {
  const vantages = VANTAGES.map(({ name }) => ({ name, loss: 0 }));
  const run = { site: 'ministry', vantages, seed: 5, fromMs: clock.ms, toMs, intervalMs: 30_000, answer };
  for (const check of simulateChecks(run)) {
    clock.ms = Math.max(clock.ms, Date.parse(check.at) + check.totalMs);
    desk.takeCheck(check);
  }
}

describe('AssessDesk', () => {
  it('keeps outages and incidents over a restart, and what persons do to them', async () => {
    const directory = temporaryDirectory('assess');
    const t0 = Date.parse('2026-11-26T05:00:00Z');
    const clock = { ms: t0 };
    const events: StationEvent[] = [];
    let state = await openState({ directory: directory.path });
    try {
      const first = await open(state, clock, events);
      const well: Answer = { kind: 'ok', ms: 50 };
      const gone = (ms: number): Answer =>
        ms > t0 + 10 * MINUTE && ms < t0 + 20 * MINUTE ? { kind: 'refused' } : well;
      play(first, clock, t0 + 12 * MINUTE, gone);
      first.takeAttack(anAttack({ startMs: t0 + 9 * MINUTE }));
      assert.deepEqual(
        first.statuses().map(({ site, state: now }) => [site, now]),
        [
          ['ministry', 'down'],
          ['court', 'unknown'],
        ],
      );
      const { incidents } = await first.incidents({ state: 'open', limit: 10 });
      assert.equal(incidents.length, 1);
      assert.equal(first.status('ministry')?.incident, incidents[0].id);
      const owned = await first.change(incidents[0].id, { owner: 'Kim' }, { by: KIM, version: 1 });
      assert.equal(owned.version, 2);
      await assert.rejects(first.change(owned.id, { owner: 'Lee' }, { by: KIM, version: 1 }), { code: 'CONFLICT' });
      await state.saveAttack(anAttack({ startMs: t0 + 9 * MINUTE }));
      await first.stop();
      await state.close();

      state = await openState({ directory: directory.path });
      const second = await open(state, clock, events);
      play(second, clock, t0 + 25 * MINUTE, gone);
      second.takeAttack(anAttack({ startMs: t0 + 9 * MINUTE, endMs: t0 + 19 * MINUTE }));
      const [incident] = (await second.incidents({ site: 'ministry', limit: 10 })).incidents;
      assert.deepEqual(
        [incident.id, incident.state, incident.owner, incident.outages.length, incident.attacks.length],
        [owned.id, 'recovered', 'Kim', 1, 1],
      );
      const { low, high } = incident.damage.outMinutes;
      assert.ok(low <= 10 && high >= 10 && high - low < 2, `${low} … ${high}`);
      const outages = (await second.outages({ site: 'ministry', ongoing: false, limit: 10 })).outages;
      assert.deepEqual(
        outages.map(({ state: worst }) => worst),
        ['down'],
      );
      const noted = await second.note(incident.id, 'all well again', KIM);
      assert.deepEqual([noted.notes[0].text, noted.notes[0].by], ['all well again', 'Kim']);
      const closed = await second.change(incident.id, { state: 'closed' }, { by: KIM, version: noted.version });
      assert.equal(closed.state, 'closed');
      assert.deepEqual((await second.incidents({ state: 'closed', limit: 10 })).incidents.length, 1);
      await second.stop();
      const kinds = new Set(events.map(({ kind }) => kind));
      assert.deepEqual(kinds, new Set(['site-state', 'outage', 'incident']));
    } finally {
      await state.close();
      directory.remove();
    }
  });

  it('does not use checks of clocks that are off', async () => {
    const directory = temporaryDirectory('assess');
    const state = await openState({ directory: directory.path });
    const clock = { ms: Date.now() };
    try {
      const desk = await open(state, clock, []);
      const check = {
        site: 'ministry',
        vantage: 'seoul',
        subject: 'x',
        kind: 'http',
        totalMs: 10,
        outcome: 'ok',
        attempts: 1,
      } as const;
      desk.takeCheck({ ...check, at: new Date(clock.ms + 3_600_000).toISOString() });
      desk.takeCheck({ ...check, at: new Date(clock.ms - 3_600_000).toISOString() });
      assert.deepEqual(desk.refused, { ahead: 1, late: 1 });
      assert.equal(desk.status('ministry')?.state, 'unknown');
      await desk.stop();
    } finally {
      await state.close();
      directory.remove();
    }
  });
});
