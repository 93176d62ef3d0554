import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Answer, type SimulatedVantage, simulateChecks } from '../../test/support/simulated-checks.ts';
import { aSite, VANTAGES } from '../../test/support/sites.ts';
import type { Outage, SiteState, SiteStatus } from '../model/incident.ts';
import type { Site } from '../model/site.ts';
import type { SiteSecond } from '../model/site-second.ts';
import { Assessor } from './assessor.ts';

const T0 = Date.parse('2026-11-02T00:00:00Z');
const MINUTE = 60_000;
const WELL: Answer = { kind: 'ok', ms: 60 };
const ALL: readonly SimulatedVantage[] = VANTAGES.map(({ name }) => ({ name, loss: 0 }));

interface Scene {
  readonly vantages?: readonly SimulatedVantage[];
  readonly site?: Partial<Site>;
  readonly minutes?: number;
  /** What happens in the minute (a fraction) of the scene, at a vantage. */
  readonly answer?: (minute: number, vantage: string) => Answer | undefined;
  readonly log?: (second: number) => Omit<SiteSecond, 'site' | 'second'> | undefined;
  readonly attack?: string;
  /** After this minute the assessor is made anew from its snapshot. */
  readonly restartAt?: number;
}

interface Played {
  readonly states: readonly SiteState[];
  readonly statuses: readonly SiteStatus[];
  readonly outages: readonly Outage[];
  /** Outages that go on at the end, as they stand then. */
  readonly ongoing: readonly Outage[];
}

function play(scene: Scene): Played {
  const statuses: SiteStatus[] = [];
  const outages = new Map<string, Outage>();
  const make = (): Assessor => {
    const assessor = new Assessor({
      onChange: (change) => {
        if (change.kind === 'state') statuses.push(change.status);
        else outages.set(change.outage.id, change.outage);
      },
    });
    assessor.setSites([aSite('ministry', scene.site)]);
    assessor.setVantages(VANTAGES);
    if (scene.attack !== undefined) assessor.attack('ministry', 'a', scene.attack, T0 + 9 * MINUTE, undefined);
    return assessor;
  };
  let assessor = make();
  let restarted = scene.restartAt === undefined;
  const toMs = T0 + (scene.minutes ?? 40) * MINUTE;
  let second = T0 / 1000;
  const seconds = (untilMs: number): void => {
    for (; second * 1000 < untilMs; second++) {
      const told = scene.log?.(second - T0 / 1000);
      if (told !== undefined) assessor.second({ site: 'ministry', second, ...told });
      if (second % 5 === 0) assessor.advance(second * 1000);
    }
  };
  const checks = simulateChecks({
    site: 'ministry',
    vantages: scene.vantages ?? ALL,
    seed: 7,
    fromMs: T0,
    toMs,
    intervalMs: 30_000,
    answer: (ms, vantage) => scene.answer?.((ms - T0) / MINUTE, vantage) ?? WELL,
  });
  for (const check of checks) {
    const endMs = Date.parse(check.at) + check.totalMs;
    if (!restarted && endMs > T0 + (scene.restartAt ?? 0) * MINUTE) {
      const kept = JSON.parse(JSON.stringify(assessor.snapshot()));
      assessor = make();
      assessor.restore(kept);
      restarted = true;
    }
    seconds(endMs);
    assessor.check(check);
  }
  seconds(toMs);
  const ongoing = assessor.outages(toMs).filter((outage) => outage !== undefined);
  return { states: statuses.map(({ state }) => state), statuses, outages: [...outages.values()], ongoing };
}

const between = (minute: number, from: number, to: number): boolean => minute >= from && minute < to;

