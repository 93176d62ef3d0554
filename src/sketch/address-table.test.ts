import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { address } from '../../test/support/flow-rows.ts';
import { hashAddress } from '../base/hash.ts';
import { formatAddress } from '../base/ip.ts';
import { Random } from '../base/random.ts';
import { AddressTable, type AddressTableLimits } from './address-table.ts';
import {
  CELL_BYTES,
  CELL_FIRST_MS,
  CELL_LAG,
  CELL_PACKETS,
  CELL_VARIANCE,
  ROW_FOLDED,
  ROW_OUT,
} from './table-cells.ts';

const SEED = 99;

function count(table: AddressTable, words: Uint32Array, trafficClass: number, packets: number, flags = 0): number {
  const row = table.row(words, 0, hashAddress(words, 0, SEED), flags);
  const at = table.cell(row, trafficClass);
  table.cellData[at + CELL_PACKETS] += packets;
  table.cellData[at + CELL_BYTES] += 100 * packets;
  table.addFlows(at, 1);
  table.cellData[at + CELL_VARIANCE] += 2 * packets;
  table.cellData[at + CELL_LAG] += 3 * packets;
  table.cellData[at + CELL_FIRST_MS] = Math.min(table.cellData[at + CELL_FIRST_MS], packets);
  return row;
}

const find = (table: AddressTable, words: Uint32Array): number => table.find(words, 0, hashAddress(words, 0, SEED));

/** Sum of one counter over the lists of all rows; every cell must be in one list. */
function total(table: AddressTable, counter: number | 'flows'): number {
  let sum = 0;
  let cells = 0;
  for (let row = 0; row < table.rows; row++) {
    for (let at = table.firstCell(row); at >= 0; at = table.nextCell(at)) {
      sum += counter === 'flows' ? table.flowsOf(at) : table.cellData[at + counter];
      cells++;
    }
  }
  assert.equal(cells, table.cells, 'every cell is in the list of one row');
  return sum;
}

const ipv4 = (word: number): Uint32Array => Uint32Array.of(0, 0, 0xffff, word);

test('an address has one row and one cell of each class through all growth', () => {
  const table = new AddressTable(SEED, { rowsMax: 1 << 16, cellsMax: 1 << 17 });
  const random = new Random(1);
  const truth = new Map<string, number>();
  for (let step = 0; step < 60_000; step++) {
    const words =
      random.below(2) === 0 ? ipv4(random.below(5000) * 7919) : Uint32Array.of(0x20010db8, random.below(3000), 0, 1);
    const trafficClass = random.below(3);
    count(table, words, trafficClass, 1 + (step % 5));
    const key = `${formatAddress(words)} ${trafficClass}`;
    truth.set(key, (truth.get(key) ?? 0) + 1 + (step % 5));
  }
  const seen = new Map<string, number>();
  for (let row = 0; row < table.rows; row++) {
    assert.equal(find(table, table.wordsOf(row)), row);
    for (let at = table.firstCell(row); at >= 0; at = table.nextCell(at)) {
      const key = `${formatAddress(table.wordsOf(row))} ${table.classOf(at)}`;
      assert.ok(!seen.has(key), `${key} twice`);
      seen.set(key, table.cellData[at + CELL_PACKETS]);
    }
  }
  assert.deepEqual(seen, truth);
  assert.equal(table.folded, 0);
  assert.equal(find(table, ipv4(1)), -1);
});

test('a full table folds addresses into their /24 or /64, then all into one row, and loses nothing', () => {
  const table = new AddressTable(SEED, { rowsMax: 64, cellsMax: 4096 });
  let packets = 0;
  // Fifteen sixteenths of the rows are addresses of their own.
  for (let host = 0; host < 60; host++) {
    count(table, ipv4(0x0a000000 + host), 1, 5);
    packets += 5;
  }
  assert.equal(table.rows, 60);
  assert.equal(table.folded, 0);
  const ipv4Row = count(table, address('203.0.113.77'), 1, 7);
  assert.equal(formatAddress(table.wordsOf(ipv4Row)), '203.0.113.0');
  assert.equal(count(table, address('203.0.113.200'), 2, 7), ipv4Row, 'neighbours share the row');
  const ipv6Row = count(table, address('2001:db8:1:2:3:4:5:6'), 1, 7);
  assert.equal(formatAddress(table.wordsOf(ipv6Row)), '2001:db8:1:2::');
  assert.equal(count(table, address('2001:db8:1:2::9'), 1, 7), ipv6Row);
  packets += 28;
  assert.equal(count(table, ipv4(0x0a000000), 1, 5), 0, 'known addresses keep their rows');
  packets += 5;
  for (let net = 0; net < 1000; net++) {
    count(table, ipv4(0x64000000 + 256 * net + 3), 1, 1);
    packets++;
    assert.ok(table.rows <= 64);
  }
  assert.equal(table.rows, 64);
  const rest = find(table, address('::'));
  assert.ok(rest >= 0);
  assert.equal(table.packetsOf(rest, ~0), 999, 'the first of the prefixes had the last row of its own');
  for (let row = 0; row < table.rows; row++) assert.equal(table.flagsOf(row), row < 60 ? 0 : ROW_FOLDED);
  assert.equal(table.folded, 1004);
  assert.equal(total(table, CELL_PACKETS), packets);
  assert.equal(total(table, CELL_BYTES), 100 * packets);
  assert.equal(total(table, 'flows'), 60 + 4 + 1 + 1000);
});

