import type { RequestBatch, RequestSink } from '../model/request-batch.ts';
import { requestMembers } from '../model/request-json.ts';
import type { LineWriter } from './decode.ts';

/** Turns requests into JSON lines of the kind `request`, in the order in which they came. */
export class RequestLines implements RequestSink {
  readonly #write: LineWriter;
  readonly #left: () => number;

  /** `left` tells how many more lines are wanted, before each. */
  constructor(write: LineWriter, left: () => number = () => Number.POSITIVE_INFINITY) {
    this.#write = write;
    this.#left = left;
  }

  take(batch: RequestBatch): void {
    for (let row = 0; row < batch.length && this.#left() > 0; row++) {
      this.#write(`{"kind":"request",${requestMembers(batch, row)}}\n`);
    }
    batch.length = 0;
    batch.textLength = 0;
  }
}
