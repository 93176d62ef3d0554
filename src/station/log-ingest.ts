import type { Prefix } from '../base/prefix.ts';
import { type CaptureFile, openCapture } from '../input/capture-file.ts';
import { REJECT, REJECTION_REASONS, type RejectionReason, Rejections } from '../model/rejection.ts';
import { createRequestBatch, type RequestBatch, type RequestSink } from '../model/request-batch.ts';
import { TrustedProxies } from '../wire/log/forwarded.ts';
import { LogDecoder } from '../wire/log/log-decoder.ts';
import type { LogFormat } from '../wire/log/log-formats.ts';
import type { Progress } from './ingest.ts';

/**
 * Logs of web servers to batches of requests: what `decode` and `replay` share.
 *
 *   file ──chunks──► LogDecoder ──rows of requests──► batch ──► sink
 *
 * Memory is constant: one chunk, one batch, and the rest of a line.
 */
export interface LogIngestOptions {
  readonly files: readonly string[];
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

/** Rows and text of a batch: small enough to stay in the caches from decoding to counting. */
const INGEST_ROWS = 2048;
const INGEST_TEXT_BYTES = 768 * 1024;

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
 * Reads logs in order and gives their rows to `sink`; `source` of a row is the index of its file. Files may be compressed with gzip or
 * zstd; `-` is standard input. Throws BonghwaError FILE_UNREADABLE; what is in the lines is counted, not thrown.
 */
export async function ingestLogs(options: LogIngestOptions, sink: RequestSink): Promise<LogIngestTotals> {
  const run = new LogIngest(options, sink);
  for (const [index, file] of options.files.entries()) {
    if (options.signal?.aborted === true) break;
    await run.read(file, index);
  }
  return run.totals();
}

class LogIngest {
  readonly #options: LogIngestOptions;
  readonly #sink: Timed;
  readonly #batch = createRequestBatch(INGEST_ROWS, INGEST_TEXT_BYTES);
  readonly #rejections = new Rejections();
  readonly #trusted: TrustedProxies;
  readonly #formats: { file: string; format: string | undefined }[] = [];
  readonly #truncatedFiles: string[] = [];
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

  async read(file: string, index: number): Promise<void> {
    const { signal } = this.#options;
    const decoder = this.#decoder(file, index);
    const source = await (this.#options.open ?? openCapture)(file);
    // A pipe may stay silent for ever: the signal closes it, rather than wait for its next bytes.
    const stop = (): void => void source.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for await (const chunk of source.chunks) {
        this.#bytes += chunk.length;
        decoder.decode(
          new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength),
          0,
          chunk.length,
          this.#batch,
          this.#sink,
        );
        this.#report(file, source, decoder);
        const pause = this.#handOver();
        if (pause !== undefined) await pause;
        if (signal?.aborted === true) break;
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      await source.close();
    }
    decoder.end(this.#batch, this.#sink);
    await this.#handOver();
    this.#requests += decoder.lines;
    this.#rejectedLines += decoder.rejected;
    this.#formats.push({ file, format: decoder.formatName });
    if (source.truncated) {
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

  /** Rows go on after every chunk, full batch or not: who reads a pipe sees them at once, and the text stays in the caches. */
  #handOver(): Promise<void> | undefined {
    if (this.#batch.length > 0) this.#sink.take(this.#batch);
    this.#batch.textLength = 0;
    return this.#options.pause?.();
  }

  #report(file: string, source: CaptureFile, decoder: LogDecoder): void {
    this.#options.onProgress?.({
      file,
      bytesRead: source.bytesRead,
      bytesTotal: source.bytesTotal,
      packets: 0,
      flows: this.#requests + decoder.lines,
      timeMs: this.#sink.lastMs,
    });
  }
}
