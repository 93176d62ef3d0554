import type { FlowBatch } from '../../model/flow-batch.ts';
import { HAS, NO_EXPORTER } from '../../model/flow-columns.ts';
import { UNCOUNTED } from '../../sketch/classify.ts';
import type { ExporterTable } from '../../wire/exporter.ts';

/** What the configuration says of one exporter, as far as its rows are concerned. */
export interface ExporterSetting {
  /** One packet in how many it looks at, where its telemetry does not say. */
  readonly samplingRate: number | undefined;
  /** Indexes of the interfaces that face outside; undefined where nothing is said. */
  readonly outside: ReadonlySet<number> | undefined;
}

/** Settings by the text of the exporter's address. */
export type ExporterSettings = ReadonlyMap<string, ExporterSetting>;

/**
 * Applies what the configuration says of exporters to their rows: a sampling rate that their telemetry does not tell, and interfaces that
 * face outside. What an exporter saw only between inside interfaces is left out: it was told of when it came in. Rows that name no
 * interface count, and so do those of exporters of which nothing is said.
 */
export class ExporterFilter {
  /** Rows that were left out. */
  left = 0;
  readonly #exporters: ExporterTable;
  #settings: ExporterSettings;
  /** By index of the exporter: who it was when it was looked up, and what is said of it. */
  #known: { readonly address: string; readonly setting: ExporterSetting | undefined }[] = [];

  constructor(settings: ExporterSettings, exporters: ExporterTable) {
    this.#settings = settings;
    this.#exporters = exporters;
  }

  configure(settings: ExporterSettings): void {
    this.#settings = settings;
    this.#known = [];
  }

  apply(batch: FlowBatch, classes: Uint8Array, rows: number): void {
    if (this.#settings.size === 0) return;
    const { exporter, present, inIf, outIf, samplingRate } = batch;
    let last = NO_EXPORTER;
    let setting: ExporterSetting | undefined;
    for (let row = 0; row < rows; row++) {
      if (exporter[row] !== last) {
        last = exporter[row];
        setting = this.#settingOf(last);
      }
      if (setting === undefined) continue;
      const { outside } = setting;
      if (setting.samplingRate !== undefined && samplingRate[row] === 0) samplingRate[row] = setting.samplingRate;
      const has = present[row] & (HAS.inIf | HAS.outIf);
      if (outside === undefined || has === 0) continue;
      const comesIn = (has & HAS.inIf) !== 0 && outside.has(inIf[row]);
      const goesOut = (has & HAS.outIf) !== 0 && outside.has(outIf[row]);
      if (comesIn || goesOut) continue;
      if (classes[row] !== UNCOUNTED) this.left++;
      classes[row] = UNCOUNTED;
    }
  }

  #settingOf(index: number): ExporterSetting | undefined {
    const address = this.#exporters.at(index)?.address;
    if (address === undefined) return undefined;
    const known = this.#known[index];
    // An index is used again when its exporter was forgotten.
    if (known?.address === address) return known.setting;
    const setting = this.#settings.get(address);
    this.#known[index] = { address, setting };
    return setting;
  }
}
