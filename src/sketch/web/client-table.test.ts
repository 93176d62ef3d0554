import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mix32 } from '../../base/hash.ts';
import { CLIENT, ClientTable, HASTY, SAME, SECOND } from './client-table.ts';

/** Looks a client up, and begins it where it is new. */
function come(table: ClientTable, hash: number, second: number): number {
  const found = table.find(hash);
  if (found < 0) return table.begin(0, hash, new Uint32Array([0, 0, 0xffff, hash]), 0, second);
  table.seen(found, second);
  return found;
}

test('a client is found again with its address and its counts', () => {
  const table = new ClientTable(1024);
  for (let client = 1; client <= 300; client++) {
    const row = come(table, mix32(client), 100);
    table.page(row, 7, client, 100);
  }
  assert.equal(table.count, 300);
  for (let client = 1; client <= 300; client++) {
    const row = table.find(mix32(client));
    assert.ok(row >= 0);
    assert.equal(table.cells[table.at(row) + CLIENT.address + 3], mix32(client));
    assert.equal(table.cells[table.at(row) + CLIENT.pages], 1);
    assert.equal(table.firstSecond(row), 100);
  }
});

test('a hash of 0 is a client as any other', () => {
  const table = new ClientTable(64);
  const row = come(table, 0, 1);
  assert.equal(table.find(0), row);
});

test('where a set is full the client that was silent longest leaves, and its row begins anew', () => {
  const table = new ClientTable(64);
  // The low bits choose the set: all of these come to one of eight places.
  const rows = Array.from({ length: 8 }, (_, at) => come(table, (at + 1) << 8, 10 + at));
  for (const row of rows) table.page(row, 1, 1, 20);
  assert.equal(come(table, 1 << 8, 30), rows[0]);
  const row = come(table, 99 << 8, 40);
  assert.equal(row, rows[1], 'the second came before all others that stayed');
  assert.equal(table.evicted, 1);
  assert.equal(table.count, 8);
  assert.equal(table.cells[table.at(row) + CLIENT.pages], 0);
  assert.ok(table.find(2 << 8) < 0);
  assert.equal(table.find(1 << 8), rows[0]);
});

test('a client that comes back after half an hour begins a new visit, and is known', () => {
  const table = new ClientTable(64);
  const row = come(table, 5, 100);
  table.page(row, 1, 1, 100);
  assert.equal(table.comes(row, 100), 0);
  assert.equal(table.comes(row, 1000), 1);
  assert.equal(table.cells[table.at(row) + CLIENT.pages], 1);
  assert.equal(table.comes(row, 100 + 1800), 1);
  assert.equal(table.cells[table.at(row) + CLIENT.pages], 0);
  assert.equal(table.cells[table.at(row) + CLIENT.flags] & 1, 1);
});

test('a second page that comes sooner than anybody reads the first is told once, where a browser has no reason for it', () => {
  interface Page {
    readonly value: number;
    readonly after: number;
    readonly whole?: boolean;
    readonly from?: number;
  }
  const told = (pages: readonly Page[], asset = false): number[] => {
    const table = new ClientTable(64);
    const row = come(table, 5, 100);
    let second = 100;
    return pages.map(({ value, after, whole = true, from = 0 }, at) => {
      second += after;
      if (asset && at === 1) table.asset(row, 99, second);
      table.page(row, 1, value, second);
      const found = table.follow(row, value, second, whole, from);
      table.seen(row, second);
      return found;
    });
  };
  const first = { value: 7, after: 0 };
  assert.deepEqual(told([first, { value: 7, after: 1 }, { value: 7, after: 1 }]), [0, SECOND | HASTY | SAME, 0]);
  assert.deepEqual(told([first, { value: 8, after: 1 }]), [0, SECOND | HASTY]);
  assert.deepEqual(told([first, { value: 8, after: 1, from: 9 }]), [0, SECOND | HASTY], 'a referrer that is made up');
  assert.deepEqual(told([first, { value: 7, after: 10 }]), [0, SECOND], 'a page that loads itself again');
  assert.deepEqual(told([first, { value: 8, after: 1, from: 7 }]), [0, SECOND], 'a frame in the page');
  assert.deepEqual(told([first, { value: 7, after: 1 }], true), [0, SECOND], 'with what belongs to it');
  assert.deepEqual(
    told([
      { ...first, whole: false },
      { value: 7, after: 0 },
    ]),
    [0, 0],
    'a redirect',
  );
  assert.deepEqual(told([first, { value: 7, after: 1, whole: false }]), [0, 0], 'a part, or a failure');
});
