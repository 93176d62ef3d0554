import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ipv4, type RunOptions, run, SCENARIO_START_MS, Traffic } from '../../../test/support/scenario.ts';
import { flood, ordinaryDay } from '../../../test/support/scenario-traffic.ts';
import { type Prefix, parsePrefix } from '../../base/prefix.ts';
import type { Attack } from '../../model/attack.ts';
import { createFlowBatch } from '../../model/flow-batch.ts';
import { HAS, TCP_SYN } from '../../model/flow-columns.ts';
import { SecondStream } from '../../sketch/second-stream.ts';
import { Detector, type DetectorOptions } from './detector.ts';
import { WeekBudget } from './group-baseline.ts';
import type { AttackState } from './open-attacks.ts';
import { PARAMETERS } from './parameters.ts';
import { stateKey, TargetState } from './target-state.ts';

const HOUR_MS = 3_600_000;
const OTHER = ipv4(198, 51, 100, 20);
const prefixes = (...texts: string[]): Prefix[] => texts.flatMap((text) => parsePrefix(text) ?? []);

interface Told {
  readonly state: AttackState;
  readonly attack: Attack;
}

/** A station whose clock may be set while it runs: every call goes on with the same detector. */
class Station {
  readonly told: Told[] = [];
  detector: Detector | undefined;
  readonly #options: Partial<RunOptions>;

  constructor(options: Partial<RunOptions> = {}) {
    this.#options = { live: true, ...options };
  }

  see(prepare: (traffic: Traffic) => void, untilMs: number, onSecond?: RunOptions['onSecond']): void {
    const traffic = new Traffic(4);
    prepare(traffic);
    run(traffic, {
      kind: 'packets',
      ...this.#options,
      untilMs,
      begin: (options: DetectorOptions) => {
        const onAttack = (attack: Attack, state: AttackState): number => this.told.push({ state, attack });
        this.detector ??= new Detector({ ...options, onAttack });
        return this.detector;
      },
      ...(onSecond === undefined ? {} : { onSecond }),
    });
  }

  get ids(): string[] {
    return [...new Set(this.told.map(({ attack }) => attack.id))];
  }

  closed(): Attack[] {
    return this.told.filter(({ state }) => state === 'closed').map(({ attack }) => attack);
  }
}

const at = (time: string | undefined): number => Date.parse(time ?? '') - SCENARIO_START_MS;

/** Peace, and from its 60th second on a flood to the end. */
function peaceAndFlood(fromMs: number, toMs: number): (traffic: Traffic) => void {
  return (traffic) => {
    ordinaryDay(traffic, fromMs, toMs);
    flood(traffic, { vector: 'syn-flood', fromMs: fromMs + 60_300, toMs, pps: 2000 });
  };
}

/** The flood goes on for 20 s, and then there is peace. */
function floodGoesOn(fromMs: number): (traffic: Traffic) => void {
  return (traffic) => {
    ordinaryDay(traffic, fromMs, fromMs + 120_000);
    flood(traffic, { vector: 'syn-flood', fromMs, toMs: fromMs + 20_000, pps: 2000 });
  };
}

