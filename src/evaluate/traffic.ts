import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_SYN } from '../model/flow-columns.ts';
import type { Scene } from './scene.ts';
import { type Address, ipv4, ipv6, isIpv6, type Shape } from './world.ts';

export const TCP = 6;
export const UDP = 17;

/** The site that most scenarios are about, and its IPv6 address. */
export const SITE = ipv4(203, 0, 113, 10);
export const SITE_IPV6 = ipv6(1, 0, 10);

/** Client or reflector number `index` out of 198.18.0.0/15, or of 2001:db8:2::/48 and up. */
export function outsider(index: number, like: Address = SITE): Address {
  const spread = Math.imul(index + 1, 0x9e3779b1) >>> 15;
  return isIpv6(like) ? ipv6(2 + (index % 8), spread % 65_536, 1 + index) : ipv4(198, 18, 0, 0) + spread;
}

/** A forged source: any number at all that an address can have. */
export function forged({ random }: Scene, like: Address): Address {
  if (isIpv6(like)) return ipv6(2 + random.below(13), random.below(65_536), random.uint32());
  return ipv4(1 + random.below(222), 0, 0, 0) + random.below(2 ** 24);
}

const port = ({ random }: Scene): number => 1024 + random.below(64_000);
/** IPv6 headers are twenty bytes longer. */
const more = (address: Address): number => (isIpv6(address) ? 20 : 0);

/** A whole connection: handshake, one request, an answer of `bytes`, and the farewell. */
export function webSession(scene: Scene, atMs: number, client: Address, server: Address, bytes = 12_000): void {
  const { world, random } = scene;
  const srcPort = port(scene);
  const ttl = 40 + random.below(24);
  const extra = more(server);
  const there = (flags: number, size: number): void =>
    world.packet(nowMs, client, server, { proto: TCP, srcPort, dstPort: 443, flags, bytes: size + extra, ttl });
  const back = (flags: number, size: number): void =>
    world.packet(nowMs + 1, server, client, { proto: TCP, srcPort: 443, dstPort: srcPort, flags, bytes: size + extra });
  const tripMs = 5 + random.below(60);
  let nowMs = atMs;
  there(TCP_SYN, 60);
  back(TCP_SYN | TCP_ACK, 60);
  nowMs += tripMs;
  there(TCP_ACK, 52);
  there(TCP_PSH | TCP_ACK, 600);
  for (let sent = 0; sent < bytes; sent += 1448) {
    nowMs += 2;
    back(TCP_ACK, 52 + Math.min(1448, bytes - sent));
    if (sent % 2896 === 0) there(TCP_ACK, 52);
  }
  nowMs += tripMs;
  there(TCP_FIN | TCP_ACK, 52);
  back(TCP_FIN | TCP_ACK, 52);
  nowMs += tripMs;
  there(TCP_ACK, 52);
}

/** A connection in which both sides speak in turn, and the client sends a body of `bodyPackets` full packets. */
export function dialogue(
  scene: Scene,
  atMs: number,
  client: Address,
  server: Address,
  dstPort: number,
  turns: number,
  bodyPackets: number,
): void {
  const { world } = scene;
  const srcPort = port(scene);
  let nowMs = atMs;
  const there = (flags: number, bytes: number): void =>
    world.packet(nowMs, client, server, { proto: TCP, srcPort, dstPort, flags, bytes });
  const back = (flags: number, bytes: number): void =>
    world.packet(nowMs + 1, server, client, { proto: TCP, srcPort: dstPort, dstPort: srcPort, flags, bytes });
  there(TCP_SYN, 60);
  back(TCP_SYN | TCP_ACK, 60);
  nowMs += 20;
  there(TCP_ACK, 52);
  for (let turn = 0; turn < turns; turn++, nowMs += 20) {
    there(TCP_PSH | TCP_ACK, 150);
    back(TCP_PSH | TCP_ACK, 180);
  }
  for (let packet = 0; packet < bodyPackets; packet++, nowMs++) {
    there(TCP_ACK, 1500);
    if (packet % 2 === 1) back(TCP_ACK, 52);
  }
  there(TCP_FIN | TCP_ACK, 52);
  back(TCP_FIN | TCP_ACK, 52);
}

