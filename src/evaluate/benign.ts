import { TCP_ACK, TCP_PSH, TCP_RST, TCP_SYN } from '../model/flow-columns.ts';
import { LONG } from './long.ts';
import type { Scenario } from './scenario.ts';
import type { Scene } from './scene.ts';
import {
  dialogue,
  download,
  neighbours,
  ordinaryDay,
  outsider,
  question,
  readers,
  SITE,
  stream,
  TCP,
  webSession,
} from './traffic.ts';
import { ALL, type ViewName, WHOLE } from './views.ts';
import { type Address, ipv4 } from './world.ts';

const SECONDS = 200;

/** Something that is no attack, beside an ordinary site and its neighbours. */
function quiet(
  name: string,
  what: string,
  make: (scene: Scene) => void,
  views: readonly ViewName[] = ALL,
  seconds = SECONDS,
): Scenario {
  return {
    name,
    what,
    views,
    seconds,
    targets: 200,
    make: (scene) => {
      ordinaryDay(scene, 1000 * seconds);
      neighbours(scene, 1000 * seconds, 200, 8);
      make(scene);
    },
  };
}

/** A host of the network, and one outside. */
const MAILER = ipv4(203, 0, 113, 25);
const RESOLVER = ipv4(203, 0, 113, 53);
const GATEWAY = ipv4(203, 0, 113, 1);

