import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { prefix } from '../../../test/support/flow-rows.ts';
import {
  flood,
  peace,
  type RouterSpec,
  runRouters,
  type StationOutcome,
  type WorldFlow,
} from '../../../test/support/scenario-routers.ts';
import { lowerBound } from './duplicates.ts';

const NETWORKS = [prefix('198.51.100.0/24')];
const HOSTS = Array.from({ length: 40 }, (_, at) => 0xc6336400 + at);
const TARGET = HOSTS[5];
const SECONDS = 480;
const SEEN = (): boolean => true;
const EDGE: RouterSpec = { address: 0xc0000201, sees: SEEN };
const CORE: RouterSpec = { address: 0xc0000202, sees: SEEN, receiver: 1, phaseMs: 300 };
const EDGE_KEY = '192.0.2.1 netflow-v9 0';
const CORE_KEY = '192.0.2.2 netflow-v9 0';
const PEACE = peace(1, HOSTS, 100, SECONDS);

const sumOf = (counts: Float64Array, from: number, to: number): number =>
  counts.subarray(from, to).reduce((sum, count) => sum + count, 0);
const packetsOf = (flows: readonly WorldFlow[]): number => flows.reduce((sum, flow) => sum + flow.packets, 0);
const targetOf = ({ byTarget }: StationOutcome): Float64Array => byTarget.get(TARGET) ?? new Float64Array(0);

/** What two routers count over what one of them counts alone, from `from` to `to` s. */
function ratio(flows: readonly WorldFlow[], routers: readonly RouterSpec[], from: number, to: number): number {
  const alone = runRouters(flows, [EDGE], NETWORKS, SECONDS);
  const both = runRouters(flows, routers, NETWORKS, SECONDS);
  return sumOf(both.bySecond, from, to) / sumOf(alone.bySecond, from, to);
}

describe('two routers on one path', () => {
  it('are found within minutes, and then counted once, whichever threads they come to', () => {
    const both = runRouters(PEACE, [EDGE, CORE], NETWORKS, SECONDS);
    const first = both.found.findIndex((found) => found.length > 0);
    assert.ok(first > 0 && first <= 4);
    for (const found of both.found.slice(first)) assert.deepEqual(found, both.found[first]);
    assert.equal(both.found[first].length, 1);
    assert.ok(ratio(PEACE, [EDGE, CORE], 0, 120) > 1.9);
    assert.ok(ratio(PEACE, [EDGE, CORE], 300, SECONDS) < 1.15);
  });

  it('are counted once in a flood that both see, and from its first seconds on', () => {
    const flows = [...PEACE, ...flood(3, TARGET, 3000, 400_000, 440_000)];
    const counted = targetOf(runRouters(flows, [EDGE, CORE], NETWORKS, SECONDS));
    // Caches tell of single packets when they have been idle for 15 s.
    assert.ok(sumOf(counted, 400, 416) < 20_000);
    assert.ok(Math.abs(sumOf(counted, 418, 438) / 60_000 - 1) < 0.1, `${sumOf(counted, 418, 438)}`);
  });

  it('are both counted where only one of them sees a flood', () => {
    const attack = flood(3, TARGET, 3000, 400_000, 440_000);
    const isAttack = ({ dstPort }: WorldFlow): boolean => dstPort === 80;
    for (const blind of [0, 1]) {
      const routers = [EDGE, CORE].map((spec, at) =>
        at === blind ? { ...spec, sees: (flow: WorldFlow): boolean => !isAttack(flow) } : spec,
      );
      const outcome = runRouters([...PEACE, ...attack], routers, NETWORKS, SECONDS);
      const counted = targetOf(outcome);
      assert.ok(outcome.found[6].length > 0, 'they are duplicates before');
      // All of it but what comes in the first second.
      assert.ok(sumOf(counted, 415, 460) > 0.97 * packetsOf(attack), `${sumOf(counted, 415, 460)}`);
      assert.ok(sumOf(counted, 416, 418) > 3000);
    }
  });

  it('are both counted where a small flood hides in a large network', () => {
    // 400 packets a second, where the network has some 1,000.
    const attack = flood(4, TARGET, 400, 300_000, 420_000);
    const edge = { ...EDGE, sees: ({ dstPort }: WorldFlow): boolean => dstPort !== 80 };
    const counted = targetOf(runRouters([...PEACE, ...attack], [edge, CORE], NETWORKS, SECONDS));
    assert.ok(sumOf(counted, 330, 430) > 0.95 * 400 * 100);
  });

  it('are both counted where only one sees a flood of a single flow, told once a minute', () => {
    const single = { ...flood(5, TARGET, 1, 300_000, 301_000)[0], proto: 17, endMs: 420_000, packets: 360_000 };
    const edge = { ...EDGE, sees: ({ dstPort }: WorldFlow): boolean => dstPort !== 80 };
    const counted = targetOf(runRouters([...PEACE, single], [edge, CORE], NETWORKS, SECONDS));
    assert.ok(sumOf(counted, 300, 440) > 360_000);
  });

  it('are counted once, nearly, where their timeouts differ', () => {
    const routers = [EDGE, { ...CORE, activeMs: 30_000, inactiveMs: 5000 }];
    const after = ratio(PEACE, routers, 360, SECONDS);
    assert.ok(after > 0.98 && after < 1.15, `${after}`);
  });

  it('count again where a flood is split between them', () => {
    const attack = flood(8, TARGET, 1000, 300_000, 470_000);
    const routers = [EDGE, CORE].map((spec, at) => ({
      ...spec,
      sees: ({ dstPort, src }: WorldFlow): boolean => dstPort !== 80 || src % 2 === at,
    }));
    const counted = targetOf(runRouters([...PEACE, ...attack], routers, NETWORKS, SECONDS));
    assert.ok(sumOf(counted, 320, 360) > 0.49 * 40_000, `${sumOf(counted, 320, 360)}`);
    assert.ok(sumOf(counted, 440, 480) > 0.98 * 40_000, `${sumOf(counted, 440, 480)}`);
  });

  it('are found out apart again: the other counts when the one falls silent', () => {
    const routers = [{ ...EDGE, diesMs: 400_000 }, CORE];
    const after = ratio(PEACE, routers, 410, SECONDS);
    assert.ok(after > 0.97 && after < 1.1, `${after}`);
  });

  it('are compared by heavy flows where they sample, as far as there are any', () => {
    const busy = peace(7, HOSTS, 300, SECONDS);
    const routers = [EDGE, CORE].map((spec) => ({ ...spec, sampling: 10 }));
    const found = runRouters(busy, routers, NETWORKS, SECONDS);
    assert.ok(found.duplicates.duplicates.every((duplicate) => duplicate.sampled));
    const alone = runRouters(busy, [routers[0]], NETWORKS, SECONDS);
    assert.ok(sumOf(found.bySecond, 420, SECONDS) < 1.2 * sumOf(alone.bySecond, 420, SECONDS));
    assert.equal(found.found.at(-1)?.length, 1);
    const rarely = [EDGE, CORE].map((spec) => ({ ...spec, sampling: 200 }));
    assert.deepEqual(runRouters(PEACE, rarely, NETWORKS, SECONDS).found.at(-1), []);
  });
});

