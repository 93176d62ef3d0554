import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run, type Shape, Traffic } from '../../../test/support/scenario.ts';
import { often, outsider, SITE } from '../../../test/support/scenario-traffic.ts';
import { TCP_ACK, TCP_PSH, TCP_RST, TCP_SYN } from '../../model/flow-columns.ts';
import { CLASS, REFLECTORS, RESPONSE_CLASS } from '../../model/traffic-class.ts';
import type { Vector } from '../../model/vector.ts';

const TCP = 6;
const UDP = 17;
const TCP_ECE = 0x40;
const TCP_CWR = 0x80;

/** Excerpts as they are published: a fraction of a second, what comes in only, and nothing before. */
const SHORT_MS = [25];
const SHORT_AND_LONGER_MS = [25, 400];

type Packet = (index: number, traffic: Traffic) => { readonly from: number; readonly shape: Shape };

/** A sender of so many that take part, and any one that has an address. */
const reflector = (index: number): number => outsider(index % 700);
const forged = (_index: number, traffic: Traffic): number => outsider(traffic.random.below(2 ** 17));

function vectorsOf(make: Packet, forMs: number, pps = 40_000): string[] {
  const traffic = new Traffic(31);
  often(traffic, 0, forMs, pps, (atMs, index) => {
    const { from, shape } = make(index, traffic);
    traffic.packet(atMs, from, SITE, shape);
  });
  return run(traffic, { kind: 'packets', untilMs: forMs }).attacks.map(({ vectors }) => vectors[0].name);
}

function isFound(name: string, vector: Vector, make: Packet, excerptsMs = SHORT_MS): void {
  it(name, () => {
    for (const forMs of excerptsMs) assert.deepEqual(vectorsOf(make, forMs), [vector], `${forMs} ms`);
  });
}

const VECTOR_OF: ReadonlyMap<number, Vector> = new Map([
  [CLASS.dnsResponse, 'dns-amplification'],
  [CLASS.ntpResponse, 'ntp-amplification'],
  [CLASS.memcachedResponse, 'memcached-amplification'],
  [CLASS.cldapResponse, 'cldap-amplification'],
  [CLASS.ssdpResponse, 'ssdp-amplification'],
  [CLASS.chargenResponse, 'chargen-amplification'],
  [CLASS.snmpResponse, 'snmp-amplification'],
]);
const vectorOfPort = (port: number): Vector => VECTOR_OF.get(RESPONSE_CLASS[port]) ?? 'udp-amplification';

describe('an excerpt of answers that nobody asked for is named by their service', () => {
  for (const [port, service] of REFLECTORS) {
    isFound(`${service} (${port}), to one port`, vectorOfPort(port), (index) => ({
      from: reflector(index),
      shape: { proto: UDP, srcPort: port, dstPort: 25_565, bytes: 460 + (index % 40) },
    }));
    // Which port it goes to is one thing, and which service it is another.
    if (port % 5 !== 3) continue;
    isFound(`${service} (${port}), to any port`, vectorOfPort(port), (index, { random }) => ({
      from: reflector(index),
      shape: { proto: UDP, srcPort: port, dstPort: 1024 + random.below(60_000), bytes: 1200 },
    }));
  }
  isFound('DTLS, or QUIC, from port 443', 'udp-amplification', (index) => ({
    from: reflector(index),
    shape: { proto: UDP, srcPort: 443, dstPort: 80, bytes: 1160 },
  }));
});

describe('an excerpt of a flood is named', () => {
  const kinds: readonly (readonly [string, Vector, Packet])[] = [
    [
      'SYN with ECN and CWR',
      'syn-flood',
      (index, traffic) => ({
        from: forged(index, traffic),
        shape: {
          ...{ proto: TCP, srcPort: 1024 + (index % 60_000), dstPort: 25_565, bytes: 52 },
          flags: TCP_SYN | TCP_ECE | TCP_CWR,
        },
      }),
    ],
    [
      'SYN-ACK of many web servers',
      'synack-reflection',
      (index, { random }) => ({
        from: reflector(index),
        shape: {
          ...{ proto: TCP, srcPort: index % 5 === 0 ? 443 : 80, dstPort: random.below(65_536), bytes: 44 },
          flags: TCP_SYN | TCP_ACK,
        },
      }),
    ],
    [
      'answers of middleboxes, with data',
      'tcp-amplification',
      (index) => ({
        from: reflector(index),
        shape: { proto: TCP, srcPort: 80, dstPort: 40_000, flags: TCP_PSH | TCP_ACK, bytes: 1400 },
      }),
    ],
    [
      'ACK',
      'ack-flood',
      (index, traffic) => ({
        from: forged(index, traffic),
        shape: { proto: TCP, srcPort: 1024 + traffic.random.below(60_000), dstPort: 443, flags: TCP_ACK, bytes: 40 },
      }),
    ],
    [
      'RST',
      'rst-flood',
      (index, traffic) => ({
        from: forged(index, traffic),
        shape: { proto: TCP, srcPort: 1024 + traffic.random.below(60_000), dstPort: 443, flags: TCP_RST, bytes: 40 },
      }),
    ],
    [
      'empty UDP to one port from few senders',
      'udp-flood',
      (index, { random }) => ({
        from: outsider(index % 6),
        shape: { proto: UDP, srcPort: 1024 + random.below(60_000), dstPort: 30_120, bytes: 28 },
      }),
    ],
    [
      'UDP to random ports',
      'udp-flood',
      (index, traffic) => ({
        from: forged(index, traffic),
        shape: { proto: UDP, srcPort: 4000, dstPort: 1 + traffic.random.below(65_000), bytes: 540 },
      }),
    ],
    [
      'names that there are not, asked by resolvers',
      'dns-flood',
      (index, { random }) => ({
        from: outsider(index % 300),
        shape: { proto: UDP, srcPort: 1024 + random.below(60_000), dstPort: 53, bytes: 78 },
      }),
    ],
    [
      'QUIC',
      'quic-flood',
      (index, traffic) => ({
        from: forged(index, traffic),
        shape: { proto: UDP, srcPort: 1024 + traffic.random.below(60_000), dstPort: 443, bytes: 1228 },
      }),
    ],
    ['GRE', 'gre-flood', (index, traffic) => ({ from: forged(index, traffic), shape: { proto: 47, bytes: 540 } })],
    ['ESP', 'esp-flood', (index, traffic) => ({ from: forged(index, traffic), shape: { proto: 50, bytes: 540 } })],
    [
      'ICMP of large packets',
      'icmp-flood',
      (index) => ({ from: outsider(index % 90), shape: { proto: 1, icmpType: 8, bytes: 1490 } }),
    ],
  ];
  for (const [name, vector, make] of kinds) isFound(name, vector, make, SHORT_AND_LONGER_MS);
});
