import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anAttack } from '../../test/support/attacks.ts';
import { aSite } from '../../test/support/sites.ts';
import { type Incident, incidentSchema, type Outage } from '../model/incident.ts';
import { changeIncident, mergeIncidents, splitIncident } from './incident-acts.ts';
import { IncidentBook } from './incident-book.ts';
import { ASSESS } from './parameters.ts';

const T0 = Date.parse('2026-11-26T05:00:00Z');
const MINUTE = 60_000;
const time = (ms: number): string => new Date(ms).toISOString();

function anOutage(site: string, startMs: number, endMs?: number, more: Partial<Outage> = {}): Outage {
  const minutes = ((endMs ?? startMs + MINUTE) - startMs) / MINUTE;
  return {
    id: `outage of ${site} at ${startMs}`,
    site,
    state: 'down',
    start: time(startMs),
    confirmedAt: time(startMs + 30_000),
    ...(endMs === undefined ? {} : { end: time(endMs) }),
    ongoing: endMs === undefined,
    evidence: ['probed'],
    states: [{ state: 'down', from: time(startMs), why: '3 of 3 vantages cannot reach it' }],
    why: '3 of 3 vantages cannot reach it',
    outMinutes: { value: minutes, low: minutes - 0.5, high: minutes + 0.5 },
    degradedMinutes: { value: 0, low: 0, high: 0 },
    ...more,
  };
}

const SITES = [
  aSite('ministry', { addresses: ['192.0.2.10'], criticality: 'critical', usersDaily: 144_000 }),
  aSite('court', { prefixes: ['198.51.100.0/24'] }),
  aSite('museum', { addresses: ['192.0.2.10'] }),
];

function aBook(): { readonly book: IncidentBook; readonly told: Map<string, Incident>; readonly states: string[] } {
  const told = new Map<string, Incident>();
  const states: string[] = [];
  const book = new IncidentBook({
    watched: () => true,
    onIncident: (incident, state) => {
      incidentSchema.parse(incident);
      told.set(incident.id, incident);
      states.push(`${state} ${incident.state}`);
    },
  });
  book.setSites(SITES);
  return { book, told, states };
}

