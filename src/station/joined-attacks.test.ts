import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anAttack } from '../../test/support/attacks.ts';
import { type Attack, attackSchema } from '../model/attack.ts';
import { JoinedAttacks } from './joined-attacks.ts';

const SITE = 'www.example.gov';
const START_MS = Date.UTC(2026, 5, 9, 10);
const SOURCES = ['203.0.113.5', '203.0.113.6', '203.0.113.7'];

interface Seen {
  readonly id: string;
  readonly afterMs?: number;
  readonly rate?: number;
  readonly over?: boolean;
  readonly named?: boolean;
}

/** An attack on the address of the site, as flows tell of it. */
function ofFlows({ id, afterMs = 0, rate = 1000, over = false, named = false }: Seen): Attack {
  const startMs = START_MS + afterMs;
  const attack = anAttack({ id, startMs, vector: 'connection-flood', ...(over ? { endMs: startMs + 60_000 } : {}) });
  const top = named ? SOURCES.map((addr) => ({ addr, share: 0.3 })) : [];
  return {
    ...attack,
    peak: { bps: 8 * rate, pps: rate, fps: rate },
    sources: { ...attack.sources, top, spoofed: 'unlikely' },
  };
}

/** An attack on the site, as its log tells of it. */
function ofLog({ id, afterMs = 0, rate = 90, over = false, named = false }: Seen): Attack {
  const startMs = START_MS + afterMs;
  const target = { kind: 'site', value: SITE } as const;
  const attack = anAttack({ id, target, startMs, vector: 'http-flood', ...(over ? { endMs: startMs + 60_000 } : {}) });
  const seen = { firstSeen: attack.start, lastSeen: attack.start };
  const web = { requests: 7, failed: 0, bytes: 1, otherRequests: 2, lines: [] };
  const traits = { templates: [], userAgents: [], httpVersions: [], methods: [], statuses: [], networks: [] };
  return {
    ...attack,
    peak: { bps: 0, pps: 0, fps: 0, rps: rate },
    attackers: named ? SOURCES.map((addr) => ({ addr, requests: 7, ...seen })) : [],
    evidence: { ...attack.evidence, packets: 0, web: { ...web, ...traits } },
  };
}

const addressesOf = (site: string): string[] => (site === SITE ? ['192.0.2.10'] : []);
const nobody = (): string[] => [];

/** What people are told, short. */
function steps(joined: JoinedAttacks, ...took: Parameters<JoinedAttacks['take']>): string[] {
  return joined.take(...took).map(({ attack, step }) => {
    attackSchema.parse(attack);
    const kinds = [attack.evidence.packets > 0 ? 'flows' : '', attack.evidence.web === undefined ? '' : 'log'];
    return `${step} ${attack.id} ${kinds.filter((kind) => kind !== '').join('+')}`;
  });
}

