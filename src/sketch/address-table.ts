import { assert } from '../base/errors.ts';
import { hashAddress } from '../base/hash.ts';
import { isIpv4 } from '../base/ip.ts';
import { IPV4_MAPPED_BITS, maskWord } from '../base/prefix.ts';
import {
  CELL_BYTES,
  CELL_FIRST_MS,
  CELL_LAG,
  CELL_PACKETS,
  CELL_STRIDE,
  CELL_VARIANCE,
  CLASS_BITS,
  CLASS_MASK,
  FLAGS_MASK,
  NEXT_SHIFT,
  NO_CLASS,
  NUMBERS_SHIFT,
  ROW_FOLDED,
  ROW_OUT,
  TableCells,
  WORD_FLOWS,
  WORD_META,
  WORDS_SHIFT,
} from './table-cells.ts';

export interface AddressTableLimits {
  /** Addresses with counters of their own in one second; below 2^21. */
  readonly rowsMax: number;
  /** Pairs of address and traffic class: one for each of the rows, and beyond them those of further classes. */
  readonly cellsMax: number;
}

export const ADDRESS_TABLE_LIMITS: AddressTableLimits = { rowsMax: 1_310_720, cellsMax: 2_097_152 };

/** What share of the rows is kept back for folded prefixes once the others are used. */
const FOLDED_SHARE = 1 / 16;

/** Bits of an index entry that hold the row number plus one; the others are those of the hash, as a tag. */
export const ENTRY_BITS = 21;
export const ENTRY_MASK = (1 << ENTRY_BITS) - 1;

/** Entries are looked for from a multiple of this on, so that a kernel sees so many at once. */
export const BUCKET_ENTRIES = 4;

/** An allocator that maps large arrays puts its own 16 bytes before them: so far behind that cells begin at cache lines. */
const ALIGN_BYTES = 48;

/**
 * Counters of every active destination address by traffic class, for one second: the first of the two tiers.
 *
 *   index   [ tag · row+1 | 0 | tag · row+1 | … ]       open addressing by hash, at most five eighths full
 *   cells   as in table-cells.ts
 *
 * All counters are sums but `firstMs`, a minimum: tables of the same second merge exactly. A record touches two cache lines, one of
 * the index and one of the cells; nothing is allocated but to grow.
 */
export class AddressTable extends TableCells {
  cells = 0;
  /** Its places are used as far as `mask` reaches. */
  readonly index: Int32Array;
  mask: number;
  #spares = 0;
  readonly #limits: AddressTableLimits;
  readonly #seed: number;
  readonly #foldKey = new Uint32Array(4);

  /** `memory`: room for `tableBytes(limits)` bytes, all 0, from a line of the cache on. */
  constructor(seed: number, limits: AddressTableLimits = ADDRESS_TABLE_LIMITS, memory = allocate(limits)) {
    assert(limits.rowsMax * FOLDED_SHARE >= 1 && limits.rowsMax < ENTRY_MASK, 'room for 16 rows at least');
    assert(limits.cellsMax >= limits.rowsMax && limits.cellsMax < 2 ** (32 - NEXT_SHIFT), 'a cell for every row');
    assert(memory.length >= tableBytes(limits), 'room for the table');
    super(memory.buffer, memory.byteOffset + cellsOffset(limits), limits.cellsMax);
    this.#seed = seed;
    this.#limits = limits;
    this.index = new Int32Array(memory.buffer, memory.byteOffset, indexSize(limits.rowsMax));
    this.mask = Math.min(INDEX_AT_FIRST, this.index.length) - 1;
  }

  /** Cells of further classes, from the end of the memory. */
  get spares(): number {
    return this.#spares;
  }

