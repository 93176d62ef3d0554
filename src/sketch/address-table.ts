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

/**
 * Counters of every active destination address by traffic class, for one second: the first of the two tiers.
 *
 *   index   [ row+1 | 0 | row+1 | … ]     open addressing by hash, linear probing, at most half full
 *   rows    keys (four words) · flags · head of the row's list of cells
 *   cells   class · next · packets · bytes · flows · variance · lag · firstMs
 *
 * An address receives few classes, so its cells are a short list. All counters are sums but `firstMs`, a minimum: tables of the
 * same second merge exactly. Memory: 24 bytes a row, 53 a cell, 8 to 16 a row for the index; nothing is allocated but to grow.
 */
export class AddressTable {
  rows = 0;
  cells = 0;
  /** Rows of data that found neither a row nor a cell of their own, and were counted with others. */
  folded = 0;
  keys: Uint32Array;
  flags: Uint8Array;
  heads: Uint32Array;
  cellClass: Uint8Array;
  /** Next cell of the row plus one; 0 ends the list. */
  cellNext: Uint32Array;
  /** Packets scaled by sampling. */
  packets: Float64Array;
  /** Bytes scaled by sampling. */
  bytes: Float64Array;
  /** Flow records, where the traffic is telemetry; connection attempts, where it is packets. */
  flows: Float64Array;
  /** Sum of rate × (rate - 1) × sampled packets: the variance that sampling leaves on `packets`. */
  variance: Float64Array;
  /** Sum of packets × ms from when they were carried to when they were counted. */
  lag: Float64Array;
  /** When the first of them was carried, ms since 1970. */
  firstMs: Float64Array;
  #index: Uint32Array;
  #mask: number;
  readonly #limits: AddressTableLimits;
  readonly #seed: number;
  readonly #foldKey = new Uint32Array(4);

  constructor(seed: number, limits: AddressTableLimits = ADDRESS_TABLE_LIMITS, rowsAtFirst = 1024) {
    this.#seed = seed;
    this.#limits = limits;
    const rows = Math.min(rowsAtFirst, limits.rowsMax);
    const cells = Math.min(2 * rows, limits.cellsMax);
    this.keys = new Uint32Array(4 * rows);
    this.flags = new Uint8Array(rows);
    this.heads = new Uint32Array(rows);
    this.cellClass = new Uint8Array(cells);
    this.cellNext = new Uint32Array(cells);
    this.packets = new Float64Array(cells);
    this.bytes = new Float64Array(cells);
    this.flows = new Float64Array(cells);
    this.variance = new Float64Array(cells);
    this.lag = new Float64Array(cells);
    this.firstMs = new Float64Array(cells);
    this.#index = new Uint32Array(indexSize(rows));
    this.#mask = this.#index.length - 1;
  }

