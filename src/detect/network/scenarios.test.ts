import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ipv4, ipv6, run, SCENARIO_START_MS, Traffic, type ViewOptions } from '../../../test/support/scenario.ts';
import {
  flood,
  isInside,
  often,
  ordinaryDay,
  outsider,
  SITE,
  SITE_IPV6,
  webSession,
} from '../../../test/support/scenario-traffic.ts';
import { parsePrefix } from '../../base/prefix.ts';
import { formatBps, formatCount, formatPps } from '../../base/units.ts';
import { type Attack, attackSchema } from '../../model/attack.ts';
import { VECTORS, type Vector } from '../../model/vector.ts';
import { GROUPS } from './groups.ts';

const PACKETS: ViewOptions = { kind: 'packets' };
const ONE_WAY: ViewOptions = { kind: 'packets', hidden: isInside };
const SLOW_ROUTER: ViewOptions = { kind: 'records', activeSeconds: 60, inactiveSeconds: 15 };
const QUICK_ROUTER: ViewOptions = { kind: 'records', activeSeconds: 1, inactiveSeconds: 1 };
const SAMPLED_ROUTER: ViewOptions = { ...SLOW_ROUTER, sampling: 100 };

/** As long as the slowest router holds back and releases, and an attack stays open. */
const AFTERWARDS_MS = 140_000;

const at = (time: string | undefined): number => Date.parse(time ?? '') - SCENARIO_START_MS;

interface Truth {
  readonly target: string;
  readonly vector: Vector;
  readonly fromMs: number;
  readonly toMs: number;
  /** When the view could know of the first second of it, ms. */
  readonly toldMs: number;
  readonly startToleranceMs: number;
  readonly spread?: 'single' | 'carpet';
  readonly direction?: 'in' | 'out';
  readonly rhythm?: 'steady' | 'pulse' | 'ramp';
  readonly spoofed?: Attack['sources']['spoofed'];
}

function only(attacks: readonly Attack[]): Attack {
  assert.deepEqual(
    attacks.map((attack) => `${attack.target.value} ${attack.vectors[0].name}`),
    attacks.slice(0, 1).map((attack) => `${attack.target.value} ${attack.vectors[0].name}`),
    'one attack',
  );
  assert.equal(attacks.length, 1, 'an attack is found');
  return attacks[0];
}

function check(attack: Attack, truth: Truth): void {
  attackSchema.parse(attack);
  assert.equal(attack.target.value, truth.target);
  assert.equal(attack.vectors[0].name, truth.vector);
  assert.equal(attack.spread, truth.spread ?? 'single');
  assert.equal(attack.direction, truth.direction ?? 'in');
  assert.equal(attack.rhythm, truth.rhythm ?? 'steady');
  const startOff = at(attack.start) - truth.fromMs;
  assert.ok(Math.abs(startOff) <= truth.startToleranceMs, `start is ${startOff} ms off`);
  const detectedAfter = at(attack.detectedAt) - truth.toldMs;
  assert.ok(at(attack.detectedAt) >= truth.fromMs && detectedAfter <= 3000, `detected after ${detectedAfter} ms`);
  const endOff = at(attack.end) - truth.toMs;
  assert.ok(Math.abs(endOff) <= 3000, `end is ${endOff} ms off`);
  assert.equal(attack.ongoing, false);
  if (truth.spoofed !== undefined) assert.equal(attack.sources.spoofed, truth.spoofed);
  checkWhy(attack);
}

/** The sentence tells the numbers of the evidence and no others. */
function checkWhy({ why, evidence, sources }: Attack): void {
  const { measure } = evidence;
  assert.ok(measure !== 'rps' && measure !== 'connections', measure);
  const text = { pps: formatPps, bps: formatBps, fps: (fps: number) => `${formatCount(fps)} connections/s` }[measure];
  assert.ok(why.includes(`${text(evidence.observed)} in the second from ${evidence.at.slice(11, 19)}`), why);
  assert.ok(why.includes(text(evidence.limit)), why);
  assert.ok(evidence.shape.length > 0 && evidence.shape.every((note) => why.includes(note)), why);
  assert.ok(evidence.observed >= evidence.limit || evidence.cusum);
  assert.ok(evidence.packets > 0 && evidence.bytes > 0 && sources.distinct > 0);
}