describe('attacks that go on, seen by flows and a log', () => {
  test('one is told once, whoever tells of it first, and is over when both say so', () => {
    const joined = new JoinedAttacks(addressesOf);
    assert.deepEqual(steps(joined, 'flows', ofFlows({ id: 'F' }), 'opened'), ['opened F flows']);
    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L', afterMs: 5000 }), 'opened'), ['updated F flows+log']);
    assert.equal(joined.idOf('log', 'L'), 'F');
    assert.deepEqual(steps(joined, 'flows', ofFlows({ id: 'F', over: true }), 'closed'), ['updated F flows+log']);
    assert.deepEqual(joined.ongoing('flows'), []);
    assert.deepEqual(
      joined.ongoing('log').map(({ id }) => id),
      ['L'],
    );
    const [{ attack }] = joined.take('log', ofLog({ id: 'L', over: true }), 'closed');
    assert.deepEqual([attack.id, attack.ongoing], ['F', false]);
    assert.deepEqual(joined.ongoing('log'), []);
    assert.equal(joined.idOf('log', 'L'), 'L');

    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L2' }), 'opened'), ['opened L2 log']);
    assert.deepEqual(steps(joined, 'flows', ofFlows({ id: 'F2' }), 'opened'), ['updated L2 flows+log']);
    assert.equal(joined.idOf('flows', 'F2'), 'L2');
  });

  test('a witness that begins again after it was over is told on with what it saw before', () => {
    const joined = new JoinedAttacks(addressesOf);
    joined.take('flows', ofFlows({ id: 'F', rate: 9000 }), 'opened');
    joined.take('log', ofLog({ id: 'L', afterMs: 2000 }), 'opened');
    joined.take('flows', ofFlows({ id: 'F', rate: 9000, over: true }), 'closed');
    const [{ attack, step }] = joined.take('flows', ofFlows({ id: 'G', afterMs: 100_000, rate: 50 }), 'opened');
    assert.deepEqual(
      [step, attack.id, attack.start, attack.peak.pps, attack.peak.rps],
      ['updated', 'F', new Date(START_MS).toISOString(), 9000, 90],
    );
    assert.equal(joined.idOf('flows', 'G'), 'F');
    assert.equal(joined.idOf('flows', 'F'), 'F');
  });

  test('two that are seen to be one later are told as one, and nobody is told twice that it is over', () => {
    const joined = new JoinedAttacks(nobody);
    assert.deepEqual(steps(joined, 'flows', ofFlows({ id: 'F', named: true }), 'opened'), ['opened F flows']);
    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L', afterMs: 4000 }), 'opened'), ['opened L log']);
    const told = joined.take('log', ofLog({ id: 'L', afterMs: 4000, named: true }), 'updated');
    assert.deepEqual(
      told.map(({ attack, step }) => [step, attack.id, attack.joinedInto, attack.ongoing]),
      [
        ['closed', 'L', 'F', false],
        ['updated', 'F', undefined, true],
      ],
    );
    assert.equal(joined.idOf('log', 'L'), 'F');
    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L', over: true }), 'closed'), ['updated F flows+log']);
    assert.deepEqual(steps(joined, 'flows', ofFlows({ id: 'F', over: true }), 'closed'), ['closed F flows+log']);
  });

  test('two that are not the same stay two', () => {
    const joined = new JoinedAttacks(nobody);
    joined.take('flows', ofFlows({ id: 'F' }), 'opened');
    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L' }), 'opened'), ['opened L log']);
    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L', named: true }), 'updated'), ['updated L log']);
    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L', over: true }), 'closed'), ['closed L log']);
  });

  test('a second address of the site is another attack, while the first is under one', () => {
    const joined = new JoinedAttacks(() => ['192.0.2.0/24']);
    joined.take('log', ofLog({ id: 'L' }), 'opened');
    joined.take('flows', ofFlows({ id: 'F' }), 'opened');
    const other = { ...ofFlows({ id: 'G' }), target: { kind: 'address', value: '192.0.2.11' } } as const;
    assert.deepEqual(steps(joined, 'flows', other, 'opened'), ['opened G flows']);
  });

  test('a start goes on with what an earlier run told, without a new alarm', () => {
    const before = new JoinedAttacks(addressesOf);
    before.take('log', ofLog({ id: 'L' }), 'opened');
    const [{ views }] = before.take('flows', ofFlows({ id: 'F' }), 'opened');
    assert.ok(views !== undefined);
    const joined = new JoinedAttacks(addressesOf);
    joined.adopt('L', JSON.parse(JSON.stringify(views)));
    assert.deepEqual(
      [joined.ongoing('flows'), joined.ongoing('log')].map(([attack]) => attack.id),
      ['F', 'L'],
    );
    // A detector that takes an attack up again tells it as opened.
    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L' }), 'opened'), ['updated L flows+log']);
    assert.deepEqual(steps(joined, 'flows', ofFlows({ id: 'F', over: true }), 'closed'), ['updated L flows+log']);
    assert.deepEqual(steps(joined, 'log', ofLog({ id: 'L', over: true }), 'closed'), ['closed L flows+log']);
  });

  test('what a log told before its detection began anew is counted on, and not twice', () => {
    const at = (seconds: number): string => new Date(START_MS + 1000 * seconds).toISOString();
    const told = (requests: number, openedAfter: number, addr: string, rate: number): Attack => {
      const attack = ofLog({ id: 'L', rate });
      const web = { ...attack.evidence.web!, requests, failed: 1, otherRequests: 5 };
      return {
        ...attack,
        attackers: [{ addr, requests, firstSeen: at(openedAfter), lastSeen: at(openedAfter + 5) }],
        attackersTotal: 1,
        evidence: { ...attack.evidence, at: at(openedAfter), web },
        timeline: { from: at(openedAfter), stepMs: 1000, bps: [], pps: [], rps: [rate, rate] },
      };
    };
    const joined = new JoinedAttacks(nobody);
    joined.take('log', told(100, 0, '203.0.113.5', 90), 'opened');
    joined.ongoing('log');
    joined.take('log', told(10, 4, '203.0.113.6', 30), 'opened');
    const [{ attack, step }] = joined.take('log', told(40, 4, '203.0.113.6', 30), 'updated');
    const { evidence, attackers, attackersTotal, peak, timeline } = attack;
    assert.deepEqual(
      [step, evidence.at, evidence.web?.requests, evidence.web?.failed, evidence.web?.otherRequests],
      ['updated', at(0), 140, 2, 10],
    );
    assert.deepEqual(
      [attackers?.map(({ addr, requests }) => `${addr} ${requests}`), attackersTotal, peak.rps],
      [['203.0.113.5 100', '203.0.113.6 40'], 2, 90],
    );
    assert.deepEqual(timeline.rps, [90, 90, 0, 0, 30, 30]);
    // Begun anew a second time, and nothing was seen again: it is over as it was told.
    const [before] = joined.ongoing('log');
    const [over] = joined.take('log', { ...before, ongoing: false, end: at(60) }, 'closed');
    assert.equal(over.attack.evidence.web?.requests, 140);
  });
});
