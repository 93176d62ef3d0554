import { GROUPS } from '../detect/network/groups.ts';
import { CLASS, REFLECTORS, RESPONSE_CLASS } from '../model/traffic-class.ts';
import { VECTORS, type Vector } from '../model/vector.ts';
import { flood, slowRequests } from './flood.ts';
import type { Scenario } from './scenario.ts';
import { addressText, type Scene } from './scene.ts';
import {
  neighbours,
  ordinaryDay,
  outsider,
  question,
  readers,
  SITE,
  SITE_IPV6,
  stream,
  TCP,
  webSession,
} from './traffic.ts';
import { ALL, type ViewName, viewOf, WHOLE } from './views.ts';
import { type Address, ipv4, ipv6 } from './world.ts';

/** Peace before an attack, at least; its length; and as long as an attack stays open afterwards, s. */
const PEACE = 100;
const ATTACK = 40;
const AFTER = 75;
const SECONDS = PEACE + 20 + ATTACK + AFTER;

/** What an ordinary site is noticed by at the least: the busiest second of its peace is below. */
const floorOf = (vector: Vector): number => {
  const group = GROUPS.find((each) => each.vector === (vector === 'tcp-amplification' ? 'tcp-flood' : vector));
  return group?.floors.pps ?? group?.floors.fps ?? 0;
};

/** When the attack begins: at any moment of the twenty seconds after peace, ms. */
const beginning = ({ random }: Scene, peace = PEACE): number => 1000 * peace + random.below(20_000);

const peaceful = (scene: Scene, seconds = SECONDS, site = SITE): void => {
  ordinaryDay(scene, 1000 * seconds, site);
  neighbours(scene, 1000 * seconds, 60, 4);
};

const text = (address: Address): string => addressText(address);
const usual = { seconds: SECONDS, targets: 61 } as const;

/** Services that reflect and have no vector of their own, in turn: by port, of all that the model knows. */
const SERVICES = [...REFLECTORS.keys()].filter((port) => RESPONSE_CLASS[port] === CLASS.reflectorResponse);

/** A flood of each vector at twice what an ordinary site is noticed by. */
function moderate(vector: Vector): Scenario {
  const rate = 2 * floorOf(vector);
  const connections = vector === 'connection-flood';
  // Where a flow record does not tell fragments from the rest, they have no name of their own; connections need all packets.
  const views = (connections ? WHOLE : ALL).filter((view) => vector !== 'fragment-flood' || view !== 'v5-quick');
  return {
    name: `${vector}`,
    what: `${vector} of ${rate} ${connections ? 'connections' : 'packets'} a second on an ordinary site`,
    views,
    ...usual,
    make: (scene) => {
      peaceful(scene);
      const fromMs = beginning(scene);
      const truth = scene.attack({ target: text(SITE), vectors: [vector] });
      const sources = connections ? { sources: 100 } : {};
      const pps = connections ? rate : scene.visible(rate);
      const service = vector === 'udp-amplification' ? { srcPort: SERVICES[scene.random.below(SERVICES.length)] } : {};
      flood(scene, truth, { vector, fromMs, toMs: fromMs + 1000 * ATTACK, pps, ...sources, ...service });
    },
  };
}

interface Plain {
  readonly hard?: string;
  readonly vector: Vector;
  readonly pps: number | ((scene: Scene, fromMs: number) => number | ((atMs: number) => number));
  readonly seconds?: number;
  /** Seconds of peace before it, where more than usual. */
  readonly peace?: number;
  readonly targets?: readonly Address[];
  readonly target?: string;
  readonly sources?: number;
  readonly from?: Address;
  readonly spread?: 'carpet';
  readonly knownByMs?: number;
  readonly bytes?: number;
}

/** One flood on top of what `before` makes up. */
function one(
  name: string,
  what: string,
  views: readonly ViewName[],
  plain: Plain,
  before: (scene: Scene, seconds: number) => void = peaceful,
): Scenario {
  const attackSeconds = plain.seconds ?? ATTACK;
  const peace = plain.peace ?? PEACE;
  const seconds = peace + 20 + attackSeconds + AFTER;
  return {
    name,
    what,
    views,
    seconds,
    targets: 61,
    ...(plain.hard === undefined ? {} : { hard: plain.hard }),
    make: (scene) => {
      before(scene, seconds);
      const fromMs = beginning(scene, peace);
      const { vector, targets = [SITE], spread, knownByMs } = plain;
      const truth = scene.attack({
        target: plain.target ?? text(targets[0]),
        vectors: [vector],
        ...(spread === undefined ? {} : { spread }),
        ...(plain.from === undefined ? {} : { direction: 'out' }),
        ...(knownByMs === undefined ? {} : { knownByMs }),
      });
      const pps = typeof plain.pps === 'function' ? plain.pps(scene, fromMs) : scene.visible(plain.pps);
      flood(scene, truth, {
        vector,
        fromMs,
        toMs: fromMs + 1000 * attackSeconds,
        pps,
        targets,
        ...(plain.sources === undefined ? {} : { sources: plain.sources }),
        ...(plain.from === undefined ? {} : { from: plain.from }),
        ...(plain.bytes === undefined ? {} : { bytes: plain.bytes }),
      });
    },
  };
}

