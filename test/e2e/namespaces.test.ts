import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ReplayReport, replayReportSchema } from '../../src/model/attack.ts';
import { missingForNamespaces, Namespaces, SITE_ADDRESS } from './namespaces.ts';

const execute = promisify(execFile);
const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));

const CALM_MS = 3000;
const FLOOD_MS = 4000;
/** softflowd looks for flows that are over once a second, and takes a flow for over after two silent ones. */
const DRAIN_MS = 4000;
/** The rate is about 2,000 packets a second; should the flood not be stopped, it ends by itself. */
const FLOOD_PACKETS_MAX = 20_000;
/** How far the start that Bonghwa names may lie from that of the attacking program. */
const START_TOLERANCE_MS = 3000;

const SERVER = `require('node:http').createServer((q, s) => s.end('hello')).listen(80, '${SITE_ADDRESS}', () => console.log('ready'))`;
const CLIENT = `setInterval(() => fetch('http://${SITE_ADDRESS}/').then((r) => r.text()).catch(() => {}), 50)`;
const COLLECTOR = `for (const port of [2055, 4739]) require('node:dgram').createSocket('udp4').bind(port, '127.0.0.1'); console.log('ready')`;

const missing = missingForNamespaces(['softflowd', 'hping3', 'tcpdump']);

describe('a SYN flood between real namespaces', { skip: missing ?? false }, () => {
  let directory = '';
  let floodStartMs = 0;
  let floodEndMs = 0;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'bonghwa-namespaces-'));
    const network = new Namespaces('e2e');
    try {
      const node = process.execPath;
      const record = (name: string, device: string, filter: string) =>
        network.start(
          'router',
          'tcpdump',
          ['-n', '-U', '-s', '0', '-i', device, '-w', join(directory, name), filter],
          'listening on',
        );
      const exportTo = (port: number, version: string) =>
        network.start(
          'router',
          'softflowd',
          [
            '-d',
            '-i',
            'outside',
            '-n',
            `127.0.0.1:${port}`,
            '-v',
            version,
            '-m',
            '50000',
            '-c',
            'none',
            '-p',
            join(directory, version),
          ].concat(
            ['maxlife=60', 'general=2', 'tcp=2', 'tcp.rst=2', 'tcp.fin=2', 'udp=2', 'expint=1'].flatMap((time) => [
              '-t',
              time,
            ]),
          ),
          'starting data collection',
        );
      await network.start('site', node, ['-e', SERVER], 'ready');
      await network.start('router', node, ['-e', COLLECTOR], 'ready');
      const recorders = [
        await record('packets.pcap', 'outside', 'ip'),
        await record('netflow9.pcap', 'lo', 'udp dst port 2055'),
        await record('ipfix.pcap', 'lo', 'udp dst port 4739'),
      ];
      const exporters = [await exportTo(2055, '9'), await exportTo(4739, '10')];
      await network.start('outside', node, ['-e', CLIENT]);
      await sleep(CALM_MS);
      floodStartMs = Date.now();
      const flood = await network.start('outside', 'hping3', [
        ...['-q', '-n', '-S', '-p', '80', '--rand-source', '-i', 'u150', '-c', String(FLOOD_PACKETS_MAX), SITE_ADDRESS],
      ]);
      await sleep(FLOOD_MS);
      await network.stop(flood);
      floodEndMs = Date.now();
      await sleep(DRAIN_MS);
      for (const child of [...exporters, ...recorders]) await network.stop(child);
    } finally {
      await network.close();
    }
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const [file, protocol] of [
    ['packets.pcap', undefined],
    ['netflow9.pcap', 'netflow-v9'],
    ['ipfix.pcap', 'ipfix'],
  ] as const) {
    it(`is found in ${protocol === undefined ? 'the packets' : `what softflowd exports as ${protocol}`}`, async () => {
      const report = await replayFile(join(directory, file));
      assert.deepEqual(
        report.exporters.map((exporter) => exporter.protocol),
        protocol === undefined ? [] : [protocol],
      );
      assert.deepEqual(
        report.attacks.map(({ target, direction, vectors }) => [target.value, direction, vectors[0].name]),
        [[SITE_ADDRESS, 'in', 'syn-flood']],
      );
      const [attack] = report.attacks;
      const startMs = Date.parse(attack.start);
      assert.ok(
        Math.abs(startMs - floodStartMs) <= START_TOLERANCE_MS,
        `started ${new Date(floodStartMs).toISOString()}, named ${attack.start}`,
      );
      assert.ok(startMs < floodEndMs);
      assert.equal(attack.sources.spoofed, 'likely');
      assert.deepEqual(report.rejected, {});
    });
  }
});

async function replayFile(file: string): Promise<ReplayReport> {
  const { stdout } = await execute(process.execPath, [BONGHWA, 'replay', '--json', '--quiet', file], {
    maxBuffer: 1 << 26,
  });
  return replayReportSchema.parse(JSON.parse(stdout));
}
