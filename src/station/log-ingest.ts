import type { Prefix } from '../base/prefix.ts';
import { type CaptureFile, openCapture } from '../input/capture-file.ts';
import { REJECT, REJECTION_REASONS, type RejectionReason, Rejections } from '../model/rejection.ts';
import type { RequestBatch, RequestSink } from '../model/request-batch.ts';
import { TrustedProxies } from '../wire/log/forwarded.ts';
import { LogDecoder } from '../wire/log/log-decoder.ts';
import type { LogFormat } from '../wire/log/log-formats.ts';
import type { Progress } from './ingest.ts';
import { LogSource } from './log-source.ts';

/**
 * Logs of web servers to batches of requests: what `decode` and `replay` share.
 *
 *   file ──chunks──► LogDecoder ──rows of requests──► LogSource ──┐
 *   file ──chunks──► LogDecoder ──rows of requests──► LogSource ──┴── a second of one of them after the other ──► sink
 *
 * Memory is constant: one chunk, one batch, and the rest of a line, for one log or for each that is open.
 */
export interface LogIngestOptions {
  readonly files: readonly string[];
  /**
   * Times of the first requests of the files, ms: their rows come in the order of time then, as far as each has them in it. Without
   * it one file is read after the other.
   */
  readonly firstMs?: readonly number[];
  /** How lines are laid out; told by themselves where absent. */
  readonly format?: LogFormat;
  /** Proxies whose word about the client is taken; those of the house where absent. */
  readonly trustedProxies?: readonly Prefix[];
  /** Distance from UTC of times without a zone, ms. */
  readonly zoneMs?: number;
  /** Site of the lines of a file that do not tell their host. */
  readonly siteOf?: (file: string) => string | undefined;
  /** Called after every chunk of a file; lines that were requests are its `flows`. */
  readonly onProgress?: (progress: Progress) => void;
  /** Told every line that was no request. */
  readonly onRejected?: (rejected: RejectedLine) => void;
  /** Asked after every chunk, when the batch was handed over: the promise that is awaited before going on. */
  readonly pause?: () => Promise<void> | undefined;
  /** When aborted, reading ends after the current chunk and the totals so far are returned. */
  readonly signal?: AbortSignal;
  /** Opens a file; one that was opened to see what it is, for example. */
  readonly open?: (file: string) => Promise<CaptureFile>;
}

/** A line of a log that was no request. */
export interface RejectedLine {
  readonly file: string;
  readonly reason: RejectionReason;
  /** The line as it is, any bytes; of one that is too long its begin. Valid during the call. */
  readonly line: Uint8Array;
}

export interface LogIngestTotals {
  /** Times of the earliest and the latest request, ms since 1970; NaN where there was none. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Lines that were requests. */
  readonly requests: number;
  /** Lines that were not, counted in `rejections` by their reason. */
  readonly rejectedLines: number;
  /** Bytes of the logs, uncompressed. */
  readonly bytes: number;
  /** How the lines of each file were laid out, last; undefined where none was a request. */
  readonly formats: readonly { readonly file: string; readonly format: string | undefined }[];
  /** Files whose compressed data ended early. */
  readonly truncatedFiles: readonly string[];
  readonly rejections: Rejections;
  /** True where the signal ended the reading. */
  readonly interrupted: boolean;
}

/** Logs that are read side by side; further ones of the same time wait until one of them ends. */
const OPEN_MAX = 64;

const REASONS = Object.keys(REJECTION_REASONS) as readonly RejectionReason[];

/** Passes batches on, and keeps what the totals need of the rows. */
class Timed implements RequestSink {
  fromMs = Number.NaN;
  toMs = Number.NaN;
  lastMs = Number.NaN;
  readonly #sink: RequestSink;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  take(batch: RequestBatch): void {
    const { timeMs, length } = batch;
    for (let row = 0; row < length; row++) {
      const time = timeMs[row];
      if (!(time >= this.fromMs)) this.fromMs = time;
      if (!(time <= this.toMs)) this.toMs = time;
    }
    if (length > 0) this.lastMs = timeMs[length - 1];
    this.#sink.take(batch);
  }
}

/**
 * Reads logs one after the other, or by the time of their rows, and gives these to `sink`; `source` of a row is the index of its file. Files may be compressed with gzip or
 * zstd; `-` is standard input. Throws BonghwaError FILE_UNREADABLE; what is in the lines is counted, not thrown.
 */
export async function ingestLogs(options: LogIngestOptions, sink: RequestSink): Promise<LogIngestTotals> {
  const run = new LogIngest(options, sink);
  try {
    if (options.firstMs === undefined) await run.inTurn();
    else await run.byTime(options.firstMs);
  } finally {
    await run.close();
  }
  return run.totals();
}

class LogIngest {
  readonly #options: LogIngestOptions;
  readonly #sink: Timed;
  readonly #rejections = new Rejections();
  readonly #trusted: TrustedProxies;
  readonly #formats: { file: string; format: string | undefined }[] = [];
  readonly #truncatedFiles: string[] = [];
  readonly #sources: LogSource[] = [];
  #requests = 0;
  #rejectedLines = 0;
  #bytes = 0;

