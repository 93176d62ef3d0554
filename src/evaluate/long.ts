import { TCP_ACK, TCP_PSH, TCP_RST, TCP_SYN } from '../model/flow-columns.ts';
import type { Scenario } from './scenario.ts';
import type { Scene } from './scene.ts';
import { dialogue, download, outsider, question, readers, TCP, UDP, webSession } from './traffic.ts';
import { type Address, ipv4 } from './world.ts';

const HOUR = 3600;

/** Packets of hosts that serve: towards them or not, protocol, their port (53 is another's), flags, bytes. */
const KINDS: readonly (readonly [boolean, number, number, number, number])[] = [
  [true, TCP, 443, TCP_SYN, 60],
  [false, TCP, 443, TCP_SYN | TCP_ACK, 60],
  [false, UDP, 53, 0, 70],
  [true, UDP, 53, 0, 200],
  [true, UDP, 443, 0, 90],
  [false, UDP, 443, 0, 1250],
  [false, UDP, 443, 0, 1250],
  [true, TCP, 443, TCP_PSH | TCP_ACK, 600],
  ...Array.from({ length: 10 }, () => [true, TCP, 443, TCP_ACK, 60] as const),
  [false, TCP, 443, TCP_ACK | TCP_PSH, 1400],
];

/**
 * Many hosts over hours as a sampling router sees them, packet by packet, with the rhythm of a day: `pps` in all at its height.
 * Some hosts have a hundred times the traffic of others, and now and then one has ten times its own for a minute.
 */
function hours(scene: Scene, seconds: number, hostCount: number, pps: number, secondsOfDay: number): void {
  const { world, random } = scene;
  const stands = world.thin;
  const rhythm = (atMs: number): number =>
    0.15 + 0.85 * (0.5 - 0.5 * Math.cos((2 * Math.PI * (atMs / 1000 + 0.1 * secondsOfDay)) / secondsOfDay));
  const packet = (atMs: number, host: number): void => {
    const address = ipv4(100, 66, 0, 0) + host;
    const client = outsider(random.below(50_000));
    const kind = random.below(40);
    const far = 1024 + random.below(64_000);
    // Of forty packets: one opens a connection, one accepts, two are names asked and told, three are QUIC, the rest is carried.
    const [inbound, proto, near, flags, bytes] = KINDS[Math.min(kind, KINDS.length - 1)];
    const shape = { proto, flags, bytes };
    if (near === 53) {
      const [from, to] = inbound ? [53, far] : [far, 53];
      const resolver = outsider(9000 + (client % 30));
      const [src, dst] = inbound ? [resolver, address] : [address, resolver];
      world.packet(atMs, src, dst, { ...shape, srcPort: from, dstPort: to }, stands);
    } else if (inbound) world.packet(atMs, client, address, { ...shape, srcPort: far, dstPort: near }, stands);
    else world.packet(atMs, address, client, { ...shape, srcPort: near, dstPort: far }, stands);
  };
  world.often(
    0,
    1000 * seconds,
    (atMs) => (pps * rhythm(atMs)) / stands,
    (atMs) => packet(atMs, Math.floor(hostCount * random.unit() ** 4)),
  );
  world.often(0, 1000 * seconds, 1 / 600, (atMs) => {
    const host = random.below(hostCount);
    world.often(atMs, atMs + 60_000, pps / 20 / stands, (soonMs) => packet(soonMs, host));
  });
}

const TOWN_HOSTS = 9000;
const TOWN_SECONDS = 2 * HOUR;
const townHost = (host: number): Address => ipv4(100, 66, 0, 0) + 3 + host * 7;