test('whatever comes, rows and cells stay within their limits and totals are conserved, also when merged', () => {
  fc.assert(
    fc.property(
      fc
        .record({ rowsMax: fc.integer({ min: 16, max: 80 }), spare: fc.nat(40) })
        .map(({ rowsMax, spare }) => ({ rowsMax, cellsMax: rowsMax + spare })),
      fc.array(fc.tuple(fc.nat(3), fc.nat(200), fc.nat(27), fc.integer({ min: 1, max: 1000 }), fc.nat(3)), {
        maxLength: 300,
        size: 'max',
      }),
      (limits: AddressTableLimits, rows) => {
        const tables = Array.from({ length: 4 }, () => new AddressTable(SEED, limits));
        let packets = 0;
        for (const [net, host, trafficClass, weight, worker] of rows) {
          const words = net < 2 ? ipv4(0x0a000000 + 256 * 99 * host + net) : Uint32Array.of(0x20010db8, host, net, 1);
          count(tables[worker], words, trafficClass, weight);
          packets += weight;
        }
        const unpacked = new AddressTable(SEED, limits);
        for (const [worker] of rows.slice(0, 50).entries()) count(unpacked, ipv4(worker * 256), 1, 1);
        unpacked.clear();
        for (const table of tables) {
          const packed = table.packInto(new SharedArrayBuffer(8 + table.packedBytes), 8);
          unpacked.mergePacked(structuredClone(packed));
        }
        const [merged, ...others] = tables;
        for (const other of others) merged.merge(other);
        const [one, other] = [merged, unpacked].map((table) =>
          table.packInto(new SharedArrayBuffer(table.packedBytes), 0),
        );
        assert.deepEqual({ ...other, index: [] }, { ...one, index: [] }, 'packed or not, the same is merged');
        for (let row = 0; row < merged.rows; row++)
          assert.equal(find(unpacked, merged.wordsOf(row)), find(merged, merged.wordsOf(row)));
        assert.ok(merged.rows <= limits.rowsMax && merged.cells <= limits.cellsMax);
        assert.equal(total(merged, CELL_PACKETS), packets);
        assert.equal(total(merged, CELL_BYTES), 100 * packets);
        assert.equal(total(merged, 'flows'), rows.length);
        assert.equal(total(merged, CELL_VARIANCE), 2 * packets);
        assert.equal(total(merged, CELL_LAG), 3 * packets);
      },
    ),
    { numRuns: 100 },
  );
});

test('when cells run out the first cell of the row takes the counts, and that is counted', () => {
  const table = new AddressTable(SEED, { rowsMax: 64, cellsMax: 65 });
  const first = count(table, ipv4(1), 1, 1);
  count(table, ipv4(1), 2, 10);
  const second = count(table, ipv4(2), 1, 100);
  count(table, ipv4(2), 5, 1000);
  assert.equal(table.cells, 3);
  assert.equal(table.folded, 1);
  assert.equal(table.packetsOf(second, 1 << 1), 1100);
  assert.equal(table.packetsOf(first, ~0), 11);
  const third = count(table, ipv4(3), 4, 10_000);
  assert.equal(table.packetsOf(third, 1 << 4), 10_000, 'the first class of an address always has its cell');
  assert.equal(total(table, CELL_PACKETS), 11_111);
});

test('packets are told by sets of classes', () => {
  const table = new AddressTable(SEED);
  const row = count(table, ipv4(1), 0, 1);
  count(table, ipv4(1), 13, 10);
  count(table, ipv4(1), 27, 100);
  assert.equal(table.packetsOf(row, 1 << 13), 10);
  assert.equal(table.packetsOf(row, (1 << 0) | (1 << 27)), 101);
  assert.equal(table.packetsOf(row, ~(1 << 13)), 101);
  const into = new AddressTable(SEED);
  const target = into.row(ipv4(9), 0, hashAddress(ipv4(9), 0, SEED), 0);
  into.addCells(target, table, row, 1 << 27);
  assert.equal(into.packetsOf(target, ~0), 11);
});

test('a row that stands for several is out only where all of them are, in any order', () => {
  const limits = { rowsMax: 16, cellsMax: 64 };
  const orders = [
    [ROW_OUT, 0],
    [0, ROW_OUT],
    [ROW_OUT, ROW_OUT],
    [0, 0],
  ];
  for (const flags of orders) {
    const tables = [new AddressTable(SEED, limits), new AddressTable(SEED, limits)];
    for (const table of tables) for (let host = 0; host < 15; host++) count(table, ipv4(host), 1, 1);
    const want = ROW_FOLDED | (flags[0] & flags[1]);
    const both = new AddressTable(SEED, limits);
    for (let host = 0; host < 15; host++) count(both, ipv4(host), 1, 1);
    const together = flags.map((flag, index) => count(both, ipv4(0xcb007100 + index), 1, 1, flag));
    assert.equal(together[0], together[1]);
    assert.equal(both.flagsOf(together[0]), want);
    const [left, right] = flags.map((flag, index) => count(tables[index], ipv4(0xcb007100 + index), 1, 1, flag));
    tables[0].merge(tables[1]);
    assert.equal(tables[0].flagsOf(left), want, `merged ${flags.join()} of rows ${left} and ${right}`);
  }
});

test('a cleared table is empty and keeps nothing of the second before', () => {
  const table = new AddressTable(SEED, { rowsMax: 64, cellsMax: 64 });
  for (let host = 0; host < 200; host++) count(table, ipv4(host * 256), 1, 5, ROW_OUT);
  table.clear();
  assert.deepEqual([table.rows, table.cells, table.folded], [0, 0, 0]);
  for (let host = 0; host < 200; host++) assert.equal(find(table, ipv4(host * 256)), -1);
  const row = count(table, ipv4(256), 2, 3);
  assert.equal(table.flagsOf(row), 0);
  assert.equal(table.packetsOf(row, ~0), 3);
  assert.equal(table.cellData[CELL_FIRST_MS], 3);
});