describe('routers that share traffic', () => {
  it('are no duplicates, in equal parts to every address as in unequal ones', () => {
    for (const parts of [2, 5]) {
      const routers = [
        { ...EDGE, sees: ({ src }: WorldFlow): boolean => src % parts === 0 },
        { ...CORE, sees: ({ src }: WorldFlow): boolean => src % parts !== 0 },
      ];
      const outcome = runRouters(PEACE, routers, NETWORKS, SECONDS);
      assert.equal(outcome.left, 0);
      assert.ok(outcome.found.every((found) => found.length === 0));
    }
  });

  it('are no duplicates where four fifths of the flows pass both', () => {
    const routers = [EDGE, { ...CORE, sees: ({ src }: WorldFlow): boolean => src % 5 !== 0 }];
    const kept = [{ ...EDGE, sees: ({ src }: WorldFlow): boolean => src % 5 !== 1 }, routers[1]];
    assert.equal(runRouters(PEACE, kept, NETWORKS, SECONDS).left, 0);
    // One that tells a part of what the other does repeats it all the same.
    assert.deepEqual(runRouters(PEACE, routers, NETWORKS, SECONDS).found.at(-1), [{ key: CORE_KEY, keeper: EDGE_KEY }]);
  });

  it('are duplicates for one network and not for another', () => {
    const networks = [prefix('198.51.100.0/24'), prefix('203.0.113.0/24')];
    const others = HOSTS.map((_, at) => 0xcb007100 + at);
    const flows = [...PEACE, ...peace(2, others, 100, SECONDS)];
    const isFirst = ({ dst }: WorldFlow): boolean => dst >>> 8 === 0xc63364;
    const routers = [
      { ...EDGE, sees: (flow: WorldFlow): boolean => isFirst(flow) || flow.src % 2 === 0 },
      { ...CORE, sees: (flow: WorldFlow): boolean => isFirst(flow) || flow.src % 2 === 1 },
    ];
    const outcome = runRouters(flows, routers, networks, SECONDS);
    assert.equal(outcome.found.at(-1)?.length, 1);
    const count = (from: number, hosts: readonly number[]): number =>
      hosts.reduce((sum, host) => sum + sumOf(outcome.byTarget.get(host) ?? new Float64Array(0), from, SECONDS), 0);
    const alone = runRouters(flows, [EDGE, { ...CORE, sees: routers[1].sees, diesMs: 0 }], networks, SECONDS);
    const first = HOSTS.reduce((sum, host) => sum + sumOf(alone.byTarget.get(host)!, 300, SECONDS), 0);
    const second = others.reduce((sum, host) => sum + sumOf(alone.byTarget.get(host)!, 300, SECONDS), 0);
    assert.ok(count(300, HOSTS) / first < 1.15, `${count(300, HOSTS) / first}`);
    assert.ok(Math.abs(count(300, others) / second - 1) < 0.01, `${count(300, others) / second}`);
  });
});

it('bounds the share from below by what was compared', () => {
  assert.equal(lowerBound({ compared: 0, found: 0 }), 0);
  assert.ok(lowerBound({ compared: 34, found: 34 }) < 0.9 && lowerBound({ compared: 35, found: 35 }) > 0.9);
  assert.ok(lowerBound({ compared: 1000, found: 920 }) > 0.9 && lowerBound({ compared: 1000, found: 900 }) < 0.9);
});
