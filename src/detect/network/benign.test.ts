import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ipv4, run, type Shape, Traffic, type ViewOptions } from '../../../test/support/scenario.ts';
import {
  download,
  isInside,
  often,
  ordinaryDay,
  outsider,
  SITE,
  webSession,
} from '../../../test/support/scenario-traffic.ts';
import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from '../../model/flow-columns.ts';

const TCP = 6;
const UDP = 17;

const ALL: Readonly<Record<string, ViewOptions>> = {
  packets: { kind: 'packets' },
  'one direction': { kind: 'packets', hidden: isInside },
  'records 1/1': { kind: 'records', activeSeconds: 1, inactiveSeconds: 1 },
  'records 60/15': { kind: 'records', activeSeconds: 60, inactiveSeconds: 15 },
  'sampled records': { kind: 'records', activeSeconds: 60, inactiveSeconds: 15, sampling: 100 },
};
const BOTH_DIRECTIONS = Object.fromEntries(Object.entries(ALL).filter(([name]) => name !== 'one direction'));

/** As long as the slowest router holds back and releases. */
const AFTERWARDS_MS = 140_000;

/** Makes up the traffic, shows it to a fresh station in every view, and wants silence. */
function silent(
  name: string,
  make: (traffic: Traffic) => void,
  views: Readonly<Record<string, ViewOptions>> = ALL,
  untilMs = 90_000,
): void {
  it(name, () => {
    const traffic = new Traffic(17);
    make(traffic);
    for (const [viewName, view] of Object.entries(views)) {
      const { attacks } = run(traffic, { ...view, untilMs: untilMs + AFTERWARDS_MS });
      assert.deepEqual(
        attacks.map((attack) => `${viewName}: ${attack.target.value}: ${attack.why}`),
        [],
      );
    }
  });
}

/** A connection in which both sides speak in turn and the client sends a body of `bodyPackets` full packets. */
function dialogue(
  traffic: Traffic,
  atMs: number,
  client: number,
  server: number,
  port: number,
  turns: number,
  bodyPackets: number,
): void {
  const srcPort = 1024 + traffic.random.below(64_000);
  const there = (flags: number, bytes: number): Shape => ({ proto: TCP, srcPort, dstPort: port, flags, bytes });
  const back = (flags: number, bytes: number): Shape => ({ proto: TCP, srcPort: port, dstPort: srcPort, flags, bytes });
  traffic.packet(atMs, client, server, there(TCP_SYN, 60));
  traffic.packet(atMs + 1, server, client, back(TCP_SYN | TCP_ACK, 60));
  traffic.packet(atMs + 20, client, server, there(TCP_ACK, 52));
  let nowMs = atMs + 21;
  for (let turn = 0; turn < turns; turn++, nowMs += 20) {
    traffic.packet(nowMs, client, server, there(TCP_PSH | TCP_ACK, 150));
    traffic.packet(nowMs + 5, server, client, back(TCP_PSH | TCP_ACK, 180));
  }
  for (let packet = 0; packet < bodyPackets; packet++, nowMs++) {
    traffic.packet(nowMs, client, server, there(TCP_ACK, 1500));
    if (packet % 2 === 1) traffic.packet(nowMs + 1, server, client, back(TCP_ACK, 52));
  }
  traffic.packet(nowMs, client, server, there(TCP_FIN | TCP_ACK, 52));
  traffic.packet(nowMs + 1, server, client, back(TCP_FIN | TCP_ACK, 52));
}

