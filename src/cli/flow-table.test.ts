import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../base/ip.ts';
import { createFlowBatch, type FlowBatch } from '../model/flow-batch.ts';
import { HAS, LAYER_INNER, LAYER_OUTER, NO_EXPORTER } from '../model/flow-columns.ts';
import { FlowTable } from './flow-table.ts';

const plain = (text: string): string => text;

function addRow(batch: FlowBatch, source: string, destination: string, proto: number): number {
  const row = batch.length++;
  batch.startMs[row] = Date.UTC(2024, 2, 5, 12, 0, 0, 125);
  batch.exporter[row] = NO_EXPORTER;
  batch.layer[row] = LAYER_OUTER;
  batch.packets[row] = 1;
  batch.bytes[row] = 60;
  batch.samplingRate[row] = 1;
  batch.srcAddr.set(parseAddress(source)!, 4 * row);
  batch.dstAddr.set(parseAddress(destination)!, 4 * row);
  batch.proto[row] = proto;
  batch.present[row] = HAS.srcAddr | HAS.dstAddr | HAS.proto;
  return row;
}

function tableOf(batch: FlowBatch, width: number, limit?: number): string[] {
  let text = '';
  new FlowTable((line) => (text += line), width, plain, limit).take(batch);
  return text.trimEnd().split('\n');
}

test('packets stand in columns, with flags, fragments and headers in tunnels', () => {
  const batch = createFlowBatch(8);
  const syn = addRow(batch, '192.0.2.1', '198.51.100.25', 6);
  batch.srcPort[syn] = 50_100;
  batch.dstPort[syn] = 443;
  batch.tcpFlags[syn] = 2;
  batch.present[syn] |= HAS.srcPort | HAS.dstPort | HAS.tcpFlags;
  addRow(batch, '192.0.2.1', '198.51.100.25', 47);
  const inner = addRow(batch, '10.0.0.1', '10.0.0.2', 1);
  batch.layer[inner] = LAYER_INNER;
  batch.icmpType[inner] = 8;
  batch.icmpCode[inner] = 0;
  batch.present[inner] |= HAS.icmpType | HAS.icmpCode;
  assert.deepEqual(tableOf(batch, 110), [
    'time          source                  destination            proto    packets     bytes  details',
    '── 2024-03-05 UTC',
    '12:00:00.125  192.0.2.1:50100       → 198.51.100.25:443      TCP            1        60  SYN',
    '12:00:00.125  192.0.2.1             → 198.51.100.25          GRE            1        60',
    '          └   10.0.0.1              → 10.0.0.2               ICMP                    60  type 8 code 0',
  ]);
});

test('IPv6 gets the room that there is, and loses its middle where there is none', () => {
  const batch = (): FlowBatch => {
    const rows = createFlowBatch(2);
    addRow(rows, '2001:db8:1111:2222:3333:4444:5555:6666', '2001:db8::1', 58);
    return rows;
  };
  const wide = tableOf(batch(), 170);
  assert.match(wide[2], /2001:db8:1111:2222:3333:4444:5555:6666 → 2001:db8::1 /);
  const narrow = tableOf(batch(), 80);
  assert.match(narrow[2], /2001:d.*….*6666 → 2001:db8::1/);
  for (const line of narrow) assert.ok(line.length <= 80, line);
});

test('a limit counts packets, not the headers inside them', () => {
  const batch = createFlowBatch(4);
  addRow(batch, '192.0.2.1', '192.0.2.2', 47);
  batch.layer[addRow(batch, '10.0.0.1', '10.0.0.2', 17)] = LAYER_INNER;
  addRow(batch, '192.0.2.3', '192.0.2.4', 17);
  const lines = tableOf(batch, 100, 1);
  assert.equal(lines.length, 4);
  assert.ok(!lines.join().includes('192.0.2.3'));
});
