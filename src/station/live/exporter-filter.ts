import type { FlowBatch } from '../../model/flow-batch.ts';
import { HAS, NO_EXPORTER } from '../../model/flow-columns.ts';
import { UNCOUNTED } from '../../sketch/classify.ts';
import type { ExporterTable } from '../../wire/exporter.ts';

/** What the configuration says of exporters, by the text of their addresses. */
export interface ExporterSettings {
  /** Indexes of the interfaces that face outside. */
  readonly outside: Map<string, ReadonlySet<number>>;
  /** One packet in how many is looked at, where telemetry does not say. */
  readonly sampling: Map<string, number>;
}

/**
 * Leaves out what an exporter saw only between inside interfaces: it was told of when it came in. Rows that name no interface count, and
 * so do those of exporters of which nothing is said.
 */
export class ExporterFilter {
  /** Rows that were left out. */
  left = 0;
  readonly #exporters: ExporterTable;
  #outside: ExporterSettings['outside'];
  /** By index of the exporter: who it was when it was looked up, and what is said of it. */
  #known: { readonly address: string; readonly outside: ReadonlySet<number> | undefined }[] = [];

  constructor(outside: ExporterSettings['outside'], exporters: ExporterTable) {
    this.#outside = outside;
    this.#exporters = exporters;
  }

  configure(outside: ExporterSettings['outside']): void {
    this.#outside = outside;
    this.#known = [];
  }

  apply(batch: FlowBatch, classes: Uint8Array, rows: number): void {
    if (this.#outside.size === 0) return;
    const { exporter, present, inIf, outIf } = batch;
    let last = NO_EXPORTER;
    let outside: ReadonlySet<number> | undefined;
    for (let row = 0; row < rows; row++) {
      if (exporter[row] !== last) {
        last = exporter[row];
        outside = this.#outsideOf(last);
      }
      if (outside === undefined) continue;
      const has = present[row] & (HAS.inIf | HAS.outIf);
      if (has === 0) continue;
      const comesIn = (has & HAS.inIf) !== 0 && outside.has(inIf[row]);
      const goesOut = (has & HAS.outIf) !== 0 && outside.has(outIf[row]);
      if (comesIn || goesOut) continue;
      if (classes[row] !== UNCOUNTED) this.left++;
      classes[row] = UNCOUNTED;
    }
  }

  #outsideOf(index: number): ReadonlySet<number> | undefined {
    const address = this.#exporters.at(index)?.address;
    if (address === undefined) return undefined;
    const known = this.#known[index];
    // An index is used again when its exporter was forgotten.
    if (known?.address === address) return known.outside;
    const outside = this.#outside.get(address);
    this.#known[index] = { address, outside };
    return outside;
  }
}
