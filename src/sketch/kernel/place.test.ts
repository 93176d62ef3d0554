import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashAddress } from '../../base/hash.ts';
import { Random } from '../../base/random.ts';
import { AddressTable, tableBytes } from '../address-table.ts';
import { UNCOUNTED } from '../classify.ts';
import { INTAKE_ROWS, Intake } from '../intake.ts';
import { CELL_FIRST_MS, CELL_PACKETS, CLASS_BITS, CLASS_MASK, ROW_OUT } from '../table-cells.ts';
import { type Place, placeKernel } from './place.ts';

const SEED = 99;
const ROWS = INTAKE_ROWS;

test('cells of many rows are those of one row after the other; others are listed', () => {
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
    place(
      listRows(intake, 1),
      table.index.byteOffset,
      table.mask,
      table.cellData.byteOffset,
      table.cellsMax,
      metaMask,
      table.rows,
      0,
      table.spares,
      0,
      0,
      0,
    );
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
  assert.ok(table.rows > 500);
});

test('rows and cells that it makes are those that the table makes, up to the room there is', () => {
  for (const sparesRoom of [10_000, 5, 0]) {
    const random = new Random(11);
    const limits = { rowsMax: 4096, cellsMax: 4096 + sparesRoom };
    const intake = new Intake(tableBytes(limits));
    const { batch, classes, cells, list, results } = intake;
    const table = new AddressTable(SEED, limits, intake.own);
    const truth = new AddressTable(SEED, limits);
    const place = intake.bind<Place>(placeKernel);
    for (let round = 0; round < 20; round++) {
      for (let row = 0; row < ROWS; row++) {
        batch.dstAddr.set([0, 0, 0xffff, random.below(100 + 200 * round)], 4 * row);
        classes[row] = random.below(20) === 0 ? UNCOUNTED : random.below(4);
      }
      const { index, mask, cellData, cellsMax, rows, rowsRoom, spares } = table;
      const places = [index.byteOffset, mask, cellData.byteOffset, cellsMax, CLASS_MASK] as const;
      const missing = place(listRows(intake, 0), ...places, rows, rowsRoom, spares, table.sparesRoom, 0, 0);
      table.grown(results[0], results[1]);
      for (let at = 0; at < missing; at++) {
        const row = list[at];
        const hash = hashAddress(batch.dstAddr, 4 * row, SEED);
        cells[row] = table.cell(table.row(batch.dstAddr, 4 * row, hash, 0), classes[row]);
      }
      for (let row = 0; row < ROWS; row++) {
        if (classes[row] === UNCOUNTED) continue;
        const hash = hashAddress(batch.dstAddr, 4 * row, SEED);
        const own = truth.row(batch.dstAddr, 4 * row, hash, 0);
        truth.cell(own, classes[row]);
        // Where cells have run out the first one of the row takes the counts.
        if (sparesRoom > 10) assert.equal(table.classOf(cells[row]), classes[row]);
      }
      assert.deepEqual([table.rows, table.cells, table.spares], [truth.rows, truth.cells, truth.spares]);
      for (let row = 0; row < truth.rows; row++) {
        const found = table.find(truth.rowData, truth.keyOf(row), hashAddress(truth.rowData, truth.keyOf(row), SEED));
        assert.ok(found >= 0, 'every address has a row');
        if (sparesRoom > 10) assert.deepEqual(classesOf(table, found), classesOf(truth, row));
      }
    }
    assert.ok(table.rows > 2500, 'the index has grown');
  }
});

/** Lists the rows from one on, with the hashes of their destinations, as `siftKernel` does; how many there are. */
function listRows({ batch, hashes, list }: Intake, from: number): number {
  for (let row = from; row < ROWS; row++) {
    hashes[row] = hashAddress(batch.dstAddr, 4 * row, SEED);
    list[row - from] = row;
  }
  return ROWS - from;
}

function classesOf(table: AddressTable, row: number): number[] {
  const classes: number[] = [];
  for (let at = table.firstCell(row); at >= 0; at = table.nextCell(at)) {
    classes.push(table.classOf(at));
    assert.equal(table.cellData[at + CELL_FIRST_MS], Number.POSITIVE_INFINITY);
    assert.equal(table.cellData[at + CELL_PACKETS], 0);
  }
  return classes.sort((left, right) => left - right);
}
