import type { RequestsRecord } from '../../model/kept-request.ts';
import type { SecondRecord } from '../../model/second-record.ts';
import type { StoreStatus } from '../../model/station-view.ts';
import type { FlowsAnswer, FlowsQuery } from './flows-query.ts';
import type { RequestsAnswer, RequestsQuery } from './requests-query.ts';
import type { SecondsAnswer, SecondsQuery } from './seconds-query.ts';

/**
 * What an analyst asks afterwards: seconds and minutes of targets, kept flows, and kept requests of logs. The store follows detection and never holds it
 * up: what it cannot keep is counted in `status().lost`.
 */
export interface TelemetryStore {
  /** Keeps a second. Never throws and never waits; the record's arrays belong to the store from here on. */
  offer(record: SecondRecord): void;
  /** Keeps requests, as `offer` does seconds. */
  offerRequests(record: RequestsRecord): void;
  /** Rejects with TELEMETRY_DOWN where the engine does not answer, and TELEMETRY_QUERY where it refuses. */
  flows(query: FlowsQuery, signal?: AbortSignal): Promise<FlowsAnswer>;
  seconds(query: SecondsQuery, signal?: AbortSignal): Promise<SecondsAnswer>;
  requests(query: RequestsQuery, signal?: AbortSignal): Promise<RequestsAnswer>;
  /** What is kept from now on; what is older goes within a minute. */
  setRetention(retention: TelemetryRetention): void;
  status(): StoreStatus;
  /** Hands over what waits, or writes it to the spool, within `CLOSE_MS_MAX` (3.5 s) in all. */
  close(): Promise<void>;
}

/** Days that each table keeps. */
export interface TelemetryRetention {
  readonly flowsDays: number;
  readonly secondsDays: number;
  readonly minutesDays: number;
  readonly requestsDays: number;
}

/** What is known of the address at `words[at .. at+3]`; looked up in memory. */
export interface Enrichment {
  country(words: Uint32Array, at: number): string | undefined;
  asn(words: Uint32Array, at: number): number | undefined;
}

export interface TelemetryOptions {
  /** The station's data directory. The caller holds its lock; the store has `telemetry/` and `spool/` in it. */
  readonly directory: string;
  /** A ClickHouse server (`http://user:password@host:8123/database`), or 'off'; without it chDB keeps the data in the directory. */
  readonly url?: string | undefined;
  readonly retention: TelemetryRetention;
  readonly enrich?: Enrichment | undefined;
  /** Told of every fault once when it begins. */
  readonly onProblem?: ((error: Error) => void) | undefined;
}
