import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashAddress } from '../../base/hash.ts';
import { Random } from '../../base/random.ts';
import { AddressTable, CLASS_BITS, CLASS_MASK, ROW_OUT, tableBytes } from '../address-table.ts';
import { UNCOUNTED } from '../classify.ts';
import { Intake } from '../intake.ts';
import { type Place, placeKernel } from './place.ts';

const SEED = 99;
const ROWS = 3000;

test('cells of many rows are those of one row after the other, through growth of the index; others are listed', () => {
  const random = new Random(7);
  const limits = { rowsMax: 1024, cellsMax: 8192 };
  const intake = new Intake(tableBytes(limits));
  const { batch, classes, cells, hashes, list } = intake;
  const words = batch.dstAddr;
  for (let row = 0; row < ROWS; row++) {
    const host = random.below(900);
    words.set(host % 5 === 0 ? [0x20010db8, host, 0, 1] : [0, 0, 0xffff, host], 4 * row);
    classes[row] = random.below(20) === 0 ? UNCOUNTED : random.below(4);
  }
  const table = new AddressTable(SEED, limits, intake.own);
  const place = intake.bind<Place>(placeKernel);
  const run = (metaMask: number): number =>
    place(1, ROWS, SEED, table.index.byteOffset, table.mask, table.cellData.byteOffset, table.cellsMax, metaMask);
  cells[0] = 77;
  for (let share = 0; share < 3; share++) {
    // An empty table first, then one that knows some of the addresses and classes.
    for (let row = share - 1; share > 0 && row < ROWS; row += 3 - share) {
      if (classes[row] === UNCOUNTED) continue;
      const flags = words[4 * row + 3] % 3 === 0 ? ROW_OUT : 0;
      table.cell(table.row(words, 4 * row, hashAddress(words, 4 * row, SEED), flags), classes[row]);
    }
    for (const avoid of [ROW_OUT, 0]) {
      const missing = run(CLASS_MASK | (avoid << CLASS_BITS));
      assert.equal(cells[0], 77, 'rows outside are left alone');
      const listed = new Set(list.subarray(0, missing));
      for (let row = 1; row < ROWS; row++) {
        assert.equal(hashes[row], hashAddress(words, 4 * row, SEED));
        const found = classes[row] === UNCOUNTED ? -1 : table.find(words, 4 * row, hashes[row]);
        const isOpen = found >= 0 && (table.flagsOf(found) & avoid) === 0;
        let want = isOpen ? table.firstCell(found) : -1;
        while (want >= 0 && table.classOf(want) !== classes[row]) want = table.nextCell(want);
        assert.equal(cells[row], want);
        assert.equal(listed.has(row), want < 0 && classes[row] !== UNCOUNTED);
      }
    }
  }
  assert.ok(table.rows > 700, 'the index has grown');
});
