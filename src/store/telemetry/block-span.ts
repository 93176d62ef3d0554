import type { Block, BlockTable } from './block.ts';
import type { NativeBlock } from './native-block.ts';

/** Seconds of one block: what is lost when a station is killed, and how late an analyst sees it. */
export const BLOCK_SECONDS = 5;
const SECONDS_PER_DAY = 86_400;

/** Which seconds of which run the blocks hold that are being made: no two blocks of a table and run share one. */
export class BlockSpan {
  run: number;
  readonly #newRun: () => number;
  #last = -1;
  #from = -1;
  #to = -1;

  /** `newRun` gives a number that no other run has. */
  constructor(newRun: () => number) {
    this.#newRun = newRun;
    this.run = newRun();
  }

  /** Enters a second. What was begun (`begun`) is ended by `seal` before, where it must not be in one block with it. */
  enter(second: number, begun: boolean, seal: () => void): void {
    if (second <= this.#last) {
      // The clock was set back. The rows are kept, as those of another run: (run, second) stays unique.
      seal();
      this.run = this.#newRun();
      begun = false;
    } else if (begun && (dayOf(second) !== dayOf(this.#from) || second - this.#from >= BLOCK_SECONDS)) {
      // A block of two days would be two parts on disk, of which one alone might be kept.
      seal();
      begun = false;
    }
    this.#last = second;
    if (!begun) this.#from = second;
    this.#to = second;
  }

  /** True where the blocks end with this second. */
  endsWith(second: number): boolean {
    return second - this.#from >= BLOCK_SECONDS - 1;
  }

  /** What is in `native` as a block; none where it is empty. */
  seal(table: BlockTable, native: NativeBlock): Block[] {
    const { rows } = native;
    if (rows === 0) return [];
    const { run } = this;
    return [{ table, run, from: this.#from, to: this.#to, rows, bytes: native.take(), uncertain: false }];
  }
}

function dayOf(second: number): number {
  return Math.floor(second / SECONDS_PER_DAY);
}
