import { randomInt } from 'node:crypto';
import { BonghwaError } from '../base/errors.ts';
import { type CaptureFile, openCapture } from '../input/capture-file.ts';
import { type BatchSink, createKernelBatch, type FlowBatch } from '../model/flow-batch.ts';
import { REJECT, Rejections } from '../model/rejection.ts';
import { TELEMETRY_PORTS } from '../model/telemetry-ports.ts';
import { CaptureReader } from '../wire/capture.ts';
import type { ExporterTable } from '../wire/exporter.ts';
import { PACKET_ROWS_MAX, PacketDecoder } from '../wire/packet.ts';
import { PacketTotals, type RunLimits, runLimits } from '../wire/packet-run.ts';
import type { RecordTrace } from '../wire/record-trace.ts';
import { looksLikeTelemetry, TelemetryDecoder } from '../wire/telemetry.ts';

/**
 * Files to batches: what `decode` and `replay` share.
 *
 *   file ──chunks──► CaptureReader ──packets─► PacketDecoder ──rows of traffic──────────────► batch ──► sink
 *                                                 └─ UDP to a telemetry port ──► TelemetryDecoder ─┘
 *
 * Memory is constant: one chunk, one batch, and the bounded tables of the decoders.
 */

/** `auto` tells telemetry from traffic by port and header; `datagram` takes each file as one raw export datagram. */
export type InputKind = 'auto' | 'traffic' | 'telemetry' | 'datagram';

export interface Progress {
  readonly file: string;
  /** Bytes of the file as stored; behind compression fewer than were parsed. */
  readonly bytesRead: number;
  /** Size of the file; undefined for standard input and pipes. */
  readonly bytesTotal: number | undefined;
  /** Packets and flow records of all files so far. */
  readonly packets: number;
  readonly flows: number;
  /** Time of the last packet, ms since 1970; NaN before the first. */
  readonly timeMs: number;
}

export interface IngestOptions {
  readonly files: readonly string[];
  readonly as: InputKind;
  readonly telemetryPorts?: readonly number[];
  /** Called after every chunk of a file. */
  readonly onProgress?: (progress: Progress) => void;
  readonly trace?: RecordTrace;
  /** Told before the first packet whose exporters the rows will be of. */
  readonly onExporters?: (exporters: ExporterTable) => void;
  /** Hands the batch over whenever event time has moved on by this much, full or not. */
  readonly stepMs?: number;
  /** Asked after every step and chunk, when the batch was handed over: the promise that is awaited before going on. */
  readonly pause?: () => Promise<void> | undefined;
  /** When aborted, reading ends after the current chunk and the totals so far are returned. */
  readonly signal?: AbortSignal;
  /** The batch that rows are decoded into, where the sink has one of its own that it counts without a copy. Of at least `INGEST_ROWS`. */
  readonly batch?: FlowBatch;
  /** Opens a file; one that was opened to see what it is, for example. */
  readonly open?: (file: string) => Promise<CaptureFile>;
}

export interface IngestTotals {
  /** Times of the earliest and latest packet, ms since 1970; NaN where there was none. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Packets of the captures, decodable or not, and their bytes on the wire. */
  readonly packets: number;
  readonly bytes: number;
  /** Rows decoded from telemetry. */
  readonly flows: number;
  readonly telemetryDatagrams: number;
  /** Captures that ended in mid-packet. */
  readonly truncatedFiles: readonly string[];
  readonly exporters: ExporterTable;
  readonly rejections: Rejections;
  /** True where the signal ended the reading. */
  readonly interrupted: boolean;
}

/** Bytes of a UDP payload at most (RFC 768 with a length of 65,535). */
const DATAGRAM_BYTES_MAX = 65_507;
/** First bytes of a file that are kept to tell what it is when it is no capture. */
const HEAD_BYTES = 64;

/**
 * Reads the files in order and gives their rows to `sink`. A UDP packet to a telemetry port whose payload looks like
 * telemetry gives the rows of its records, with the packet's time as arrival; any other packet gives its own rows, unless
 * `as` is `telemetry`. Throws BonghwaError FILE_UNREADABLE or FILE_NOT_A_CAPTURE; bad content is counted, not thrown.
 */
export async function ingest(options: IngestOptions, sink: BatchSink): Promise<IngestTotals> {
  const run = new Ingest(options, sink);
  for (const file of options.files) {
    if (options.signal?.aborted === true) break;
    if (options.as === 'datagram') await run.readDatagram(file);
    else await run.readCapture(file);
  }
  return run.totals();
}

/** Passes batches on, and keeps what the totals need of the rows. */
class Forward implements BatchSink {
  /** Rows handed over. */
  rows = 0;
  /** Earliest and latest time of arrival; kept where `timed`, for datagrams outside a capture. */
  fromMs = Number.NaN;
  toMs = Number.NaN;
  readonly #sink: BatchSink;
  readonly #timed: boolean;