/** Several vectors at once, with their rates. */
function several(name: string, rates: readonly (readonly [Vector, number])[]): Scenario {
  const vectors = [...rates].sort((left, right) => right[1] - left[1]).map(([vector]) => vector);
  return {
    name,
    what: rates
      .map(([vector, pps]) => `${vector} of ${pps}`)
      .join(' and ')
      .concat(' packets a second at once'),
    views: ALL,
    ...usual,
    make: (scene) => {
      peaceful(scene);
      const fromMs = beginning(scene);
      const truth = scene.attack({ target: text(SITE), vectors });
      const least = Math.min(...rates.map(([, pps]) => pps));
      const scale = scene.visible(least) / least;
      for (const [vector, pps] of rates) {
        flood(scene, truth, { vector, fromMs, toMs: fromMs + 1000 * ATTACK, pps: pps * scale });
      }
    },
  };
}

const hosts = (count: number, first: Address, step: number): Address[] =>
  Array.from({ length: count }, (_, index) => first + index * step);

/** Hosts of a network that all have traffic, `pps` each, as a sampling router sees it: packet by packet. */
function busyHosts(scene: Scene, toMs: number, all: readonly Address[], pps: number): void {
  const { world, random } = scene;
  const stands = world.thin;
  world.often(0, toMs, (all.length * pps) / stands, (atMs, index) => {
    const host = all[random.below(all.length)];
    const client = outsider(random.below(20_000), host);
    const ports = { srcPort: 1024 + random.below(64_000), dstPort: 443 };
    if (index % 3 === 0) world.packet(atMs, client, host, { proto: TCP, ...ports, flags: 0x10, bytes: 72 }, stands);
    else {
      const back = { srcPort: 443, dstPort: ports.srcPort };
      world.packet(atMs, host, client, { proto: TCP, ...back, flags: 0x10, bytes: 1480 }, stands);
    }
  });
}

function carpet(name: string, what: string, target: string, all: readonly Address[], usualPps: number): Scenario {
  return {
    ...one(
      name,
      what,
      ['v9-100', 'sflow-64', 'ipfix-1000'],
      {
        vector: 'udp-flood',
        pps: (scene) => scene.visible(0.15 * usualPps * all.length),
        targets: all,
        target,
        spread: 'carpet',
        knownByMs: 10_000,
      },
      (scene, seconds) => busyHosts(scene, 1000 * seconds, all, usualPps),
    ),
    targets: all.length,
  };
}

const RAMP_SECONDS = 600;
/** A ramp passes three times what the site is noticed by at this share of its way. */
const RAMP_TIMES = 6;

const busy = (site: (scene: Scene, toMs: number) => void) => (scene: Scene, seconds: number) =>
  site(scene, 1000 * seconds);

