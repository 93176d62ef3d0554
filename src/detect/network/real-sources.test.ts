import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ipv4, run, SCENARIO_START_MS, Traffic, type ViewOptions } from '../../../test/support/scenario.ts';
import { flood, often, ordinaryDay, outsider, SITE, webSession } from '../../../test/support/scenario-traffic.ts';

const PACKETS: ViewOptions = { kind: 'packets' };
const RECORDS: ViewOptions = { kind: 'records', activeSeconds: 1, inactiveSeconds: 1 };
const UDP = 17;

/** What is told of the traffic, as `target vector`, with seconds from the start of the scenario to the word. */
function told(traffic: Traffic, view: ViewOptions, untilMs: number): { what: string; atSeconds: number }[] {
  return run(traffic, { ...view, untilMs: untilMs + 5000 }).attacks.map((attack) => ({
    what: `${attack.target.value} ${attack.vectors.map(({ name }) => name).join('+')}`,
    atSeconds: (Date.parse(attack.detectedAt) - SCENARIO_START_MS) / 1000,
  }));
}

describe('connections that are completed', () => {
  for (const [name, view] of [
    ['packets', PACKETS],
    ['flow records', RECORDS],
  ] as const) {
    it(`by eight hundred sources that come back every other second are an attack, in ${name}`, () => {
      const traffic = new Traffic(5);
      ordinaryDay(traffic, 0, 75_000);
      flood(traffic, { vector: 'connection-flood', fromMs: 60_300, toMs: 75_000, pps: 500, sources: 800 });
      const [attack, ...others] = told(traffic, view, 75_000);
      assert.equal(attack?.what, '203.0.113.10 connection-flood');
      assert.ok(attack.atSeconds <= 67, String(attack.atSeconds));
      assert.deepEqual(others, []);
    });

    it(`by readers with six connections each are none, in ${name}`, () => {
      const traffic = new Traffic(6);
      ordinaryDay(traffic, 0, 75_000);
      often(traffic, 60_300, 75_000, 50, (atMs, index) => {
        for (let part = 0; part < 6; part++)
          webSession(traffic, atMs + 80 * part, outsider(50_000 + index), SITE, 3000);
      });
      assert.deepEqual(told(traffic, view, 75_000), []);
    });

    it(`by one client are a load test up to ten times the limit, and an attack beyond, in ${name}`, () => {
      for (const [perSecond, expected] of [
        [800, []],
        [2600, ['203.0.113.10 connection-flood']],
      ] as const) {
        const traffic = new Traffic(7);
        ordinaryDay(traffic, 0, 70_000);
        flood(traffic, { vector: 'connection-flood', fromMs: 60_300, toMs: 68_000, pps: perSecond, sources: 1 });
        assert.deepEqual(
          told(traffic, view, 70_000).map(({ what }) => what),
          expected,
        );
      }
    });
  }

  it('by one client among so many readers that it makes no more than two thirds of them are a load test; beside bots an attack', () => {
    for (const [readers, others, expected] of [
      [90, 1.5, []],
      [60, 9, ['203.0.113.10 connection-flood']],
    ] as const) {
      const traffic = new Traffic(9);
      ordinaryDay(traffic, 0, 70_000);
      often(traffic, 60_300, 68_000, 300, (atMs) => webSession(traffic, atMs, outsider(69_000), SITE, 3000));
      often(traffic, 60_300, 68_000, readers * others, (atMs, index) =>
        webSession(traffic, atMs, outsider(70_000 + (index % readers)), SITE, 3000),
      );
      assert.deepEqual(
        told(traffic, RECORDS, 70_000).map(({ what }) => what),
        expected,
        `${readers} others with ${others} connections a second each`,
      );
    }
  });

  it('by the servers of a CDN that always come are none, though there are seven times as many', () => {
    const traffic = new Traffic(8);
    const edge = (): number => outsider(40_000 + traffic.random.below(60));
    const rate = (atMs: number): number => (atMs > 60_000 ? 450 : 60);
    often(traffic, 0, 72_000, rate, (atMs) => webSession(traffic, atMs, edge(), SITE, 3000));
    assert.deepEqual(told(traffic, RECORDS, 72_000), []);
  });
});

describe('a flood on a target that answers others', () => {
  it('is held against the answers to those who send it', () => {
    const traffic = new Traffic(9);
    for (let viewer = 0; viewer < 40; viewer++) {
      const client = outsider(500 + viewer);
      const ports = { srcPort: 443, dstPort: 50_000 + viewer };
      const back = { srcPort: ports.dstPort, dstPort: 443 };
      often(traffic, 0, 68_000, 100, (atMs) => {
        traffic.packet(atMs, SITE, client, { proto: UDP, ...ports, bytes: 1250 });
        traffic.packet(atMs + 7, client, SITE, { proto: UDP, ...back, bytes: 60 });
      });
    }
    flood(traffic, { vector: 'quic-flood', fromMs: 60_300, toMs: 68_000, pps: 8000 });
    assert.deepEqual(
      told(traffic, PACKETS, 68_000).map(({ what }) => what),
      ['203.0.113.10 quic-flood'],
    );
  });

  it('is found where a resolver that asks is sent what it did not ask for', () => {
    const traffic = new Traffic(10);
    const resolver = ipv4(203, 0, 113, 53);
    often(traffic, 0, 68_000, 800, (atMs, index) => {
      const server = outsider(9000 + (index % 40));
      const srcPort = 1024 + traffic.random.below(64_000);
      traffic.packet(atMs, resolver, server, { proto: UDP, srcPort, dstPort: 53, bytes: 70 });
      traffic.packet(atMs + 12, server, resolver, { proto: UDP, srcPort: 53, dstPort: srcPort, bytes: 300 });
    });
    flood(traffic, { vector: 'dns-amplification', fromMs: 60_300, toMs: 68_000, pps: 2000, targets: [resolver] });
    assert.deepEqual(
      told(traffic, PACKETS, 68_000).map(({ what }) => what),
      ['203.0.113.53 dns-amplification'],
    );
  });

  it('is no flood where monitors ask every host of a network', () => {
    const traffic = new Traffic(11);
    const monitor = outsider(15);
    const rate = (atMs: number): number => (atMs > 60_000 ? 1300 : 700);
    often(traffic, 0, 70_000, rate, (atMs, index) => {
      const host = ipv4(198, 51, 100, index % 120);
      traffic.packet(atMs, host, monitor, { proto: 1, icmpType: 0, bytes: 84 });
      traffic.packet(atMs, monitor, host, { proto: 1, icmpType: 8, bytes: 84 });
    });
    assert.deepEqual(told(traffic, PACKETS, 70_000), []);
  });
});
