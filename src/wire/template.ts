import type { ExporterState } from './exporter.ts';

/** One template of one exporter and observation domain. */
export interface Template {
  readonly id: number;
  readonly exporter: ExporterState;
}
