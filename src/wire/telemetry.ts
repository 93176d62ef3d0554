import { type BatchSink, createFlowBatch, type FlowBatch } from '../model/flow-batch.ts';
import { REJECT, type Rejections } from '../model/rejection.ts';
import type { Datagram } from './datagram.ts';
import { EXPORTER_LIMITS, type ExporterLimits, ExporterState, ExporterTable } from './exporter.ts';
import { decodeIpfix } from './ipfix.ts';
import { decodeNetflow5, netflow5Template } from './netflow5.ts';
import { decodeNetflow9 } from './netflow9.ts';
import type { RecordTrace } from './record-trace.ts';
import { Sflow5Decoder } from './sflow5.ts';
import { TEMPLATE_LIMITS, type TemplateLimits, TemplateStore } from './template.ts';
import { RecordDecoder } from './template-run.ts';
import { DataSetReader } from './template-sets.ts';

export interface TelemetryLimits extends ExporterLimits, TemplateLimits {
  /** Records of one template after which its decoding is compiled, for batches made by `createKernelBatch`. */
  readonly kernelAfterRecords: number;
}
export const TELEMETRY_LIMITS: TelemetryLimits = {
  ...EXPORTER_LIMITS,
  ...TEMPLATE_LIMITS,
  kernelAfterRecords: 4096,
};

const VERSION_NETFLOW5 = 5;
const VERSION_NETFLOW9 = 9;
const VERSION_IPFIX = 10;

/** Decodes telemetry datagrams of any known version into batch rows. Keeps what exporters told: templates, sampling. */
export class TelemetryDecoder {
  /** Set by `decode --json` only; the data path is slower with it. */
  trace: RecordTrace | undefined = undefined;
  readonly exporters: ExporterTable;
  readonly templates: TemplateStore;
  readonly #rejections: Rejections;
  readonly #records: RecordDecoder;
  readonly #netflow5 = netflow5Template();
  readonly #reader: DataSetReader;
  readonly #datagram: Datagram;
  readonly #sflow: Sflow5Decoder;

