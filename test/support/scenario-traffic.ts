import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from '../../src/model/flow-columns.ts';
import type { Vector } from '../../src/model/vector.ts';
import { type Address, ipv4, ipv6, type Shape, type Traffic } from './scenario.ts';

const TCP = 6;
const UDP = 17;

/** Hosts that are attacked or protected: 203.0.113.0/24, 198.51.100.0/24 and 2001:db8:1::/48. */
export const SITE = ipv4(203, 0, 113, 10);
export const SITE_IPV6 = ipv6(1, 0, 10);
export const isInside = (address: Address): boolean =>
  address < 2 ** 32
    ? Math.floor(address / 256) === SITE_NET || Math.floor(address / 256) === OTHER_NET
    : Math.floor(address / 2 ** 48) === 1;
const SITE_NET = Math.floor(SITE / 256);
const OTHER_NET = Math.floor(ipv4(198, 51, 100, 0) / 256);

/** Client or reflector number `index` out of 198.18.0.0/15, or of 2001:db8:2::/48 and up. */
export function outsider(index: number, like: Address = SITE): Address {
  const spread = Math.imul(index + 1, 0x9e3779b1) >>> 15;
  return like < 2 ** 32 ? ipv4(198, 18, 0, 0) + spread : ipv6(2 + (index % 8), spread % 65_536, 1 + index);
}

/** A forged source: any number at all that an address can have. */
function forged(traffic: Traffic, like: Address): Address {
  const { random } = traffic;
  if (like >= 2 ** 32) return ipv6(2 + random.below(13), random.below(65_536), random.uint32());
  return ipv4(1 + random.below(222), 0, 0, 0) + random.below(2 ** 24);
}

/** A whole connection: handshake, one request, an answer of `bytes`, and the farewell. */
export function webSession(traffic: Traffic, atMs: number, client: Address, server: Address, bytes = 12_000): void {
  const { random } = traffic;
  const srcPort = 1024 + random.below(64_000);
  const ttl = 40 + random.below(24);
  const there = (flags: number, size: number): Shape => ({
    proto: TCP,
    srcPort,
    dstPort: 443,
    flags,
    bytes: size,
    ttl,
  });
  const back = (flags: number, size: number): Shape => ({
    proto: TCP,
    srcPort: 443,
    dstPort: srcPort,
    flags,
    bytes: size,
  });
  const tripMs = 5 + random.below(60);
  let nowMs = atMs;
  traffic.packet(nowMs, client, server, there(TCP_SYN, 60));
  traffic.packet(nowMs + 1, server, client, back(TCP_SYN | TCP_ACK, 60));
  nowMs += tripMs;
  traffic.packet(nowMs, client, server, there(TCP_ACK, 52));
  traffic.packet(nowMs + 1, client, server, there(TCP_PSH | TCP_ACK, 600));
  for (let sent = 0; sent < bytes; sent += 1448) {
    traffic.packet(nowMs + 3, server, client, back(TCP_ACK, 52 + Math.min(1448, bytes - sent)));
    if (sent % 2896 === 0) traffic.packet(nowMs + tripMs, client, server, there(TCP_ACK, 52));
    nowMs += 2;
  }
  nowMs += tripMs;
  traffic.packet(nowMs, client, server, there(TCP_FIN | TCP_ACK, 52));
  traffic.packet(nowMs + 1, server, client, back(TCP_FIN | TCP_ACK, 52));
  traffic.packet(nowMs + tripMs, client, server, there(TCP_ACK, 52));
}

/** Calls `make` at random moments, `perSecond` times a second on average. */
export function often(
  traffic: Traffic,
  fromMs: number,
  toMs: number,
  perSecond: number | ((atMs: number) => number),
  make: (atMs: number, index: number) => void,
): void {
  const rateAt = typeof perSecond === 'number' ? () => perSecond : perSecond;
  let index = 0;
  for (let atMs = fromMs; ; ) {
    // Half regular, half random, as traffic of many is.
    atMs += (1000 / rateAt(atMs)) * (0.5 + traffic.random.unit());
    if (atMs >= toMs) return;
    make(atMs, index++);
  }
}

