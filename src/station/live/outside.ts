import type { FlowBatch } from '../../model/flow-batch.ts';
import { HAS, NO_EXPORTER } from '../../model/flow-columns.ts';
import { UNCOUNTED } from '../../sketch/classify.ts';
import type { ExporterTable } from '../../wire/exporter.ts';

/** Interfaces that face outside, by the address of their exporter as text. */
export type OutsideInterfaces = ReadonlyMap<string, ReadonlySet<number>>;

/**
 * Leaves out what an exporter saw only between inside interfaces: another of its interfaces, or another router, told of it when it came
 * in. Rows that name no interface count, and so do those of exporters of which nothing is said.
 */
export class OutsideFilter {
  /** Rows that were left out. */
  left = 0;
  readonly #outside: OutsideInterfaces;
  readonly #exporters: ExporterTable;
  /** By index of the exporter: who it was when it was looked up, and its interfaces. */
  readonly #known: { readonly address: string; readonly interfaces: ReadonlySet<number> | undefined }[] = [];

  constructor(outside: OutsideInterfaces, exporters: ExporterTable) {
    this.#outside = outside;
    this.#exporters = exporters;
  }

  apply(batch: FlowBatch, classes: Uint8Array, rows: number): void {
    if (this.#outside.size === 0) return;
    const { exporter, present, inIf, outIf } = batch;
    let last = NO_EXPORTER;
    let interfaces: ReadonlySet<number> | undefined;
    for (let row = 0; row < rows; row++) {
      if (exporter[row] !== last) {
        last = exporter[row];
        interfaces = this.#interfacesOf(last);
      }
      const has = present[row] & (HAS.inIf | HAS.outIf);
      if (interfaces === undefined || has === 0) continue;
      const crosses =
        ((has & HAS.inIf) !== 0 && interfaces.has(inIf[row])) ||
        ((has & HAS.outIf) !== 0 && interfaces.has(outIf[row]));
      if (crosses) continue;
      if (classes[row] !== UNCOUNTED) this.left++;
      classes[row] = UNCOUNTED;
    }
  }

  #interfacesOf(index: number): ReadonlySet<number> | undefined {
    const address = this.#exporters.at(index)?.address;
    if (address === undefined) return undefined;
    const known = this.#known[index];
    // An index is used again when its exporter was forgotten.
    if (known?.address === address) return known.interfaces;
    const interfaces = this.#outside.get(address);
    this.#known[index] = { address, interfaces };
    return interfaces;
  }
}