/** A question over UDP and its answer. */
export function question(
  scene: Scene,
  atMs: number,
  asker: Address,
  server: Address,
  dstPort: number,
  sizes: readonly [number, number],
  srcPort = port(scene),
): void {
  const { world } = scene;
  const extra = more(server);
  world.packet(atMs, asker, server, { proto: UDP, srcPort, dstPort, bytes: sizes[0] + extra });
  world.packet(atMs + 12, server, asker, { proto: UDP, srcPort: dstPort, dstPort: srcPort, bytes: sizes[1] + extra });
}

/** One connection that carries `pps` full packets a second from `from` to `to`, acknowledged every second one. */
export function download(
  scene: Scene,
  fromMs: number,
  toMs: number,
  from: Address,
  to: Address,
  pps: number,
  flags = 0,
): void {
  const { world } = scene;
  const dstPort = 40_000 + scene.random.below(20_000);
  world.packet(fromMs, to, from, { proto: TCP, srcPort: dstPort, dstPort: 443, flags: TCP_SYN, bytes: 80 });
  world.packet(fromMs + 1, from, to, {
    proto: TCP,
    srcPort: 443,
    dstPort,
    flags: TCP_SYN | TCP_ACK,
    bytes: 80,
  });
  const data: Shape = { proto: TCP, srcPort: 443, dstPort, flags: TCP_ACK | flags, bytes: 1500 };
  const ack: Shape = { proto: TCP, srcPort: dstPort, dstPort: 443, flags: TCP_ACK, bytes: 72 };
  world.often(fromMs + 30, toMs, pps, (atMs, index) => {
    world.packet(atMs, from, to, data);
    if (index % 2 === 1) world.packet(atMs + 8, to, from, ack);
  });
}

/** A stream over UDP of `pps` from `from`, of which one packet in `answerEvery` is answered. */
export function stream(
  scene: Scene,
  fromMs: number,
  toMs: number,
  from: Address,
  to: Address,
  ports: readonly [number, number],
  pps: number,
  answerEvery: number,
): void {
  const { world } = scene;
  world.often(fromMs, toMs, pps, (atMs, index) => {
    world.packet(atMs, from, to, { proto: UDP, srcPort: ports[0], dstPort: ports[1], bytes: 1250 });
    if (index % answerEvery > 0) return;
    world.packet(atMs + 20, to, from, { proto: UDP, srcPort: ports[1], dstPort: ports[0], bytes: 80 });
  });
}

/** Readers of a site: `perSecond` connections, from `readers` places. */
export function readers(
  scene: Scene,
  fromMs: number,
  toMs: number,
  site: Address,
  perSecond: number | ((atMs: number) => number),
  count: number,
  bytes = 12_000,
): void {
  scene.world.often(fromMs, toMs, perSecond, (atMs) =>
    webSession(scene, atMs, outsider(scene.random.below(count), site), site, bytes),
  );
}

/** A site on an ordinary day: readers, a few names looked up, the clock set, one long download, a video over QUIC. */
export function ordinaryDay(scene: Scene, toMs: number, site: Address = SITE): void {
  const { world } = scene;
  readers(scene, 0, toMs, site, 15, 4000);
  world.often(0, toMs, 8, (atMs) => question(scene, atMs, site, outsider(9000, site), 53, [70, 180]));
  world.often(0, toMs, 0.5, (atMs) => question(scene, atMs, site, outsider(9001, site), 123, [76, 76], 123));
  download(scene, 0, toMs, site, outsider(9002, site), 120);
  stream(scene, 0, toMs, site, outsider(9003, site), [443, 50_123], 60, 4);
}

/** Other hosts of the network, each with a reader now and then. */
export function neighbours(scene: Scene, toMs: number, hosts: number, perSecond: number): void {
  const { random } = scene;
  scene.world.often(0, toMs, perSecond, (atMs) => {
    // A few of them have most of the readers.
    const host = Math.floor(hosts * random.unit() ** 3);
    const address = ipv4(198, 51, 100, 1) + (host % 250);
    webSession(scene, atMs, outsider(random.below(4000)), address, 3000 + random.below(9000));
  });
}
