import { basename } from 'node:path';
import type { RejectionReason, Rejections } from '../model/rejection.ts';
import { TELEMETRY_PORTS } from '../model/telemetry-ports.ts';
import { JsonLines } from '../station/decode.ts';
import { RequestLines } from '../station/decode-requests.ts';
import { type IngestTotals, type InputKind, ingest } from '../station/ingest.ts';
import { InputFiles } from '../station/input-files.ts';
import { ingestLogs, type LogIngestTotals, type RejectedLine } from '../station/log-ingest.ts';
import type { RecordTrace } from '../wire/record-trace.ts';
import { EXIT_OK } from './exit.ts';
import { FlowTable } from './flow-table.ts';
import { type LogOptions, logIngestOptions } from './log-options.ts';
import { exact } from './render-attack.ts';
import { rejectionLines } from './render-report.ts';
import { RequestTable } from './request-table.ts';
import { lookOf, paintOf, TextOutput } from './terminal.ts';
import { cutText, withoutControls } from './text-width.ts';

export interface DecodeOptions extends LogOptions {
  readonly json: boolean;
  readonly as: InputKind | 'log';
  readonly telemetryPort: readonly number[];
  readonly counters: boolean;
  readonly rejected: boolean;
  readonly limit?: number;
  readonly quiet: boolean;
}

/** Columns of the table where the output is no terminal: two IPv6 addresses with ports stand in full. */
const WIDTH_IN_FILE = 170;
/** Lines that were refused are shown up to so many of a reason; all are counted. */
const REJECTED_SHOWN_MAX = 10;

/** `bonghwa decode FILES…`: packets and records, and requests of logs, one a line. */
export async function decodeCommand(
  files: readonly string[],
  options: DecodeOptions,
  interrupt: AbortSignal,
): Promise<number> {
  const run = new Decoding(options, interrupt);
  try {
    await run.decode(files);
  } finally {
    await run.files.close();
  }
  run.end(files.length);
  return EXIT_OK;
}

class Decoding {
  readonly files = new InputFiles();
  readonly #options: DecodeOptions;
  readonly #output = new TextOutput(process.stdout);
  readonly #signal: AbortSignal;
  readonly #enough = new AbortController();
  readonly #width: number;
  readonly #dim: (text: string) => string;
  readonly #captures: IngestTotals[] = [];
  readonly #logs: LogIngestTotals[] = [];
  readonly #shown = new Map<RejectionReason, number>();
  #lines = 0;

  constructor(options: DecodeOptions, interrupt: AbortSignal) {
    this.#options = options;
    this.#signal = AbortSignal.any([interrupt, this.#enough.signal]);
    const look = lookOf(process.stdout, process.env);
    this.#width = process.stdout.isTTY === true ? look.width : WIDTH_IN_FILE;
    this.#dim = paintOf(look.colour).dim;
  }

