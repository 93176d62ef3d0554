import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from '../model/flow-columns.ts';
import type { Vector } from '../model/vector.ts';
import type { AttackTruth, Scene } from './scene.ts';
import { forged, outsider, SITE, TCP, UDP } from './traffic.ts';
import { type Address, isIpv6 } from './world.ts';

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
  /** The port that it comes from, where not as the vector's usually is. */
  readonly srcPort?: number;
  /** Bytes of its packets, where not as the vector's usually are. */
  readonly bytes?: number;
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
/** Packets that the attacker sends to the target in one connection of `smallConnection`. */
const CONNECTION_PACKETS = 5;

export function flood(scene: Scene, truth: AttackTruth, options: Flood): void {
  const { vector, fromMs, toMs, pps } = options;
  const { random, world } = scene;
  const targets = options.targets ?? [SITE];
  truth.aimAt(targets);
  const senders = options.sources ?? (REFLECTED.test(vector) ? REFLECTORS : 0);
  const shape = SHAPES[vector];
  const senderOf = (target: Address): Address =>
    options.from ?? (senders === 0 ? forged(scene, target) : outsider(20_000 + random.below(senders), target));
  if (shape === undefined) {
    world.often(fromMs, toMs, pps, (atMs) => {
      const target = targets[random.below(targets.length)];
      smallConnection(scene, atMs, senderOf(target), target, truth.number);
      truth.add(atMs, CONNECTION_PACKETS, 94);
      truth.addConnection();
    });
    return;
  }
  const stands = world.thin;
  const thinned = typeof pps === 'number' ? pps / stands : (atMs: number) => pps(atMs) / stands;
  const [proto, ownPort, dstPort, flags, usual] = shape;
  const srcPort = options.srcPort ?? ownPort;
  world.often(fromMs, toMs, thinned, (atMs) => {
    const target = targets[random.below(targets.length)];
    const six = isIpv6(target);
    const icmp = proto === 1 && six;
    const bytes = (options.bytes ?? usual) + (six && usual < 1400 ? 20 : 0);
    truth.add(atMs, stands, bytes);
    const packet = {
      proto: icmp ? 58 : proto,
      srcPort: srcPort < 0 ? 1024 + random.below(64_000) : srcPort,
      dstPort: dstPort < 0 ? 1 + random.below(65_000) : dstPort,
      flags,
      bytes,
      ttl: senders === 0 ? 30 + random.below(200) : 54,
      icmpType: icmp ? 128 : 8,
      laterFragment: vector === 'fragment-flood',
    };
    world.packet(atMs, senderOf(target), target, packet, stands, truth.number);
  });
}

/** A connection that is made, asks a little, and is closed: what a connection flood consists of. */
function smallConnection(scene: Scene, atMs: number, client: Address, server: Address, attack: number): void {
  const { world, random } = scene;
  const srcPort = 1024 + random.below(64_000);
  const extra = isIpv6(server) ? 20 : 0;
  const there = (delayMs: number, flags: number, bytes: number): void =>
    world.packet(
      atMs + delayMs,
      client,
      server,
      { proto: TCP, srcPort, dstPort: 443, flags, bytes: bytes + extra },
      1,
      attack,
    );
  const back = (delayMs: number, flags: number, bytes: number): void =>
    world.packet(atMs + delayMs, server, client, {
      proto: TCP,
      srcPort: 443,
      dstPort: srcPort,
      flags,
      bytes: bytes + extra,
    });
  there(0, TCP_SYN, 60);
  back(1, TCP_SYN | TCP_ACK, 60);
  there(20, TCP_ACK, 52);
  there(21, TCP_PSH | TCP_ACK, 300);
  back(23, TCP_PSH | TCP_ACK, 800);
  there(40, TCP_FIN | TCP_ACK, 52);
  back(41, TCP_FIN | TCP_ACK, 52);
  there(60, TCP_ACK, 52);
}

/** Connections of few senders that are held open by scraps of requests that never end. */
export function slowRequests(
  scene: Scene,
  truth: AttackTruth,
  fromMs: number,
  toMs: number,
  connections: number,
  senders: number,
): void {
  const { world } = scene;
  truth.aimAt([SITE]);
  for (let connection = 0; connection < connections; connection++) {
    const client = outsider(30_000 + (connection % senders));
    const srcPort = 20_000 + connection;
    const openedMs = fromMs + 20 * connection;
    const there = (atMs: number, flags: number, bytes: number): void => {
      world.packet(atMs, client, SITE, { proto: TCP, srcPort, dstPort: 443, flags, bytes }, 1, truth.number);
      truth.add(atMs, 1, bytes);
    };
    const back = (atMs: number, flags: number): void =>
      world.packet(atMs, SITE, client, { proto: TCP, srcPort: 443, dstPort: srcPort, flags, bytes: 52 });
    world.often(openedMs, openedMs + 3, 1000, (atMs, index) => {
      if (index > 0) return;
      there(atMs, TCP_SYN, 60);
      back(atMs + 1, TCP_SYN | TCP_ACK);
      there(atMs + 10, TCP_ACK, 52);
    });
    world.often(openedMs + 50, toMs, 0.2, (atMs) => {
      there(atMs, TCP_PSH | TCP_ACK, 64);
      back(atMs + 1, TCP_ACK);
    });
  }
}
