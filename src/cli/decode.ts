import { TELEMETRY_PORTS } from '../model/telemetry-ports.ts';
import { JsonLines } from '../station/decode.ts';
import { type IngestTotals, type InputKind, ingest } from '../station/ingest.ts';
import type { RecordTrace } from '../wire/record-trace.ts';
import { EXIT_OK } from './exit.ts';
import { FlowTable } from './flow-table.ts';
import { exact } from './render-attack.ts';
import { rejectionLines } from './render-report.ts';
import { lookOf, paintOf, TextOutput } from './terminal.ts';

export interface DecodeOptions {
  readonly json: boolean;
  readonly as: InputKind;
  readonly telemetryPort: readonly number[];
  readonly counters: boolean;
  readonly rejected: boolean;
  readonly limit?: number;
  readonly quiet: boolean;
}

/** Columns of the table where the output is no terminal: two IPv6 addresses with ports stand in full. */
const WIDTH_IN_FILE = 170;

/** `bonghwa decode FILES…`: packets and records, one a line. */
export async function decodeCommand(
  files: readonly string[],
  options: DecodeOptions,
  interrupt: AbortSignal,
): Promise<number> {
  const output = new TextOutput(process.stdout);
  const write = (line: string): void => output.write(line);
  const look = lookOf(process.stdout, process.env);
  const width = process.stdout.isTTY === true ? look.width : WIDTH_IN_FILE;
  const sink = options.json
    ? new JsonLines(write, options.counters, options.limit)
    : new FlowTable(write, width, paintOf(look.colour).dim, options.limit);
  const enough = new AbortController();
  // Only JSON shows every information element; the trace that tells them makes decoding slower.
  const trace: RecordTrace | undefined = options.json || options.counters ? sink : undefined;
  const totals = await ingest(
    {
      files,
      as: options.as,
      telemetryPorts: [...TELEMETRY_PORTS, ...options.telemetryPort],
      ...(trace === undefined ? {} : { trace }),
      pause: () => {
        if (sink.done) enough.abort();
        return output.pause();
      },
      signal: AbortSignal.any([interrupt, enough.signal]),
    },
    sink,
  );
  output.flush();
  if (!options.quiet) {
    const said = summaryLines(totals, files.length, sink.done, options.rejected);
    const rejected = options.rejected
      ? rejectionLines(totals.rejections.toRecord(), lookOf(process.stderr, process.env).width)
      : [];
    process.stderr.write(`${[...said, ...rejected].join('\n')}\n`);
  }
  return EXIT_OK;
}

function summaryLines(totals: IngestTotals, files: number, stopped: boolean, explained: boolean): string[] {
  const lines = totals.truncatedFiles.map(
    (file) =>
      `bonghwa: ${file === '-' ? 'standard input' : file} ends in the middle of a packet; everything before it was read.`,
  );
  const counted = (count: number, one: string): string => `${exact(count)} ${one}${count === 1 ? '' : 's'}`;
  const parts = totals.packets === 0 && totals.telemetryDatagrams > 0 ? [] : [counted(totals.packets, 'packet')];
  parts.push(counted(totals.flows, 'flow record'));
  if (totals.telemetryDatagrams > 0) parts.push(counted(totals.telemetryDatagrams, 'telemetry datagram'));
  let options = 0;
  let counters = 0;
  for (const exporter of totals.exporters.list()) {
    options += exporter.optionRecords;
    counters += exporter.counterSamples;
  }
  if (options > 0) parts.push(counted(options, 'option record'));
  if (counters > 0) parts.push(counted(counters, 'counter sample'));
  const rejected = totals.rejections.total();
  const refused = rejected === 0 ? '' : `; refused ${exact(rejected)}${explained ? ':' : ' (--rejected tells why)'}`;
  const end = stopped ? ', stopped by --limit' : totals.interrupted ? ', interrupted' : '';
  lines.push(`read ${parts.join(', ')} from ${counted(files, 'file')}${end}${refused}`);
  return lines;
}