  /** `seed` keys the table of exporters, so that a sender cannot choose what collides in it. */
  constructor(rejections: Rejections, limits: Partial<TelemetryLimits> = {}, seed?: number) {
    this.#rejections = rejections;
    this.exporters = new ExporterTable(rejections, limits, seed);
    this.templates = new TemplateStore(this.exporters, rejections, limits);
    this.#records = new RecordDecoder(limits.kernelAfterRecords ?? TELEMETRY_LIMITS.kernelAfterRecords);
    this.#reader = new DataSetReader(this.templates, this.#records);
    this.#sflow = new Sflow5Decoder(rejections);
    const bytes = new Uint8Array(0);
    this.#datagram = {
      bytes,
      view: new DataView(bytes.buffer),
      buffer: bytes.buffer,
      byteOffset: 0,
      // Replaced by every decoder before it is read.
      exporter: new ExporterState(0, new Uint32Array(4), 0, 0, 'ipfix', 0),
      arrivalMs: Number.NaN,
      observedMs: 0,
      exportMs: 0,
      sequence: 0,
      uptimeMs: Number.NaN,
      batch: createFlowBatch(1),
      sink: { take: (): void => undefined },
      rejections,
      skipping: false,
      skipped: 0,
      trace: undefined,
    };
  }

  /** When the datagram that is or was decoded last was sent, by the clock of its exporter, ms since 1970; NaN where it does not say. */
  get exportMs(): number {
    return this.#datagram.exportMs;
  }

  /** Tells what sampling rates a person expects, by the text of an exporter's address: used where nothing else tells one. */
  expectSampling(rates: ReadonlyMap<string, number>): void {
    this.exporters.expectSampling(rates);
  }

  /**
   * `bytes[offset, offset + length)` is one UDP payload, from the exporter at `sourceWords[sourceAt .. +3]`, arrived at
   * `arrivalMs` (event time; NaN takes the export time in the header). Appends rows to `batch`, and calls `sink.take(batch)`
   * whenever it is full. Returns true if it was a telemetry datagram of a known version, even a broken one.
   */
  decode(
    bytes: Uint8Array,
    offset: number,
    length: number,
    sourceWords: Uint32Array,
    sourceAt: number,
    arrivalMs: number,
    batch: FlowBatch,
    sink: BatchSink,
  ): boolean {
    const datagram = this.#datagram;
    datagram.batch = batch;
    datagram.sink = sink;
    datagram.skipping = false;
    datagram.trace = this.trace;
    datagram.exportMs = Number.NaN;
    if (!isSflow(bytes, offset, length)) {
      return this.#decodeNetflow(bytes, offset, length, sourceWords, sourceAt, arrivalMs);
    }
    const { exporters } = this;
    this.#sflow.decode(bytes, offset, length, arrivalMs, exporters, sourceWords, sourceAt, batch, sink, this.trace);
    return true;
  }

  /**
   * Counts the records of a datagram that is shed to keep up: exactly as many as `decode` would make rows of, tunnels apart.
   * Sequence numbers, clocks, templates and what options tell are followed as ever; no row is made. The records are added to
   * `recordsShed` of the exporter. Arguments as those of `decode`; 0 for what is no telemetry.
   */
  skip(
    bytes: Uint8Array,
    offset: number,
    length: number,
    sourceWords: Uint32Array,
    sourceAt: number,
    arrivalMs: number,
  ): number {
    if (isSflow(bytes, offset, length)) {
      return this.#sflow.skip(bytes, offset, length, arrivalMs, this.exporters, sourceWords, sourceAt);
    }
    const datagram = this.#datagram;
    datagram.skipping = true;
    datagram.trace = undefined;
    datagram.skipped = 0;
    this.#decodeNetflow(bytes, offset, length, sourceWords, sourceAt, arrivalMs);
    return datagram.skipped;
  }

  #decodeNetflow(
    bytes: Uint8Array,
    offset: number,
    length: number,
    sourceWords: Uint32Array,
    sourceAt: number,
    arrivalMs: number,
  ): boolean {
    const { exporters, templates } = this;
    const datagram = this.#datagram;
    if (datagram.bytes !== bytes) {
      datagram.bytes = bytes;
      datagram.buffer = bytes.buffer;
      datagram.byteOffset = bytes.byteOffset;
      datagram.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const version = length < 4 ? -1 : (bytes[offset] << 8) | bytes[offset + 1];
    switch (version) {
      case VERSION_NETFLOW5:
        decodeNetflow5(
          datagram,
          exporters,
          this.#records,
          this.#netflow5,
          offset,
          length,
          sourceWords,
          sourceAt,
          arrivalMs,
        );
        return true;
      case VERSION_NETFLOW9:
        decodeNetflow9(datagram, exporters, templates, this.#reader, offset, length, sourceWords, sourceAt, arrivalMs);
        return true;
      case VERSION_IPFIX:
        decodeIpfix(datagram, exporters, templates, this.#reader, offset, length, sourceWords, sourceAt, arrivalMs);
        return true;
      default:
        this.#rejections.count(REJECT['datagram-version-unknown']);
        return false;
    }
  }
}

/** sFlow counts its version, which is 5, in 32 bits. */
function isSflow(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < 4) return false;
  return bytes[offset] === 0 && bytes[offset + 1] === 0 && bytes[offset + 2] === 0 && bytes[offset + 3] === 5;
}

/** Cheap plausibility test for one UDP payload: version word and header that fits; used for captures without being told. */
export function looksLikeTelemetry(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < 16) return false;
  const version = (bytes[offset] << 8) | bytes[offset + 1];
  const word = (bytes[offset + 2] << 8) | bytes[offset + 3];
  switch (version) {
    case 0:
      // sFlow (version word of 32 bits): then the agent address is of type 1 (IPv4) or 2 (IPv6).
      return word === 5 && length >= 28 && bytes[offset + 7] >= 1 && bytes[offset + 7] <= 2;
    case 5:
      // 1 to 30 records of 48 bytes behind a header of 24; some exporters pad.
      return length >= 24 && word >= 1 && word <= 30 && 24 + 48 * word <= length;
    case 9:
      // The header counts records; the least one is a template record of one field without content.
      return length >= 20 && word >= 1 && word * 4 <= length;
    case 10:
      return word >= 16 && word <= length;
    default:
      return false;
  }
}