/** A site on an ordinary day: readers, a few names looked up, the clock set, one long download, a video over QUIC. */
export function ordinaryDay(traffic: Traffic, fromMs: number, toMs: number, site: Address = SITE): void {
  const { random } = traffic;
  often(traffic, fromMs, toMs, 15, (atMs) => webSession(traffic, atMs, outsider(random.below(4000), site), site));
  often(traffic, fromMs, toMs, 8, (atMs) => {
    const srcPort = 1024 + random.below(64_000);
    const resolver = outsider(9000, site);
    traffic.packet(atMs, site, resolver, { proto: UDP, srcPort, dstPort: 53, bytes: 70 });
    traffic.packet(atMs + 12, resolver, site, { proto: UDP, srcPort: 53, dstPort: srcPort, bytes: 180 });
  });
  often(traffic, fromMs, toMs, 0.5, (atMs) => {
    const clock = outsider(9001, site);
    traffic.packet(atMs, site, clock, { proto: UDP, srcPort: 123, dstPort: 123, bytes: 76 });
    traffic.packet(atMs + 9, clock, site, { proto: UDP, srcPort: 123, dstPort: 123, bytes: 76 });
  });
  download(traffic, fromMs, toMs, site, outsider(9002, site), 120);
  often(traffic, fromMs, toMs, 60, (atMs, index) => {
    const viewer = outsider(9003, site);
    traffic.packet(atMs, site, viewer, { proto: UDP, srcPort: 443, dstPort: 50_123, bytes: 1250 });
    if (index % 4 === 0)
      traffic.packet(atMs + 20, viewer, site, { proto: UDP, srcPort: 50_123, dstPort: 443, bytes: 60 });
  });
}

/** One connection that carries `pps` full packets a second from `from` to `to`, acknowledged every second one. */
export function download(
  traffic: Traffic,
  fromMs: number,
  toMs: number,
  from: Address,
  to: Address,
  pps: number,
): void {
  const dstPort = 40_000 + traffic.random.below(20_000);
  traffic.packet(fromMs, to, from, { proto: TCP, srcPort: dstPort, dstPort: 443, flags: TCP_SYN, bytes: 60 });
  traffic.packet(fromMs + 1, from, to, { proto: TCP, srcPort: 443, dstPort, flags: TCP_SYN | TCP_ACK, bytes: 60 });
  const data: Shape = { proto: TCP, srcPort: 443, dstPort, flags: TCP_ACK, bytes: 1500 };
  const ack: Shape = { proto: TCP, srcPort: dstPort, dstPort: 443, flags: TCP_ACK, bytes: 52 };
  often(traffic, fromMs + 30, toMs, pps, (atMs, index) => {
    traffic.packet(atMs, from, to, data);
    if (index % 2 === 1) traffic.packet(atMs + 8, to, from, ack);
  });
}

export interface Flood {
  readonly vector: Vector;
  readonly fromMs: number;
  readonly toMs: number;
  /** Packets a second over all targets; connections a second for `connection-flood`. May change over time. */
  readonly pps: number | ((atMs: number) => number);
  readonly targets?: readonly Address[];
  /** Number of real senders; absent, every packet's source is forged, or a reflector's where the vector reflects. */
  readonly sources?: number;
  /** Where the senders are, if they are inside. */
  readonly from?: Address;
}

