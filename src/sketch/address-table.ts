import { assert } from '../base/errors.ts';
import { hashAddress } from '../base/hash.ts';
import { isIpv4 } from '../base/ip.ts';
import { IPV4_MAPPED_BITS, maskWord } from '../base/prefix.ts';

/** The row is a destination outside the protected networks: its traffic goes out. */
export const ROW_OUT = 1;
/** The table was full: the row stands for every further address of its /24 or /64 (or for all, if that too is full). */
export const ROW_FOLDED = 2;

export interface AddressTableLimits {
  /** Addresses with counters of their own in one second. */
  readonly rowsMax: number;
  /** Pairs of address and traffic class. */
  readonly cellsMax: number;
}

export const ADDRESS_TABLE_LIMITS: AddressTableLimits = { rowsMax: 1_310_720, cellsMax: 2_097_152 };

/** What share of the rows is kept back for folded prefixes once the others are used. */
const FOLDED_SHARE = 1 / 16;

/** A row is eight words, half a cache line: the four of the address, the head of its list of cells, its flags. */
export const ROW_STRIDE = 8;
export const ROW_HEAD = 4;
export const ROW_FLAGS = 5;

/** A cell is eight numbers, one cache line. Counters are scaled by sampling. */
export const CELL_STRIDE = 8;
export const CELL_PACKETS = 0;
export const CELL_BYTES = 1;
/** Flow records, where the traffic is telemetry; connection attempts, where it is packets. */
export const CELL_FLOWS = 2;
/** Sum of rate × (rate - 1) × sampled packets: the variance that sampling leaves on the packets. */
export const CELL_VARIANCE = 3;
/** Sum of packets × ms from when they were carried to when they were counted. */
export const CELL_LAG = 4;
/** When the first of them was carried, ms since 1970. */
export const CELL_FIRST_MS = 5;
export const CELL_CLASS = 6;
/** Number of the row's next cell plus one; 0 ends the list. */
export const CELL_NEXT = 7;

/**
 * Counters of every active destination address by traffic class, for one second: the first of the two tiers.
 *
 *   index   [ row+1 | 0 | row+1 | … ]                              open addressing by hash, at most five eighths full
 *   rows    [ w0 w1 w2 w3 | head | flags | – | – ]                  32 bytes
 *   cells   [ packets bytes flows variance lag firstMs class next ]  64 bytes
 *
 * An address receives few classes, so its cells are a short list. All counters are sums but `firstMs`, a minimum: tables of the
 * same second merge exactly. A record touches three cache lines; nothing is allocated but to grow.
 */
export class AddressTable {
  rows = 0;
  cells = 0;
  /** Rows of data that found neither a row nor a cell of their own, and were counted with others. */
  folded = 0;
  rowData: Uint32Array;
  cellData: Float64Array;
  #index: Uint32Array;
  #mask: number;
  readonly #limits: AddressTableLimits;
  readonly #seed: number;
  readonly #foldKey = new Uint32Array(4);

  constructor(seed: number, limits: AddressTableLimits = ADDRESS_TABLE_LIMITS, rowsAtFirst = 1024) {
    assert(limits.rowsMax * FOLDED_SHARE >= 1 && limits.cellsMax >= 1, 'room for 16 rows and a cell at least');
    this.#seed = seed;
    this.#limits = limits;
    const rows = Math.min(rowsAtFirst, limits.rowsMax);
    this.rowData = new Uint32Array(ROW_STRIDE * rows);
    this.cellData = new Float64Array(CELL_STRIDE * Math.min(2 * rows, limits.cellsMax));
    this.#index = new Uint32Array(indexSize(rows));
    this.#mask = this.#index.length - 1;
  }

