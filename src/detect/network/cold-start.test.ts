import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { prefix, putRow } from '../../../test/support/flow-rows.ts';
import { ipv4, run, SCENARIO_START_MS, Traffic, type ViewOptions } from '../../../test/support/scenario.ts';
import { flood, often, outsider, webSession } from '../../../test/support/scenario-traffic.ts';
import { createFlowBatch } from '../../model/flow-batch.ts';
import { Second } from '../../sketch/second.ts';
import { SecondStream } from '../../sketch/second-stream.ts';
import { Detector, type DetectorOptions } from './detector.ts';

const UDP = 17;
const VIEWS: Readonly<Record<string, ViewOptions>> = {
  packets: { kind: 'packets' },
  'flow records': { kind: 'records', activeSeconds: 1, inactiveSeconds: 1 },
  'sampled flow records': { kind: 'records', activeSeconds: 1, inactiveSeconds: 1, sampling: 20 },
};

/** A second, so many before the traffic, in which no router told anything. */
function silence(seed: number, before: number): Second {
  const second = new Second(seed);
  second.second = SCENARIO_START_MS / 1000 - before;
  return second;
}

describe('watching that begins in the middle of traffic', () => {
  for (const [name, view] of Object.entries(VIEWS)) {
    it(`takes what is answered for usual, and tells the flood that follows for itself, in ${name}`, () => {
      const traffic = new Traffic(21);
      const resolver = ipv4(203, 0, 113, 53);
      often(traffic, 0, 18_000, 10_000, (atMs) => {
        const client = outsider(traffic.random.below(8000));
        const srcPort = 1024 + traffic.random.below(64_000);
        traffic.packet(atMs, client, resolver, { proto: UDP, srcPort, dstPort: 53, bytes: 75 });
        traffic.packet(atMs + 1, resolver, client, { proto: UDP, srcPort: 53, dstPort: srcPort, bytes: 220 });
      });
      often(traffic, 0, 18_000, 1200, (atMs) => {
        const site = ipv4(203, 0, 113, 100 + traffic.random.below(60));
        webSession(traffic, atMs, outsider(traffic.random.below(8000)), site, 4000);
      });
      const target = ipv4(203, 0, 113, 120);
      flood(traffic, { vector: 'syn-flood', fromMs: 11_300, toMs: 18_000, pps: 3000, targets: [target] });
      const { attacks } = run(traffic, { ...view, untilMs: 22_000 });
      assert.deepEqual(
        attacks.map((attack) => `${attack.target.value} ${attack.vectors[0].name}`),
        ['203.0.113.120 syn-flood'],
        attacks.map(({ why }) => why).join('\n'),
      );
    });
  }

  for (const idleSeconds of [0, 12]) {
    it(`takes a busy network whose clients come back every second for what is usual, ${idleSeconds} s after the station began`, () => {
      const traffic = new Traffic(23);
      for (let site = 0; site < 24; site++) {
        often(traffic, 0, 8000, 500, (atMs) =>
          webSession(
            traffic,
            atMs,
            outsider(300 * site + traffic.random.below(200)),
            ipv4(203, 0, 113, 100 + site),
            4000,
          ),
        );
      }
      const begin = (options: DetectorOptions): Detector => {
        const detector = new Detector(options);
        for (let before = idleSeconds; before > 0; before--)
          detector.take(silence(options.seed, before), 1000, SCENARIO_START_MS - 1000 * (before - 1));
        return detector;
      };
      const view = { kind: 'records', activeSeconds: 1, inactiveSeconds: 1, untilMs: 10_000, begin } as const;
      const { attacks } = run(traffic, view);
      assert.deepEqual(
        attacks.map(({ why }) => why),
        [],
      );
    });
  }

  it('tells nothing of what it did not look at, where more stands out at once than it can look at', () => {
    const networks = [prefix('203.0.0.0/16')];
    const told: string[] = [];
    const detector = new Detector({ seed: 7, networks, live: true, onAttack: ({ why }) => told.push(why) });
    const stream = new SecondStream(
      { seed: 7, networks },
      {
        take: (second, coveredMs, untilMs) => detector.take(second, coveredMs, untilMs),
        prepare: (second) => detector.prepare(second),
      },
    );
    for (let second = 0; second < 3; second++) {
      const observedMs = SCENARIO_START_MS + 1000 * second;
      const batch = createFlowBatch(20_000);
      const talk = (here: string, there: string, dstPort: number, srcPort: number, packets: number): void => {
        const row = { observedMs, exporter: 0, proto: UDP, packets, bytes: 90 * packets } as const;
        putRow(batch, { ...row, src: there, dst: here, srcPort, dstPort });
        putRow(batch, { ...row, src: here, dst: there, srcPort: dstPort, dstPort: srcPort });
      };
      // Far above the floor each, and answered.
      for (let site = 0; site < 400; site++)
        for (let peer = 0; peer < 12; peer++)
          talk(`203.0.${site >> 2}.${1 + (site & 3)}`, `198.51.100.${peer}`, 1194, 1194, 1000);
      // Above its floor by little, so that it comes behind them all.
      for (let client = 0; client < 250; client++) talk('203.0.200.53', `198.18.0.${client}`, 53, 1024 + client, 16);
      stream.take(batch);
    }
    stream.advance(SCENARIO_START_MS + 3000);
    assert.deepEqual(told, []);
    assert.ok(detector.targets > 400);
  });

  it('takes a flood that is there from the first packet on for one', () => {
    const traffic = new Traffic(22);
    flood(traffic, { vector: 'udp-flood', fromMs: 0, toMs: 300, pps: 30_000 });
    const { attacks } = run(traffic, { kind: 'packets', untilMs: 300 });
    assert.deepEqual(
      attacks.map((attack) => attack.vectors[0].name),
      ['udp-flood'],
    );
  });
});
