import { createFlowBatch, type FlowBatch } from '../../src/model/flow-batch.ts';
import { Rejections } from '../../src/model/rejection.ts';
import type { ExporterState } from '../../src/wire/exporter.ts';
import type { TraceKind } from '../../src/wire/record-trace.ts';
import { TelemetryDecoder, type TelemetryLimits } from '../../src/wire/telemetry.ts';

/** A decoder with its batch, for tests: datagrams in, rows and counters out. */
export class TelemetryBench {
  readonly rejections = new Rejections();
  readonly batch: FlowBatch;
  readonly decoder: TelemetryDecoder;
  readonly traced: { kind: TraceKind; exporter: ExporterState; fields: Record<string, unknown> }[] = [];
  /** Rows that went through the sink. */
  taken = 0;

  constructor(limits: Partial<TelemetryLimits> = {}, capacity = 4096, trace = false) {
    this.batch = createFlowBatch(capacity);
    this.decoder = new TelemetryDecoder(this.rejections, limits);
    if (trace) {
      this.decoder.trace = {
        record: (kind, exporter, fields): void => {
          this.traced.push({ kind, exporter, fields });
        },
      };
    }
  }

  /** Decodes one datagram of the exporter 10.0.0.`source`, arrived at `arrivalMs`. */
  feed(bytes: Uint8Array, arrivalMs: number, source = 1): boolean {
    const words = Uint32Array.of(0, 0, 0xffff, 0x0a000000 + source);
    return this.decoder.decode(bytes, 0, bytes.length, words, 0, arrivalMs, this.batch, this);
  }

  take(batch: FlowBatch): void {
    this.taken += batch.length;
    batch.length = 0;
  }

  /** The only exporter there is. */
  get exporter(): ExporterState {
    return this.decoder.exporters.list()[0];
  }
}