  /** So many rows, and spare cells, a kernel may make without asking. */
  get rowsRoom(): number {
    return Math.ceil(Math.min(this.#limits.rowsMax * (1 - FOLDED_SHARE), GROWTH * (this.mask + 1)));
  }

  get sparesRoom(): number {
    return this.#limits.cellsMax - this.#limits.rowsMax;
  }

  /** Takes over what a kernel has made: rows with a cell each, and spare cells. */
  grown(rows: number, spares: number): void {
    this.cells += rows - this.rows + spares - this.#spares;
    this.rows = rows;
    this.#spares = spares;
  }

  /** Row of the address, or -1. `hash` is `hashAddress(words, at, seed)`. */
  find(words: Uint32Array, at: number, hash: number): number {
    const index = this.index;
    const mask = this.mask;
    let slot = hash & mask & -BUCKET_ENTRIES;
    for (let entry = index[slot]; entry !== 0; entry = index[slot]) {
      if ((entry ^ hash) >>> ENTRY_BITS === 0 && this.#isRow((entry & ENTRY_MASK) - 1, words, at)) {
        return (entry & ENTRY_MASK) - 1;
      }
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  #isRow(row: number, words: Uint32Array, at: number): boolean {
    const rowData = this.rowData;
    const key = row << WORDS_SHIFT;
    return (
      ((rowData[key + 3] ^ words[at + 3]) |
        (rowData[key + 2] ^ words[at + 2]) |
        (rowData[key + 1] ^ words[at + 1]) |
        (rowData[key] ^ words[at])) ===
      0
    );
  }

  /** Row of the address, made with `flags` if it is new; folded into its prefix when the table is full. */
  row(words: Uint32Array, at: number, hash: number, flags: number): number {
    const found = this.find(words, at, hash);
    if (found >= 0) return found;
    const own = this.#limits.rowsMax * (1 - FOLDED_SHARE);
    if (this.rows < own) return this.#insert(words, at, hash, flags);
    return this.#fold(words, at, flags);
  }

  /** As `row`, for an address that the table surely does not have. */
  append(words: Uint32Array, at: number, hash: number, flags: number): number {
    if (this.rows < this.#limits.rowsMax * (1 - FOLDED_SHARE)) return this.#insert(words, at, hash, flags);
    return this.row(words, at, hash, flags);
  }

  /** Joins the flags of an address or prefix to those of a row that counts it too: out only where all of them are. */
  join(row: number, flags: number): void {
    const at = (row << WORDS_SHIFT) + WORD_META;
    const joined = (this.flagsOf(row) & (flags | ~ROW_OUT)) | (flags & ROW_FOLDED);
    this.rowData[at] = (this.rowData[at] & ~(FLAGS_MASK << CLASS_BITS)) | (joined << CLASS_BITS);
  }

  addFlows(at: number, flows: number): void {
    this.rowData[2 * at + WORD_FLOWS] += flows;
  }

  #fold(words: Uint32Array, at: number, flags: number): number {
    this.folded++;
    const length = isIpv4(words, at) ? IPV4_MAPPED_BITS + 24 : 64;
    for (let word = 0; word < 4; word++) this.#foldKey[word] = words[at + word] & maskWord(length, word);
    let hash = hashAddress(this.#foldKey, 0, this.#seed);
    let row = this.find(this.#foldKey, 0, hash);
    if (row < 0 && this.rows >= this.#limits.rowsMax - 1) {
      // Even the prefixes are too many: one row of address "::" takes the rest.
      this.#foldKey.fill(0);
      hash = hashAddress(this.#foldKey, 0, this.#seed);
      row = this.find(this.#foldKey, 0, hash);
    }
    if (row < 0) row = this.#insert(this.#foldKey, 0, hash, flags);
    this.join(row, flags | ROW_FOLDED);
    return row;
  }

  #insert(words: Uint32Array, at: number, hash: number, flags: number): number {
    if (this.rows >= GROWTH * (this.mask + 1)) this.#growIndex();
    const row = this.rows++;
    const key = row << WORDS_SHIFT;
    for (let word = 0; word < 4; word++) this.rowData[key + word] = words[at + word];
    this.rowData[key + WORD_META] = (flags << CLASS_BITS) | NO_CLASS;
    this.#enter(row, hash);
    return row;
  }

  #enter(row: number, hash: number): void {
    let slot = hash & this.mask & -BUCKET_ENTRIES;
    while (this.index[slot] !== 0) slot = (slot + 1) & this.mask;
    this.index[slot] = (hash & ~ENTRY_MASK) | (row + 1);
  }

  /**
   * Where in `cellData` the row's cell of a class begins; the cell is made if it is new. When cells run out the row's first cell
   * takes the counts.
   */
  cell(row: number, trafficClass: number): number {
    const first = row << NUMBERS_SHIFT;
    if (this.classOf(first) === NO_CLASS) {
      this.#begin(first, (this.rowData[2 * first + WORD_META] & ~CLASS_MASK) | trafficClass);
      return first;
    }
    for (let at = first; at >= 0; at = this.nextCell(at)) if (this.classOf(at) === trafficClass) return at;
    if (this.#spares >= this.#limits.cellsMax - this.#limits.rowsMax) {
      this.folded++;
      return first;
    }
    const at = (this.#limits.cellsMax - ++this.#spares) << NUMBERS_SHIFT;
    const head = this.rowData[2 * first + WORD_META];
    this.#begin(at, (head & ~((1 << NEXT_SHIFT) - 1)) | trafficClass);
    this.rowData[2 * first + WORD_META] = (this.#spares << NEXT_SHIFT) | (head & ((1 << NEXT_SHIFT) - 1));
    return at;
  }

  #begin(at: number, meta: number): void {
    this.cells++;
    this.rowData[2 * at + WORD_META] = meta;
    this.rowData[2 * at + WORD_FLOWS] = 0;
    const data = this.cellData;
    data[at + CELL_PACKETS] = 0;
    data[at + CELL_BYTES] = 0;
    data[at + CELL_VARIANCE] = 0;
    data[at + CELL_LAG] = 0;
    data[at + CELL_FIRST_MS] = Number.POSITIVE_INFINITY;
  }

  /** Bytes that `packInto` takes; what it is given begins at a multiple of 8. */
  get packedBytes(): number {
    return 4 * (this.mask + 1) + 8 * CELL_STRIDE * (this.rows + this.#spares);
  }

  /** Copies what the table holds, as it lies in memory, to bytes from `at` on. */
  packInto(memory: SharedArrayBuffer, at: number): PackedTable {
    const { rows, cells, folded, rowData, cellsMax } = this;
    const spares = this.#spares;
    const index = new Int32Array(memory, at, this.mask + 1);
    index.set(this.index.subarray(0, index.length));
    const words = new Uint32Array(memory, at + index.byteLength, (rows + spares) << WORDS_SHIFT);
    words.set(rowData.subarray(0, rows << WORDS_SHIFT));
    words.set(rowData.subarray((cellsMax - spares) << WORDS_SHIFT), rows << WORDS_SHIFT);
    return { rows, cells, spares, folded, index, words };
  }

  /** Adds everything that a packed table of the same seed holds. Into an empty one it is copied, and no address looked for. */
  mergePacked(packed: PackedTable): void {
    const { rows, cells, spares, folded, index, words } = packed;
    const { rowsMax, cellsMax } = this.#limits;
    if (this.rows > 0 || rows > rowsMax || spares > cellsMax - rowsMax || index.length > this.index.length) {
      const other = new TableCells(words.buffer, words.byteOffset, rows + spares);
      other.rows = rows;
      other.folded = folded;
      this.merge(other);
      return;
    }
    this.index.set(index);
    this.mask = index.length - 1;
    this.rowData.set(words.subarray(0, rows << WORDS_SHIFT));
    this.rowData.set(words.subarray(rows << WORDS_SHIFT), (cellsMax - spares) << WORDS_SHIFT);
    this.grown(rows, spares);
    this.cells = cells;
    this.folded += folded;
  }

  /** Adds everything that `other` (same seed) holds. */
  merge(other: TableCells): void {
    for (let from = 0; from < other.rows; from++) {
      const at = other.keyOf(from);
      const row = this.row(other.rowData, at, hashAddress(other.rowData, at, this.#seed), other.flagsOf(from));
      this.join(row, other.flagsOf(from));
      this.addCells(row, other, from, 0);
    }
    this.folded += other.folded;
  }

  /** Adds the cells of row `from` of another table to a row of this one, but for the classes in the bit mask `without`. */
  addCells(row: number, other: TableCells, from: number, without: number): void {
    const data = other.cellData;
    for (let source = other.firstCell(from); source >= 0; source = other.nextCell(source)) {
      const trafficClass = other.classOf(source);
      if ((without >>> trafficClass) & 1) continue;
      const at = this.cell(row, trafficClass);
      const into = this.cellData;
      this.addFlows(at, other.flowsOf(source));
      into[at + CELL_PACKETS] += data[source + CELL_PACKETS];
      into[at + CELL_BYTES] += data[source + CELL_BYTES];
      into[at + CELL_VARIANCE] += data[source + CELL_VARIANCE];
      into[at + CELL_LAG] += data[source + CELL_LAG];
      if (data[source + CELL_FIRST_MS] < into[at + CELL_FIRST_MS]) {
        into[at + CELL_FIRST_MS] = data[source + CELL_FIRST_MS];
      }
    }
  }

  /** Packets of a row in a set of classes (a bit mask). */
  packetsOf(row: number, classes: number): number {
    let packets = 0;
    for (let at = this.firstCell(row); at >= 0; at = this.nextCell(at)) {
      if ((classes >>> this.classOf(at)) & 1) packets += this.cellData[at + CELL_PACKETS];
    }
    return packets;
  }

  /** Forgets the second; keeps the memory. */
  clear(): void {
    if (this.rows > 0) this.index.fill(0, 0, this.mask + 1);
    this.rows = 0;
    this.cells = 0;
    this.folded = 0;
    this.#spares = 0;
  }

  /** The index doubles in place. */
  #growIndex(): void {
    this.index.fill(0, 0, this.mask + 1);
    this.mask = 2 * this.mask + 1;
    for (let row = 0; row < this.rows; row++) this.#enter(row, hashAddress(this.rowData, this.keyOf(row), this.#seed));
  }
}

/** A table as it lies in memory, but for what is free: to go to another thread. */
export interface PackedTable {
  readonly rows: number;
  readonly cells: number;
  readonly spares: number;
  readonly folded: number;
  readonly index: Int32Array<SharedArrayBuffer>;
  /** The rows, and behind them the spare cells. */
  readonly words: Uint32Array<SharedArrayBuffer>;
}

/** The index is at most so full. */
const GROWTH = 5 / 8;
const INDEX_AT_FIRST = 2048;

/** Slots for `rows` rows: a power of two. */
function indexSize(rows: number): number {
  return 2 ** Math.ceil(Math.log2(rows / GROWTH));
}

function cellsOffset(limits: AddressTableLimits): number {
  return (4 * indexSize(limits.rowsMax) + 63) & ~63;
}

/** Bytes of a table. Their pages take memory from their first use on: rows come from the front, spare cells from behind. */
export function tableBytes(limits: AddressTableLimits): number {
  return cellsOffset(limits) + limits.cellsMax * 8 * CELL_STRIDE;
}

function allocate(limits: AddressTableLimits): Uint8Array {
  const bytes = tableBytes(limits);
  return new Uint8Array(new ArrayBuffer(bytes + ALIGN_BYTES), ALIGN_BYTES, bytes);
}
