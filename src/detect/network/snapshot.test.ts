import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Address,
  ipv4,
  type Outcome,
  type RunOptions,
  run,
  SCENARIO_START_MS,
  Traffic,
} from '../../../test/support/scenario.ts';
import { flood, ordinaryDay, SITE } from '../../../test/support/scenario-traffic.ts';
import { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { parsePrefix } from '../../base/prefix.ts';
import { type Attack, attackSchema } from '../../model/attack.ts';
import { Detector } from './detector.ts';
import type { AttackState } from './open-attacks.ts';
import { restoreDetector, snapshotDetector } from './snapshot.ts';
import { snapshotSeed } from './snapshot-head.ts';

const START = SCENARIO_START_MS / 1000;
const OTHER = ipv4(198, 51, 100, 20);
const hosts = (count: number, first: Address): Address[] => Array.from({ length: count }, (_, at) => first + at);

/** Attacks of several kinds, one after the other and at once: pulses, a carpet, two vectors, a reflection. */
function busyTraffic(): Traffic {
  const traffic = new Traffic(5);
  ordinaryDay(traffic, 0, 260_000);
  flood(traffic, { vector: 'syn-flood', fromMs: 40_300, toMs: 52_000, pps: 2000 });
  flood(traffic, { vector: 'syn-flood', fromMs: 70_300, toMs: 80_000, pps: 3000 });
  flood(traffic, { vector: 'udp-flood', fromMs: 60_300, toMs: 76_000, pps: 9000, targets: [OTHER] });
  flood(traffic, { vector: 'icmp-flood', fromMs: 66_300, toMs: 76_000, pps: 4000, targets: [OTHER] });
  flood(traffic, { vector: 'udp-flood', fromMs: 100_300, toMs: 112_000, pps: 13_000, targets: hosts(220, SITE + 1) });
  flood(traffic, { vector: 'dns-amplification', fromMs: 90_300, toMs: 120_000, pps: 1500, targets: [OTHER] });
  flood(traffic, { vector: 'ack-flood', fromMs: 190_300, toMs: 200_000, pps: 9000 });
  return traffic;
}

interface Told {
  readonly events: string[];
  readonly closed: Attack[];
  readonly outcome: Outcome;
}

function tell(traffic: Traffic, options: Partial<RunOptions>): Told {
  const events: string[] = [];
  const closed: Attack[] = [];
  const onAttack = (attack: Attack, state: AttackState): void => {
    events.push(`${state} ${attack.id}`);
    if (state === 'closed') closed.push(attack);
    attackSchema.parse(attack);
  };
  const outcome = run(traffic, { kind: 'packets', untilMs: 260_000, live: true, onAttack, ...options });
  return { events, closed, outcome };
}

const secondsOf = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

/** Ends one detector after a second and goes on with another that knows nothing but its snapshot. */
function restartAt(...seconds: number[]): NonNullable<RunOptions['onSecond']> {
  return (detector, second, options) => {
    if (!seconds.includes(second - START)) return undefined;
    const bytes = snapshotDetector(detector);
    const other = new Detector(options);
    const restored = restoreDetector(other, bytes, (second + 1) * 1000);
    assert.equal(restored.kind, 'restored');
    assert.deepEqual(snapshotDetector(other), bytes, 'what was read is written alike');
    return other;
  };
}

describe('a detector that goes on from a snapshot', () => {
  const traffic = busyTraffic();
  const views = [
    { kind: 'packets' },
    { kind: 'records', activeSeconds: 60, inactiveSeconds: 15 },
    { kind: 'records', activeSeconds: 1, inactiveSeconds: 1, sampling: 10 },
    {
      kind: 'packets',
      networks: [parsePrefix('203.0.113.0/24'), parsePrefix('198.51.100.0/24')].flatMap((each) => each ?? []),
    },
  ] as const;
  for (const view of views) {
    const whole = tell(traffic, view);
    it(`tells the same of ${view.kind}, wherever it was stopped (${JSON.stringify({ ...view, networks: 'networks' in view })})`, () => {
      assert.ok(whole.closed.length >= 4, whole.events.join('\n'));
      const points = fc.uniqueArray(fc.integer({ min: 0, max: 258 }), { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(points, (seconds) => {
          const parts = tell(traffic, { ...view, onSecond: restartAt(...seconds) });
          assert.deepEqual(parts.events, whole.events);
          assert.deepEqual(parts.closed, whole.closed);
          assert.deepEqual(parts.outcome.verdicts, whole.outcome.verdicts);
          assert.deepEqual(parts.outcome.attacks, whole.outcome.attacks);
        }),
        { numRuns: 2 },
      );
    });
  }

  it('tells the same when it is stopped after every second of attacks', () => {
    const whole = tell(traffic, {});
    const parts = tell(traffic, {
      onSecond: restartAt(...secondsOf(38, 84), ...secondsOf(88, 124), ...secondsOf(188, 204)),
    });
    assert.deepEqual([parts.events, parts.closed], [whole.events, whole.closed]);
  });
});

/** Runs two minutes with a flood to the end of them, and stops. */
function stopped(options: Partial<RunOptions> = {}): {
  detector: Detector;
  bytes: Uint8Array;
  told: Told;
  stoppedMs: number;
} {
  const traffic = new Traffic(6);
  ordinaryDay(traffic, 0, 120_000);
  flood(traffic, { vector: 'syn-flood', fromMs: 90_300, toMs: 120_000, pps: 2000 });
  let detector: Detector | undefined;
  const told = tell(traffic, {
    untilMs: 119_500,
    onSecond: (last) => {
      detector = last;
      return undefined;
    },
    ...options,
  });
  assert.ok(detector !== undefined);
  return { detector, bytes: snapshotDetector(detector), told, stoppedMs: SCENARIO_START_MS + 120_000 };
}

/** Goes on `afterMs` later, with or without the flood. */
function goOn(
  from: (options: ConstructorParameters<typeof Detector>[0]) => Detector,
  afterMs: number,
  flooded: boolean,
): Told {
  const traffic = new Traffic(7);
  ordinaryDay(traffic, 120_000 + afterMs, 220_000 + afterMs);
  const toMs = 130_000 + afterMs;
  if (flooded) flood(traffic, { vector: 'syn-flood', fromMs: 120_000 + afterMs, toMs, pps: 4000 });
  return tell(traffic, { untilMs: 220_000 + afterMs, begin: from });
}

describe('an attack that was open when the station stopped', () => {
  const { bytes, told, stoppedMs } = stopped();
  const [opened] = told.events;
  const id = opened.split(' ')[1];
  const restored =
    (nowMs: number) =>
    (options: ConstructorParameters<typeof Detector>[0]): Detector => {
      const detector = new Detector(options);
      assert.equal(restoreDetector(detector, bytes, nowMs).kind, 'restored');
      return detector;
    };

  it('goes on under its id, from its start, with its sums and its peak', () => {
    const after = goOn(restored(stoppedMs + 30_000), 30_000, true);
    assert.deepEqual(new Set(after.events.map((event) => event.split(' ')[1])), new Set([id]));
    assert.ok(!after.events.some((event) => event.startsWith('opened')));
    const [attack] = after.closed;
    assert.equal(attack.start, told.outcome.attacks[0].start);
    assert.ok(
      Math.abs(attack.evidence.packets / (2000 * 29.2 + 4000 * 10) - 1) < 0.03,
      String(attack.evidence.packets),
    );
    assert.ok(attack.peak.pps > 3900);
    assert.ok(Math.abs(Date.parse(attack.end ?? '') - SCENARIO_START_MS - 160_000) < 1000, attack.end);
  });

  it('is closed as it was last seen where it had ended meanwhile', () => {
    const after = goOn(restored(stoppedMs + 30_000), 30_000, false);
    assert.deepEqual(after.events.at(-1), `closed ${id}`);
    assert.ok(!after.events.some((event) => event.startsWith('opened')));
    assert.ok(Math.abs(Date.parse(after.closed[0].end ?? '') - stoppedMs) <= 1500, after.closed[0].end);
  });

  it('is closed at once after a day, and what follows is another', () => {
    const dayMs = 86_400_000;
    const after = goOn(restored(stoppedMs + dayMs), dayMs, true);
    assert.equal(after.events[0], `closed ${id}`);
    const ids = new Set(after.events.map((event) => event.split(' ')[1]));
    assert.equal(ids.size, 2);
    assert.ok(Math.abs(Date.parse(after.closed[0].end ?? '') - stoppedMs) <= 1500);
  });

  it('goes on from what the store knows, where there is no snapshot', () => {
    const known = told.outcome.attacks;
    assert.equal(known.length, 1);
    const adopted = (options: ConstructorParameters<typeof Detector>[0]): Detector => {
      const detector = new Detector(options);
      detector.adopt(known);
      return detector;
    };
    const after = goOn(adopted, 30_000, true);
    assert.deepEqual(new Set(after.events.map((event) => event.split(' ')[1])), new Set([id]));
    assert.ok(after.events[0].startsWith('updated') && after.events.at(-1)?.startsWith('closed'));
    const [attack] = after.closed;
    assert.deepEqual(
      [attack.start, attack.detectedAt, attack.baseline],
      [known[0].start, known[0].detectedAt, known[0].baseline],
    );
    assert.deepEqual(
      [attack.evidence.at, attack.evidence.observed],
      [known[0].evidence.at, known[0].evidence.observed],
    );
    assert.ok(
      Math.abs(attack.evidence.packets / (2000 * 29.2 + 4000 * 10) - 1) < 0.05,
      String(attack.evidence.packets),
    );
    assert.ok(attack.peak.pps > 3900 && attack.sources.distinct >= known[0].sources.distinct);
    assert.deepEqual(attack.timeline.pps.slice(0, known[0].timeline.pps.length), known[0].timeline.pps);

    const quiet = goOn(adopted, 30_000, false);
    assert.deepEqual(quiet.events, [`closed ${id}`]);
    const { ongoing, closing, ...rest } = quiet.closed[0];
    assert.deepEqual([ongoing, closing.startsWith('Last seen')], [false, true]);
    assert.deepEqual(
      rest,
      Object.fromEntries(Object.entries(known[0]).filter(([key]) => key !== 'ongoing' && key !== 'closing')),
    );
  });

  it('is not told again where the store has it as closed, and has what the store knew later', () => {
    const known = told.outcome.attacks[0];
    const closed = { ...known, ongoing: false };
    const withStore =
      (attack: Attack) =>
      (options: ConstructorParameters<typeof Detector>[0]): Detector => {
        const detector = restored(stoppedMs + 30_000)(options);
        detector.adopt([attack]);
        return detector;
      };
    assert.deepEqual(goOn(withStore(closed), 30_000, false).events, []);
    const nothingOpen = (options: ConstructorParameters<typeof Detector>[0]): Detector => {
      const detector = restored(stoppedMs + 30_000)(options);
      detector.adopt([], true);
      return detector;
    };
    assert.deepEqual(goOn(nothingOpen, 30_000, false).events, []);
    const later = {
      ...known,
      end: new Date(stoppedMs + 20_000).toISOString(),
      peak: { ...known.peak, pps: 99_999 },
      evidence: { ...known.evidence, packets: 10 * known.evidence.packets },
    };
    const [attack] = goOn(withStore(later), 30_000, false).closed;
    assert.deepEqual([attack.id, attack.end, attack.peak.pps], [id, later.end, 99_999]);
    assert.ok(Math.abs(attack.evidence.packets / later.evidence.packets - 1) < 0.01);
  });
});

describe('bytes that are no snapshot', () => {
  const { detector, bytes } = stopped();
  const refusal = (wrong: Uint8Array): string => {
    const other = new Detector({ seed: 1, networks: [], live: true });
    const before = snapshotDetector(other);
    const restored = restoreDetector(other, wrong, SCENARIO_START_MS);
    assert.ok(restored.kind === 'refused');
    assert.deepEqual(snapshotDetector(other), before, 'the detector is as it was');
    return restored.reason;
  };
  const sealed = (content: Uint8Array): Uint8Array => {
    const writer = new ByteWriter();
    writer.raw(content);
    return writer.seal();
  };

  it('are refused with the reason', () => {
    assert.match(refusal(new Uint8Array(0)), /cut short/);
    assert.match(refusal(bytes.subarray(0, bytes.length - 1)), /checksum/);
    assert.match(refusal(sealed(new TextEncoder().encode('something else, and long enough'))), /not a snapshot/);
    assert.match(refusal(sealed(bytes.subarray(0, bytes.length - 9))), /cut short/);
    assert.match(refusal(sealed(bytes)), /longer/);
    const newer = bytes.slice(0, -8);
    newer[4] = 9;
    assert.match(refusal(sealed(newer)), /version 8/);
  });

  it('never throw, nor does a detector that took them, whatever was changed in them', () => {
    const content = bytes.slice(0, -8);
    const change = fc.record({ at: fc.nat(content.length - 1), to: fc.integer({ min: 0, max: 255 }) });
    let taken = 0;
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: -1e6, max: 1e12 }),
        (changes, nowMs) => {
          const changed = content.slice();
          for (const { at, to } of changes) changed[at] = to;
          let restored = false;
          goOn(
            (options) => {
              const other = new Detector(options);
              restored = restoreDetector(other, sealed(changed), nowMs).kind === 'restored';
              return other;
            },
            20_000,
            true,
          );
          if (restored) taken++;
        },
      ),
      // What is as it was is taken.
      { numRuns: 25, examples: [[[{ at: 0, to: content[0] }], SCENARIO_START_MS + 121_000]] },
    );
    assert.ok(taken > 0, 'some were taken');
  });

  it('tell the seed to go on with', () => {
    assert.equal(snapshotSeed(bytes), detector.seed);
    assert.equal(snapshotSeed(bytes.subarray(4)), undefined);
    assert.equal(snapshotSeed(new Uint8Array(3)), undefined);
  });

  it('under another seed give everything but who the sources were', () => {
    const other = new Detector({ seed: 2, networks: [], live: true });
    const restored = restoreDetector(other, bytes, SCENARIO_START_MS + 121_000);
    assert.ok(restored.kind === 'restored' && restored.targets === detector.targets && restored.attacks === 1);
    const [[was], [is]] = [detector.attacks(), other.attacks()];
    assert.deepEqual(is, was);
  });

  it('hold what the reader reads, to the last byte', () => {
    const reader = new ByteReader(bytes);
    reader.unseal();
    assert.equal(reader.fault, undefined);
    const each = (bytes.length - 40_000) / detector.targets;
    assert.ok(each < 400, `${bytes.length} bytes of ${detector.targets} targets and one attack`);
  });
});
