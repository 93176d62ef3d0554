import type { ExporterCounters, FactsProtocol } from './facts.ts';

/** All that is known of one exporter, for its diagnosis. Times are event time in ms since 1970. */
export interface ExporterSummary {
  readonly key: string;
  readonly address: string;
  readonly observationDomain: number;
  readonly protocol: FactsProtocol;
  /** Since the station began. */
  readonly total: ExporterCounters;
  /** Of the last five to ten spans. */
  readonly recent: ExporterCounters;
  readonly durations: Uint32Array;
  readonly delays: Uint32Array;
  readonly interfaces: ReadonlyMap<number, { readonly input: number; readonly output: number }>;
  readonly templates: number;
  readonly samplingRates: readonly number[];
  readonly samplingRate: number;
  /** A rate that came after the others had settled. */
  readonly samplingChange: { readonly atMs: number; readonly rate: number } | undefined;
  readonly activeTimeoutSeconds: number | undefined;
  readonly inactiveTimeoutSeconds: number | undefined;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Longest silence between two datagrams that is usual. */
  readonly usualSilenceMs: number;
  /** Smallest (arrival - export time) of the last span; NaN where unknown. */
  readonly clockOffsetMs: number;
  readonly clockMoved: { readonly atMs: number; readonly byMs: number } | undefined;
}
