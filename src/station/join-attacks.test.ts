import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Attack, attackSchema } from '../model/attack.ts';
import { joinAttacks } from './join-attacks.ts';

const BASE: Attack = {
  id: 'flow',
  target: { kind: 'address', value: '198.51.100.10' },
  direction: 'in',
  vectors: [{ name: 'connection-flood', share: 1 }],
  spread: 'single',
  rhythm: 'steady',
  start: '2026-06-09T10:00:00.000Z',
  detectedAt: '2026-06-09T10:00:03.000Z',
  end: '2026-06-09T10:05:00.000Z',
  ongoing: false,
  peak: { bps: 1e6, pps: 1000, fps: 500 },
  baseline: { bps: 10, pps: 1, fps: 1, learnedSeconds: 300 },
  sources: { distinct: 40, distinctError: 0.02, top: [{ addr: '203.0.113.5', share: 0.2 }], spoofed: 'unlikely' },
  why: 'Many connections.',
  closing: 'Last seen.',
  evidence: {
    at: '2026-06-09T10:00:02.000Z',
    measure: 'pps',
    observed: 1000,
    limit: 100,
    limitFrom: 'floor',
    cusum: false,
    packets: 1e5,
    bytes: 1e8,
    flows: 1e4,
    samplingError: 0,
    packetBytes: 1000,
    srcPorts: [],
    dstPorts: [{ port: 443, share: 1 }],
    srcPortsDistinct: 1000,
    dstPortsDistinct: 1,
    shape: ['of flows'],
  },
  timeline: { from: '2026-06-09T09:59:58.000Z', stepMs: 1000, bps: [1, 2, 3, 4], pps: [1, 2, 3, 4] },
};
const LOG: Attack = {
  ...BASE,
  id: 'log',
  target: { kind: 'site', value: 'www.example.gov' },
  vectors: [{ name: 'search-flood', share: 1 }],
  start: '2026-06-09T09:59:59.000Z',
  detectedAt: '2026-06-09T10:00:08.000Z',
  peak: { bps: 0, pps: 0, fps: 0, rps: 90 },
  baseline: { rps: 2, learnedSeconds: 300 },
  attackers: [
    { addr: '203.0.113.5', requests: 7, firstSeen: '2026-06-09T10:00:00.000Z', lastSeen: '2026-06-09T10:04:00.000Z' },
  ],
  attackersTotal: 1,
  template: 'GET /search?q=*',
  why: 'Many searches.',
  evidence: {
    ...BASE.evidence,
    measure: 'rps',
    packets: 0,
    web: {
      requests: 7,
      failed: 0,
      bytes: 1,
      otherRequests: 2,
      templates: [],
      userAgents: [],
      httpVersions: [],
      methods: [],
      statuses: [],
      networks: [],
      lines: [],
    },
    shape: ['of requests'],
  },
  timeline: { from: '2026-06-09T09:59:59.000Z', stepMs: 1000, bps: [], pps: [], rps: [10, 20, 30] },
};
const addressesOf = (site: string): string[] => (site === 'www.example.gov' ? ['198.51.100.10', '2001:db8::1'] : []);

describe('joining what flows and a log saw', () => {
  test('one attack with both kinds of evidence, where the flows go to an address of the site', () => {
    const joined = joinAttacks([BASE], [LOG], addressesOf);
    assert.equal(joined.length, 1);
    const [attack] = joined;
    attackSchema.parse(attack);
    assert.equal(attack.id, 'flow');
    assert.deepEqual(attack.target, { kind: 'site', value: 'www.example.gov' });
    assert.deepEqual(attack.vectors, [
      { name: 'search-flood', share: 0.5 },
      { name: 'connection-flood', share: 0.5 },
    ]);
    assert.equal(attack.start, LOG.start);
    assert.equal(attack.detectedAt, BASE.detectedAt);
    assert.equal(attack.evidence.packets, 1e5);
    assert.equal(attack.evidence.web?.requests, 7);
    assert.deepEqual(attack.timeline.rps, [0, 10, 20, 30]);
    assert.equal(attack.template, 'GET /search?q=*');
  });

  test('two attacks, where the address is of nobody known, the times are apart, or one leaves the network', () => {
    assert.equal(joinAttacks([BASE], [LOG]).length, 2);
    const later = { ...LOG, start: '2026-06-09T10:30:00.000Z', end: '2026-06-09T10:31:00.000Z' };
    assert.equal(joinAttacks([BASE], [later], addressesOf).length, 2);
    assert.equal(joinAttacks([{ ...BASE, direction: 'out' }], [LOG], addressesOf).length, 2);
  });

  test('one attack, where the flows come from those whom the log names', () => {
    const top = ['203.0.113.5', '203.0.113.6', '203.0.113.7'].map((addr) => ({ addr, share: 0.3 }));
    const flow = { ...BASE, sources: { ...BASE.sources, top } };
    const attackers = top.map(({ addr }) => ({ ...LOG.attackers![0], addr }));
    assert.equal(joinAttacks([flow], [{ ...LOG, attackers }]).length, 1);
    assert.equal(joinAttacks([flow], [LOG]).length, 2);
  });

  test('an attack on a prefix that holds the site is the same', () => {
    const carpet: Attack = { ...BASE, target: { kind: 'prefix', value: '198.51.100.0/24' } };
    assert.equal(joinAttacks([carpet], [LOG], addressesOf).length, 1);
  });
});