export const BENIGN: readonly Scenario[] = [
  ...LONG,
  quiet('ordinary', 'an ordinary site and its neighbours', () => {}, [
    ...ALL,
    'v9-twice',
    'v9-reboot',
    'ipfix-changing',
  ]),
  quiet('reboot', 'a router that starts anew and tells half a minute again', () => {}, ['v9-reboot']),
  quiet('sampling-changes', 'an exporter that goes from one packet in 10 to one in 100', () => {}, ['ipfix-changing']),
  quiet('seen-twice', 'everything told by two routers', () => {}, ['v9-twice']),
  quiet('download', 'a download of two minutes at 12 Mbit/s into the network', (scene) =>
    download(scene, 40_000, 170_000, outsider(5), SITE, 1000),
  ),
  quiet('backup', 'a backup at 100 Mbit/s for half a minute', (scene) =>
    download(scene, 60_000, 90_000, outsider(6), ipv4(203, 0, 113, 40), 8500),
  ),
  quiet('cdn-fill', 'ten servers of a CDN that fetch from the site at once', (scene) => {
    for (let server = 0; server < 10; server++) {
      download(scene, 60_000 + 300 * server, 85_000, SITE, outsider(700 + server), 600);
    }
  }),
  quiet('updates', 'thirty hosts that load the same update', (scene) => {
    for (let host = 0; host < 30; host++) {
      download(scene, 60_000 + 200 * host, 80_000, outsider(800 + (host % 4)), ipv4(198, 51, 100, 30) + host, 250);
    }
  }),
  quiet(
    'flash-crowd',
    'twelve times the readers within a second, who stay',
    (scene) => readers(scene, 90_000, 150_000, SITE, 180, 100_000),
    ALL,
  ),
  quiet('crowd-rises', 'readers that become fifteen times as many over a minute', (scene) =>
    readers(scene, 60_000, 170_000, SITE, (atMs) => Math.min(210, 5 + (205 * (atMs - 60_000)) / 60_000), 100_000, 8000),
  ),
  quiet(
    'crowd-large',
    'a crowd of 500 readers a second',
    (scene) => readers(scene, 90_000, 115_000, SITE, 500, 100_000, 6000),
    WHOLE,
  ),
  quiet(
    'crowd-browsers',
    'forty new readers a second whose browsers open six connections each, and two for every page they go on to',
    (scene) =>
      scene.world.often(80_000, 130_000, 40, (atMs) => {
        const reader = outsider(scene.random.below(100_000));
        for (let part = 0; part < 6; part++) webSession(scene, atMs + 80 * part, reader, SITE, 6000);
        for (let page = 1; page <= 2; page++) {
          const laterMs = atMs + page * (8000 + scene.random.below(12_000));
          for (let part = 0; part < 2; part++) webSession(scene, laterMs + 50 * part, reader, SITE, 6000);
        }
      }),
  ),
  quiet(
    'crowd-behind-cdn',
    'a crowd that reaches the site through the sixty servers of a CDN, 450 connections a second',
    (scene) => {
      const edge = (): Address => outsider(40_000 + scene.random.below(60));
      scene.world.often(0, 190_000, 60, (atMs) => webSession(scene, atMs, edge(), SITE, 6000));
      scene.world.often(90_000, 130_000, 390, (atMs) => webSession(scene, atMs, edge(), SITE, 6000));
    },
    WHOLE,
  ),
  quiet('mail-burst', 'a newsletter of 150 mails a second', (scene) =>
    scene.world.often(60_000, 90_000, 150, (atMs) =>
      dialogue(scene, atMs, outsider(600 + scene.random.below(400)), MAILER, 25, 5, 20),
    ),
  ),
  quiet(
    'dns-burst',
    'a resolver that asks 1,500 names a second after a restart',
    (scene) =>
      scene.world.often(60_000, 90_000, 1500, (atMs, index) =>
        question(scene, atMs, RESOLVER, outsider(9000 + (index % 40)), 53, [70, 150 + scene.random.below(400)]),
      ),
    WHOLE,
  ),
  quiet(
    'dns-server',
    'a name server with 2,500 questions a second',
    (scene) =>
      scene.world.often(40_000, 120_000, 2500, (atMs) =>
        question(scene, atMs, outsider(scene.random.below(30_000)), RESOLVER, 53, [75, 220]),
      ),
    WHOLE,
  ),
  quiet('clocks', 'four hundred clients a second that set their clocks', (scene) =>
    scene.world.often(60_000, 120_000, 400, (atMs) =>
      question(scene, atMs, outsider(scene.random.below(50_000)), SITE, 123, [76, 76]),
    ),
  ),
  quiet('speed-test', 'a speed test of eight connections, one way and then the other', (scene) => {
    for (let connection = 0; connection < 8; connection++) {
      download(scene, 70_000, 78_000, outsider(7), SITE, 1500);
      download(scene, 79_000, 87_000, SITE, outsider(7), 1500);
    }
  }),
  quiet(
    'conference',
    'a video conference of six',
    (scene) => {
      for (let member = 0; member < 6; member++) {
        stream(scene, 60_000, 110_000, outsider(50 + member), SITE, [50_000 + member, 3478], 500, 1);
      }
    },
    WHOLE,
  ),
  quiet(
    'telephones',
    'two hundred calls over a telephone exchange',
    (scene) => {
      for (let call = 0; call < 60; call++) {
        const ports = [20_000 + 2 * call, 30_000 + 2 * call] as const;
        stream(scene, 50_000 + 200 * call, 120_000, outsider(1000 + call), ipv4(203, 0, 113, 60), ports, 50, 1);
      }
    },
    WHOLE,
  ),
  quiet('horizontal-scan', 'a scan of one port over a /24, 1,000 packets a second', (scene) =>
    scene.world.often(60_000, 80_000, 1000, (atMs, index) => {
      const host = ipv4(203, 0, 113, index % 256);
      const ports = { srcPort: 54_321, dstPort: 22 };
      scene.world.packet(atMs, outsider(8), host, { proto: TCP, ...ports, flags: TCP_SYN, bytes: 44 });
      if (index % 3 > 0) return;
      const back = { srcPort: 22, dstPort: 54_321 };
      scene.world.packet(atMs + 5, host, outsider(8), { proto: TCP, ...back, flags: TCP_RST | TCP_ACK, bytes: 40 });
    }),
  ),
  quiet('vertical-scan', 'a scan of all ports of the site, 1,500 packets a second', (scene) =>
    scene.world.often(60_000, 90_000, 1500, (atMs, index) => {
      const dstPort = 1 + (index % 65_000);
      scene.world.packet(atMs, outsider(8), SITE, { proto: TCP, srcPort: 54_321, dstPort, flags: TCP_SYN, bytes: 44 });
      if (index % 2 > 0) return;
      const back = { srcPort: dstPort, dstPort: 54_321 };
      scene.world.packet(atMs + 1, SITE, outsider(8), { proto: TCP, ...back, flags: TCP_RST | TCP_ACK, bytes: 40 });
    }),
  ),
  quiet('gateway', 'hundreds of clients that browse from behind one address', (scene) => {
    const { world, random } = scene;
    world.often(40_000, 110_000, 120, (atMs) => webSession(scene, atMs, GATEWAY, outsider(random.below(3000)), 15_000));
    world.often(40_000, 110_000, 80, (atMs) => question(scene, atMs, GATEWAY, outsider(9000), 53, [70, 180]));
    for (let video = 0; video < 8; video++) {
      stream(scene, 45_000 + 1000 * video, 110_000, outsider(400 + video), GATEWAY, [443, 51_000 + video], 300, 6);
    }
  }),
  quiet('load-test', 'a load test of 300 connections a second by one client', (scene) =>
    scene.world.often(60_000, 85_000, 300, (atMs) => webSession(scene, atMs, outsider(11), SITE, 4000)),
  ),
  quiet(
    'tunnels',
    'a tunnel between two offices that carries 60 Mbit/s',
    (scene) => {
      const { world } = scene;
      const near = ipv4(203, 0, 113, 70);
      for (const proto of [47, 50]) {
        world.often(60_000, 100_000, 2600, (atMs) => world.packet(atMs, outsider(12), near, { proto, bytes: 1400 }));
        world.often(60_000, 100_000, 1300, (atMs) => world.packet(atMs, near, outsider(12), { proto, bytes: 120 }));
      }
    },
    WHOLE,
  ),
  quiet(
    'feed',
    'a television feed over UDP from one sender, 3,000 packets a second, never answered',
    (scene) => stream(scene, 60_000, 120_000, outsider(13), ipv4(203, 0, 113, 80), [5004, 5004], 3000, 2 ** 31),
    ALL,
  ),
  quiet('web-sockets', 'four hundred open web sockets of one office with a heartbeat every 5 s', (scene) => {
    const { world } = scene;
    for (let socket = 0; socket < 400; socket++) {
      const srcPort = 20_000 + socket;
      world.often(30_000 + 10 * socket, 190_000, 0.2, (atMs) => {
        const flags = TCP_PSH | TCP_ACK;
        world.packet(atMs, outsider(14), SITE, { proto: TCP, srcPort, dstPort: 443, flags, bytes: 64 });
        world.packet(atMs + 3, SITE, outsider(14), { proto: TCP, srcPort: 443, dstPort: srcPort, flags, bytes: 90 });
      });
    }
  }),
  quiet('pings', 'a monitor that asks every host of the network five times a second', (scene) =>
    scene.world.often(50_000, 120_000, 600, (atMs, index) => {
      const host = ipv4(198, 51, 100, index % 120);
      scene.world.packet(atMs, outsider(15), host, { proto: 1, icmpType: 8, bytes: 84 });
      scene.world.packet(atMs + 2, host, outsider(15), { proto: 1, icmpType: 0, bytes: 84 });
    }),
  ),
];