describe('IncidentBook', () => {
  it('joins attack and outage of one site, follows them, and closes a day later', () => {
    const { book, told, states } = aBook();
    book.takeAttack(anAttack({ startMs: T0, target: { kind: 'site', value: 'ministry' } }), T0 + 2000);
    book.takeOutage(anOutage('ministry', T0 + MINUTE), T0 + 2 * MINUTE);
    book.takeOutage(anOutage('ministry', T0 + MINUTE, T0 + 8 * MINUTE), T0 + 9 * MINUTE);
    book.advance(T0 + 10 * MINUTE);
    assert.equal(told.size, 1);
    assert.equal([...told.values()][0].state, 'contained');
    book.takeAttack(
      anAttack({ startMs: T0, endMs: T0 + 11 * MINUTE, target: { kind: 'site', value: 'ministry' } }),
      T0 + 12 * MINUTE,
    );
    const [incident] = told.values();
    assert.deepEqual([incident.state, incident.damage.grade, incident.severity], ['recovered', 'D2', 'high']);
    assert.equal(incident.end, time(T0 + 11 * MINUTE));
    assert.equal(incident.damage.outMinutes.value, 7);
    assert.deepEqual(incident.damage.sites[0].evidence, [...incident.outages, ...incident.attacks]);
    const { usersAffected } = incident.damage;
    assert.ok(usersAffected !== undefined && Math.abs(usersAffected.value - 700) < 1, JSON.stringify(usersAffected));
    assert.match(
      incident.damage.sentence.en,
      /temporarily unreachable for about 7 minutes .*during a denial-of-service attack \(SYN flood\)/,
    );
    book.advance(T0 + 12 * MINUTE + ASSESS.closeMs);
    assert.equal(states.at(-1), 'closed closed');
    assert.equal(book.live().length, 0);
  });

  it('matches attacks to sites by address and prefix, and makes one incident of a wave', () => {
    const { book, told } = aBook();
    book.takeAttack(anAttack({ id: 'a', startMs: T0 }), T0);
    book.takeAttack(
      anAttack({ id: 'b', startMs: T0 + 4 * MINUTE, target: { kind: 'prefix', value: '198.51.100.0/25' } }),
      T0 + 5 * MINUTE,
    );
    assert.deepEqual(
      [...told.values()].map(({ sites }) => sites),
      [['ministry', 'museum', 'court']],
    );
    book.takeAttack(
      anAttack({
        id: 'c',
        startMs: T0 + 5 * MINUTE,
        vector: 'dns-amplification',
        target: { kind: 'address', value: '203.0.113.9' },
      }),
      T0 + 6 * MINUTE,
    );
    assert.equal(told.size, 2);
  });

  it('does not make one incident of what lies apart', () => {
    const { book, told } = aBook();
    book.takeOutage(anOutage('court', T0, T0 + MINUTE), T0 + 2 * MINUTE);
    book.takeOutage(anOutage('museum', T0 + MINUTE, T0 + 2 * MINUTE), T0 + 3 * MINUTE);
    book.takeOutage(anOutage('court', T0 + 5 * 3_600_000), T0 + 5 * 3_600_000);
    assert.equal(told.size, 3);
    const [court] = told.values();
    assert.ok(court.damage.unknown.some((text) => text.includes('cause is not known')));
  });

  it('makes one incident of sites of one address that go out together', () => {
    const { book, told } = aBook();
    book.takeOutage(anOutage('ministry', T0), T0);
    book.takeOutage(anOutage('museum', T0 + MINUTE), T0 + MINUTE);
    assert.deepEqual(
      [...told.values()].map(({ sites }) => sites),
      [['ministry', 'museum']],
    );
  });

  it('grades: over two hours, several critical services, unseen, planned', () => {
    const grade = (...outages: Outage[]): string => {
      const { book, told } = aBook();
      book.setSites([...SITES.map((site) => ({ ...site, criticality: 'critical' as const }))]);
      for (const outage of outages) book.takeOutage(outage, T0 + 300 * MINUTE);
      for (const outage of outages.slice(1)) {
        const [first, second] = [...told.values()].map(({ id }) => book.get(id));
        if (first !== undefined && second !== undefined && outage.planned !== true)
          mergeIncidents(book, first, [second], { by: 'Kim', nowMs: T0 });
      }
      return [...told.values()][0]?.damage.grade ?? 'none';
    };
    assert.equal(grade(anOutage('court', T0, T0 + 10 * MINUTE)), 'D2');
    assert.equal(grade(anOutage('court', T0, T0 + 31 * MINUTE)), 'D3');
    assert.equal(grade(anOutage('court', T0, T0 + 121 * MINUTE)), 'D4');
    assert.equal(grade(anOutage('court', T0, T0 + MINUTE), anOutage('ministry', T0, T0 + MINUTE)), 'D4');
    assert.equal(grade(anOutage('court', T0, T0 + MINUTE, { planned: true })), 'none');
    const slow = {
      state: 'degraded' as const,
      outMinutes: { value: 0, low: 0, high: 0 },
      degradedMinutes: { value: 70, low: 69, high: 71 },
    };
    assert.equal(grade(anOutage('court', T0, T0 + 70 * MINUTE, slow)), 'D1');
    const lost = { lostRequests: { value: 600, low: 500, high: 700 }, expectedRequests: 7000 };
    assert.equal(grade(anOutage('court', T0, T0 + 70 * MINUTE, { ...slow, ...lost })), 'D3');
  });

  it('keeps what persons say, merges and splits, and counts versions', () => {
    const { book, told } = aBook();
    book.takeOutage(anOutage('court', T0), T0);
    book.takeOutage(anOutage('museum', T0), T0);
    const [court, museum] = [...told.keys()].map((id) => book.get(id));
    assert.ok(court !== undefined && museum !== undefined);
    const act = { by: 'Kim', nowMs: T0 + MINUTE };
    const changed = changeIncident(
      book,
      court,
      { owner: 'Kim', severity: 'critical', state: 'contained', note: 'on it' },
      act,
    );
    assert.deepEqual(
      [changed.version, changed.owner, changed.severity, changed.state],
      [2, 'Kim', 'critical', 'contained'],
    );
    book.advance(T0 + 5 * MINUTE);
    assert.deepEqual(
      [court.incident.state, court.incident.severity, court.incident.version],
      ['contained', 'critical', 2],
    );
    const merged = mergeIncidents(book, court, [museum], act);
    assert.deepEqual([merged.sites, merged.outages.length, merged.version], [['court', 'museum'], 2, 3]);
    assert.deepEqual(
      [told.get(museum.incident.id)?.state, told.get(museum.incident.id)?.mergedInto],
      ['closed', court.incident.id],
    );
    book.takeOutage(anOutage('museum', T0, T0 + 9 * MINUTE), T0 + 9 * MINUTE);
    assert.equal(told.size, 2, 'what was merged stays merged');
    assert.equal(court.incident.state, 'open', 'news undoes what a person said of the state');
    const split = splitIncident(book, court, { ids: [anOutage('museum', T0).id] }, act);
    assert.deepEqual(
      [split?.split.sites, split?.split.splitFrom, split?.from.sites],
      [['museum'], court.incident.id, ['court']],
    );
    book.takeOutage(anOutage('museum', T0, T0 + 9 * MINUTE), T0 + 10 * MINUTE);
    assert.equal(told.size, 3, 'what was split stays split');
    assert.equal(splitIncident(book, court, { ids: ['no such'] }, act), undefined);
  });

  it('goes on with what was kept', () => {
    const { book, told } = aBook();
    const attack = anAttack({ startMs: T0 });
    book.takeAttack(attack, T0);
    const kept: Incident = JSON.parse(JSON.stringify([...told.values()][0]));
    const next = aBook();
    next.book.adopt(kept, [attack], []);
    next.book.takeAttack(anAttack({ startMs: T0, endMs: T0 + MINUTE }), T0 + 2 * MINUTE);
    assert.deepEqual(
      [...next.told.values()].map(({ id, state }) => [id, state]),
      [[kept.id, 'recovered']],
    );
  });

  it('is bounded', () => {
    const { book } = aBook();
    const address = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    for (let at = 0; at < ASSESS.incidentsLiveMax + 50; at++)
      book.takeAttack(
        anAttack({
          id: `${at}`,
          startMs: T0 + at * 3_600_000,
          endMs: T0 + at * 3_600_000 + 1000,
          target: { kind: 'address', value: address(at) },
        }),
        T0,
      );
    assert.ok(book.live().length <= ASSESS.incidentsLiveMax);
    assert.ok(book.displaced >= 50);
  });
});