/** What happens now and then in a town, at one of its hosts, for some twenty seconds. */
const EVENTS: readonly ((scene: Scene, atMs: number, host: Address) => void)[] = [
  (scene, atMs, host) => download(scene, atMs, atMs + 20_000, outsider(scene.random.below(500)), host, 400),
  (scene, atMs, host) => download(scene, atMs, atMs + 20_000, host, outsider(scene.random.below(500)), 400),
  (scene, atMs, host) => {
    for (let connection = 0; connection < 6; connection++) {
      download(scene, atMs, atMs + 8000, outsider(7), host, 250);
    }
  },
  (scene, atMs, host) => readers(scene, atMs, atMs + 15_000, host, 30 + scene.random.below(120), 100_000, 4000),
  (scene, atMs, host) =>
    scene.world.often(atMs, atMs + 15_000, 700, (soonMs, index) =>
      question(scene, soonMs, host, outsider(9000 + (index % 40)), 53, [70, 150 + scene.random.below(400)]),
    ),
  (scene, atMs, host) =>
    scene.world.often(atMs, atMs + 12_000, 60, (soonMs) =>
      dialogue(scene, soonMs, outsider(600 + scene.random.below(400)), host, 25, 8, 10),
    ),
  (scene, atMs) =>
    scene.world.often(atMs, atMs + 20_000, 600, (soonMs, index) => {
      const ports = { srcPort: 54_321, dstPort: 22 };
      const shape = { proto: TCP, ...ports, flags: TCP_SYN, bytes: 44 };
      scene.world.packet(soonMs, outsider(8), townHost(index % TOWN_HOSTS), shape);
    }),
  (scene, atMs, host) =>
    scene.world.often(atMs, atMs + 20_000, 500, (soonMs, index) => {
      const dstPort = 1 + index;
      const back = { proto: TCP, srcPort: dstPort, dstPort: 54_321, flags: TCP_RST | TCP_ACK, bytes: 40 };
      const shape = { proto: TCP, srcPort: 54_321, dstPort, flags: TCP_SYN, bytes: 44 };
      scene.world.packet(soonMs, outsider(9), host, shape);
      if (index % 2 === 0) scene.world.packet(soonMs + 1, host, outsider(9), back);
    }),
  (scene, atMs) =>
    scene.world.often(atMs, atMs + 20_000, 600, (soonMs, index) => {
      const host = townHost(index % 200);
      scene.world.packet(soonMs, outsider(15), host, { proto: 1, icmpType: 8, bytes: 84 });
      scene.world.packet(soonMs + 2, host, outsider(15), { proto: 1, icmpType: 0, bytes: 84 });
    }),
];

/** Thousands of hosts of which all is seen: a visitor now and then, and every forty seconds something that takes more. */
function town(scene: Scene): void {
  const { world, random } = scene;
  const untilMs = 1000 * TOWN_SECONDS;
  world.often(0, untilMs, 25, (atMs) =>
    webSession(
      scene,
      atMs,
      outsider(random.below(20_000)),
      townHost(Math.floor(TOWN_HOSTS * random.unit() ** 2)),
      2000 + random.below(8000),
    ),
  );
  world.often(0, untilMs, 10, (atMs) =>
    question(scene, atMs, townHost(random.below(TOWN_HOSTS)), outsider(9000 + random.below(30)), 53, [70, 180]),
  );
  world.often(5000, untilMs - 30_000, 1 / 40, (atMs) =>
    EVENTS[random.below(EVENTS.length)](scene, atMs, townHost(random.below(TOWN_HOSTS))),
  );
}

export const LONG: readonly Scenario[] = [
  {
    name: 'town',
    what: 'two hours of 9,000 hosts, all of it seen, with downloads, crowds, bursts, scans and speed tests',
    views: ['v9-quick', 'v9-60', 'ipfix-two', 'v9-60-15'],
    seconds: TOWN_SECONDS,
    targets: TOWN_HOSTS,
    make: town,
  },
  {
    name: 'day',
    what: 'six hours of a day of 1,000 hosts with 60,000 packets a second, one packet in 1,000',
    views: ['ipfix-1000'],
    seconds: 6 * HOUR,
    targets: 1000,
    everySeeds: 2,
    make: (scene) => hours(scene, 6 * HOUR, 1000, 60_000, 6 * HOUR),
  },
  {
    name: 'week',
    what: 'two days of 2,000 hosts with 100,000 packets a second at the height of each, one packet in 10,000',
    views: ['sflow-10000'],
    seconds: 48 * HOUR,
    targets: 2000,
    everySeeds: 8,
    make: (scene) => hours(scene, 48 * HOUR, 2000, 100_000, 24 * HOUR),
  },
];
