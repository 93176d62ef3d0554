import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Prefix, parsePrefix } from '../base/prefix.ts';
import { Random } from '../base/random.ts';
import { createFlowBatch } from '../model/flow-batch.ts';
import { HAS } from '../model/flow-columns.ts';
import { Second } from './second.ts';
import { CELL_PACKETS } from './table-cells.ts';

const SEED = 5;
const NETWORKS = ['192.0.2.0/25', '2001:db8:1::/48', '198.51.100.7'].map((text) => parsePrefix(text)!);
/** So many more that nothing is in them that the kernel leaves all of them to JavaScript. */
const NOBODYS = Array.from({ length: 2000 }, (_, at) => parsePrefix(`240.${at >> 8}.${at & 255}.0/24`)!);

test('the kernel and JavaScript agree on what is inside, goes out, and is nobody’s', () => {
  for (const rowsMax of [4096, 64]) {
    const [kernel, reference] = [NETWORKS, [...NETWORKS, ...NOBODYS]].map((networks) => countAll(networks, rowsMax));
    assert.deepEqual(kernel, reference);
    assert.ok(kernel.rows.some(({ flags }) => flags === 1) && kernel.rows.some(({ flags }) => flags === 0));
  }
});

/** What a second has counted of 20,000 rows between addresses inside and outside. */
function countAll(networks: readonly Prefix[], rowsMax: number) {
  const random = new Random(SEED);
  const batch = createFlowBatch(1000);
  const classes = new Uint8Array(1000);
  const limits = {
    table: { rowsMax, cellsMax: 4 * rowsMax },
    watch: { targetsMax: 4, detailsMax: 4 },
    sampleRows: 64,
  };
  const second = new Second(SEED, [], limits);
  second.protect(networks);
  second.begin(1);
  for (let round = 0; round < 20; round++) {
    for (let row = 0; row < 1000; row++) {
      batch.srcAddr.set(anyAddress(random), 4 * row);
      batch.dstAddr.set(anyAddress(random), 4 * row);
      batch.present[row] = HAS.srcAddr | HAS.dstAddr;
      batch.packets[row] = 1 + random.below(9);
      batch.bytes[row] = 100;
      classes[row] = random.below(4);
    }
    second.add(batch, classes, 0, 1000);
  }
  const { table } = second;
  const rows = Array.from({ length: table.rows }, (_, row) => ({
    words: [...table.wordsOf(row)].join(),
    flags: table.flagsOf(row),
    cells: cellsOf(second, row),
  })).sort((left, right) => (left.words < right.words ? -1 : 1));
  return {
    rows,
    packets: second.packets,
    flows: second.flows,
    sample: [second.sample.length, second.sample.threshold],
  };
}

function cellsOf({ table }: Second, row: number): string[] {
  const cells: string[] = [];
  for (let at = table.firstCell(row); at >= 0; at = table.nextCell(at))
    cells.push(`${table.classOf(at)}: ${table.cellData[at + CELL_PACKETS]}`);
  return cells.sort();
}

function anyAddress(random: Random): readonly number[] {
  const host = random.below(250);
  switch (random.below(4)) {
    case 0:
      return [0, 0, 0xffff, 0xc0000200 | host];
    case 1:
      return [0x20010db8, (1 + random.below(2)) << 16, 0, host];
    case 2:
      return [0, 0, 0xffff, 0xc6336400 | random.below(10)];
    default:
      return [0, 0, 0xffff, 0xcb007100 | host];
  }
}
