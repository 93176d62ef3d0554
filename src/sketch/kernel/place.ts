import {
  type Code,
  countTo,
  during,
  either,
  f64,
  i32,
  i32x4,
  Kernel,
  select,
  type Variable,
  v128,
  when,
} from '../../base/wasm-code.ts';
import { BUCKET_ENTRIES, ENTRY_BITS, ENTRY_MASK } from '../address-table.ts';
import { UNCOUNTED } from '../classify.ts';
import type { IntakeLayout } from '../intake.ts';
import {
  CELL_BYTES,
  CELL_FIRST_MS,
  CELL_LAG,
  CELL_PACKETS,
  CELL_VARIANCE,
  CLASS_BITS,
  CLASS_MASK,
  NEXT_SHIFT,
  NO_CLASS,
  ROW_OUT,
  WORD_FLOWS,
  WORD_META,
} from '../table-cells.ts';

/**
 * See `placeKernel`; `count` rows are listed, and `metaMask` has the bits of a cell that must be those of the row's class alone. Rows are made below `rowsRoom` of
 * them, spare cells below `sparesRoom`. From `networks` to `networksEnd` lie the protected networks, NETWORK_BYTES each; none protects all.
 */
export type Place = (
  count: number,
  index: number,
  mask: number,
  cells: number,
  cellsMax: number,
  metaMask: number,
  rows: number,
  rowsRoom: number,
  spares: number,
  sparesRoom: number,
  networks: number,
  networksEnd: number,
) => number;

/** A protected network in memory: the mask of its length, then its words. */
export const NETWORK_BYTES = 32;
export const NETWORK_WORDS = 16;

const CELL_SHIFT = 6;
const PLACE_SHIFT = 3;

/** `hashAddress` of the four words at a byte address. */
export function hashCode(hash: Variable, address: Code, offset: number, seed: Code): Code {
  const xorMul = (value: Code, at: number, factor: number): Code =>
    hash.set(i32.mul(i32.xor(value, i32.load(address, offset + at)), i32.const(factor)));
  const addMul = (shift: number, at: number, factor: number): Code =>
    hash.set(
      i32.mul(
        i32.add(i32.xor(hash.get, i32.shrU(hash.get, i32.const(shift))), i32.load(address, offset + at)),
        i32.const(factor),
      ),
    );
  return [
    xorMul(seed, 0, 0x85ebca6b),
    addMul(15, 4, 0xc2b2ae35),
    addMul(13, 8, 0x27d4eb2f),
    hash.set(
      i32.mul(
        i32.xor(i32.xor(hash.get, i32.shrU(hash.get, i32.const(16))), i32.load(address, offset + 12)),
        i32.const(0x21f0aaad),
      ),
    ),
    hash.set(i32.mul(i32.xor(hash.get, i32.shrU(hash.get, i32.const(15))), i32.const(0x735a2d97))),
    hash.set(i32.xor(hash.get, i32.shrU(hash.get, i32.const(15)))),
  ];
}

/** `mix32` of the variable, in it. */
export function mixCode(hash: Variable): Code {
  return [
    hash.set(i32.mul(i32.xor(hash.get, i32.shrU(hash.get, i32.const(16))), i32.const(0x21f0aaad))),
    hash.set(i32.mul(i32.xor(hash.get, i32.shrU(hash.get, i32.const(15))), i32.const(0x735a2d97))),
    hash.set(i32.xor(hash.get, i32.shrU(hash.get, i32.const(15)))),
  ];
}

/**
 * Writes the place of the cell of every listed row, whose destination was hashed, as in `cellData`; -1 where the row is uncounted, goes from
 * one outsider to another, or its cell must be asked for. The last are listed then, and their number is returned. Rows and cells of the table are
 * made where there is room for them; `results` tells how many rows and spare cells it has then.
 *
 * The first loop looks at four index entries of each row at once, the second compares keys: none of them has a branch that depends on
 * memory, so that the processor waits for many cache lines at a time. What remains is a list of the few rows that need branches.
 */
