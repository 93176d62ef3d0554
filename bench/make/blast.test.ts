import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress, parseAddress } from '../../src/base/ip.ts';
import { openUdp } from '../../src/input/udp.ts';
import type { UdpBatch } from '../../src/input/udp-port.ts';
import { createFlowBatch, type FlowBatch } from '../../src/model/flow-batch.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { TelemetryDecoder } from '../../src/wire/telemetry.ts';
import { aim, type BlastFormat, makeBlast, makeTemplate, SITES, siteText, stamp } from './blast.ts';
import { startSender } from './send-plan.ts';

const FORMATS: readonly BlastFormat[] = ['netflow5', 'netflow9', 'ipfix'];
const SOURCE = parseAddress('192.0.2.1')!;
const NOW_MS = Date.UTC(2026, 10, 23, 12);

describe('a blast', () => {
  for (const format of FORMATS) {
    it(`is ${format} that the decoder takes whole, without a complaint`, () => {
      const blast = makeBlast(format, 16);
      const rejections = new Rejections();
      const decoder = new TelemetryDecoder(rejections);
      const clock = { sequence: 0, startedMs: NOW_MS };
      const batch = createFlowBatch(4096);
      const rows: string[] = [];
      const sink = {
        take: (full: FlowBatch): void => {
          full.length = 0;
        },
      };
      const template = makeTemplate(format, clock, NOW_MS);
      if (template !== undefined) decoder.decode(template, 0, template.length, SOURCE, 0, NOW_MS, batch, sink);
      aim(blast, 7);
      for (const set of [blast.usual, blast.flood]) {
        for (let index = 0; index < set.count; index++) {
          const nowMs = NOW_MS + 10 * index;
          stamp(blast, set, index, clock, nowMs);
          const known = decoder.decode(set.bytes, set.length * index, set.length, SOURCE, 0, nowMs, batch, sink);
          assert.ok(known);
          for (let row = 0; row < batch.length; row++) {
            if (set === blast.flood) rows.push(formatAddress(batch.dstAddr, 4 * row));
            const lasted = batch.endMs[row] - batch.startMs[row];
            // The clock of NetFlow v9 shows whole seconds.
            const age = nowMs - batch.endMs[row];
            assert.ok(lasted >= 0 && lasted < 4096 && age >= 0 && age < 1000, `lasted ${lasted}, ended ${age} before`);
            assert.ok(batch.packets[row] >= 1 && batch.bytes[row] >= 40 * batch.packets[row]);
          }
          assert.equal(batch.length, blast.recordsPerDatagram);
          batch.length = 0;
        }
      }
      assert.deepEqual(rejections.toRecord(), {});
      assert.deepEqual([...new Set(rows)], [siteText(7)]);
      const [exporter] = decoder.exporters.list();
      assert.equal(exporter.recordsLost, 0);
    });
  }

  it('is sent in exactly the numbers that are told, from as many exporters as are asked for', async () => {
    const sources = new Set<string>();
    let bytes = 0;
    const take = (batch: UdpBatch): void => {
      for (let at = 0; at < batch.count; at++) {
        sources.add(formatAddress(batch.sources, 4 * at));
        bytes += batch.lengths[at];
      }
    };
    const receiver = await openUdp({ listen: [{ address: '127.0.0.1', port: 0, family: 4 }], sink: { take } });
    const { port } = receiver.status()[0].at;
    const sender = await startSender({ format: 'netflow9', port, exporters: 3, distinctDatagrams: 50 });
    try {
      const report = await sender.send(
        { seconds: 0.2, recordsPerSecond: 28_000, floodRecordsPerSecond: 0 },
        { seconds: 0.1, recordsPerSecond: 28_000, floodRecordsPerSecond: 14_000, site: SITES - 1 },
      );
      assert.equal(report.records, 28 * 350);
      assert.equal(report.floodRecords, 28 * 50);
      assert.deepEqual(
        report.floodsMs.map((ms) => ms !== null && ms >= report.startedMs && ms <= report.endedMs),
        [false, true],
      );
      while (receiver.status()[0].datagrams + receiver.dropped() < report.datagrams) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      assert.equal(receiver.status()[0].datagrams + receiver.dropped(), report.datagrams);
      assert.ok(bytes > 0);
      assert.deepEqual([...sources].sort(), ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    } finally {
      await sender.end();
      await receiver.stop();
    }
  });
});
