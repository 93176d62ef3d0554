import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, prefix } from '../../test/support/flow-rows.ts';
import { hashAddress } from '../base/hash.ts';
import { formatAddress, formatIpv4 } from '../base/ip.ts';
import { formatPrefix } from '../base/prefix.ts';
import { CLASS } from '../model/traffic-class.ts';
import { AddressTable } from './address-table.ts';
import { Ladder, type LadderLevel } from './ladder.ts';
import { CELL_BYTES, CELL_PACKETS, ROW_FOLDED, ROW_OUT } from './table-cells.ts';

const SEED = 3;

function count(table: AddressTable, text: string, trafficClass: number, packets: number, flags = 0): void {
  const words = address(text);
  const at = table.cell(table.row(words, 0, hashAddress(words, 0, SEED), flags), trafficClass);
  table.cellData[at + CELL_PACKETS] += packets;
  table.cellData[at + CELL_BYTES] += 100 * packets;
}

/** Packets of every row of a level, by its prefix. */
function packets(level: LadderLevel): Record<string, number> {
  const told: Record<string, number> = {};
  for (let row = 0; row < level.table.rows; row++) {
    const name = formatPrefix(level.table.wordsOf(row), level.lengthOf(row));
    assert.ok(!(name in told), `${name} twice`);
    told[name] = level.table.packetsOf(row, ~0);
  }
  return told;
}

function sample(): AddressTable {
  const table = new AddressTable(SEED);
  count(table, '203.0.113.1', CLASS.udp, 1);
  count(table, '203.0.113.255', CLASS.udp, 2);
  count(table, '203.0.113.255', CLASS.tcpSyn, 4);
  count(table, '203.0.112.9', CLASS.icmp, 8);
  count(table, '203.0.128.1', CLASS.udp, 16);
  count(table, '2001:db8:1:2::1', CLASS.udp, 32);
  count(table, '2001:db8:1:2:ffff::1', CLASS.udp, 64);
  count(table, '2001:db8:1:3::1', CLASS.udp, 128);
  count(table, '2001:db8:2::1', CLASS.udp, 256);
  return table;
}

test('addresses are summed into /24 and /64, and these into /20 and /48', () => {
  const ladder = new Ladder(SEED, []);
  ladder.roll(sample());
  assert.deepEqual(packets(ladder.fine), {
    '203.0.113.0/24': 7,
    '203.0.112.0/24': 8,
    '203.0.128.0/24': 16,
    '2001:db8:1:2::/64': 96,
    '2001:db8:1:3::/64': 128,
    '2001:db8:2::/64': 256,
  });
  assert.deepEqual(packets(ladder.wide), {
    '203.0.112.0/20': 15,
    '203.0.128.0/20': 16,
    '2001:db8:1::/48': 224,
    '2001:db8:2::/48': 256,
  });
  assert.equal(ladder.network, undefined);
  assert.equal(ladder.organisation, undefined);
});

test('classes stay apart on the way up', () => {
  const ladder = new Ladder(SEED, []);
  ladder.roll(sample());
  const words = address('203.0.112.0');
  const row = ladder.wide.table.find(words, 0, hashAddress(words, 0, SEED));
  assert.equal(ladder.wide.table.packetsOf(row, 1 << CLASS.udp), 3);
  assert.equal(ladder.wide.table.packetsOf(row, 1 << CLASS.tcpSyn), 4);
  assert.equal(ladder.wide.table.packetsOf(row, 1 << CLASS.icmp), 8);
});

test('every /24 and /64 of a configured network counts for it and for the organisation', () => {
  const networks = ['203.0.96.0/19', '2001:db8::/47', '198.51.100.0/23'].map(prefix);
  const ladder = new Ladder(SEED, networks);
  ladder.roll(sample());
  const { network, organisation } = ladder;
  assert.ok(network !== undefined && organisation !== undefined);
  const told: Record<string, number> = {};
  for (let row = 0; row < network.table.rows; row++) {
    const of = ladder.networkOf(row);
    assert.ok(of !== undefined);
    assert.equal(network.lengthOf(row), of.length);
    told[formatPrefix(of.words, of.length)] = network.table.packetsOf(row, ~0);
  }
  assert.deepEqual(told, { '203.0.96.0/19': 15, '2001:db8::/47': 224 });
  assert.equal(organisation.table.rows, 1);
  assert.equal(organisation.table.packetsOf(0, ~0), 239);
  assert.equal(organisation.lengthOf(0), 0);
});