const FLOOD_MS = 8000;
const REFLECTS = /-(amplification|reflection)$/;

/** A flood of three and a third times its floor. */
function ordinaryFlood(vector: Vector, peaceSeconds: number): { traffic: Traffic; fromMs: number; toMs: number } {
  const group = GROUPS.find((each) => each.vector === (vector === 'tcp-amplification' ? 'tcp-flood' : vector));
  const floor = group?.floors.pps ?? group?.floors.fps;
  assert.ok(floor !== undefined);
  const fromMs = peaceSeconds * 1000 + 300;
  const toMs = fromMs + FLOOD_MS;
  const traffic = new Traffic(7);
  if (peaceSeconds > 0) ordinaryDay(traffic, 0, toMs + 5000);
  flood(traffic, {
    vector,
    fromMs,
    toMs,
    pps: 3.34 * floor,
    ...(vector === 'connection-flood' ? { sources: 100 } : {}),
  });
  return { traffic, fromMs, toMs };
}

describe('every vector is found and named', () => {
  const spoofedOf = (vector: Vector): 'likely' | 'unlikely' =>
    REFLECTS.test(vector) || vector === 'connection-flood' ? 'unlikely' : 'likely';
  for (const vector of VECTORS.filter((name) => name !== 'slowloris')) {
    for (const peaceSeconds of [0, 60]) {
      const past = peaceSeconds === 0 ? 'on a fresh station' : 'after a minute of peace';
      it(`${vector}, ${past}, in packets`, () => {
        const { traffic, fromMs, toMs } = ordinaryFlood(vector, peaceSeconds);
        const spoofed = spoofedOf(vector);
        const truth: Truth = {
          target: '203.0.113.10',
          vector,
          fromMs,
          toMs,
          toldMs: fromMs,
          startToleranceMs: 2000,
          spoofed,
        };
        for (const view of [PACKETS, ONE_WAY]) {
          check(only(run(traffic, { ...view, untilMs: toMs + AFTERWARDS_MS }).attacks), truth);
        }
      });
      it(`${vector}, ${past}, in flow records`, () => {
        const { traffic, fromMs, toMs } = ordinaryFlood(vector, peaceSeconds);
        const truth = {
          target: '203.0.113.10',
          vector,
          fromMs,
          toMs,
          startToleranceMs: 3000,
          spoofed: spoofedOf(vector),
        };
        // A flow of one packet is told when it was idle for long enough; reflected ones are reused up to the end.
        const lastMs = REFLECTS.test(vector) ? toMs : fromMs;
        for (const [view, idleMs] of [
          [QUICK_ROUTER, 1000],
          [SLOW_ROUTER, 15_000],
        ] as const) {
          // The answers that a target asked for are in the same long records: they blur the start.
          if (vector === 'dns-amplification' && view === SLOW_ROUTER) continue;
          const { attacks } = run(traffic, { ...view, untilMs: toMs + AFTERWARDS_MS });
          check(only(attacks), { ...truth, toldMs: lastMs + idleMs + 1000 });
        }
      });
    }
  }
});

