/** Memories that are kept for reuse; and one is let go where it is so many times what is needed, and more. */
const SPARES_MAX = 3;
const SPARE_TIMES_MAX = 4;
const SPARE_BYTES_MIN = 4 << 20;
/** A new one has room for a second that is so much larger. */
const SPARE_ROOM = 1.25;

/**
 * Memory of encoded seconds that were merged: the next are encoded into it, and nothing is allocated, cleared and collected for them. It is
 * shared, not handed over: the engine collects garbage when memory that came from another thread is too much beside a small heap.
 */
export class SpareMemory {
  readonly #spare: SharedArrayBuffer[] = [];

  /** Takes back what `encodeSecond` gave out. */
  give(memory: SharedArrayBuffer): void {
    if (this.#spare.length < SPARES_MAX) this.#spare.push(memory);
  }

  take(bytes: number): SharedArrayBuffer {
    for (let spare = this.#spare.pop(); spare !== undefined; spare = this.#spare.pop()) {
      if (spare.byteLength < bytes || spare.byteLength > Math.max(SPARE_BYTES_MIN, SPARE_TIMES_MAX * bytes)) continue;
      return spare;
    }
    return new SharedArrayBuffer(Math.ceil(SPARE_ROOM * bytes));
  }
}