  /** Row of the address, or -1. `hash` is `hashAddress(words, at, seed)`. */
  find(words: Uint32Array, at: number, hash: number): number {
    const index = this.#index;
    const keys = this.keys;
    let slot = hash & this.#mask;
    for (let entry = index[slot]; entry !== 0; entry = index[slot]) {
      const key = 4 * (entry - 1);
      if (
        keys[key + 3] === words[at + 3] &&
        keys[key + 2] === words[at + 2] &&
        keys[key + 1] === words[at + 1] &&
        keys[key] === words[at]
      ) {
        return entry - 1;
      }
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  /** Row of the address, made with `flags` if it is new; folded into its prefix when the table is full. */
  row(words: Uint32Array, at: number, hash: number, flags: number): number {
    const found = this.find(words, at, hash);
    if (found >= 0) return found;
    const own = this.#limits.rowsMax * (1 - FOLDED_SHARE);
    if (this.rows < own) return this.#insert(words, at, hash, flags);
    return this.#fold(words, at, flags);
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
    this.flags[row] |= ROW_FOLDED;
    return row;
  }

  #insert(words: Uint32Array, at: number, hash: number, flags: number): number {
    if (this.rows === this.flags.length) this.#growRows();
    const row = this.rows++;
    const key = 4 * row;
    this.keys[key] = words[at];
    this.keys[key + 1] = words[at + 1];
    this.keys[key + 2] = words[at + 2];
    this.keys[key + 3] = words[at + 3];
    this.flags[row] = flags;
    this.heads[row] = 0;
    let slot = hash & this.#mask;
    while (this.#index[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#index[slot] = row + 1;
    return row;
  }

  /** The row's cell of a class, made if it is new. When cells run out the row's first cell takes the counts. */
  cell(row: number, trafficClass: number): number {
    let entry = this.heads[row];
    while (entry !== 0) {
      if (this.cellClass[entry - 1] === trafficClass) return entry - 1;
      entry = this.cellNext[entry - 1];
    }
    if (this.cells === this.cellClass.length) {
      if (this.cells >= this.#limits.cellsMax) {
        this.folded++;
        // A row without any cell shares the first cell of all.
        return this.heads[row] === 0 ? 0 : this.heads[row] - 1;
      }
      this.#growCells();
    }
    const cell = this.cells++;
    this.cellClass[cell] = trafficClass;
    this.cellNext[cell] = this.heads[row];
    this.packets[cell] = 0;
    this.bytes[cell] = 0;
    this.flows[cell] = 0;
    this.variance[cell] = 0;
    this.lag[cell] = 0;
    this.firstMs[cell] = Number.POSITIVE_INFINITY;
    this.heads[row] = cell + 1;
    return cell;
  }

  /** Adds everything that `other` (same seed) holds. */
  merge(other: AddressTable): void {
    for (let from = 0; from < other.rows; from++) {
      const row = this.row(other.keys, 4 * from, hashAddress(other.keys, 4 * from, this.#seed), other.flags[from]);
      this.flags[row] |= other.flags[from];
      for (let entry = other.heads[from]; entry !== 0; entry = other.cellNext[entry - 1]) {
        addCell(this, row, other, entry - 1);
      }
    }
    this.folded += other.folded;
  }

  /** Forgets the second; keeps the memory. */
  clear(): void {
    if (this.rows > 0) this.#index.fill(0);
    this.rows = 0;
    this.cells = 0;
    this.folded = 0;
  }

  #growRows(): void {
    const rows = Math.min(2 * this.flags.length, this.#limits.rowsMax);
    this.keys = grown(this.keys, 4 * rows, Uint32Array);
    this.flags = grown(this.flags, rows, Uint8Array);
    this.heads = grown(this.heads, rows, Uint32Array);
    this.#index = new Uint32Array(indexSize(rows));
    this.#mask = this.#index.length - 1;
    for (let row = 0; row < this.rows; row++) {
      let slot = hashAddress(this.keys, 4 * row, this.#seed) & this.#mask;
      while (this.#index[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#index[slot] = row + 1;
    }
  }

  #growCells(): void {
    const cells = Math.min(2 * this.cellClass.length, this.#limits.cellsMax);
    this.cellClass = grown(this.cellClass, cells, Uint8Array);
    this.cellNext = grown(this.cellNext, cells, Uint32Array);
    this.packets = grown(this.packets, cells, Float64Array);
    this.bytes = grown(this.bytes, cells, Float64Array);
    this.flows = grown(this.flows, cells, Float64Array);
    this.variance = grown(this.variance, cells, Float64Array);
    this.lag = grown(this.lag, cells, Float64Array);
    this.firstMs = grown(this.firstMs, cells, Float64Array);
  }
}

/** Slots for `rows` rows: a power of two, so that the index is at most five eighths full. */
function indexSize(rows: number): number {
  return 2 ** Math.ceil(Math.log2(rows * 1.6));
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(
  old: T,
  length: number,
  create: new (length: number) => T,
): T {
  const array = new create(length);
  array.set(old);
  return array;
}

/** Adds one cell of `from` to the cell of the same class in a row of `into`. */
export function addCell(into: AddressTable, row: number, from: AddressTable, source: number): void {
  const cell = into.cell(row, from.cellClass[source]);
  into.packets[cell] += from.packets[source];
  into.bytes[cell] += from.bytes[source];
  into.flows[cell] += from.flows[source];
  into.variance[cell] += from.variance[source];
  into.lag[cell] += from.lag[source];
  if (from.firstMs[source] < into.firstMs[cell]) into.firstMs[cell] = from.firstMs[source];
}