  constructor(sink: BatchSink, timed: boolean) {
    this.#sink = sink;
    this.#timed = timed;
  }

  take(batch: FlowBatch): void {
    this.rows += batch.length;
    if (this.#timed) {
      for (let row = 0; row < batch.length; row++) {
        const timeMs = batch.observedMs[row];
        if (!(timeMs >= this.fromMs)) this.fromMs = timeMs;
        if (!(timeMs <= this.toMs)) this.toMs = timeMs;
      }
    }
    this.#sink.take(batch);
  }
}

/** So many rows are handed over at once: few enough that their columns stay in the second-level cache from decoding to counting. */
const INGEST_ROWS = 1024;

class Ingest {
  readonly #options: IngestOptions;
  readonly #forward: Forward;
  readonly #batch: FlowBatch;
  readonly #rejections = new Rejections();
  readonly #packetDecoder: PacketDecoder;
  readonly #telemetry: TelemetryDecoder;
  readonly #totals = new PacketTotals();
  /** `untilMs` is the end of the current step of event time; never reached where no steps were asked for. */
  readonly #limits: RunLimits;
  readonly #source = new Uint32Array(4);
  readonly #stepMs: number;

  #flows = 0;
  #telemetryDatagrams = 0;
  readonly #truncatedFiles: string[] = [];

