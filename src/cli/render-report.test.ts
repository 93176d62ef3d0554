import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedReport } from '../../test/support/report.ts';
import type { ReplayReport } from '../model/attack.ts';
import { renderReport } from './render-report.ts';

const FILES = ['monday.pcap'];

function textOf(report: ReplayReport, width: number, more: { networks?: string[]; colour?: boolean } = {}): string {
  return renderReport(report, {
    look: { width, colour: more.colour ?? false },
    files: FILES,
    networks: more.networks ?? [],
    telemetryPorts: [2055, 9995],
  });
}

function withoutAttacks(change: Partial<ReplayReport> = {}): ReplayReport {
  const { reported: _, ...rest } = fixedReport();
  return { ...rest, attacks: [], exporters: [], rejected: {}, flows: 0, ...change };
}

test('the report of one attack, as it is read on 80 columns', () => {
  const report = fixedReport();
  const text = textOf({ ...report, attacks: report.attacks.slice(0, 1), exporters: [], rejected: {} }, 80);
  assert.equal(
    text,
    `monday.pcap
2024-03-05 12:00:00.123 to 12:00:34.567 UTC (34 s)
37,841 packets, 2.27 MB; on average 1.10 k packets/s, 527 kbit/s
1,234 flow records of 0 exporters, which report 12,000,000 packets, 9.10 GB; on
average 348 k packets/s, 2.11 Gbit/s

One attack found

#  target      vectors                        when (UTC)      peak
1  192.0.2.10  syn-flood 92 %                 12:00:08.250    12.3 k packets/s
               memcached-amplification 8.0 %  for 6.3 s       5.90 Mbit/s
                                              seen after 1 s  37,623 sources

── 1 · syn-flood on 192.0.2.10 ─────────────────────────────────────────────────

    12.3 k packets/s ┤                  ████▇▇▇▇██
                     ┤                  ██████████▄▄
  usual 12 packets/s ┤▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██████████████▁▁▁▁
                                        ▲ detected 12:00:09.250
  17 values of 1 s each: 17 s from 12:00:00.000

  why        12,300 SYN a second reached 192.0.2.10, 1,025 times the usual, from
             37,623 sources of which 0.2 % completed a handshake.
  vectors    syn-flood 92 %, memcached-amplification 8.0 %
  limit      12.1 k packets/s in the second 12:00:09; this broke the limit of
             1.00 k packets/s set by the floor of the vector
  usual      12 packets/s, 9.60 kbit/s, learned over 8 s; at the peak
             12.3 k packets/s, 5.90 Mbit/s
  volume     64,000 packets, 3.84 MB, 60 bytes a packet; sampling leaves ± 3.0 %
  sources    about 37,623 (± 2.0 %) addresses, forged by the look of them; 99 %
             not seen here before; largest 198.51.100.7 (AT AS64500) 3.0 %; 200
             different TTLs
  ports      to 443 (100 %); from 1024 (1.0 %), 28,000 different
  replies    0.0021 packets sent back for each one received
  shape      99.8 % of the SYN were not followed by an ACK
             one-way: 0.0021 packets back for each
  closing    It was closed 30 s after the rate had fallen below 1.5 times the
             baseline.
`,
  );
});

test('a wide terminal has one line an attack', () => {
  const lines = textOf(fixedReport(), 140).split('\n');
  const at = lines.findIndex((line) => line.startsWith('#  target'));
  assert.equal(
    lines[at],
    '#  target                   vectors                        start (UTC)        lasted   detected    peak bits      peak packets  sources',
  );
  assert.equal(
    lines[at + 3],
    '2  2001:db8:1234:5678::/64  dns-amplification 100 %        12:00:20.000  14 s so far    at once  1.23 Gbit/s   110 k packets/s        1',
  );
});

test('no line is wider than the terminal, from 40 columns on', () => {
  for (let width = 40; width <= 160; width++) {
    for (const line of textOf(fixedReport(), width).split('\n')) {
      assert.ok([...line].length <= width, `${width}: '${line}'`);
    }
  }
});

test('colour is there only when it is asked for, and changes nothing else', () => {
  const plain = textOf(fixedReport(), 80);
  const coloured = textOf(fixedReport(), 80, { colour: true });
  assert.ok(!plain.includes('\x1b'));
  assert.ok(coloured.includes('\x1b[31m'));
  // biome's rule against control characters in patterns is met by building the pattern from its code.
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
  const bare = (text: string): string => text.replace(escapes, '').replace(/ +$/gm, '');
  assert.equal(bare(coloured), bare(plain));
});

