import { parseAddress } from '../../base/ip.ts';
import { createRequestBatch, type RequestBatch, type RequestSink } from '../../model/request-batch.ts';
import { METHODS, type Method, REQUEST_HAS } from '../../model/request-columns.ts';
import { type LogFormat, lineOf, type RequestEvent } from './event.ts';

const ENCODER = new TextEncoder();

/** Gives made requests to a sink as a decoder does that reads them from a log of the format, without the log. */
export function feed(events: readonly RequestEvent[], format: LogFormat, sink: RequestSink): void {
  const batch = createRequestBatch();
  for (const event of events) {
    if (batch.length === batch.capacity || batch.textLength > batch.text.length - 8192) sink.take(batch);
    append(batch, event, format);
  }
  sink.take(batch);
}

function append(batch: RequestBatch, event: RequestEvent, format: LogFormat): void {
  const row = batch.length++;
  const text = (value: string): [number, number] => {
    const at = batch.textLength;
    const { written } = ENCODER.encodeInto(value, batch.text.subarray(at));
    batch.textLength += written;
    return [at, written];
  };
  const exact = format === 'json' || format === 'haproxy';
  batch.timeMs[row] = exact ? event.timeMs : Math.floor(event.timeMs / 1000) * 1000;
  batch.source[row] = 0;
  const method = METHODS.indexOf(event.method as Method);
  batch.method[row] = method < 0 || event.target === '' ? 0 : method;
  [batch.line.at[row], batch.line.length[row]] = text(lineOf(event, format));
  let present = REQUEST_HAS.client | REQUEST_HAS.status | REQUEST_HAS.bytes;
  const words = parseAddress(event.client);
  if (words !== undefined) batch.client.set(words, 4 * row);
  batch.status[row] = event.status;
  batch.bytes[row] = event.bytes;
  const put = (column: 'site' | 'path' | 'query' | 'referrer' | 'userAgent', value: string): void => {
    [batch[column].at[row], batch[column].length[row]] = text(value);
    present |= REQUEST_HAS[column];
  };
  if (format === 'vhost-combined' || format === 'json') put('site', event.site);
  if (event.target !== '') {
    const question = event.target.indexOf('?');
    put('path', question < 0 ? event.target : event.target.slice(0, question));
    if (question >= 0) put('query', event.target.slice(question + 1));
    batch.httpVersion[row] = Math.round(10 * Number(event.version));
    present |= REQUEST_HAS.httpVersion;
  }
  if (format !== 'haproxy' && event.referrer !== undefined) put('referrer', event.referrer);
  if (format !== 'haproxy' && event.agent !== undefined) put('userAgent', event.agent);
  if (exact) {
    batch.requestMs[row] = event.requestMs;
    present |= REQUEST_HAS.requestMs;
  }
  batch.present[row] = present;
}