  constructor(options: IngestOptions, sink: BatchSink) {
    this.#options = options;
    this.#batch = options.batch ?? createKernelBatch(INGEST_ROWS);
    this.#forward = new Forward(sink, options.as === 'datagram');
    this.#packetDecoder = new PacketDecoder(this.#rejections);
    this.#telemetry = new TelemetryDecoder(this.#rejections, {}, randomInt(2 ** 32));
    this.#telemetry.trace = options.trace;
    options.onExporters?.(this.#telemetry.exporters);
    this.#stepMs = options.stepMs ?? Number.POSITIVE_INFINITY;
    // All 0 where telemetry is not looked for.
    const portIsTelemetry = new Uint8Array(65_536);
    if (options.as !== 'traffic') {
      for (const port of options.telemetryPorts ?? TELEMETRY_PORTS) portIsTelemetry[port] = 1;
    }
    this.#limits = runLimits(INGEST_ROWS, portIsTelemetry);
    // The first step ends with the first packet.
    if (options.stepMs !== undefined) this.#limits.untilMs = Number.NEGATIVE_INFINITY;
  }

  totals(): IngestTotals {
    const timed = this.#options.as === 'datagram';
    return {
      fromMs: timed ? this.#forward.fromMs : this.#totals.fromMs,
      toMs: timed ? this.#forward.toMs : this.#totals.toMs,
      packets: this.#totals.packets,
      bytes: this.#totals.bytes,
      flows: this.#flows,
      telemetryDatagrams: this.#telemetryDatagrams,
      truncatedFiles: this.#truncatedFiles,
      exporters: this.#telemetry.exporters,
      rejections: this.#rejections,
      interrupted: this.#options.signal?.aborted === true,
    };
  }

  async readCapture(file: string): Promise<void> {
    const { signal } = this.#options;
    const reader = new CaptureReader(this.#rejections);
    const source = await this.#open(file);
    let head = new Uint8Array(0);
    let over = false;
    // A pipe may stay silent for ever: the signal closes it, rather than wait for its next bytes.
    const stop = (): void => void source.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for await (const chunk of source.chunks) {
        if (head.length === 0) head = Uint8Array.from(chunk.subarray(0, HEAD_BYTES));
        reader.push(chunk);
        while (this.#readPackets(reader)) await this.#handOver();
        await this.#handOver();
        this.#report(file, source.bytesRead, source.bytesTotal);
        over = reader.format === 'bad' || signal?.aborted === true;
        if (over) break;
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      await source.close();
    }
    if (signal?.aborted === true) return;
    reader.end();
    if (reader.format !== 'pcap' && reader.format !== 'pcapng') throw notACapture(file, head);
    while (this.#readPackets(reader)) await this.#handOver();
    await this.#handOver();
    if (reader.truncated || source.truncated) this.#truncatedFiles.push(file);
    // Compressed data that is cut short may end between two packets: the capture is not whole all the same.
    if (source.truncated && !reader.truncated) this.#rejections.count(REJECT['capture-truncated']);
  }

  #open(file: string): Promise<CaptureFile> {
    return (this.#options.open ?? openCapture)(file);
  }

  async readDatagram(file: string): Promise<void> {
    const source = await this.#open(file);
    const bytes = new Uint8Array(DATAGRAM_BYTES_MAX);
    let length = 0;
    try {
      for await (const chunk of source.chunks) {
        if (length + chunk.length > bytes.length) {
          throw new BonghwaError('FILE_NOT_A_CAPTURE', `${nameOf(file)} is longer than any datagram`, {
            hint: `A UDP payload has ${DATAGRAM_BYTES_MAX.toLocaleString('en-US')} bytes at most; leave out --as datagram for captures.`,
          });
        }
        bytes.set(chunk, length);
        length += chunk.length;
      }
    } finally {
      await source.close();
    }
    if (length === 0) throw emptyFile(file);
    // The sender is not known outside a capture: the unspecified address stands for it.
    this.#decodeTelemetry(bytes, 0, length, Number.NaN);
    await this.#handOver();
    this.#report(file, length, length);
  }

  /**
   * Reads packets until more bytes are needed (false) or the step of event time is over (true). No allocation in here: this
   * loop runs millions of times a second.
   */
  #readPackets(reader: CaptureReader): boolean {
    const batch = this.#batch;
    const decoder = this.#packetDecoder;
    const totals = this.#totals;
    const limits = this.#limits;
    const ports = limits.portIsOther;
    const trafficWanted = this.#options.as !== 'telemetry';
    const rowsFull = INGEST_ROWS - PACKET_ROWS_MAX;
    const stepEndMs = limits.untilMs;
    let stepped = false;
    while (!stepped) {
      if (batch.length > rowsFull) this.#flush();
      if (trafficWanted && reader.run(limits, batch, totals) > 0) {
        stepped = totals.lastMs >= stepEndMs;
        continue;
      }
      if (!reader.next()) break;
      const { timeMs, bytes, wireLength } = reader;
      totals.add(timeMs, wireLength);
      const row = batch.length;
      decoder.decode(bytes, reader.offset, reader.capturedLength, wireLength, reader.linkType, timeMs, batch);
      const udpRow = decoder.udpRow;
      if (
        udpRow >= 0 &&
        ports[batch.dstPort[udpRow]] === 1 &&
        looksLikeTelemetry(bytes, decoder.udpPayloadOffset, decoder.udpPayloadLength)
      ) {
        const source = this.#source;
        for (let word = 0; word < 4; word++) source[word] = batch.srcAddr[4 * udpRow + word];
        batch.length = row;
        this.#decodeTelemetry(bytes, decoder.udpPayloadOffset, decoder.udpPayloadLength, timeMs);
      } else if (!trafficWanted) {
        batch.length = row;
      }
      stepped = timeMs >= stepEndMs;
    }
    if (stepped) limits.untilMs = (Math.floor(totals.lastMs / this.#stepMs) + 1) * this.#stepMs;
    return stepped;
  }

  #decodeTelemetry(bytes: Uint8Array, offset: number, length: number, arrivalMs: number): void {
    const before = this.#forward.rows + this.#batch.length;
    const known = this.#telemetry.decode(bytes, offset, length, this.#source, 0, arrivalMs, this.#batch, this.#forward);
    if (known) this.#telemetryDatagrams++;
    this.#flows += this.#forward.rows + this.#batch.length - before;
  }

  #flush(): void {
    this.#forward.take(this.#batch);
    this.#batch.length = 0;
  }

  async #handOver(): Promise<void> {
    if (this.#batch.length > 0) this.#flush();
    const pause = this.#options.pause?.();
    if (pause !== undefined) await pause;
  }

  #report(file: string, bytesRead: number, bytesTotal: number | undefined): void {
    this.#options.onProgress?.({
      file,
      bytesRead,
      bytesTotal,
      packets: this.#totals.packets,
      flows: this.#flows,
      timeMs: this.#totals.lastMs,
    });
  }
}

function emptyFile(file: string): BonghwaError {
  return new BonghwaError('FILE_NOT_A_CAPTURE', `${nameOf(file)} is empty`, {
    hint: 'A capture has a file header at least; was it written to the end?',
  });
}

function notACapture(file: string, head: Uint8Array): BonghwaError {
  if (head.length === 0) return emptyFile(file);
  let hint = 'Captures are read in pcap and pcapng format, also compressed with gzip.';
  if (looksLikeTelemetry(head, 0, DATAGRAM_BYTES_MAX)) {
    hint = 'It looks like a raw export datagram: add --as datagram.';
  } else if (isText(head)) {
    hint = 'It looks like text: leave --as away, or add --as log, where it is the log of a web server.';
  }
  return new BonghwaError('FILE_NOT_A_CAPTURE', `${nameOf(file)} is no capture`, { hint });
}

function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** True where all bytes are printable, line ends, or of UTF-8 sequences. */
function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}
