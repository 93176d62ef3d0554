import type { RequestRow } from './request-row.ts';

/** Lines of one layout. A dialect keeps no state between lines but what the log itself says about those to come. */
export interface Dialect {
  /** What people call it, as `--log-format` takes it. */
  readonly name: string;
  /**
   * Fills `row`, which has begun, from the line in [from, to) of its text. Returns 0, or the reason of src/model/rejection.ts why the
   * line is none of this layout.
   */
  decode(row: RequestRow, from: number, to: number): number;
}