/** What each vector's packet looks like: `[proto, srcPort, dstPort, flags, IP bytes]`; a port of -1 is random. */
const SHAPES: Readonly<Partial<Record<Vector, readonly [number, number, number, number, number]>>> = {
  'syn-flood': [TCP, -1, 443, TCP_SYN, 60],
  'ack-flood': [TCP, -1, 443, TCP_ACK, 40],
  'synack-reflection': [TCP, 443, -1, TCP_SYN | TCP_ACK, 44],
  'rst-flood': [TCP, -1, 443, TCP_RST, 40],
  'tcp-flood': [TCP, -1, 443, TCP_PSH | TCP_ACK, 900],
  'udp-flood': [UDP, -1, -1, 0, 900],
  'quic-flood': [UDP, -1, 443, 0, 1228],
  'icmp-flood': [1, 0, 0, 0, 84],
  'gre-flood': [47, 0, 0, 0, 540],
  'esp-flood': [50, 0, 0, 0, 540],
  'ip-flood': [99, 0, 0, 0, 400],
  'fragment-flood': [UDP, 0, 0, 0, 1480],
  'dns-flood': [UDP, -1, 53, 0, 72],
  'dns-amplification': [UDP, 53, 80, 0, 1400],
  'ntp-amplification': [UDP, 123, 80, 0, 468],
  'memcached-amplification': [UDP, 11_211, 80, 0, 1428],
  'cldap-amplification': [UDP, 389, 80, 0, 1480],
  'ssdp-amplification': [UDP, 1900, 80, 0, 330],
  'chargen-amplification': [UDP, 19, 80, 0, 1050],
  'snmp-amplification': [UDP, 161, 80, 0, 1400],
  'udp-amplification': [UDP, 3702, 80, 0, 1200],
  'tcp-amplification': [TCP, 80, 34_000, TCP_PSH | TCP_ACK, 1400],
};

const REFLECTED = /-(amplification|reflection)$/;
const REFLECTORS = 600;

export function flood(traffic: Traffic, options: Flood): void {
  const { vector, fromMs, toMs, pps } = options;
  const { random } = traffic;
  const targets = options.targets ?? [SITE];
  const senders = options.sources ?? (REFLECTED.test(vector) ? REFLECTORS : 0);
  const shape = SHAPES[vector];
  often(traffic, fromMs, toMs, pps, (atMs) => {
    const target = targets[random.below(targets.length)];
    const sender =
      options.from ?? (senders === 0 ? forged(traffic, target) : outsider(20_000 + random.below(senders), target));
    if (shape === undefined) {
      smallConnection(traffic, atMs, sender, target);
      return;
    }
    const [proto, srcPort, dstPort, flags, bytes] = shape;
    const icmp = proto === 1 && target >= 2 ** 32;
    traffic.packet(atMs, sender, target, {
      proto: icmp ? 58 : proto,
      srcPort: srcPort < 0 ? 1024 + random.below(64_000) : srcPort,
      dstPort: dstPort < 0 ? 1 + random.below(65_000) : dstPort,
      flags,
      bytes,
      ttl: senders === 0 ? 30 + random.below(200) : 54,
      icmpType: icmp ? 128 : 8,
      laterFragment: vector === 'fragment-flood',
    });
  });
}

/** A connection that is made, asks a little, and is closed: what a connection flood consists of. */
export function smallConnection(traffic: Traffic, atMs: number, client: Address, server: Address): void {
  const srcPort = 1024 + traffic.random.below(64_000);
  const there = (flags: number, bytes: number): Shape => ({ proto: TCP, srcPort, dstPort: 443, flags, bytes });
  const back = (flags: number, bytes: number): Shape => ({ proto: TCP, srcPort: 443, dstPort: srcPort, flags, bytes });
  traffic.packet(atMs, client, server, there(TCP_SYN, 60));
  traffic.packet(atMs + 1, server, client, back(TCP_SYN | TCP_ACK, 60));
  traffic.packet(atMs + 20, client, server, there(TCP_ACK, 52));
  traffic.packet(atMs + 21, client, server, there(TCP_PSH | TCP_ACK, 300));
  traffic.packet(atMs + 23, server, client, back(TCP_PSH | TCP_ACK, 800));
  traffic.packet(atMs + 40, client, server, there(TCP_FIN | TCP_ACK, 52));
  traffic.packet(atMs + 41, server, client, back(TCP_FIN | TCP_ACK, 52));
  traffic.packet(atMs + 60, client, server, there(TCP_ACK, 52));
}