export function placeKernel(layout: IntakeLayout): Uint8Array {
  const kernel = new Kernel();
  const toPlace = kernel.param();
  const index = kernel.param();
  const mask = kernel.param();
  const cells = kernel.param();
  const cellsMax = kernel.param();
  const metaMask = kernel.param();
  const rows = kernel.param();
  const rowsRoom = kernel.param();
  const spares = kernel.param();
  const sparesRoom = kernel.param();
  const networks = kernel.param();
  const networksEnd = kernel.param();
  const row = kernel.i32();
  const hash = kernel.i32();
  const entry = kernel.i32();
  const slot = kernel.i32();
  const bucket = kernel.i32();
  const cell = kernel.i32();
  const head = kernel.i32();
  const meta = kernel.i32();
  const empty = kernel.i32();
  const network = kernel.i32();
  const flags = kernel.i32();
  const matches = kernel.i32();
  const listed = kernel.i32();
  const at = kernel.i32();
  const missing = kernel.i32();
  const entries = kernel.v128();
  const four = i32.shl(row.get, i32.const(2));
  const sixteen = i32.shl(row.get, i32.const(4));
  const put = (list: Variable): Code => i32.store(i32.shl(list.get, i32.const(2)), layout.list, row.get);
  const trafficClass = i32.load8(row.get, layout.classes);
  const zero = i32x4.splat(i32.const(0));

  const listedRow = i32.load(i32.shl(at.get, i32.const(2)), layout.list);
  const bucketOf = i32.shl(i32.and(i32.and(slot.get, mask.get), i32.const(-BUCKET_ENTRIES)), i32.const(2));
  const sameTag = i32x4.eq(i32x4.shrU(v128.xor(entries.get, i32x4.splat(hash.get)), i32.const(ENTRY_BITS)), zero);
  const look = [
    entries.set(v128.load(bucket.tee(i32.add(index.get, bucketOf)))),
    empty.set(i32x4.bitmask(i32x4.eq(entries.get, zero))),
    matches.set(i32.and(i32x4.bitmask(sameTag), i32.xor(empty.get, i32.const(15)))),
  ];
  const first = i32.load(i32.add(bucket.get, i32.shl(i32.ctz(i32.or(matches.get, i32.const(8))), i32.const(2))));
  const find = [
    row.set(listedRow),
    hash.set(i32.load(four, layout.hashes)),
    slot.set(hash.get),
    look,
    // A bucket that is full of others is rare, and so is well predicted.
    during(i32.eqz(i32.or(matches.get, empty.get)), [slot.set(i32.add(slot.get, i32.const(BUCKET_ENTRIES))), look]),
    i32.store(four, layout.cells, select(matches.get, i32.and(first, i32.const(ENTRY_MASK)), i32.const(0))),
  ];

  const otherKey = v128.anyTrue(v128.xor(v128.load(cell.get), v128.load(sixteen, layout.dstAddr)));
  const metaOf = i32.load(cell.get, 4 * WORD_META);
  const cellOfRow = (tableRow: Code): Code => i32.add(cells.get, i32.shl(tableRow, i32.const(CELL_SHIFT)));
  const compare = [
    row.set(listedRow),
    // Where there is no entry the first cell is looked at, for nothing.
    entry.set(i32.load(four, layout.cells)),
    cell.set(cellOfRow(i32.sub(entry.get, i32.ne(entry.get, i32.const(0))))),
    i32.store(four, layout.cells, i32.shl(i32.sub(entry.get, i32.const(1)), i32.const(PLACE_SHIFT))),
    put(listed),
    listed.set(
      i32.add(
        listed.get,
        i32.or(i32.or(i32.eqz(entry.get), otherKey), i32.ne(i32.and(metaOf, metaMask.get), trafficClass)),
      ),
    ),
  ];

  const ask = [
    i32.store(four, layout.cells, i32.const(-1)),
    put(missing),
    missing.set(i32.add(missing.get, i32.const(1))),
  ];
  const otherClass = i32.ne(i32.and(meta.get, i32.const(CLASS_MASK)), trafficClass);
  const next = i32.shrU(meta.get, i32.const(NEXT_SHIFT));
  const count = (variable: Variable): Code => variable.set(i32.add(variable.get, i32.const(1)));
  const placed = i32.store(four, layout.cells, i32.shrU(i32.sub(cell.get, cells.get), i32.const(PLACE_SHIFT)));
  const begin = (value: Code): Code => [
    i32.store(cell.get, 4 * WORD_META, value),
    i32.store(cell.get, 4 * WORD_FLOWS, i32.const(0)),
    [CELL_PACKETS, CELL_BYTES, CELL_VARIANCE, CELL_LAG].map((place) => f64.store(cell.get, 8 * place, f64.const(0))),
    f64.store(cell.get, 8 * CELL_FIRST_MS, f64.const(Number.POSITIVE_INFINITY)),
    placed,
  ];
  const below = i32.const((1 << NEXT_SHIFT) - 1);
  const headMeta = i32.load(head.get, 4 * WORD_META);
  /** What `cell` of the table does for a row that has cells of other classes only. */
  const addSpare = [
    count(spares),
    cell.set(cellOfRow(i32.sub(cellsMax.get, spares.get))),
    begin(i32.or(i32.and(headMeta, i32.xor(below, i32.const(-1))), trafficClass)),
    i32.store(head.get, 4 * WORD_META, i32.or(i32.shl(spares.get, i32.const(NEXT_SHIFT)), i32.and(headMeta, below))),
  ];
  const hasRoomForSpare = i32.and(
    i32.ltU(spares.get, sparesRoom.get),
    i32.ne(i32.and(headMeta, i32.const(CLASS_MASK)), i32.const(NO_CLASS)),
  );
  /** The cells of further classes follow in a list from the end of the memory; only the first has flags. */
  const walk = [
    head.set(cell.get),
    during(i32.and(otherClass, i32.ne(next, i32.const(0))), [
      cell.set(cellOfRow(i32.sub(cellsMax.get, next))),
      meta.set(metaOf),
    ]),
    when(otherClass, when(hasRoomForSpare, addSpare, ask), placed),
  ];

  const nobodys = i32.store(four, layout.cells, i32.const(-1));
  const isGuarded = i32.ltU(networks.get, networksEnd.get);
  const differs = (column: number): Code =>
    v128.anyTrue(
      v128.xor(v128.and(v128.load(sixteen, column), v128.load(network.get)), v128.load(network.get, NETWORK_WORDS)),
    );
  /** 1 where no protected network holds the address. Looked at for the first row of an address, and for those that go out. */
  const isOutside = (column: number): Code => [
    network.set(networks.get),
    during(either('i32', i32.ltU(network.get, networksEnd.get), differs(column), i32.const(0)), [
      network.set(i32.add(network.get, i32.const(NETWORK_BYTES))),
    ]),
    i32.eq(network.get, networksEnd.get),
  ];
  const avoided = i32.and(meta.get, i32.and(metaMask.get, i32.const(~CLASS_MASK)));
  /** Towards an outsider the row is somebody's where its source is inside. */
  const walkKnown = when(avoided, when(isGuarded, when(isOutside(layout.srcAddr), nobodys, walk), ask), walk);

  const entryAt = i32.load(i32.add(index.get, i32.shl(slot.get, i32.const(2))));
  const isOther = [
    cell.set(cellOfRow(i32.sub(i32.and(entry.get, i32.const(ENTRY_MASK)), i32.const(1)))),
    i32.or(i32.ne(i32.shrU(i32.xor(entry.get, hash.get), i32.const(ENTRY_BITS)), i32.const(0)), otherKey),
  ];
  const addRow = [
    count(rows),
    i32.store(
      i32.add(index.get, i32.shl(slot.get, i32.const(2))),
      0,
      i32.or(i32.and(hash.get, i32.const(~ENTRY_MASK)), rows.get),
    ),
    cell.set(cellOfRow(i32.sub(rows.get, i32.const(1)))),
    v128.store(cell.get, 0, v128.load(sixteen, layout.dstAddr)),
    begin(i32.or(trafficClass, i32.shl(flags.get, i32.const(CLASS_BITS)))),
  ];
  const addGuarded = [
    flags.set(i32.const(0)),
    when(
      isGuarded,
      when(
        isOutside(layout.dstAddr),
        flags.set(either('i32', isOutside(layout.srcAddr), i32.const(-1), i32.const(ROW_OUT))),
      ),
    ),
    when(i32.ltS(flags.get, i32.const(0)), nobodys, addRow),
  ];
  /** The row was unknown to the first loop; one before it may have made it meanwhile. */
  const make = [
    hash.set(i32.load(four, layout.hashes)),
    slot.set(i32.and(i32.and(hash.get, mask.get), i32.const(-BUCKET_ENTRIES))),
    entry.set(entryAt),
    during(i32.and(i32.ne(entry.get, i32.const(0)), isOther), [
      slot.set(i32.and(i32.add(slot.get, i32.const(1)), mask.get)),
      entry.set(entryAt),
    ]),
    when(entry.get, [meta.set(metaOf), walkKnown], when(i32.ltU(rows.get, rowsRoom.get), addGuarded, ask)),
  ];
  const isUncounted = i32.eq(trafficClass, i32.const(UNCOUNTED));
  const resolve = [
    row.set(listedRow),
    entry.set(i32.load(four, layout.cells)),
    when(
      isUncounted,
      nobodys,
      when(i32.ltS(entry.get, i32.const(0)), when(i32.ltU(rows.get, rowsRoom.get), make, ask), [
        cell.set(i32.add(cells.get, i32.shl(entry.get, i32.const(PLACE_SHIFT)))),
        meta.set(metaOf),
        when(otherKey, ask, walkKnown),
      ]),
    ),
  ];
  return kernel.module([
    countTo(at, toPlace.get, find),
    at.set(i32.const(0)),
    countTo(at, toPlace.get, compare),
    at.set(i32.const(0)),
    countTo(at, listed.get, resolve),
    f64.store(i32.const(0), layout.results, f64.fromU32(rows.get)),
    f64.store(i32.const(0), layout.results + 8, f64.fromU32(spares.get)),
    missing.get,
  ]);
}
