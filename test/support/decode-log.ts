import { parsePrefix } from '../../src/base/prefix.ts';
import { Rejections } from '../../src/model/rejection.ts';
import { createRequestBatch, type RequestBatch } from '../../src/model/request-batch.ts';
import { REQUEST_COLUMN_NAMES, type RequestColumnName } from '../../src/model/request-columns.ts';
import { requestText, requestValue } from '../../src/model/request-json.ts';
import { HOUSE_PROXIES, TrustedProxies } from '../../src/wire/log/forwarded.ts';
import { LogDecoder } from '../../src/wire/log/log-decoder.ts';

/** A request of a log as plain values, absent ones left out, and the line that it came from. */
export type DecodedRequest = Partial<
  Record<Exclude<RequestColumnName, 'line' | 'timeMs' | 'source'>, string | number>
> & {
  readonly timeMs: number;
  readonly line: string;
};

export interface DecodedLog {
  readonly requests: readonly DecodedRequest[];
  readonly rejected: Readonly<Record<string, number>>;
  readonly format: string | undefined;
}

/** All requests of a log; the proxies of the house are trusted, and those that are named besides. */
export function decodeLog(bytes: Uint8Array, trusted: readonly string[] = []): DecodedLog {
  const rejections = new Rejections();
  const prefixes = [...HOUSE_PROXIES, ...trusted].map((text) => parsePrefix(text)!);
  const decoder = new LogDecoder(rejections, { trusted: new TrustedProxies(prefixes) });
  const batch = createRequestBatch();
  const requests: DecodedRequest[] = [];
  const sink = {
    take(full: RequestBatch): void {
      for (let row = 0; row < full.length; row++) requests.push(requestOf(full, row));
      full.length = 0;
      full.textLength = 0;
    },
  };
  decoder.decode(bytes, 0, bytes.length, batch, sink);
  decoder.end(batch, sink);
  sink.take(batch);
  return { requests, rejected: rejections.toRecord(), format: decoder.formatName };
}

function requestOf(batch: RequestBatch, row: number): DecodedRequest {
  const values = REQUEST_COLUMN_NAMES.filter(
    (name) => name !== 'line' && name !== 'timeMs' && name !== 'source',
  ).flatMap((name) => {
    const value = requestValue(batch, name, row);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(values), timeMs: batch.timeMs[row], line: requestText(batch, batch.line, row) };
}