test('an attack that goes on, a carpet and an unlearned baseline are said in words', () => {
  const text = textOf(fixedReport(), 100);
  assert.match(text, /── 2 · dns-amplification on 2001:db8:1234:5678::\/64, spread over many addresses, in pulses/);
  assert.match(text, /for 14 s so far/);
  assert.match(text, /a slow rise, summed up, broke the limit of\s+100 Mbit\/s/);
  assert.match(text, /not learned: the input starts too close to the attack/);
  assert.match(text, /250 attacked inside 2001:db8:1234:5678::\/64/);
});

test('exporters are told with what ails them, and refused input in words', () => {
  const text = textOf(fixedReport(), 200);
  assert.match(
    text,
    /203\.0\.113\.1 \(NetFlow v9, domain 7\): 400 datagrams, 1,234 records, 2 option records, 1 template/,
  );
  assert.match(text, /sampling 1 in 1,000, 3 sets without template, 12 missing by sequence number/);
  assert.match(text, / {4}! its active timeout is 300 s/);
  assert.match(text, /12 × +the captured bytes end inside a header \(packet-truncated\)/);
});

test('flow records are spoken of only where there is telemetry, and small sources are not named', () => {
  const report = fixedReport();
  assert.match(textOf(report, 120), /1,400 bytes a packet; from 900 flow records/);
  const packets = textOf({ ...report, flows: 0 }, 120);
  assert.match(packets, /1,400 bytes a packet$/m);
  assert.ok(!packets.includes('198.51.100.8'));
});

test('where nothing was found: what was looked at, why, and what to try', () => {
  const text = textOf(withoutAttacks(), 80);
  assert.match(text, /^No attack found$/m);
  assert.match(text, /looked at {3}every destination address as a target; no flow record was found, on/);
  assert.match(text, /because {5}no target had traffic above its limit that also looked like an/);
  assert.match(text, /--all-verdicts/);
  assert.match(text, /--telemetry-port PORT/);
});

test('where only logs were read nothing is said of addresses and telemetry', () => {
  const log = { packets: 0, bytes: 700, requests: 5 };
  const text = textOf(withoutAttacks(log), 80);
  assert.match(text, /looked at {3}every site that the logs name$/m);
  assert.match(text, /because {5}no site had requests beyond what is usual/);
  assert.doesNotMatch(text, /destination|telemetry|capture/);
  assert.match(textOf(withoutAttacks({ ...log, requests: 0, bytes: 0 }), 80), /because {5}the log is empty\.$/m);
  assert.match(textOf(withoutAttacks({ ...log, requests: 0 }), 80), /no line of the log is a request; see below\./);
});

test('the empty state knows empty captures, undecodable ones, and the networks that were named', () => {
  assert.match(textOf(withoutAttacks({ packets: 0, bytes: 0 }), 80), /the input holds no packet and no flow record\./);
  const foreign = withoutAttacks({ rejected: { 'packet-link-unknown': 37_841 } });
  assert.match(textOf(foreign, 200), /37,841 of 37,841 packets could not be decoded; see below\./);
  const networks = textOf(withoutAttacks(), 200, { networks: ['192.0.2.0/24'] });
  assert.match(networks, /addresses in 192\.0\.2\.0\/24 as a target/);
  assert.match(networks, /without --network every destination is a candidate/);
});

test('verdicts are listed up to a bound, and the rest is counted', () => {
  const verdict = {
    target: { kind: 'address' as const, value: '192.0.2.77' },
    direction: 'in' as const,
    at: '2024-03-05T12:00:09.000Z',
    peak: { bps: 8e6, pps: 900, fps: 0 },
    kind: 'download',
    reason: 'one source sent 98 % of it over completed connections',
  };
  const text = textOf(withoutAttacks({ verdicts: new Array(45).fill(verdict) }), 120);
  assert.match(text, /^Considered and passed over: 45$/m);
  assert.equal(text.match(/192\.0\.2\.77: download, 900 packets\/s, 8\.00 Mbit\/s at 12:00:09\.000/g)?.length, 40);
  assert.match(text, /and 5 more; --json has all of them/);
  assert.match(text, /45 targets came near and were passed\s+over/);
});