test('a configured network that is a step of the ladder is not judged twice, and counts for the organisation', () => {
  const ladder = new Ladder(SEED, ['203.0.112.0/20', '2001:db8:1::/48', '198.51.100.0/24'].map(prefix));
  ladder.roll(sample());
  assert.equal(ladder.network?.table.rows, 0);
  assert.equal(ladder.organisation?.table.packetsOf(0, ~0), 239);
});

test('what flows on established connections is no part of the steps above an address', () => {
  const table = new AddressTable(SEED);
  const established = [CLASS.tcpData, CLASS.tcpSession, CLASS.tcpFin, CLASS.quicReply];
  for (const trafficClass of established) {
    count(table, '192.0.2.1', trafficClass, 1000);
    count(table, '203.0.113.1', trafficClass, 1000);
  }
  count(table, '203.0.113.1', CLASS.tcpSessionSmall, 3);
  count(table, '203.0.113.2', CLASS.tcpAck, 5);
  const ladder = new Ladder(SEED, [prefix('0.0.0.0/0')]);
  ladder.roll(table);
  assert.deepEqual(packets(ladder.fine), { '203.0.113.0/24': 8 });
  assert.deepEqual(packets(ladder.wide), { '203.0.112.0/20': 8 });
  assert.equal(ladder.network?.table.packetsOf(0, ~0), 8);
  assert.equal(ladder.organisation?.table.packetsOf(0, ~0), 8);
});

test('rows that were folded for want of room are in, and no total is lost', () => {
  const table = new AddressTable(SEED, { rowsMax: 32, cellsMax: 64 });
  for (let host = 0; host < 30; host++) count(table, `192.0.2.${host}`, CLASS.udp, 1);
  count(table, '203.0.113.7', CLASS.udp, 10);
  count(table, '203.0.113.8', CLASS.udp, 10);
  for (let net = 0; net < 50; net++) count(table, `198.18.${net}.1`, CLASS.udp, 2);
  const ladder = new Ladder(SEED, []);
  ladder.roll(table);
  assert.deepEqual(packets(ladder.fine), { '192.0.2.0/24': 30, '203.0.113.0/24': 20, '::/64': 100 });
  for (let row = 0; row < ladder.fine.table.rows; row++) assert.equal(ladder.fine.table.flagsOf(row) & ROW_FOLDED, 0);
  const sum = Object.values(packets(ladder.wide)).reduce((left, right) => left + right, 0);
  assert.equal(sum, 150);
});

test('a second roll forgets the first', () => {
  const ladder = new Ladder(SEED, [prefix('203.0.0.0/16')]);
  ladder.roll(sample());
  const table = new AddressTable(SEED);
  count(table, '203.0.113.1', CLASS.udp, 1);
  ladder.roll(table);
  assert.deepEqual(packets(ladder.fine), { '203.0.113.0/24': 1 });
  assert.deepEqual(packets(ladder.wide), { '203.0.112.0/20': 1 });
  assert.equal(ladder.network?.table.packetsOf(0, ~0), 1);
  assert.equal(ladder.organisation?.table.packetsOf(0, ~0), 1);
});

test('a prefix is out only where everything in it is, whichever address came first', () => {
  const hosts: readonly (readonly [string, number])[] = [
    ['203.0.113.1', ROW_OUT],
    ['203.0.113.200', 0],
    ['198.51.100.1', ROW_OUT],
    ['198.51.100.2', ROW_OUT],
  ];
  for (const order of [hosts, [...hosts].reverse()]) {
    const table = new AddressTable(SEED);
    for (const [host, flags] of order) count(table, host, CLASS.udp, 1, flags);
    const ladder = new Ladder(SEED, []);
    ladder.roll(table);
    for (const level of [ladder.fine, ladder.wide]) {
      for (let row = 0; row < level.table.rows; row++) {
        const words = level.table.wordsOf(row);
        const want = words[3] >>> 24 === 198 ? ROW_OUT : 0;
        assert.equal(level.table.flagsOf(row), want, `${formatAddress(words)} ${formatIpv4(words[3])}`);
      }
    }
  }
});
