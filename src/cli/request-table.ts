import { formatBytes, formatTime } from '../base/units.ts';
import type { RequestBatch, RequestSink } from '../model/request-batch.ts';
import { requestValue } from '../model/request-json.ts';
import { cutText, fitText, withoutControls } from './text-width.ts';

/**
 * Requests as a table that people read, one line a request. What a log holds came over a network: control characters are made visible.
 *
 *   time          client                status    bytes  request
 *   09:30:00.250  192.0.2.1                200   1.2 kB  GET www.example.org/search?q=a  Mozilla/5.0 (X11; …
 */
const CLIENT_COLUMNS = 21;
const OTHER_COLUMNS = 12 + CLIENT_COLUMNS + 6 + 9 + 8;
const REQUEST_COLUMNS_MIN = 24;
/** Share of the room beside the numbers that the request has; the user agent has the rest. */
const REQUEST_SHARE = 0.6;

export class RequestTable implements RequestSink {
  readonly #write: (line: string) => void;
  readonly #dim: (text: string) => string;
  readonly #left: () => number;
  readonly #request: number;
  readonly #agent: number;
  #day = '';
  #titled = false;

  /** `width` bounds the lines; `left` tells how many more are wanted, before each. */
  constructor(write: (line: string) => void, width: number, dim: (text: string) => string, left: () => number) {
    this.#write = write;
    this.#dim = dim;
    this.#left = left;
    const room = Math.max(REQUEST_COLUMNS_MIN, width - OTHER_COLUMNS);
    this.#request = Math.max(REQUEST_COLUMNS_MIN, Math.floor(room * REQUEST_SHARE));
    this.#agent = room - this.#request - 2;
  }

  take(batch: RequestBatch): void {
    for (let row = 0; row < batch.length && this.#left() > 0; row++) this.#row(batch, row);
    batch.length = 0;
    batch.textLength = 0;
  }

  #row(batch: RequestBatch, row: number): void {
    const time = formatTime(batch.timeMs[row]) ?? '';
    const day = time.slice(0, 10);
    if (!this.#titled) {
      this.#titled = true;
      const titles = [
        'time'.padEnd(12),
        'client'.padEnd(CLIENT_COLUMNS),
        'status'.padStart(6),
        'bytes'.padStart(9),
        'request'.padEnd(this.#request),
        this.#agent > 10 ? 'user agent' : '',
      ];
      this.#write(`${this.#dim(titles.join('  ').trimEnd())}\n`);
    }
    if (day !== this.#day) {
      this.#day = day;
      this.#write(`${this.#dim(`${day} UTC`)}\n`);
    }
    const text = (name: Parameters<typeof requestValue>[1]): string =>
      withoutControls(String(requestValue(batch, name, row) ?? ''));
    const client = text('client') || text('clientName') || '–';
    const query = text('query');
    const request = `${text('method')} ${text('site')}${text('path')}${query === '' ? '' : `?${query}`}`.trim();
    const bytes = requestValue(batch, 'bytes', row);
    const cells = [
      time.slice(11, 23),
      fitText(client, CLIENT_COLUMNS),
      text('status').padStart(6),
      (typeof bytes === 'number' ? formatBytes(bytes) : '').padStart(9),
      fitText(request === '' ? '–' : request, this.#request),
      this.#agent > 10 ? cutText(text('userAgent'), this.#agent) : '',
    ];
    this.#write(`${cells.join('  ').trimEnd()}\n`);
  }
}