describe('no attack', () => {
  silent('an ordinary day', (traffic) => ordinaryDay(traffic, 0, 90_000));

  silent('a quiet network', (traffic) => {
    often(traffic, 0, 80_000, 2, (atMs) => webSession(traffic, atMs, outsider(traffic.random.below(10)), SITE, 2000));
  });

  silent('twelve times the readers after the news', (traffic) => {
    ordinaryDay(traffic, 0, 90_000);
    often(traffic, 45_000, 90_000, 180, (atMs) =>
      webSession(traffic, atMs, outsider(traffic.random.below(100_000)), SITE),
    );
  });

  silent('a crowd of four hundred readers a second on a station that has seen nothing before', (traffic) => {
    const reader = (): number => outsider(traffic.random.below(100_000));
    often(traffic, 0, 15_000, 400, (atMs) => webSession(traffic, atMs, reader(), SITE, 6000));
  });

  silent(
    'a crowd of eight hundred readers a second, where their answers are seen',
    (traffic) => {
      ordinaryDay(traffic, 0, 60_000);
      const reader = (): number => outsider(traffic.random.below(100_000));
      often(traffic, 40_000, 55_000, 800, (atMs) => webSession(traffic, atMs, reader(), SITE, 6000));
    },
    BOTH_DIRECTIONS,
  );

  silent(
    'a download of minutes',
    (traffic) => {
      ordinaryDay(traffic, 0, 90_000);
      download(traffic, 2000, 150_000, outsider(5), SITE, 1000);
    },
    ALL,
    160_000,
  );

  silent('a backup at full rate', (traffic) => download(traffic, 2000, 25_000, outsider(6), SITE, 9000));

  silent('a speed test of eight connections, both ways', (traffic) => {
    ordinaryDay(traffic, 0, 60_000);
    for (let connection = 0; connection < 8; connection++) {
      download(traffic, 20_000, 27_000, outsider(7), SITE, 1500);
      download(traffic, 28_000, 35_000, SITE, outsider(7), 1500);
    }
  });

  silent('a video conference of six', (traffic) => {
    for (let member = 0; member < 6; member++) {
      const client = outsider(50 + member);
      const there: Shape = { proto: UDP, srcPort: 50_000 + member, dstPort: 3478, bytes: 1100 };
      const back: Shape = { proto: UDP, srcPort: 3478, dstPort: 50_000 + member, bytes: 1100 };
      often(traffic, 1000, 25_000, 600, (atMs) => traffic.packet(atMs, client, SITE, there));
      often(traffic, 1000, 25_000, 600, (atMs) => traffic.packet(atMs, SITE, client, back));
    }
  });

  silent('a scan of one port over a /24', (traffic) => {
    ordinaryDay(traffic, 0, 40_000);
    const scanner = outsider(8);
    often(traffic, 10_000, 30_000, 1000, (atMs, index) => {
      const host = ipv4(203, 0, 113, index % 256);
      traffic.packet(atMs, scanner, host, { proto: TCP, srcPort: 54_321, dstPort: 22, flags: TCP_SYN, bytes: 44 });
      if (index % 3 > 0) return;
      traffic.packet(atMs + 5, host, scanner, {
        proto: TCP,
        srcPort: 22,
        dstPort: 54_321,
        flags: TCP_RST | TCP_ACK,
        bytes: 40,
      });
    });
  });

  silent('a scan of all ports of one host', (traffic) => {
    ordinaryDay(traffic, 0, 40_000);
    const scanner = outsider(8);
    often(traffic, 10_000, 30_000, 1500, (atMs, index) => {
      const port = 1 + (index % 65_000);
      traffic.packet(atMs, scanner, SITE, { proto: TCP, srcPort: 54_321, dstPort: port, flags: TCP_SYN, bytes: 44 });
      traffic.packet(atMs + 5, SITE, scanner, {
        proto: TCP,
        srcPort: port,
        dstPort: 54_321,
        flags: TCP_RST | TCP_ACK,
        bytes: 40,
      });
    });
  });

  silent('thirty guesses of an SSH password a second', (traffic) => {
    often(traffic, 1000, 40_000, 30, (atMs) => dialogue(traffic, atMs, outsider(8), SITE, 22, 12, 0));
  });

  silent(
    'a burst of answers to a resolver that asked',
    (traffic) => {
      const resolver = ipv4(203, 0, 113, 53);
      const rate = (atMs: number): number => (atMs > 20_000 && atMs < 35_000 ? 2500 : 50);
      often(traffic, 0, 50_000, rate, (atMs) => {
        const srcPort = 1024 + traffic.random.below(64_000);
        const server = outsider(100 + traffic.random.below(300));
        const bytes = 300 + traffic.random.below(900);
        traffic.packet(atMs, resolver, server, { proto: UDP, srcPort, dstPort: 53, bytes: 75 });
        traffic.packet(atMs + 15, server, resolver, { proto: UDP, srcPort: 53, dstPort: srcPort, bytes });
      });
    },
    BOTH_DIRECTIONS,
  );

  silent('four hundred clients a second that set their clocks', (traffic) => {
    often(traffic, 0, 60_000, 400, (atMs) => {
      const client = outsider(traffic.random.below(50_000));
      const srcPort = 1024 + traffic.random.below(64_000);
      traffic.packet(atMs, client, SITE, { proto: UDP, srcPort, dstPort: 123, bytes: 76 });
      traffic.packet(atMs + 1, SITE, client, { proto: UDP, srcPort: 123, dstPort: srcPort, bytes: 76 });
    });
  });

  silent('hundreds of clients that browse from behind one address', (traffic) => {
    const gateway = ipv4(203, 0, 113, 1);
    for (let connection = 0; connection < 10; connection++) {
      download(traffic, 1000 * connection, 50_000, outsider(300 + connection), gateway, 200);
    }
    often(traffic, 0, 50_000, 120, (atMs) =>
      webSession(traffic, atMs, gateway, outsider(traffic.random.below(3000)), 15_000),
    );
    often(traffic, 0, 50_000, 80, (atMs) => {
      const srcPort = 1024 + traffic.random.below(64_000);
      traffic.packet(atMs, gateway, outsider(9000), { proto: UDP, srcPort, dstPort: 53, bytes: 70 });
      traffic.packet(atMs + 12, outsider(9000), gateway, { proto: UDP, srcPort: 53, dstPort: srcPort, bytes: 180 });
    });
    for (let video = 0; video < 8; video++) {
      const server = outsider(400 + video);
      often(traffic, 1000 * video, 50_000, 300, (atMs, index) => {
        traffic.packet(atMs, server, gateway, { proto: UDP, srcPort: 443, dstPort: 51_000 + video, bytes: 1250 });
        if (index % 6 > 0) return;
        traffic.packet(atMs + 9, gateway, server, { proto: UDP, srcPort: 51_000 + video, dstPort: 443, bytes: 60 });
      });
    }
  });

  silent('a load test by one client among readers', (traffic) => {
    ordinaryDay(traffic, 0, 60_000);
    often(traffic, 20_000, 40_000, 600, (atMs) => webSession(traffic, atMs, outsider(11), SITE, 4000));
  });

  silent('a newsletter of a hundred and fifty mails a second', (traffic) => {
    ordinaryDay(traffic, 0, 60_000);
    const mailer = ipv4(203, 0, 113, 25);
    often(traffic, 20_000, 40_000, 150, (atMs) =>
      dialogue(traffic, atMs, outsider(600 + traffic.random.below(400)), mailer, 25, 5, 20),
    );
  });

  silent(
    'a router that was silent for a minute and then tells everything',
    (traffic) => ordinaryDay(traffic, 0, 150_000),
    {
      'records 60/15': { kind: 'records', silentMs: [60_000, 120_000] },
      'records 1/1': { kind: 'records', activeSeconds: 1, inactiveSeconds: 1, silentMs: [60_000, 120_000] },
    },
    160_000,
  );
});
