/**
 * The cells of a table:
 *
 *   cells   [ row 0 | row 1 | … ► free ◄ … | spare 1 | spare 0 ]
 *   cell    [ w0 w1 w2 w3 | next · flags · class | flows | packets bytes variance lag firstMs ]     64 bytes
 *              4 words          1 word           1 word              5 numbers
 *
 * A row is the cell of the first class that its address received; those of further classes are spare cells, a short list, whose
 * links count from the end.
 */

/** The row is a destination outside the protected networks: its traffic goes out. */
export const ROW_OUT = 1;
/** The table was full: the row stands for every further address of its /24 or /64 (or for all, if that too is full). */
export const ROW_FOLDED = 2;

/** A cell is one cache line: eight numbers, or sixteen words. */
export const CELL_STRIDE = 8;
export const WORDS_SHIFT = 4;
export const NUMBERS_SHIFT = 3;
/** Places of the counters in the numbers of a cell; all are scaled by sampling. */
export const CELL_PACKETS = 3;
export const CELL_BYTES = 4;
/** Sum of rate × (rate - 1) × sampled packets: the variance that sampling leaves on the packets. */
export const CELL_VARIANCE = 5;
/** Sum of packets × ms from when they were carried to when they were counted. */
export const CELL_LAG = 6;
/** When the first of them was carried, ms since 1970. */
export const CELL_FIRST_MS = 7;
/** Places in the words of a cell: what it is and what follows it, and its flows. */
export const WORD_META = 4;
export const WORD_FLOWS = 5;

export const CLASS_BITS = 5;
export const CLASS_MASK = (1 << CLASS_BITS) - 1;
/** The class of a row that has no cell yet. */
export const NO_CLASS = CLASS_MASK;
export const FLAGS_MASK = 3;
export const NEXT_SHIFT = 8;

/** The cells of a table, for reading: of one that counts, or of one that came from another thread. */
export class TableCells {
  rows = 0;
  /** Rows of data that found neither a row nor a cell of their own, and were counted with others. */
  folded = 0;
  /** The cells as words and as numbers: one memory. */
  readonly rowData: Uint32Array;
  readonly cellData: Float64Array;
  /** Cells there is room for. */
  readonly cellsMax: number;

  /** `cellsMax` cells from a byte of a memory on, a multiple of 8. */
  constructor(memory: ArrayBufferLike, from: number, cellsMax: number) {
    this.cellsMax = cellsMax;
    this.rowData = new Uint32Array(memory, from, cellsMax << WORDS_SHIFT);
    this.cellData = new Float64Array(memory, from, cellsMax << NUMBERS_SHIFT);
  }

  flagsOf(row: number): number {
    return (this.rowData[(row << WORDS_SHIFT) + WORD_META] >>> CLASS_BITS) & FLAGS_MASK;
  }

  /** Where in `rowData` the four words of the row's address begin. */
  keyOf(row: number): number {
    return row << WORDS_SHIFT;
  }

  /** The four words of the row's address, copied. */
  wordsOf(row: number): Uint32Array {
    return this.rowData.slice(row << WORDS_SHIFT, (row << WORDS_SHIFT) + 4);
  }

  /** Where in `cellData` the row's first cell begins; -1 where it has none. */
  firstCell(row: number): number {
    const at = row << NUMBERS_SHIFT;
    return this.classOf(at) === NO_CLASS ? -1 : at;
  }

  /** The cell that follows in the row's list; -1 behind the last. */
  nextCell(at: number): number {
    const next = this.rowData[2 * at + WORD_META] >>> NEXT_SHIFT;
    return next === 0 ? -1 : (this.cellsMax - next) << NUMBERS_SHIFT;
  }

  /** Traffic class of the cell at a place in `cellData`. */
  classOf(at: number): number {
    return this.rowData[2 * at + WORD_META] & CLASS_MASK;
  }

  /** Flow records, where the traffic is telemetry; connection attempts, where it is packets. */
  flowsOf(at: number): number {
    return this.rowData[2 * at + WORD_FLOWS];
  }
}
