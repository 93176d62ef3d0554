import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ipv4, run, SCENARIO_START_MS, Traffic } from '../../../test/support/scenario.ts';
import { flood, ordinaryDay } from '../../../test/support/scenario-traffic.ts';
import { parseAddress } from '../../base/ip.ts';
import type { Attack } from '../../model/attack.ts';
import type { TargetSecond } from '../../model/second-record.ts';
import { attackId } from './attack-id.ts';
import type { AttackedPrefix } from './detector.ts';
import type { AttackState } from './open-attacks.ts';
import { PARAMETERS } from './parameters.ts';

const START = SCENARIO_START_MS / 1000;
const words = (text: string): Uint32Array => parseAddress(text) ?? new Uint32Array(4);

interface Seen {
  readonly told: { readonly second: number; readonly state: AttackState; readonly attack: Attack }[];
  readonly observed: Map<number, TargetSecond[]>;
  readonly attacked: Map<number, AttackedPrefix[]>;
  readonly attackOf: Map<number, string | undefined>;
}

/** What a live station tells second by second of a minute of peace and a flood that begins in its 60th. */
function live(untilMs: number, prepare: (traffic: Traffic) => void): Seen {
  const traffic = new Traffic(3);
  ordinaryDay(traffic, 0, untilMs);
  prepare(traffic);
  const seen: Seen = { told: [], observed: new Map(), attacked: new Map(), attackOf: new Map() };
  let now = 0;
  run(traffic, {
    kind: 'packets',
    live: true,
    untilMs,
    onSecond: (detector, second) => {
      now = second - START;
      seen.observed.set(now, detector.observed());
      seen.attacked.set(now, detector.attackedPrefixes());
      seen.attackOf.set(now, detector.attackOf(words('203.0.113.10'), 0));
      return undefined;
    },
    onAttack: (attack, state) =>
      seen.told.push({ second: Math.floor(Date.parse(attack.detectedAt) / 1000), state, attack }),
  });
  return seen;
}

describe('what a live station is told', () => {
  const flooded = live(200_000, (traffic) =>
    flood(traffic, { vector: 'syn-flood', fromMs: 60_300, toMs: 95_300, pps: 2000 }),
  );

  it('one attack: opened, updated at a bounded rate under the same id, closed', () => {
    const states = flooded.told.map(({ state }) => state);
    assert.equal(states[0], 'opened');
    assert.equal(states.at(-1), 'closed');
    assert.deepEqual(new Set(states.slice(1, -1)), new Set(['updated']));
    assert.equal(new Set(flooded.told.map(({ attack }) => attack.id)).size, 1);
    // It was open for some 95 s: after 1, 2, 5, 10 s, and then every 10 s.
    assert.ok(states.length >= 10 && states.length <= 16, states.join(' '));
    const peaks = flooded.told.map(({ attack }) => attack.peak.pps);
    assert.deepEqual(
      peaks,
      [...peaks].sort((left, right) => left - right),
    );
    assert.deepEqual(
      flooded.told.map(({ attack }) => attack.ongoing),
      states.map((state) => state !== 'closed'),
    );
  });

  it('targets above their low-water marks, with what is usual for them and the attack that is open', () => {
    const [target] = flooded.observed.get(70) ?? [];
    assert.equal(target.prefix, '203.0.113.10/32');
    assert.deepEqual(target.target, { kind: 'address', value: '203.0.113.10' });
    assert.equal(target.attackId, flooded.told[0].attack.id);
    assert.ok(target.rate.pps > 1900 && target.excess > 3);
    assert.ok(target.baseline.pps > 0 && target.baseline.pps < 1000);
    for (const targets of flooded.observed.values()) {
      const excesses = targets.map(({ excess }) => excess);
      assert.deepEqual(
        excesses,
        [...excesses].sort((left, right) => right - left),
      );
      assert.ok(targets.length <= PARAMETERS.observedMax);
    }
  });

  it('the attacked target also in the seconds after its traffic has gone, with what it receives then', () => {
    const [target] = (flooded.observed.get(120) ?? []).filter(({ attackId }) => attackId !== undefined);
    assert.equal(target.attackId, flooded.told[0].attack.id);
    assert.ok(target.rate.pps > 0 && target.rate.pps < 1000, String(target.rate.pps));
  });

  it('prefixes under attack, and the attack of an address, for as long as it is open', () => {
    const { id } = flooded.told[0].attack;
    assert.deepEqual(flooded.attacked.get(50), []);
    assert.deepEqual(flooded.attacked.get(70), [{ words: words('203.0.113.10'), length: 128, attackId: id }]);
    assert.deepEqual(flooded.attacked.get(199), []);
    assert.deepEqual(
      [50, 70, 120, 199].map((second) => flooded.attackOf.get(second)),
      [undefined, id, id, undefined],
    );
  });

  it('the carpet that an address is part of', () => {
    const targets = Array.from({ length: 220 }, (_, index) => ipv4(203, 0, 113, 10) + index);
    const carpet = live(80_000, (traffic) =>
      flood(traffic, { vector: 'udp-flood', fromMs: 60_300, toMs: 75_300, pps: 13_000, targets }),
    );
    const [prefix] = carpet.attacked.get(70) ?? [];
    assert.deepEqual([prefix.length, prefix.words], [120, words('203.0.113.0')]);
    assert.equal(carpet.attackOf.get(70), prefix.attackId);
    assert.ok(
      carpet.observed.get(70)?.some((target) => target.prefix === '203.0.113.0/24' && target.attackId !== undefined),
    );
  });
});

describe('ids of attacks', () => {
  const parts = {
    startMs: SCENARIO_START_MS + 60_300,
    detectedAtMs: SCENARIO_START_MS + 61_000,
    direction: 'in',
    target: { kind: 'address', value: '203.0.113.10' },
    key: '0,0,65535,3405803786/128',
    seed: 1,
  } as const;

  it('can be read, and stand in addresses and names of files', () => {
    assert.match(attackId(parts), /^20250615T150740Z-in-203\.0\.113\.10-[0-9a-f]{12}$/);
    const site = { ...parts, target: { kind: 'site', value: '정부24' } } as const;
    assert.match(attackId(site), /^20250615T150740Z-in-24-[0-9a-f]{12}$/);
    assert.match(attackId({ ...parts, target: { kind: 'site', value: '법원' } }), /Z-in-site-[0-9a-f]{12}$/);
  });

  it('differ by start, target, key and station, and by nothing else', () => {
    const others = [
      { ...parts, startMs: parts.startMs + 1 },
      { ...parts, detectedAtMs: parts.detectedAtMs + 1000 },
      { ...parts, direction: 'out' as const },
      { ...parts, key: '0,0,65535,3405803787/128' },
      { ...parts, seed: 2 },
    ].map(attackId);
    assert.equal(new Set([attackId(parts), ...others]).size, others.length + 1);
    assert.equal(attackId({ ...parts }), attackId(parts));
  });
});
