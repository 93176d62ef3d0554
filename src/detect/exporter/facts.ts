import type { SampledKeys } from './key-sample.ts';

export type FactsProtocol = 'netflow-v5' | 'netflow-v9' | 'ipfix' | 'sflow-v5';

/** Counters of one exporter; in `ExporterFacts` what came in the span, elsewhere their sums. */
export interface ExporterCounters {
  datagrams: number;
  records: number;
  /** Records of datagrams that were shed to keep up. */
  recordsShed: number;
  optionRecords: number;
  counterSamples: number;
  unknownTemplateSets: number;
  sequenceLost: number;
  /** Flow records that are missing by the sequence numbers, or came before their template. */
  recordsLost: number;
  /** Of these, those that came before their template. */
  recordsUndecoded: number;
  missedWhileDown: number;
  /** Rows that were looked at more closely, one in some; the counts below are of these. */
  looked: number;
  /** Rows without a sampling rate. */
  rateUnknown: number;
  /** Rows to the protected networks, from them, and within them. */
  towards: number;
  from: number;
  within: number;
}

export const COUNTER_NAMES = [
  'datagrams',
  'records',
  'recordsShed',
  'optionRecords',
  'counterSamples',
  'unknownTemplateSets',
  'sequenceLost',
  'recordsLost',
  'recordsUndecoded',
  'missedWhileDown',
  'looked',
  'rateUnknown',
  'towards',
  'from',
  'within',
] as const satisfies readonly (keyof ExporterCounters)[];

export function noCounters(): ExporterCounters {
  return {
    datagrams: 0,
    records: 0,
    recordsShed: 0,
    optionRecords: 0,
    counterSamples: 0,
    unknownTemplateSets: 0,
    sequenceLost: 0,
    recordsLost: 0,
    recordsUndecoded: 0,
    missedWhileDown: 0,
    looked: 0,
    rateUnknown: 0,
    towards: 0,
    from: 0,
    within: 0,
  };
}

/** Rows looked at that name an interface, by direction. */
export interface InterfaceFacts {
  readonly index: number;
  readonly input: number;
  readonly output: number;
}

/**
 * What one receiver saw of one exporter in one span, of a minute or so. Plain data that goes between threads. Times are event
 * time in ms since 1970.
 */
export interface ExporterFacts {
  /** Tells the exporter: address, protocol and observation domain. */
  readonly key: string;
  readonly address: string;
  readonly observationDomain: number;
  readonly protocol: FactsProtocol;
  readonly untilMs: number;
  readonly counters: ExporterCounters;
  /** Templates known at the end of the span. */
  readonly templates: number;
  /** All rates that the exporter has told, and the one that holds for records which tell none; 0 is unknown. */
  readonly samplingRates: readonly number[];
  readonly samplingRate: number;
  /** As options data tells them. */
  readonly activeTimeoutSeconds?: number;
  readonly inactiveTimeoutSeconds?: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Longest time between two datagrams. */
  readonly silenceMaxMs: number;
  /** Smallest (arrival - export time) of the span; NaN where nothing came, or nothing tells it. */
  readonly clockOffsetMs: number;
  /** Of rows looked at: how long flows lasted, and how long after its last packet a flow was told of. Histograms. */
  readonly durations: Uint32Array;
  readonly delays: Uint32Array;
  readonly interfaces: readonly InterfaceFacts[];
  readonly keys: SampledKeys;
}

export function exporterKey(address: string, protocol: string, observationDomain: number): string {
  return `${address} ${protocol} ${observationDomain}`;
}