  async decode(files: readonly string[]): Promise<void> {
    const { as } = this.#options;
    if (as === 'log') return this.#decodeLogs(files);
    if (as !== 'auto') return this.#decodeCaptures(files, as);
    for (const run of await this.files.runs(files)) {
      if (this.#signal.aborted) break;
      if (run.kind === 'log') await this.#decodeLogs(run.files);
      else await this.#decodeCaptures(run.files, as);
    }
  }

  #left(): number {
    return (this.#options.limit ?? Number.POSITIVE_INFINITY) - this.#lines;
  }

  async #decodeCaptures(files: readonly string[], as: InputKind): Promise<void> {
    const { json, counters, telemetryPort } = this.#options;
    const write = (line: string): void => this.#output.write(line);
    const left = this.#left();
    let records = 0;
    const counting = (line: string): void => {
      records++;
      write(line);
    };
    const sink = json ? new JsonLines(counting, counters, left) : new FlowTable(write, this.#width, this.#dim, left);
    // Only JSON shows every information element; the trace that tells them makes decoding slower.
    const trace: RecordTrace | undefined = json || counters ? sink : undefined;
    const totals = await ingest(
      {
        files,
        as,
        telemetryPorts: [...TELEMETRY_PORTS, ...telemetryPort],
        open: (path) => this.files.open(path),
        ...(trace === undefined ? {} : { trace }),
        pause: () => {
          if (sink.done) this.#enough.abort();
          return this.#output.pause();
        },
        signal: this.#signal,
      },
      sink,
    );
    this.#lines += sink instanceof FlowTable ? sink.written : records;
    this.#captures.push(totals);
  }

  async #decodeLogs(files: readonly string[]): Promise<void> {
    const { json, rejected } = this.#options;
    const write = (line: string): void => {
      this.#lines++;
      this.#output.write(line);
    };
    const left = (): number => this.#left();
    const sink = json
      ? new RequestLines(write, left)
      : new RequestTable(
          (line) => this.#output.write(line),
          this.#width,
          this.#dim,
          () => (left() > 0 ? this.#one() : 0),
        );
    const totals = await ingestLogs(
      {
        files,
        ...logIngestOptions(this.#options),
        open: (path) => this.files.open(path),
        ...(rejected && !this.#options.quiet ? { onRejected: (line: RejectedLine) => this.#showRejected(line) } : {}),
        pause: () => {
          if (left() <= 0) this.#enough.abort();
          return this.#output.pause();
        },
        signal: this.#signal,
      },
      sink,
    );
    this.#logs.push(totals);
  }

  #one(): number {
    return ++this.#lines;
  }

  /** Lines that were refused, the first of each reason: a log of another kind would fill the terminal. */
  #showRejected({ file, reason, line }: RejectedLine): void {
    const shown = this.#shown.get(reason) ?? 0;
    this.#shown.set(reason, shown + 1);
    if (shown >= REJECTED_SHOWN_MAX) return;
    const text = withoutControls(new TextDecoder('utf-8', { fatal: false }).decode(line.subarray(0, 4096)));
    const width = process.stderr.isTTY === true ? lookOf(process.stderr, process.env).width : WIDTH_IN_FILE;
    process.stderr.write(`${cutText(`${reason}  ${file === '-' ? '' : `${basename(file)}: `}${text}`, width)}\n`);
  }

  /** Says on standard error what was read, and what was not. */
  end(files: number): void {
    this.#output.flush();
    const { quiet, rejected } = this.#options;
    if (quiet) return;
    const reasons = summed([...this.#captures, ...this.#logs].map(({ rejections }) => rejections));
    const said = [
      ...this.#truncatedLines(),
      `read ${this.#counted().join(', ')} from ${counted(files, 'file')}${this.#ending()}${refusedText(reasons, rejected)}`,
    ];
    const explained = rejected ? rejectionLines(reasons, lookOf(process.stderr, process.env).width) : [];
    process.stderr.write(`${[...said, ...explained].join('\n')}\n`);
  }

  #truncatedLines(): string[] {
    const nameOf = (file: string): string => (file === '-' ? 'standard input' : file);
    return [
      ...this.#captures.flatMap((totals) =>
        totals.truncatedFiles.map(
          (file) => `bonghwa: ${nameOf(file)} ends in the middle of a packet; everything before it was read.`,
        ),
      ),
      ...this.#logs.flatMap((totals) =>
        totals.truncatedFiles.map(
          (file) => `bonghwa: the compressed data of ${nameOf(file)} ends early; everything before it was read.`,
        ),
      ),
    ];
  }

  #ending(): string {
    const stopped = this.#options.limit !== undefined && this.#left() <= 0;
    const interrupted = [...this.#captures, ...this.#logs].some((totals) => totals.interrupted);
    return stopped ? ', stopped by --limit' : interrupted ? ', interrupted' : '';
  }

  #counted(): string[] {
    const sum = { packets: 0, flows: 0, datagrams: 0, options: 0, counters: 0, requests: 0 };
    for (const totals of this.#captures) {
      sum.packets += totals.packets;
      sum.flows += totals.flows;
      sum.datagrams += totals.telemetryDatagrams;
      for (const exporter of totals.exporters.list()) {
        sum.options += exporter.optionRecords;
        sum.counters += exporter.counterSamples;
      }
    }
    for (const totals of this.#logs) sum.requests += totals.requests;
    const parts: string[] = [];
    if (this.#captures.length > 0) {
      if (sum.packets > 0 || sum.datagrams === 0) parts.push(counted(sum.packets, 'packet'));
      parts.push(counted(sum.flows, 'flow record'));
    }
    if (sum.datagrams > 0) parts.push(counted(sum.datagrams, 'telemetry datagram'));
    if (sum.options > 0) parts.push(counted(sum.options, 'option record'));
    if (sum.counters > 0) parts.push(counted(sum.counters, 'counter sample'));
    if (this.#logs.length > 0) {
      const formats = new Set(
        this.#logs.flatMap((totals) => totals.formats.flatMap(({ format }) => (format === undefined ? [] : [format]))),
      );
      parts.push(`${counted(sum.requests, 'request')}${formats.size === 0 ? '' : ` (${[...formats].join(', ')})`}`);
    }
    return parts;
  }
}

function counted(count: number, one: string): string {
  return `${exact(count)} ${one}${count === 1 ? '' : 's'}`;
}

function summed(all: readonly Rejections[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const rejections of all) {
    for (const [reason, count] of Object.entries(rejections.toRecord())) sum[reason] = (sum[reason] ?? 0) + count;
  }
  return sum;
}

function refusedText(reasons: Readonly<Record<string, number>>, explained: boolean): string {
  const total = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  return total === 0 ? '' : `; refused ${exact(total)}${explained ? ':' : ' (--rejected tells why)'}`;
}