  constructor(options: LogIngestOptions, sink: RequestSink) {
    this.#options = options;
    this.#sink = new Timed(sink);
    this.#trusted = new TrustedProxies(options.trustedProxies);
  }

  totals(): LogIngestTotals {
    return {
      fromMs: this.#sink.fromMs,
      toMs: this.#sink.toMs,
      requests: this.#requests,
      rejectedLines: this.#rejectedLines,
      bytes: this.#bytes,
      formats: this.#formats,
      truncatedFiles: this.#truncatedFiles,
      rejections: this.#rejections,
      interrupted: this.#options.signal?.aborted === true,
    };
  }

  /** One file after the other. */
  async inTurn(): Promise<void> {
    for (const [index, file] of this.#options.files.entries()) {
      if (this.#stopped) return;
      const source = await this.#open(file, index);
      while (await source.fill()) await this.#handOver(source, Number.POSITIVE_INFINITY);
      await this.#end(source);
    }
  }

  /** All of them by time: that whose next row is the oldest goes on, until another has an older one. */
  async byTime(firstMs: readonly number[]): Promise<void> {
    const { files } = this.#options;
    const waiting = files
      .map((file, index) => ({ file, index, firstMs: firstMs[index] }))
      .sort((left, right) => left.firstMs - right.firstMs);
    while (!this.#stopped) {
      let { oldest, nextMs } = this.#oldest();
      while (waiting.length > 0 && this.#sources.length < OPEN_MAX && !(waiting[0].firstMs > nextMs)) {
        const { file, index } = waiting.shift()!;
        const source = await this.#open(file, index);
        if (!(await source.fill())) await this.#end(source);
        ({ oldest, nextMs } = this.#oldest());
      }
      if (oldest === undefined) {
        if (waiting.length === 0) return;
        continue;
      }
      const others = this.#oldest(oldest).nextMs;
      await this.#handOver(oldest, Math.min(others, waiting[0]?.firstMs ?? Number.POSITIVE_INFINITY));
      if (!(await oldest.fill())) await this.#end(oldest);
    }
  }

  /** Gives back what is still open, as after a fault. */
  async close(): Promise<void> {
    for (const source of [...this.#sources]) await this.#end(source);
  }

  get #stopped(): boolean {
    return this.#options.signal?.aborted === true;
  }

  /** The open log with the oldest next row, and when that is; infinity where none is open. */
  #oldest(without?: LogSource): { oldest: LogSource | undefined; nextMs: number } {
    let oldest: LogSource | undefined;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const source of this.#sources) {
      if (source === without || source.nextMs >= nextMs) continue;
      oldest = source;
      nextMs = source.nextMs;
    }
    return { oldest, nextMs };
  }

  async #open(file: string, index: number): Promise<LogSource> {
    const { signal } = this.#options;
    const decoder = this.#decoder(file, index);
    const reader = await (this.#options.open ?? openCapture)(file);
    const source = new LogSource(file, reader, decoder, signal);
    this.#sources.push(source);
    // A pipe may stay silent for ever: the signal closes it, rather than wait for its next bytes.
    signal?.addEventListener('abort', source.stop, { once: true });
    return source;
  }

  async #end(source: LogSource): Promise<void> {
    this.#sources.splice(this.#sources.indexOf(source), 1);
    this.#options.signal?.removeEventListener('abort', source.stop);
    await source.reader.close();
    const { file, decoder, reader } = source;
    this.#bytes += source.bytes;
    this.#requests += decoder.lines;
    this.#rejectedLines += decoder.rejected;
    this.#formats.push({ file, format: decoder.formatName });
    this.#report(source);
    if (reader.truncated) {
      this.#truncatedFiles.push(file);
      this.#rejections.count(REJECT['log-truncated']);
    }
  }

  #decoder(file: string, index: number): LogDecoder {
    const { format, zoneMs, siteOf, onRejected } = this.#options;
    const site = siteOf?.(file);
    return new LogDecoder(this.#rejections, {
      source: index,
      trusted: this.#trusted,
      ...(format === undefined ? {} : { format }),
      ...(zoneMs === undefined ? {} : { zoneMs }),
      ...(site === undefined ? {} : { site }),
      ...(onRejected === undefined
        ? {}
        : {
            onRejected: (reason: number, text: Uint8Array, from: number, to: number) =>
              onRejected({ file, reason: REASONS[reason], line: text.subarray(from, to) }),
          }),
    });
  }

  /** Rows go on after every step: who reads a pipe sees them at once, and the text stays in the caches. */
  async #handOver(source: LogSource, limitMs: number): Promise<void> {
    this.#sink.take(source.take(limitMs));
    this.#report(source);
    const pause = this.#options.pause?.();
    if (pause !== undefined) await pause;
  }

  #report({ file, reader, decoder }: LogSource): void {
    this.#options.onProgress?.({
      file,
      bytesRead: reader.bytesRead,
      bytesTotal: reader.bytesTotal,
      packets: 0,
      flows: this.#requests + decoder.lines,
      timeMs: this.#sink.lastMs,
    });
  }
}