describe('a clock that is set under attack', () => {
  for (const [name, jumpMs] of [
    ['an hour and a half ahead', 1.5 * HOUR_MS],
    ['an hour back', -HOUR_MS],
    ['ten minutes back', -HOUR_MS / 6],
  ] as const) {
    it(`${name}: the attack goes on under its id, and its times make sense`, () => {
      const station = new Station();
      station.see(peaceAndFlood(HOUR_MS, HOUR_MS + 90_000), HOUR_MS + 89_900);
      const fromMs = HOUR_MS + 90_000 + jumpMs;
      station.see(floodGoesOn(fromMs), fromMs + 119_000);
      assert.equal(station.ids.length, 1, station.told.map(({ state, attack }) => `${state} ${attack.id}`).join('\n'));
      const [attack] = station.closed();
      // Ahead there may have been a pause: its beginning stays. Back, the clock was wrong: its beginning was as long ago as it was.
      const startMs = HOUR_MS + 60_300 + Math.min(0, jumpMs);
      assert.ok(Math.abs(at(attack.start) - startMs) < 1500, attack.start);
      assert.ok(Math.abs(at(attack.end) - (fromMs + 20_000)) < 1500, attack.end);
      for (const { attack: each } of station.told) {
        assert.ok(at(each.start) <= at(each.end) && at(each.start) <= at(each.detectedAt));
      }
      assert.ok(Math.abs(attack.evidence.packets / (2000 * 49.7) - 1) < 0.03, String(attack.evidence.packets));
    });
  }

  it('a day ahead: the attack is closed as it was last seen, and another begins', () => {
    const station = new Station();
    station.see(peaceAndFlood(0, 90_000), 89_900);
    station.see(floodGoesOn(24 * HOUR_MS), 24 * HOUR_MS + 119_000);
    assert.equal(station.ids.length, 2);
    assert.ok(Math.abs(at(station.closed()[0].end) - 90_000) < 1500);
  });

  it('in a recording it is another recording', () => {
    for (const jumpMs of [-HOUR_MS, HOUR_MS]) {
      const station = new Station({ live: false });
      station.see(peaceAndFlood(HOUR_MS, HOUR_MS + 90_000), HOUR_MS + 89_900);
      const fromMs = HOUR_MS + 90_000 + jumpMs;
      station.see(floodGoesOn(fromMs), fromMs + 119_000);
      const [first, second] = station.closed();
      assert.equal(station.ids.length, 2);
      assert.ok(Math.abs(at(first.end) - HOUR_MS - 90_000) < 1500 && Math.abs(at(second.start) - fromMs) < 1500);
    }
  });

  it('over the jump of a stream of packets too', () => {
    const station = new Station();
    station.see(
      (traffic) => {
        peaceAndFlood(0, 90_000)(traffic);
        floodGoesOn(90_000 + 2 * HOUR_MS)(traffic);
      },
      90_000 + 2 * HOUR_MS + 119_000,
    );
    assert.equal(station.ids.length, 1);
    assert.equal(station.closed().length, 1);
  });
});

describe('a clock that is set in peace', () => {
  /** UDP that only its own past makes usual: three times the floor. */
  const busy = (fromMs: number, toMs: number) => (traffic: Traffic) => {
    ordinaryDay(traffic, fromMs, toMs);
    for (let ms = fromMs; ms < toMs; ms += 1) {
      if (ms % 1000 < 900)
        traffic.packet(ms, ipv4(198, 18, 3, ms % 200), OTHER, {
          proto: 17,
          srcPort: 3000 + (ms % 97),
          dstPort: 4500,
          bytes: 900,
        });
    }
  };
  /** Shows it, and tells what was usual in the last second in which it was seen. */
  const usual = (station: Station, fromMs: number, toMs: number): number => {
    let last = 0;
    station.see(busy(fromMs, toMs), toMs - 100, (detector) => {
      last = detector.observed().find(({ prefix }) => prefix === '198.51.100.20/32')?.baseline.pps ?? last;
      return undefined;
    });
    return last;
  };

  for (const [name, jumpMs] of [
    ['an hour ahead', HOUR_MS + 1000],
    ['an hour back', -HOUR_MS],
  ] as const) {
    it(`${name} changes nothing that was learned, and alarms nobody`, () => {
      const station = new Station();
      const fromMs = HOUR_MS + 200_000 + jumpMs;
      const before = usual(station, HOUR_MS, HOUR_MS + 200_000);
      const after = usual(station, fromMs, fromMs + 5000);
      assert.ok(before > 800);
      assert.ok(Math.abs(after / before - 1) < 0.02, `${before} and then ${after}`);
      assert.equal(station.told.length, 0);
      // What comes then is held against what was learned then.
      station.see((traffic) => {
        flood(traffic, { vector: 'syn-flood', fromMs: fromMs + 5000, toMs: fromMs + 9000, pps: 2000 });
      }, fromMs + 8900);
      const [opened] = [...station.told];
      assert.equal(opened.state, 'opened');
      assert.ok(Math.abs(at(opened.attack.start) - fromMs - 5000) < 1000);
    });
  }
});

