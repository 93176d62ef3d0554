import type { BatchSink, FlowBatch } from '../model/flow-batch.ts';
import type { Rejections } from '../model/rejection.ts';
import type { ExporterState } from './exporter.ts';
import type { RecordTrace } from './record-trace.ts';

/** The datagram in work: what every stage of a NetFlow or IPFIX decoder needs. One object per decoder, used again. */
export interface Datagram {
  bytes: Uint8Array;
  /** Over the same memory as `bytes`, from its first byte. */
  view: DataView;
  /** The memory of `bytes` and where it begins there, kept because the getters of typed arrays are slow. */
  buffer: ArrayBufferLike;
  byteOffset: number;
  exporter: ExporterState;
  /** Arrival in event time, ms since 1970; NaN where it is not known. Templates expire by it. */
  arrivalMs: number;
  /** Arrival, or the export time where the arrival is not known; ms since 1970. */
  observedMs: number;
  /** Export time by the exporter's clock, ms since 1970. */
  exportMs: number;
  /** Sequence number of the header. */
  sequence: number;
  /** sysUpTime at the export, ms modulo 2^32; NaN where it cannot be told. */
  uptimeMs: number;
  batch: FlowBatch;
  sink: BatchSink;
  readonly rejections: Rejections;
  /** True where records are counted only: templates and options are learned, and no row is made. */
  skipping: boolean;
  /** Records counted so. */
  skipped: number;
  trace: RecordTrace | undefined;
}

/** A record's times may lie this much after its arrival: clocks differ. */
export const FUTURE_MAX_MS = 10 * 60_000;
/** A record's times may lie this much before its arrival: the longest flow timeouts are some hours. */
export const PAST_MAX_MS = 24 * 3_600_000;
