import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Prefix, parsePrefix, prefixContains } from '../base/prefix.ts';
import { Random } from '../base/random.ts';
import { createFlowBatch } from '../model/flow-batch.ts';
import { HAS } from '../model/flow-columns.ts';
import { CLASS } from '../model/traffic-class.ts';
import { Second } from './second.ts';
import { ANSWER_LIMITS } from './small-answers.ts';

const SEED = 3;
const ROWS = 1000;
const NETWORKS = ['192.0.2.0/24', '2001:db8:1::/48', '10.0.0.0/11'].map((text) => parsePrefix(text)!);
/** Of a network, of its neighbours, and far away; few clients that get much and many that get little. */
const ADDRESSES: readonly ((random: Random) => readonly number[])[] = [
  (random) => [0, 0, 0xffff, 0xc0000200 + random.below(8)],
  (random) => [0, 0, 0xffff, 0x0a000000 + random.below(1 << 23)],
  (random) => [0x20010db8, 1 << 16, 0, random.below(8)],
  (random) => [0x20010db8, 2 << 16, 0, random.below(300)],
  (random) => [0x24000000, 0, 0, random.below(3)],
  (random) => [0, 0, 0xffff, 0xc0000300 + random.below(4)],
  (random) => [0, 0, 0xffff, 0xcb007100 + random.below(4)],
  (random) => [0, 0, 0xffff, 0x50000000 + random.below(3000)],
];
const CLASSES = [CLASS.tcpData, CLASS.tcpSession, CLASS.quicReply, CLASS.tcpSyn, CLASS.dnsResponse];
const PORTS = [80, 443, 8080, 1024, 5000, 33_000];

const isInside = (networks: readonly Prefix[], words: readonly number[]): boolean =>
  networks.some((network) => prefixContains(network, Uint32Array.from(words), 0));

test('small answers to clients outside are counted in all and have no cells; everything else is counted exactly', () => {
  for (const networks of [NETWORKS, [], [parsePrefix('2001::/12')!], [parsePrefix('::/0')!]]) {
    const random = new Random(SEED);
    const batch = createFlowBatch(ROWS);
    const classes = new Uint8Array(ROWS);
    const second = new Second(SEED, networks);
    for (let number = 1; number <= 2; number++) {
      second.begin(number);
      const wanted = new Map<string, { packets: number; mayLack: boolean }>();
      let packetsOfAll = 0;
      for (let round = 0; round < 30; round++) {
        for (let row = 0; row < ROWS; row++) {
          const src = ADDRESSES[random.below(ADDRESSES.length)](random);
          const dst = ADDRESSES[random.below(ADDRESSES.length)](random);
          const srcPort = PORTS[random.below(PORTS.length)];
          const dstPort = PORTS[random.below(PORTS.length)];
          const packets = random.below(50) === 0 ? 300 : 1 + random.below(9);
          const rate = random.below(4) === 0 ? 4 : 0;
          classes[row] = CLASSES[random.below(CLASSES.length)];
          batch.srcAddr.set(src, 4 * row);
          batch.dstAddr.set(dst, 4 * row);
          batch.srcPort[row] = srcPort;
          batch.dstPort[row] = dstPort;
          batch.present[row] = HAS.srcAddr | HAS.dstAddr | HAS.srcPort | HAS.dstPort;
          batch.packets[row] = packets;
          batch.bytes[row] = 100 * packets;
          batch.samplingRate[row] = rate;
          const toInside = networks.length === 0 || isInside(networks, dst);
          if (!toInside && !isInside(networks, src)) continue;
          packetsOfAll += packets * Math.max(1, rate);
          const key = `${dst.join()} ${classes[row]}`;
          const group = wanted.get(key) ?? { packets: 0, mayLack: false };
          group.packets += packets * Math.max(1, rate);
          group.mayLack ||= !toInside && (srcPort < 1024 || srcPort === 8080) && dstPort >= 1024;
          wanted.set(key, group);
        }
        second.add(batch, classes, 0, ROWS);
      }
      assert.equal(second.packets, packetsOfAll);
      const counted = countedOf(second);
      let lacking = 0;
      for (const [key, { packets, mayLack }] of wanted) {
        const limit = ANSWER_LIMITS[Number(key.split(' ')[1])] ?? 0;
        const lacks = packets - (counted.get(key) ?? 0);
        assert.ok(lacks >= 0 && lacks <= (mayLack ? limit : 0), `${key}: ${lacks} of ${packets}`);
        if (lacks === packets) lacking++;
      }
      assert.equal(counted.size, wanted.size - lacking, 'and nothing else has a cell');
      if (networks === NETWORKS) assert.ok(lacking > 300, `${lacking} have no cell`);
      else assert.equal(lacking, 0, 'where all may be inside everything has a cell');
    }
  }
});

test('an answer of many bytes counts as many packets', () => {
  const second = new Second(SEED, NETWORKS);
  second.begin(1);
  const batch = createFlowBatch(2);
  for (const [row, bytes] of [1000, 4e6].entries()) {
    batch.srcAddr.set([0, 0, 0xffff, 0xc0000201], 4 * row);
    batch.dstAddr.set([0, 0, 0xffff, 0x50000000 + row], 4 * row);
    batch.srcPort[row] = 443;
    batch.dstPort[row] = 50_000;
    batch.present[row] = HAS.srcAddr | HAS.dstAddr | HAS.srcPort | HAS.dstPort;
    batch.packets[row] = 1;
    batch.bytes[row] = bytes;
  }
  second.add(batch, new Uint8Array(2).fill(CLASS.quicReply), 0, 2);
  assert.deepEqual([...countedOf(second)], [[`0,0,65535,${0x50000001} ${CLASS.quicReply}`, 1]]);
});

/** Packets by destination and class, as the table of a second has them. */
function countedOf({ table }: Second): Map<string, number> {
  const counted = new Map<string, number>();
  for (let row = 0; row < table.rows; row++) {
    for (let at = table.firstCell(row); at >= 0; at = table.nextCell(at)) {
      const trafficClass = table.classOf(at);
      counted.set(`${table.wordsOf(row).join()} ${trafficClass}`, table.packetsOf(row, 1 << trafficClass));
    }
  }
  return counted;
}