  /** Row of the address, or -1. `hash` is `hashAddress(words, at, seed)`. */
  find(words: Uint32Array, at: number, hash: number): number {
    const index = this.#index;
    const rowData = this.rowData;
    const mask = this.#mask;
    let slot = hash & mask;
    for (let entry = index[slot]; entry !== 0; entry = index[slot]) {
      const key = ROW_STRIDE * (entry - 1);
      if (
        rowData[key + 3] === words[at + 3] &&
        rowData[key + 2] === words[at + 2] &&
        rowData[key + 1] === words[at + 1] &&
        rowData[key] === words[at]
      ) {
        return entry - 1;
      }
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  /**
   * Rows of the addresses `from` to `to` (exclusive) of a column, written to `rows`; -1 where there is none. One loop gathers index
   * entries, the next compares keys: without a branch between them the processor waits for many cache lines at a time.
   */
  findAll(words: Uint32Array, hashes: Uint32Array, rows: Int32Array, from: number, to: number): void {
    const index = this.#index;
    const rowData = this.rowData;
    const mask = this.#mask;
    for (let item = from; item < to; item++) rows[item] = index[hashes[item] & mask];
    for (let item = from; item < to; item++) {
      const entry = rows[item];
      if (entry === 0) {
        rows[item] = -1;
        continue;
      }
      const key = ROW_STRIDE * (entry - 1);
      const at = 4 * item;
      const same =
        rowData[key + 3] === words[at + 3] &&
        rowData[key + 2] === words[at + 2] &&
        rowData[key + 1] === words[at + 1] &&
        rowData[key] === words[at];
      rows[item] = same ? entry - 1 : this.find(words, at, hashes[item]);
    }
  }

  /** Where the cells of `rows` (skipping -1) and `classes` begin, written to `cells`; made where they are new. */
  cellAll(rows: Int32Array, classes: Uint8Array, cells: Int32Array, from: number, to: number): void {
    const rowData = this.rowData;
    for (let item = from; item < to; item++) {
      cells[item] = rows[item] < 0 ? 0 : CELL_STRIDE * (rowData[ROW_STRIDE * rows[item] + ROW_HEAD] - 1);
    }
    for (let item = from; item < to; item++) {
      if (rows[item] < 0) continue;
      // A row made a moment ago has no cell yet: its head gave a place before the first.
      if (cells[item] >= 0 && this.cellData[cells[item] + CELL_CLASS] === classes[item]) continue;
      cells[item] = this.cell(rows[item], classes[item]);
    }
  }

  /** Row of the address, made with `flags` if it is new; folded into its prefix when the table is full. */
  row(words: Uint32Array, at: number, hash: number, flags: number): number {
    const found = this.find(words, at, hash);
    if (found >= 0) return found;
    const own = this.#limits.rowsMax * (1 - FOLDED_SHARE);
    if (this.rows < own) return this.#insert(words, at, hash, flags);
    return this.#fold(words, at, flags);
  }

  flagsOf(row: number): number {
    return this.rowData[ROW_STRIDE * row + ROW_FLAGS];
  }

  /** Joins the flags of an address or prefix to those of a row that counts it too: out only where all of them are. */
  join(row: number, flags: number): void {
    const at = ROW_STRIDE * row + ROW_FLAGS;
    this.rowData[at] = (this.rowData[at] & (flags | ~ROW_OUT)) | (flags & ROW_FOLDED);
  }

  /** The four words of the row's address, copied. */
  wordsOf(row: number): Uint32Array {
    return this.rowData.slice(ROW_STRIDE * row, ROW_STRIDE * row + 4);
  }

  /** First cell of the row's list plus one; 0 where it has none. The next is at `CELL_NEXT` of each. */
  headOf(row: number): number {
    return this.rowData[ROW_STRIDE * row + ROW_HEAD];
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
    if (ROW_STRIDE * this.rows === this.rowData.length) this.#growRows();
    const row = this.rows++;
    const key = ROW_STRIDE * row;
    this.rowData[key] = words[at];
    this.rowData[key + 1] = words[at + 1];
    this.rowData[key + 2] = words[at + 2];
    this.rowData[key + 3] = words[at + 3];
    this.rowData[key + ROW_HEAD] = 0;
    this.rowData[key + ROW_FLAGS] = flags;
    let slot = hash & this.#mask;
    while (this.#index[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#index[slot] = row + 1;
    return row;
  }

  /**
   * Where in `cellData` the row's cell of a class begins; the cell is made if it is new. When cells run out the row's first cell
   * takes the counts.
   */
  cell(row: number, trafficClass: number): number {
    const head = ROW_STRIDE * row + ROW_HEAD;
    for (let entry = this.rowData[head]; entry !== 0; ) {
      const at = CELL_STRIDE * (entry - 1);
      if (this.cellData[at + CELL_CLASS] === trafficClass) return at;
      entry = this.cellData[at + CELL_NEXT];
    }
    if (CELL_STRIDE * this.cells === this.cellData.length) {
      if (this.cells >= this.#limits.cellsMax) {
        this.folded++;
        // A row without any cell shares the first cell of all.
        return this.rowData[head] === 0 ? 0 : CELL_STRIDE * (this.rowData[head] - 1);
      }
      this.cellData = grown(this.cellData, CELL_STRIDE * Math.min(2 * this.cells, this.#limits.cellsMax), Float64Array);
    }
    const at = CELL_STRIDE * this.cells++;
    this.cellData.fill(0, at, at + CELL_STRIDE);
    this.cellData[at + CELL_FIRST_MS] = Number.POSITIVE_INFINITY;
    this.cellData[at + CELL_CLASS] = trafficClass;
    this.cellData[at + CELL_NEXT] = this.rowData[head];
    this.rowData[head] = this.cells;
    return at;
  }

  /** Adds everything that `other` (same seed) holds. */
  merge(other: AddressTable): void {
    for (let from = 0; from < other.rows; from++) {
      const at = ROW_STRIDE * from;
      const row = this.row(other.rowData, at, hashAddress(other.rowData, at, this.#seed), other.flagsOf(from));
      this.join(row, other.flagsOf(from));
      this.addCells(row, other, from, 0);
    }
    this.folded += other.folded;
  }

  /** Adds the cells of row `from` of another table to a row of this one, but for the classes in the bit mask `without`. */
  addCells(row: number, other: AddressTable, from: number, without: number): void {
    const data = other.cellData;
    for (let entry = other.headOf(from); entry !== 0; ) {
      const source = CELL_STRIDE * (entry - 1);
      entry = data[source + CELL_NEXT];
      const trafficClass = data[source + CELL_CLASS];
      if ((without >>> trafficClass) & 1) continue;
      const at = this.cell(row, trafficClass);
      for (let counter = CELL_PACKETS; counter <= CELL_LAG; counter++)
        this.cellData[at + counter] += data[source + counter];
      if (data[source + CELL_FIRST_MS] < this.cellData[at + CELL_FIRST_MS]) {
        this.cellData[at + CELL_FIRST_MS] = data[source + CELL_FIRST_MS];
      }
    }
  }

  /** Packets of a row in a set of classes (a bit mask). */
  packetsOf(row: number, classes: number): number {
    let packets = 0;
    for (let entry = this.headOf(row); entry !== 0; ) {
      const at = CELL_STRIDE * (entry - 1);
      if ((classes >>> this.cellData[at + CELL_CLASS]) & 1) packets += this.cellData[at + CELL_PACKETS];
      entry = this.cellData[at + CELL_NEXT];
    }
    return packets;
  }

  /** Forgets the second; keeps the memory. */
  clear(): void {
    if (this.rows > 0) this.#index.fill(0);
    this.rows = 0;
    this.cells = 0;
    this.folded = 0;
  }

  #growRows(): void {
    const rows = Math.min(2 * this.rows, this.#limits.rowsMax);
    this.rowData = grown(this.rowData, ROW_STRIDE * rows, Uint32Array);
    this.#index = new Uint32Array(indexSize(rows));
    this.#mask = this.#index.length - 1;
    for (let row = 0; row < this.rows; row++) {
      let slot = hashAddress(this.rowData, ROW_STRIDE * row, this.#seed) & this.#mask;
      while (this.#index[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#index[slot] = row + 1;
    }
  }
}

/** Slots for `rows` rows: a power of two, so that the index is at most five eighths full. */
function indexSize(rows: number): number {
  return 2 ** Math.ceil(Math.log2(rows * 1.6));
}

function grown<T extends Uint32Array | Float64Array>(old: T, length: number, create: new (length: number) => T): T {
  const array = new create(length);
  array.set(old);
  return array;
}
