import type { Prefix } from '../base/prefix.ts';
import { ExporterBook } from '../detect/exporter/book.ts';
import { ExporterFactsCollector } from '../detect/exporter/collector.ts';
import type { Expectation } from '../detect/exporter/diagnose.ts';
import { createDuplicateVolumes } from '../detect/exporter/duplicate-guard.ts';
import { DuplicateExports } from '../detect/exporter/duplicates.ts';
import type { ExporterReport } from '../model/attack.ts';
import type { FlowBatch } from '../model/flow-batch.ts';
import type { ExporterTable } from '../wire/exporter.ts';

/** Event time between two looks at the facts. */
const SPAN_MS = 60_000;

export interface ExporterWatchOptions {
  readonly seed: number;
  readonly networks: readonly Prefix[];
  /** By the text of the exporter's address. */
  readonly expectations?: ReadonlyMap<string, Expectation>;
}

/** Watches the exporters of one decoder in the time of its input: what receivers, and what joins them, do in a live station. */
export class ExporterWatch {
  readonly #options: ExporterWatchOptions;
  readonly #book = new ExporterBook(Number.POSITIVE_INFINITY);
  readonly #volumes = createDuplicateVolumes();
  readonly #duplicates = new DuplicateExports(this.#volumes);
  #collector: ExporterFactsCollector | undefined = undefined;
  #spanEndMs = Number.NaN;

  constructor(options: ExporterWatchOptions) {
    this.#options = options;
    this.#book.expect(options.expectations ?? new Map());
  }

  /** Tells whose exporters the rows are of. */
  watch(exporters: ExporterTable): void {
    const { seed, networks } = this.#options;
    this.#collector = new ExporterFactsCollector({ seed, networks, exporters, volumes: this.#volumes });
  }

  /** Looks at rows that are classified, before they are counted; those that another exporter told of become UNCOUNTED. */
  look(batch: FlowBatch, classes: Uint8Array, rows: number, chosen: Int32Array, count: number): void {
    if (rows === 0) return;
    this.#collector?.add(batch, classes, rows, chosen, count);
    const timeMs = batch.observedMs[rows - 1];
    if (Number.isNaN(this.#spanEndMs)) this.#spanEndMs = timeMs + SPAN_MS;
    if (!(timeMs >= this.#spanEndMs)) return;
    this.#endSpan(timeMs);
    this.#spanEndMs = timeMs + SPAN_MS;
  }

  /** What is to be told of all exporters at the end of the input, which was at `nowMs`; NaN where it had no time. */
  reports(nowMs: number): ExporterReport[] {
    this.#endSpan(nowMs);
    return this.#book.reports(nowMs);
  }

  #endSpan(nowMs: number): void {
    const facts = this.#collector?.take(nowMs) ?? [];
    this.#collector?.track(this.#duplicates.decide(facts));
    this.#book.take(facts, this.#duplicates.duplicates, nowMs);
  }
}
