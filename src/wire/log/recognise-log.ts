import { Rejections } from '../../model/rejection.ts';
import { createRequestBatch, type RequestBatch } from '../../model/request-batch.ts';
import { LINE_BYTES_MAX, LogDecoder } from './log-decoder.ts';
import type { LogFormat } from './log-formats.ts';

/** What the first lines of a log say of it. */
export interface RecognisedLog {
  /** Layout of the last line that was a request. */
  readonly format: string;
  /** Lines that were requests, and that were not. */
  readonly lines: number;
  readonly rejected: number;
}

/** Rows that are looked at. */
const ROWS = 64;

/**
 * Tells whether bytes from the begin of a file are those of a log, and how its lines are laid out; undefined where no line is a request.
 * `format`: the layout, where it is known.
 */
export function recogniseLog(head: Uint8Array, format: LogFormat = { kind: 'auto' }): RecognisedLog | undefined {
  const decoder = new LogDecoder(new Rejections(), { format });
  const batch = createRequestBatch(ROWS, 8 * LINE_BYTES_MAX);
  const sink = {
    take(full: RequestBatch): void {
      full.length = 0;
      full.textLength = 0;
    },
  };
  decoder.decode(head, 0, head.length, batch, sink);
  // The bytes may end within a line; where that is the only one, it is tried as it is.
  if (decoder.lines === 0) decoder.end(batch, sink);
  const { formatName, lines, rejected } = decoder;
  return lines === 0 || formatName === undefined ? undefined : { format: formatName, lines, rejected };
}