describe('attacks of more than one kind, time or address', () => {
  const hosts = (count: number, first: number, step: number): number[] =>
    Array.from({ length: count }, (_, index) => first + index * step);
  const views: readonly (readonly [string, ViewOptions, number])[] = [
    ['packets', PACKETS, 0],
    ['one direction', ONE_WAY, 0],
    ['flow records', QUICK_ROUTER, 2000],
    ['flow records of a slow router', SLOW_ROUTER, 16_000],
  ];
  const each = (
    name: string,
    make: (
      traffic: Traffic,
    ) => Omit<Truth, 'toldMs' | 'startToleranceMs'> & { readonly toldMs?: number; readonly startToleranceMs?: number },
    more: (attack: Attack) => void = () => {},
    seen = views,
  ): void => {
    for (const [viewName, view, delayMs] of seen) {
      it(`${name}, in ${viewName}`, () => {
        const traffic = new Traffic(11);
        const truth = make(traffic);
        const attack = only(run(traffic, { ...view, untilMs: truth.toMs + AFTERWARDS_MS }).attacks);
        check(attack, { startToleranceMs: 3000, ...truth, toldMs: (truth.toldMs ?? truth.fromMs) + delayMs });
        more(attack);
      });
    }
  };

  each(
    'two vectors at once are one attack with two shares',
    (traffic) => {
      ordinaryDay(traffic, 0, 80_000);
      flood(traffic, { vector: 'syn-flood', fromMs: 60_300, toMs: 70_300, pps: 2000 });
      flood(traffic, { vector: 'udp-flood', fromMs: 60_300, toMs: 70_300, pps: 7000 });
      return { target: '203.0.113.10', vector: 'udp-flood', fromMs: 60_300, toMs: 70_300, spoofed: 'likely' };
    },
    ({ vectors }) => {
      assert.deepEqual(
        vectors.map((vector) => vector.name),
        ['udp-flood', 'syn-flood'],
      );
      assert.ok(Math.abs(vectors[0].share - 7 / 9) < 0.03 && Math.abs(vectors[1].share - 2 / 9) < 0.03);
    },
  );

  each('ten seconds on, twenty off is one attack in pulses', (traffic) => {
    ordinaryDay(traffic, 0, 160_000);
    for (let pulse = 0; pulse < 4; pulse++) {
      const fromMs = 60_300 + 30_000 * pulse;
      flood(traffic, { vector: 'syn-flood', fromMs, toMs: fromMs + 10_000, pps: 2000 });
    }
    return {
      target: '203.0.113.10',
      vector: 'syn-flood',
      fromMs: 60_300,
      toMs: 160_300,
      rhythm: 'pulse',
      spoofed: 'likely',
    };
  });

  each('a rise over three minutes after ten of peace is a ramp', (traffic) => {
    ordinaryDay(traffic, 0, 790_000);
    const pps = (atMs: number): number => 20 + (1500 * (atMs - 600_000)) / 180_000;
    flood(traffic, { vector: 'syn-flood', fromMs: 600_000, toMs: 780_000, pps });
    // It stands out from 75 a second on, and passes the floor of 300 within 34 s.
    const times = { fromMs: 600_000, toMs: 780_000, toldMs: 634_000, startToleranceMs: 10_000 };
    return { target: '203.0.113.10', vector: 'syn-flood', rhythm: 'ramp', spoofed: 'likely', ...times };
  });

  each(
    'a carpet over a /24, each host below its own limit',
    (traffic) => {
      ordinaryDay(traffic, 0, 80_000);
      const targets = hosts(220, ipv4(203, 0, 113, 10), 1);
      flood(traffic, { vector: 'udp-flood', fromMs: 60_300, toMs: 70_300, pps: 13_000, targets });
      return {
        target: '203.0.113.0/24',
        vector: 'udp-flood',
        fromMs: 60_300,
        toMs: 70_300,
        spread: 'carpet',
        spoofed: 'likely',
      };
    },
    ({ evidence }) => assert.ok(Math.abs((evidence.addresses ?? 0) - 220) < 40),
  );

  each('a carpet over a /20, a few packets a second to each host', (traffic) => {
    ordinaryDay(traffic, 0, 40_000);
    const targets = hosts(2000, ipv4(198, 19, 16, 0), 2);
    flood(traffic, { vector: 'syn-flood', fromMs: 20_300, toMs: 30_300, pps: 5000, targets });
    return {
      target: '198.19.16.0/20',
      vector: 'syn-flood',
      fromMs: 20_300,
      toMs: 30_300,
      spread: 'carpet',
      spoofed: 'likely',
    };
  });

  each('a carpet over an IPv6 /64', (traffic) => {
    ordinaryDay(traffic, 0, 80_000, SITE_IPV6);
    const targets = hosts(300, ipv6(1, 0, 1000), 77);
    flood(traffic, { vector: 'syn-flood', fromMs: 60_300, toMs: 70_300, pps: 5000, targets });
    return {
      target: '2001:db8:1::/64',
      vector: 'syn-flood',
      fromMs: 60_300,
      toMs: 70_300,
      spread: 'carpet',
      spoofed: 'likely',
    };
  });

  each('a SYN flood on an IPv6 host', (traffic) => {
    ordinaryDay(traffic, 0, 80_000, SITE_IPV6);
    flood(traffic, { vector: 'syn-flood', fromMs: 60_300, toMs: 70_300, pps: 2000, targets: [SITE_IPV6] });
    return { target: '2001:db8:1::a', vector: 'syn-flood', fromMs: 60_300, toMs: 70_300, spoofed: 'likely' };
  });

  each('a SYN flood under a crowd of readers', (traffic) => {
    ordinaryDay(traffic, 0, 100_000);
    often(traffic, 40_000, 95_000, 180, (atMs) =>
      webSession(traffic, atMs, outsider(traffic.random.below(100_000)), SITE),
    );
    flood(traffic, { vector: 'syn-flood', fromMs: 70_300, toMs: 80_300, pps: 3000 });
    return { target: '203.0.113.10', vector: 'syn-flood', fromMs: 70_300, toMs: 80_300, spoofed: 'likely' };
  });

  each(
    'a SYN flood of which one packet in a hundred is seen',
    (traffic) => {
      ordinaryDay(traffic, 0, 80_000);
      flood(traffic, { vector: 'syn-flood', fromMs: 60_300, toMs: 75_300, pps: 10_000 });
      return { target: '203.0.113.10', vector: 'syn-flood', fromMs: 60_300, toMs: 75_300 };
    },
    ({ evidence, why }) => {
      // About 1500 packets were looked at: 1.96 / √1500.
      assert.ok(Math.abs(evidence.samplingError - 0.05) < 0.01, String(evidence.samplingError));
      assert.match(why, /sampling leaves ±[45] %/);
      assert.ok(Math.abs(evidence.packets / 150_000 - 1) < 2 * evidence.samplingError);
    },
    [['sampled records', SAMPLED_ROUTER, 16_000]],
  );
});

describe('a flood from inside', () => {
  const networks = ['203.0.113.0/24', '198.51.100.0/24', '2001:db8:1::/48'].flatMap((text) => parsePrefix(text) ?? []);
  for (const [name, view, toldMs] of [
    ['packets', PACKETS, 60_300],
    ['flow records', QUICK_ROUTER, 62_300],
  ] as const) {
    it(`goes out, in ${name}`, () => {
      const traffic = new Traffic(13);
      ordinaryDay(traffic, 0, 75_000);
      const targets = [ipv4(198, 18, 7, 7)];
      const from = ipv4(203, 0, 113, 77);
      flood(traffic, { vector: 'udp-flood', fromMs: 60_300, toMs: 68_300, pps: 22_000, targets, from });
      const attack = only(run(traffic, { ...view, networks, untilMs: 75_000 + AFTERWARDS_MS }).attacks);
      const times = { fromMs: 60_300, toMs: 68_300, toldMs, startToleranceMs: 3000 };
      check(attack, { target: '198.18.7.7', vector: 'udp-flood', direction: 'out', ...times });
      assert.deepEqual(attack.sources.top[0], { addr: '203.0.113.77', share: 1 });
      assert.notEqual(attack.sources.spoofed, 'likely');
    });
  }
});