export const HOSTILE: readonly Scenario[] = [
  ...VECTORS.filter((vector) => vector !== 'slowloris').map(moderate),
  {
    name: 'slowloris',
    what: '300 connections of 5 sources held open by a scrap every 5 s',
    views: ['packets'],
    seconds: PEACE + 20 + 120 + AFTER,
    targets: 61,
    make: (scene) => {
      peaceful(scene, PEACE + 20 + 120 + AFTER);
      const fromMs = beginning(scene);
      const truth = scene.attack({ target: text(SITE), vectors: ['slowloris'], knownByMs: 60_000 });
      slowRequests(scene, truth, fromMs, fromMs + 120_000, 300, 5);
    },
  },
  several('two-vectors', [
    ['udp-flood', 7000],
    ['syn-flood', 2000],
  ]),
  several('two-amplifications', [
    ['dns-amplification', 1500],
    ['ntp-amplification', 1000],
  ]),
  several('three-vectors', [
    ['ack-flood', 8000],
    ['udp-flood', 6000],
    ['icmp-flood', 3000],
  ]),
  one(
    'syn-on-busy',
    'SYN flood of twice the maximum on a site with 400 connections a second',
    WHOLE,
    { vector: 'syn-flood', pps: 900 },
    busy((scene, toMs) => readers(scene, 0, toMs, SITE, 400, 50_000, 3000)),
  ),
  one(
    'ack-on-busy',
    'ACK flood of 8,000 packets a second on a site with 400 connections a second',
    WHOLE,
    {
      vector: 'ack-flood',
      pps: 8000,
      hard: 'Where every packet is seen, openings and ends of the connections of readers pass for those of the flood.',
    },
    busy((scene, toMs) => readers(scene, 0, toMs, SITE, 400, 50_000, 3000)),
  ),
  one(
    'udp-on-busy',
    'UDP flood of twice the maximum on a game server with 4,000 packets a second',
    WHOLE,
    { vector: 'udp-flood', pps: 8400 },
    busy((scene, toMs) => {
      for (let player = 0; player < 40; player++) {
        stream(scene, 0, toMs, outsider(500 + player), SITE, [50_000 + player, 27_500], 100, 1);
      }
    }),
  ),
  one(
    'dns-on-busy',
    'flood of DNS questions of twice the maximum on a name server with 4,000 a second',
    WHOLE,
    { vector: 'dns-flood', pps: 8600 },
    busy((scene, toMs) =>
      scene.world.often(0, toMs, 4000, (atMs) =>
        question(scene, atMs, outsider(scene.random.below(30_000)), SITE, 53, [75, 220]),
      ),
    ),
  ),
  one(
    'quic-on-busy',
    'QUIC flood of twice the maximum on a site with 3,000 packets a second of it',
    WHOLE,
    {
      vector: 'quic-flood',
      pps: 6400,
    },
    busy((scene, toMs) => {
      for (let viewer = 0; viewer < 60; viewer++) {
        stream(scene, 0, toMs, SITE, outsider(500 + viewer), [443, 50_000 + viewer], 100, 2);
      }
    }),
  ),
  one(
    'dns-amplification-on-resolver',
    'DNS amplification of twice the maximum on a resolver that asks 1,500 names a second',
    // Reflectors that send five packets a second are told after the active timeout: what that does is seen elsewhere.
    WHOLE.filter((view) => viewOf(view).quick),
    { vector: 'dns-amplification', pps: 3300 },
    busy((scene, toMs) =>
      scene.world.often(0, toMs, 1500, (atMs, index) =>
        question(scene, atMs, SITE, outsider(9000 + (index % 40)), 53, [70, 150 + scene.random.below(400)]),
      ),
    ),
  ),
  one(
    'udp-on-viewers',
    'UDP flood of 6,000 packets a second on a game server that answers each of its 30 players more than it hears',
    WHOLE,
    { vector: 'udp-flood', pps: 6000 },
    busy((scene, toMs) => {
      for (let player = 0; player < 30; player++) {
        stream(scene, 0, toMs, SITE, outsider(500 + player), [27_500, 50_000 + player], 120, 2);
      }
    }),
  ),
  one(
    'load-flood',
    'one client that opens and completes 2,500 connections a second',
    ['packets', 'v5-quick', 'v9-quick', 'ipfix-two', 'ipfix-lossy', 'v9-60'],
    { vector: 'connection-flood', pps: () => 2500, sources: 1, seconds: 20 },
  ),
  {
    name: 'cold-start',
    what: 'watching begins in 2,500 connections a second to 100 sites and 12,000 names asked a second; then a SYN flood of 1,500 packets a second on one of them',
    views: ['v9-quick', 'ipfix-two', 'packets', 'v5-quick', 'v9-100', 'sflow-64'],
    seconds: 45,
    targets: 101,
    make: (scene) => {
      const { world, random } = scene;
      world.often(0, 45_000, 2500, (atMs) =>
        webSession(scene, atMs, outsider(random.below(8000)), ipv4(203, 0, 113, 100 + random.below(100)), 5000),
      );
      world.often(0, 45_000, 12_000, (atMs) =>
        question(scene, atMs, outsider(random.below(8000)), ipv4(203, 0, 113, 53), 53, [75, 220]),
      );
      const fromMs = 14_000 + random.below(6000);
      const target = ipv4(203, 0, 113, 140);
      const truth = scene.attack({ target: text(target), vectors: ['syn-flood'] });
      flood(scene, truth, {
        ...{ vector: 'syn-flood', fromMs, toMs: fromMs + 15_000, targets: [target] },
        pps: scene.visible(1500),
      });
    },
  },
  one('overwhelming-syn', 'SYN flood of 2 million packets a second', ['ipfix-1000', 'sflow-10000'], {
    vector: 'syn-flood',
    pps: 2_000_000,
  }),
  one('overwhelming-dns', 'DNS amplification of 1.5 million packets a second', ['ipfix-1000', 'sflow-10000'], {
    vector: 'dns-amplification',
    pps: 1_500_000,
  }),
  one('overwhelming-udp', 'UDP flood of 60,000 packets a second', ['v9-100', 'sflow-64'], {
    vector: 'udp-flood',
    pps: 60_000,
  }),
  one('not-spoofed-udp', 'UDP flood of 40 real sources', ALL, { vector: 'udp-flood', pps: 6000, sources: 40 }),
  one('not-spoofed-syn', 'SYN flood of 300 real sources', ALL, { vector: 'syn-flood', pps: 1200, sources: 300 }),
  carpet(
    'carpet-24',
    'UDP over a whole /24, 15 % more packets for each host',
    '203.0.113.0/24',
    hosts(250, ipv4(203, 0, 113, 2), 1),
    200,
  ),
  carpet(
    'carpet-20',
    'UDP over a /20, 15 % more packets for each of 2,000 hosts',
    '100.66.16.0/20',
    hosts(2000, ipv4(100, 66, 16, 0), 2),
    60,
  ),
  carpet(
    'carpet-48',
    'UDP over an IPv6 /48, 15 % more packets for each of 600 hosts in 60 networks',
    '2001:db8:1::/48',
    Array.from({ length: 600 }, (_, index) => ipv6(1, index % 60, 1000 + index)),
    100,
  ),
  {
    name: 'pulses',
    what: 'SYN flood in five pulses of 10 s, 20 s apart',
    views: ALL,
    seconds: PEACE + 20 + 150 + AFTER,
    targets: 61,
    make: (scene) => {
      peaceful(scene, PEACE + 20 + 150 + AFTER);
      const truth = scene.attack({ target: text(SITE), vectors: ['syn-flood'] });
      const firstMs = beginning(scene);
      for (let pulse = 0; pulse < 5; pulse++) {
        const fromMs = firstMs + 30_000 * pulse;
        flood(scene, truth, { vector: 'syn-flood', fromMs, toMs: fromMs + 10_000, pps: scene.visible(1200) });
      }
    },
  },
  one('ramp', `UDP flood that rises over ten minutes to ${RAMP_TIMES} times what is noticed`, ALL, {
    vector: 'udp-flood',
    seconds: RAMP_SECONDS,
    pps: (scene, fromMs) => (atMs) =>
      (RAMP_TIMES * scene.visible(floorOf('udp-flood')) * (atMs - fromMs + 1000)) / (1000 * RAMP_SECONDS),
    knownByMs: (1000 * RAMP_SECONDS * 3) / RAMP_TIMES,
  }),
  one('hit-and-run', 'SYN flood of 20 s', ALL, { vector: 'syn-flood', seconds: 20, pps: 900 }),
  one('outgoing', 'UDP flood from an inside host', WHOLE, {
    vector: 'udp-flood',
    pps: 6000,
    targets: [ipv4(198, 18, 7, 7)],
    from: ipv4(203, 0, 113, 77),
  }),
  ...(['syn-flood', 'udp-flood', 'icmp-flood', 'dns-amplification'] as const).map((vector) =>
    one(
      `${vector}-ipv6`,
      `${vector} on an IPv6 address`,
      ALL.filter((view) => view !== 'v5-quick'),
      { vector, pps: 2 * floorOf(vector), targets: [SITE_IPV6] },
      (scene, seconds) => peaceful(scene, seconds, SITE_IPV6),
    ),
  ),
  one(
    'syn-in-crowd',
    'SYN flood of 3,000 packets a second during a flash crowd of 180 readers a second',
    WHOLE,
    { vector: 'syn-flood', pps: 3000 },
    (scene, seconds) => {
      peaceful(scene, seconds);
      readers(scene, 80_000, 1000 * (PEACE + 20 + ATTACK + 10), SITE, 180, 100_000);
    },
  ),
  one('syn-seen-twice', 'SYN flood of 600 packets a second, told by two routers', ['v9-twice'], {
    vector: 'syn-flood',
    pps: 600,
    // That two tell the same is known after two minutes.
    peace: 200,
  }),
  one('https-800', 'HTTPS connections of 800 real sources, 500 a second', WHOLE, {
    vector: 'connection-flood',
    pps: () => 500,
    sources: 800,
    knownByMs: 10_000,
    hard: 'Less than one connection a second from each source is what a crowd of readers looks like in any one second; it takes a few to see that the same sources come back.',
  }),
  one(
    'small-packets',
    'UDP flood of 64-byte packets on a fresh prefix without any traffic before',
    ALL,
    { vector: 'udp-flood', pps: 5000, bytes: 64 },
    (scene, seconds) => neighbours(scene, 1000 * seconds, 60, 10),
  ),
];
