import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { encodeNetflow9, encodeRecord, type FieldSpec } from '../../test/support/encode-netflow.ts';
import { ethernet, ipv4, pcap, udp } from '../../test/support/encode-packet.ts';
import { prefix } from '../../test/support/flow-rows.ts';
import { peace } from '../../test/support/scenario-routers.ts';
import type { ExporterReport, ReplayReport } from '../model/attack.ts';
import { replay } from './replay.ts';

const folder = mkdtempSync(join(tmpdir(), 'bonghwa-watch-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const START = 1_750_000_000_000;
const FIELDS: readonly FieldSpec[] = [8, 12, 22, 21, 1, 2]
  .map((id) => ({ id, length: 4 }))
  .concat([
    { id: 7, length: 2 },
    { id: 11, length: 2 },
    { id: 4, length: 1 },
  ]);
const TEMPLATE = { kind: 'templates', templates: [{ id: 256, fields: FIELDS }] } as const;
const HOSTS = Array.from({ length: 20 }, (_, at) => 0xc6336400 + at);

interface Router {
  readonly address: string;
  /** Datagrams of which the capture lacks one in so many. */
  readonly losesOneIn?: number;
  readonly clockOffMs?: number;
  readonly diesMs?: number;
}

/** A capture of what routers tell of the same ordinary traffic, each in a datagram of 20 records. */
async function replayed(routers: readonly Router[], seconds: number): Promise<ReplayReport> {
  const flows = peace(3, HOSTS, 60, seconds).sort((left, right) => left.endMs - right.endMs);
  const packets: { timeMs: number; bytes: Uint8Array }[] = [];
  for (const { address, losesOneIn = 0, clockOffMs = 0, diesMs = Infinity } of routers) {
    for (let at = 0, sequence = 0; at + 20 <= flows.length; at += 20, sequence++) {
      const part = flows.slice(at, at + 20);
      const sentMs = part[19].endMs + 1000;
      if (sentMs > Math.min(1000 * seconds, diesMs)) break;
      if (losesOneIn > 0 && sequence % losesOneIn === losesOneIn - 1) continue;
      const records = part.map((flow) => {
        const times = [flow.startMs, flow.endMs].map((ms) => Math.round(ms) + 3_600_000);
        return encodeRecord(FIELDS, [
          flow.src,
          flow.dst,
          ...times,
          500 * flow.packets,
          flow.packets,
          flow.srcPort,
          443,
          6,
        ]);
      });
      const datagram = encodeNetflow9({
        uptimeMs: Math.round(sentMs) + 3_600_000,
        seconds: Math.floor((START + sentMs + clockOffMs) / 1000),
        sequence,
        sets: [TEMPLATE, { kind: 'data', id: 256, records }],
      });
      const packet = ipv4({ src: address, dst: '192.0.2.10', proto: 17 }, udp(40_000, 2055, datagram));
      packets.push({ timeMs: START + sentMs, bytes: ethernet(0x0800, packet) });
    }
  }
  packets.sort((left, right) => left.timeMs - right.timeMs);
  const file = join(folder, `${packets.length}.pcap`);
  writeFileSync(file, pcap(packets));
  return replay({
    files: [file],
    networks: [prefix('198.51.100.0/24')],
    as: 'auto',
    telemetryPorts: [2055],
    allVerdicts: false,
  });
}

const codesOf = (report: ExporterReport): string[] => (report.findings ?? []).map((finding) => finding.code);

it('tells in a replay what is wrong with an exporter, and how many records are missing', async () => {
  const { exporters } = await replayed(
    [{ address: '192.0.2.1', losesOneIn: 10, clockOffMs: -3_600_000, diesMs: 250_000 }],
    400,
  );
  assert.deepEqual(
    codesOf(exporters[0]).sort(),
    ['clock-off', 'one-direction', 'records-lost', 'sampling-unknown'].sort(),
  );
  const { recordsLost, sequenceLost, records, shareNotSeen } = exporters[0];
  assert.equal(recordsLost, 20 * sequenceLost);
  assert.ok(Math.abs(sequenceLost / (records / 20) - 1 / 9) < 0.01);
  assert.ok(Math.abs((shareNotSeen ?? 0) - 0.1) < 0.01);
  assert.equal(exporters[0].diagnosis.length, 4);
});

it('counts once in a replay what two routers tell, as soon as that is known', async () => {
  const one = await replayed([{ address: '192.0.2.1' }], 480);
  const both = await replayed([{ address: '192.0.2.1' }, { address: '192.0.2.2' }], 480);
  const ratio = (both.reported?.packets ?? 0) / (one.reported?.packets ?? 1);
  // Twice for the first two of eight minutes, and then once.
  assert.ok(ratio > 1.15 && ratio < 1.35, `${ratio}`);
  assert.equal(both.exporters.filter((exporter) => codesOf(exporter).includes('duplicate-export')).length, 1);
});

it('says that an exporter fell silent while another went on', async () => {
  const { exporters } = await replayed([{ address: '192.0.2.1', diesMs: 100_000 }, { address: '192.0.2.2' }], 300);
  assert.ok(codesOf(exporters[0]).includes('exporter-silent'));
  assert.ok(!codesOf(exporters[1]).includes('exporter-silent'));
});