describe('more targets than can be remembered', () => {
  it('leave what was learned over weeks, and take the place of what was quiet for longest', () => {
    const weeks = new WeekBudget();
    const states = new Map<string, TargetState>();
    const target = (number: number): TargetState => {
      const words = Uint32Array.of(0, 0, 0xffff, 0x0a000000 + number);
      const state = new TargetState(stateKey(words, 128, false), words, 128, 0, weeks);
      states.set(state.key, state);
      return state;
    };
    const [old, settled] = [target(1), target(2)];
    const baseline = settled.baseline(0, 'pps');
    for (let second = 0; second < 4000; second++) baseline.learn(second + 1, second, 500, weeks);
    old.lastTick = 3000;
    settled.lastTick = 2000;
    const detector = new Detector({ seed: 1, networks: [], live: true });
    const { adopted } = detector.memory;
    const scan = { states, weeks, quietSince: 0 };
    const memory = { tick: 4000, second: 3999, nowMs: 4_000_000, networks: [], scan, open: new Set<TargetState>() };
    detector.restore({ ...memory, watchNext: [], slow: [], adopted }, 4_000_000);

    const batch = createFlowBatch(PARAMETERS.targetsMax + 100);
    for (let row = 0; row < batch.capacity; row++) {
      batch.dstAddr.set([0, 0, 0xffff, 0x0b000000 + 300 * row], 4 * row);
      batch.srcAddr.set([0, 0, 0xffff, 0xc6336401], 4 * row);
      batch.present[row] = HAS.srcAddr | HAS.dstAddr | HAS.proto | HAS.srcPort | HAS.dstPort | HAS.tcpFlags;
      batch.observedMs[row] = batch.startMs[row] = batch.endMs[row] = 4_000_500;
      batch.exporter[row] = 0;
      batch.ipVersion[row] = 4;
      batch.proto[row] = 6;
      batch.tcpFlags[row] = TCP_SYN;
      batch.samplingRate[row] = 1;
      batch.packets[row] = 100;
      batch.bytes[row] = 4000;
    }
    batch.length = batch.capacity;
    const stream = new SecondStream({ seed: 1, networks: [], pacing: false }, detector);
    stream.take(batch);
    stream.finish();
    assert.ok(detector.targets <= PARAMETERS.targetsMax && detector.targets > 0.8 * PARAMETERS.targetsMax);
    assert.ok(detector.memory.scan.states.has(settled.key));
    assert.ok(!detector.memory.scan.states.has(old.key));
  });
});

describe('what is protected changes while the station runs', () => {
  const both = prefixes('203.0.113.0/24', '198.51.100.0/24');
  const subject = (networks: Prefix[]): Parameters<Detector['reconfigure']>[0] => ({
    networks,
    siteOf: (address) => (address === '203.0.113.10' ? 'Court' : undefined),
    organisation: 'Ministry',
    configuredPps: { 'icmp-flood': 100 },
  });
  const attacks = (traffic: Traffic): void => {
    ordinaryDay(traffic, 0, 200_000);
    flood(traffic, { vector: 'syn-flood', fromMs: 60_300, toMs: 120_000, pps: 2000 });
    flood(traffic, { vector: 'syn-flood', fromMs: 62_300, toMs: 120_000, pps: 2000, targets: [OTHER] });
  };
  const changed = (networks: Prefix[]): Station => {
    const station = new Station({ networks: both });
    let taken = 0;
    station.see(attacks, 199_000, (detector) => {
      if (++taken === 90) detector.reconfigure(subject(networks));
      return undefined;
    });
    return station;
  };

  it('and nothing else does, where the networks are the same', () => {
    const station = changed(prefixes('203.0.113.0/24', '198.51.100.0/24'));
    const untouched = new Station({ networks: both });
    untouched.see(attacks, 199_000);
    const told = (each: Station): string[] =>
      each.told.map(({ state, attack }) => `${state} ${attack.id} ${attack.evidence.packets}`);
    assert.deepEqual(told(station), told(untouched));
  });

  it('an attack on what is protected still goes on as one, and one on what is not is closed', () => {
    const station = changed(prefixes('203.0.113.0/24', '192.0.2.0/24'));
    assert.equal(station.ids.length, 2 + 1, 'what goes out to the other network now is another attack');
    const court = station.closed().find(({ target }) => target.value === '203.0.113.10');
    assert.ok(court !== undefined && Math.abs(at(court.end) - 120_000) < 1500);
    assert.ok(Math.abs(court.evidence.packets / (2000 * 59.7) - 1) < 0.03, 'no second of it was lost');
    const gone = station
      .closed()
      .find(({ target, direction }) => target.value === '198.51.100.20' && direction === 'in');
    assert.ok(gone !== undefined && Math.abs(at(gone.end) - 90_000) < 1500, gone?.end);
  });

  it('names and limits hold from then on', () => {
    const station = new Station({ networks: both });
    station.see((traffic) => ordinaryDay(traffic, 0, 60_000), 59_900);
    station.detector?.reconfigure(subject(both));
    station.see((traffic) => {
      ordinaryDay(traffic, 60_000, 70_000);
      flood(traffic, { vector: 'icmp-flood', fromMs: 62_000, toMs: 70_000, pps: 400 });
    }, 69_900);
    const [{ attack }] = station.told;
    assert.deepEqual(attack.target, { kind: 'site', value: 'Court' });
    assert.deepEqual([attack.evidence.limitFrom, attack.evidence.limit], ['configured', 100]);
  });
});
