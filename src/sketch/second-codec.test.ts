import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowBatch } from '../model/flow-batch.ts';
import { CLASS } from '../model/traffic-class.ts';
import { classifyRows } from './classify.ts';
import { FrequentItems } from './frequent-items.ts';
import { Second } from './second.ts';
import { encodeSecond, mergeEncoded, transfersOf, watchAll, watchListOf } from './second-codec.ts';
import { Watch } from './watch.ts';

const SEED = 7;
const TARGET = Uint32Array.of(0, 0, 0xffff, 0xc0000201);

/** A second of one SYN to the target, watched or not. */
function secondOf(watched: boolean): Second {
  const second = new Second(SEED);
  second.begin(1_700_000_000);
  if (watched) second.watch.addDetail(second.watch.watch(TARGET, 0, 128), 1 << CLASS.tcpSyn, 3);
  const batch = createFlowBatch(1);
  batch.dstAddr.set(TARGET);
  batch.srcAddr.set(Uint32Array.of(0, 0, 0xffff, 0x0a000001));
  batch.present[0] = 0xffffffff;
  batch.ipVersion[0] = 4;
  batch.proto[0] = 6;
  batch.tcpFlags[0] = 2;
  batch.packets[0] = 1;
  batch.bytes[0] = 40;
  batch.length = 1;
  const classes = new Uint8Array(1);
  classifyRows(batch, 0, 1, classes);
  second.add(batch, classes, 0, 1);
  return second;
}

test('workers that watched different targets give the union of what they watched', () => {
  const merged = new Second(SEED);
  merged.begin(1_700_000_000);
  for (const watched of [false, true, true]) mergeEncoded(merged, encodeSecond(secondOf(watched)), SEED);
  assert.equal(merged.watch.size, 1);
  const detail = merged.watch.detail(0, CLASS.tcpSyn);
  assert.equal(detail?.rows, 2);
  assert.equal(detail?.thinBits, 3);
  assert.equal(merged.packets, 3);
});

test('a watch list goes over threads and watches the same', () => {
  const from = new Watch(SEED);
  const prefix = Uint32Array.of(0, 0, 0xffff, 0xc0000200);
  from.addDetail(from.watch(prefix, 0, 120), 0b110, 2);
  from.addDetail(from.watch(TARGET, 0, 128), 0b1000, 0);
  from.addDetail(from.find(prefix, 0, 120), 0b1, 4);
  const to = new Watch(SEED);
  watchAll(to, structuredClone(watchListOf(from)));
  assert.deepEqual(watchListOf(to), watchListOf(from));
  assert.equal(to.detail(to.find(prefix, 0, 120), 1)?.thinBits, 2);
});

test('servers held by slow connections come along with their sources', () => {
  const second = secondOf(false);
  const sources = new FrequentItems(64, SEED);
  sources.addNumber(9, 5);
  second.slowServers = [
    {
      words: TARGET,
      connections: 80,
      firstMs: 1,
      lastMs: 2,
      packets: 3,
      bytes: 4,
      sources,
      answersSeen: true,
    },
  ];
  const encoded = encodeSecond(second);
  const merged = new Second(SEED);
  merged.begin(1_700_000_000);
  mergeEncoded(merged, structuredClone(encoded, { transfer: transfersOf(encoded) }), SEED);
  const [server] = merged.slowServers;
  assert.equal(server.connections, 80);
  assert.equal(server.sources.total, 5);
  assert.equal(server.sources.keys[4 * server.sources.top(1)[0] + 3], 9);
});