describe('SiteWatch', () => {
  it('is up, and says by whom', () => {
    const { states, statuses } = play({});
    assert.deepEqual(states, ['up']);
    assert.match(statuses[0].why, /reaches it/);
  });

  it('says down when half of three vantages in two networks cannot reach it, and why', () => {
    const { states, statuses, outages } = play({
      answer: (minute) => (between(minute, 10, 15) ? { kind: 'status', status: 502 } : undefined),
    });
    assert.deepEqual(states, ['up', 'down', 'up']);
    assert.match(
      statuses[1].why,
      /^2 of 3 vantages in 2 networks cannot reach it: an unexpected answer \(status 502\) at/,
    );
    const [{ outMinutes, ongoing, evidence }] = outages;
    assert.ok(outMinutes !== undefined && outMinutes.low <= 5 && outMinutes.high >= 5, JSON.stringify(outMinutes));
    assert.deepEqual([outages.length, ongoing, evidence], [1, false, ['probed']]);
  });

  it('says with a single vantage that there is only one', () => {
    const { states, statuses } = play({
      vantages: ALL.slice(0, 1),
      answer: (minute) => (between(minute, 10, 15) ? { kind: 'refused' } : undefined),
    });
    assert.deepEqual(states, ['up', 'down', 'up']);
    assert.match(statuses[1].why, /the only vantage that can tell \(seoul\).*no other confirms it/);
  });

  it('says partial for a minority, and nothing for a single failed check', () => {
    const lasting = play({ answer: (minute, at) => (at === 'busan' && minute > 10 ? { kind: 'silent' } : undefined) });
    assert.deepEqual(lasting.states, ['up', 'partial']);
    assert.match(lasting.statuses[1].why, /1 of 3 vantages \(busan\) lastingly/);
    const once = play({
      answer: (minute, at) => (at === 'busan' && between(minute, 10, 10.5) ? { kind: 'silent' } : undefined),
    });
    assert.deepEqual(once.states, ['up']);
  });

  it('takes two vantages of one network for one witness', () => {
    const oneNetwork = VANTAGES.map((vantage) => ({
      ...vantage,
      network: vantage.name === 'frankfurt' ? 'dtag' : 'kt',
    }));
    const changes: SiteState[] = [];
    const assessor = new Assessor({
      onChange: (change) => change.kind === 'state' && changes.push(change.status.state),
    });
    assessor.setSites([aSite('ministry')]);
    assessor.setVantages(oneNetwork);
    const answer = (ms: number, at: string): Answer =>
      ms > T0 + 600_000 && at !== 'frankfurt' ? { kind: 'refused' } : WELL;
    const run = {
      site: 'ministry',
      vantages: ALL,
      seed: 3,
      fromMs: T0,
      toMs: T0 + 1_200_000,
      intervalMs: 30_000,
      answer,
    };
    for (const check of simulateChecks(run)) assessor.check(check);
    assert.deepEqual(changes, ['up', 'partial']);
  });

  it('names a site that is closed towards abroad, and the attack during which it is', () => {
    const { states, statuses, outages } = play({
      attack: 'a SYN flood',
      answer: (minute, at) => (at === 'frankfurt' && between(minute, 10, 20) ? { kind: 'silent' } : undefined),
    });
    assert.deepEqual(states, ['up', 'geo-fenced', 'up']);
    assert.match(
      statuses[1].why,
      /vantages at home reach it, the only one abroad does not.*during a SYN flood: .*common defence/,
    );
    assert.equal(outages[0].outMinutes?.value, 0);
  });

  it('says geo-fenced for two of three abroad too, and not down', () => {
    const abroad = {
      site: { country: 'DE' },
      answer: (minute: number, at: string): Answer | undefined =>
        at !== 'frankfurt' && between(minute, 10, 20) ? { kind: 'refused' } : undefined,
    };
    assert.deepEqual(play(abroad).states, ['up', 'geo-fenced', 'up']);
  });

  it('says degraded for answers over three times as slow, and for a share of failures', () => {
    const slow = play({ answer: (minute) => (between(minute, 20, 26) ? { kind: 'ok', ms: 900 } : undefined) });
    assert.deepEqual(slow.states, ['up', 'degraded', 'up']);
    assert.match(slow.statuses[1].why, /of the last \d+ checks took up to \d+ ms, usually 95 of 100 stay below \d+ ms/);
    const { degradedMinutes, outMinutes } = slow.outages[0];
    assert.ok(degradedMinutes !== undefined && degradedMinutes.low <= 6 && degradedMinutes.high >= 6);
    assert.equal(outMinutes?.value, 0);
  });

  it('tells flapping as one outage', () => {
    const { states, outages } = play({
      minutes: 60,
      answer: (minute) =>
        between(minute, 10, 30) && Math.floor(minute / 2) % 2 === 0 ? { kind: 'refused' } : undefined,
    });
    assert.equal(outages.length, 1);
    assert.ok(states.includes('flapping'), states.join());
    assert.equal(states.at(-1), 'up');
    const [{ states: spans, outMinutes, ongoing }] = outages;
    assert.equal(ongoing, false);
    assert.equal(spans.filter(({ state }) => state === 'flapping').length, 1);
    assert.ok(outMinutes !== undefined && outMinutes.low <= 10 && outMinutes.high >= 10, JSON.stringify(outMinutes));
  });

  it('says unknown where the vantages have no way out, and does not call that an outage', () => {
    const { states, outages } = play({
      answer: (minute) => (between(minute, 10, 20) ? { kind: 'no-way-out' } : undefined),
    });
    assert.deepEqual(states, ['up', 'unknown', 'up']);
    assert.deepEqual(outages, []);
  });

  it('knows announced maintenance, and a maintenance page that nobody announced', () => {
    const page = (minute: number): Answer | undefined =>
      between(minute, 10, 15) ? { kind: 'maintenance' } : undefined;
    const surprise = play({ answer: page });
    assert.deepEqual(surprise.states, ['up', 'maintenance', 'up']);
    assert.match(surprise.statuses[1].why, /nobody announced/);
    assert.ok((surprise.outages[0].outMinutes?.value ?? 0) > 4);
    const planned = play({
      answer: page,
      site: {
        maintenance: [{ kind: 'weekly', weekday: 1, from: '09:05', minutes: 30, zone: 'Asia/Seoul', note: 'updates' }],
      },
    });
    assert.deepEqual(planned.states, ['up', 'maintenance', 'up']);
    assert.match(planned.statuses[1].why, /announced maintenance \(updates\)/);
    assert.deepEqual([planned.outages[0].planned, planned.outages[0].outMinutes?.value], [true, 0]);
  });

  it('tells an outage from the log alone to the second, with the requests that were lost', () => {
    const out = (second: number): boolean => second >= 900 && second < 1200;
    const { states, outages } = play({
      vantages: [{ name: 'nobody', loss: 0 }],
      answer: () => ({ kind: 'no-way-out' }),
      log: (second) => ({ requests: 20, failed: out(second) ? 18 : 0, bytes: 1000, p95Ms: 40 }),
    });
    // It fails more and more before it is known to be out.
    assert.deepEqual(states, ['up', 'degraded', 'down', 'up']);
    const [{ start, end, lostRequests, outMinutes, evidence }] = outages;
    assert.deepEqual(evidence, ['logged']);
    assert.equal(Date.parse(start), T0 + 900_000);
    assert.ok(Math.abs(Date.parse(end ?? '') - (T0 + 1_200_000)) <= 1000, end);
    assert.ok(outMinutes !== undefined && outMinutes.low <= 5 && outMinutes.high >= 5, JSON.stringify(outMinutes));
    assert.ok(lostRequests !== undefined);
    assert.ok(lostRequests.low <= 5400 && lostRequests.high >= 5400, JSON.stringify(lostRequests));
    assert.ok(Math.abs(lostRequests.value - 5400) < 200);
  });

  it('tells of an outage that goes on what was lost until now', () => {
    const { ongoing } = play({
      minutes: 16.5,
      vantages: [{ name: 'nobody', loss: 0 }],
      answer: () => ({ kind: 'no-way-out' }),
      log: (second) => ({ requests: 20, failed: second >= 900 ? 18 : 0, bytes: 1000, p95Ms: 40 }),
    });
    const [{ lostRequests }] = ongoing;
    assert.ok(lostRequests !== undefined && Math.abs(lostRequests.value - 1620) < 60, JSON.stringify(lostRequests));
    assert.ok(lostRequests.low <= 1620 && lostRequests.high >= 1620, JSON.stringify(lostRequests));
  });

  it('does not take a flood that is refused while readers are served for an outage', () => {
    const { states } = play({
      log: (second) => ({ requests: second > 900 ? 220 : 20, failed: second > 900 ? 200 : 0, bytes: 1000, p95Ms: 40 }),
    });
    assert.deepEqual(states, ['up']);
  });

  it('goes on with an outage after a restart', () => {
    const { states, outages } = play({
      restartAt: 12,
      answer: (minute) => (between(minute, 10, 15) ? { kind: 'refused' } : undefined),
    });
    assert.deepEqual(states, ['up', 'down', 'up']);
    assert.equal(outages.length, 1);
    const { outMinutes } = outages[0];
    assert.ok(outMinutes !== undefined && outMinutes.low <= 5 && outMinutes.high >= 5, JSON.stringify(outMinutes));
  });
});
