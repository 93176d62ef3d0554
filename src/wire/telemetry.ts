import type { BatchSink, FlowBatch } from '../model/flow-batch.ts';
import { REJECT, type Rejections } from '../model/rejection.ts';
import { EXPORTER_LIMITS, type ExporterLimits, ExporterTable } from './exporter.ts';
import type { RecordTrace } from './record-trace.ts';

export type TelemetryLimits = ExporterLimits;

/** Decodes telemetry datagrams of any known version into batch rows. */
export class TelemetryDecoder {
  /** Set by `decode --json` only; the data path is slower with it. */
  trace: RecordTrace | undefined = undefined;
  readonly exporters: ExporterTable;
  readonly #rejections: Rejections;

  constructor(rejections: Rejections, limits: Partial<TelemetryLimits> = {}) {
    this.#rejections = rejections;
    this.exporters = new ExporterTable(rejections, { ...EXPORTER_LIMITS, ...limits });
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
    _sourceWords: Uint32Array,
    _sourceAt: number,
    _arrivalMs: number,
    _batch: FlowBatch,
    _sink: BatchSink,
  ): boolean {
    if (!looksLikeTelemetry(bytes, offset, length)) {
      this.#rejections.count(REJECT['datagram-version-unknown']);
      return false;
    }
    return true;
  }
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
