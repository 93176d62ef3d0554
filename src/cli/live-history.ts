import type { ExporterReport } from '../model/attack.ts';
import type { StationStatus } from '../model/station-view.ts';

/** Samples that are kept: as many as the widest picture has columns. */
const SAMPLES_MAX = 240;
/** Samples whose exporters are kept: rates are told over as many. */
const EXPORTER_SAMPLES_MAX = 11;
/** Loss is told over this time, ms. */
const LOSS_MS = 60_000;
/** Record rates are told over this time, ms. */
const RATE_MS = 5000;

interface Sample {
  readonly atMs: number;
  readonly records: number;
  readonly recordsLost: number;
  readonly pps: number;
  readonly bps: number;
}

/** What a live view has seen so far: rates follow from counters that only grow. */
export class LiveHistory {
  #samples: Sample[] = [];
  #exporters: { readonly atMs: number; readonly records: ReadonlyMap<string, number> }[] = [];

  add(status: StationStatus): void {
    const atMs = Date.parse(status.now);
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs === last.atMs) return;
    // A station that was started again, or whose clock was set back, begins anew.
    if (last !== undefined && (atMs < last.atMs || status.records < last.records)) this.#samples = this.#exporters = [];
    const { records, recordsLost, total } = status;
    this.#samples = [...this.#samples, { atMs, records, recordsLost, pps: total.pps, bps: total.bps }].slice(
      -SAMPLES_MAX,
    );
    const byExporter = new Map(status.exporters.map((exporter) => [keyOf(exporter), exporter.records]));
    this.#exporters = [...this.#exporters, { atMs, records: byExporter }].slice(-EXPORTER_SAMPLES_MAX);
  }

  /** Packets a second, the latest last. */
  pps(): readonly number[] {
    return this.#samples.map(({ pps }) => pps);
  }

  /** Flow records received, a second; undefined before there are two samples. */
  recordsPerSecond(): number | undefined {
    const span = this.#span(RATE_MS);
    return span === undefined
      ? undefined
      : ((span.to.records - span.from.records) * 1000) / (span.to.atMs - span.from.atMs);
  }

  /** Share of the records of the last minute that was lost; undefined before there are two samples. */
  lossShare(): number | undefined {
    const span = this.#span(LOSS_MS);
    if (span === undefined) return undefined;
    const lost = span.to.recordsLost - span.from.recordsLost;
    const offered = span.to.records - span.from.records + lost;
    return offered <= 0 ? 0 : Math.max(0, lost) / offered;
  }

  /** Flow records of one exporter, a second; undefined before it was seen twice. */
  exporterRate(exporter: ExporterReport): number | undefined {
    const key = keyOf(exporter);
    const from = this.#exporters.find(({ records }) => records.has(key));
    const to = this.#exporters.at(-1);
    const before = from?.records.get(key);
    const after = to?.records.get(key);
    if (from === undefined || to === undefined || before === undefined || after === undefined || to === from)
      return undefined;
    return (Math.max(0, after - before) * 1000) / (to.atMs - from.atMs);
  }

  #span(backMs: number): { from: Sample; to: Sample } | undefined {
    const to = this.#samples.at(-1);
    if (to === undefined) return undefined;
    const from = this.#samples.find(({ atMs }) => to.atMs - atMs <= backMs);
    return from === undefined || from === to ? undefined : { from, to };
  }
}

function keyOf({ exporter, observationDomain, protocol }: ExporterReport): string {
  return `${exporter} ${observationDomain} ${protocol}`;
}
