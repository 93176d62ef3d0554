import type { ExporterState } from './exporter.ts';

/** What a traced record is: a flow (one batch row), options data, or the counters of an sFlow agent. */
export type TraceKind = 'flow' | 'options' | 'counters';

/**
 * Sees every decoded record with all its information elements by name, for `decode --json`. Not for the data path: a decoder
 * looks once per set whether there is a trace and then takes another, slower way.
 *
 * There is exactly one call of kind `flow` per batch row, in the order of the rows; options data and counters make no row.
 * Values are numbers, bigints beyond 2^53, strings (addresses, ISO 8601 times, text, hex), booleans, or arrays of these where
 * an element occurs more than once in a record.
 */
export interface RecordTrace {
  record(kind: TraceKind, exporter: ExporterState, fields: Record<string, unknown>): void;
}
