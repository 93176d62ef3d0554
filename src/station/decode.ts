import { assert } from '../base/errors.ts';
import type { BatchSink, FlowBatch } from '../model/flow-batch.ts';
import { LAYER_OUTER, LAYER_QUOTED, NO_EXPORTER } from '../model/flow-columns.ts';
import { FlowJson } from '../model/flow-json.ts';
import type { ExporterState } from '../wire/exporter.ts';
import type { RecordTrace, TraceKind } from '../wire/record-trace.ts';

/** Writes one line of text, its end included. */
export type LineWriter = (line: string) => void;

/** Records that a decoding printed, by kind. */
export interface DecodeCounts {
  packets: number;
  flows: number;
  options: number;
  counters: number;
}

interface Traced {
  readonly kind: TraceKind;
  readonly exporter: string | undefined;
  readonly observationDomain: number;
  readonly fields: string;
  /** Times of the flow as the record itself tells them, ms since 1970; NaN where it tells none, or only an uptime. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Address text of datagrams outside a capture: their sender is not known. */
const UNKNOWN_EXPORTER = '::';

/**
 * Turns batches and traced records into JSON lines, in the order in which they came: `"kind"` is `packet`, `flow`, `options`
 * or `counters`. The rows of one packet are one line: the header in a tunnel under `inner`, the one that an ICMP error quotes
 * under `quoted`. A flow has all its information elements by name under `fields`.
 *
 * The trace tells a flow before its row arrives with the batch, so traced records wait here, as many as one batch has rows
 * and the options data between them.
 */
export class JsonLines implements BatchSink, RecordTrace {
  readonly counts: DecodeCounts = { packets: 0, flows: 0, options: 0, counters: 0 };
  readonly #write: LineWriter;
  readonly #counters: boolean;
  readonly #rows = new FlowJson(() => this.#exporter);
  /** Address of the exporter of the row that is written; undefined where its sender is not known. */
  #exporter: string | undefined;
  #waiting: Traced[] = [];
  #next = 0;
  #recordsLeft: number;

  /** `counters` prints the counter samples of sFlow too; at most `limit` lines are written. */
  constructor(write: LineWriter, counters: boolean, limit = Number.POSITIVE_INFINITY) {
    this.#write = write;
    this.#counters = counters;
    this.#recordsLeft = limit;
  }

  /** True when as many lines were written as are wanted. */
  get done(): boolean {
    return this.#recordsLeft <= 0;
  }

  record(kind: TraceKind, exporter: ExporterState, fields: Record<string, unknown>): void {
    if (this.done || (kind === 'counters' && !this.#counters)) return;
    const traced = {
      kind,
      exporter: exporter.address === UNKNOWN_EXPORTER ? undefined : exporter.address,
      observationDomain: exporter.observationDomain,
      fields: JSON.stringify(fields, exactNumbers),
      startMs: reportedMs(fields, START_ELEMENTS),
      endMs: reportedMs(fields, END_ELEMENTS),
    };
    if (kind !== 'flow' && this.#next === this.#waiting.length) this.#writeTraced(traced);
    else this.#waiting.push(traced);
  }

  take(batch: FlowBatch): void {
    for (let row = 0; row < batch.length && !this.done; ) row = this.#writeRow(batch, row);
    this.#drain();
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    batch.length = 0;
  }

  /** Writes the line that begins at `row`; returns the row behind it. */
  #writeRow(batch: FlowBatch, row: number): number {
    let line: string;
    if (batch.exporter[row] === NO_EXPORTER) {
      line = `{"kind":"packet",${this.#rows.members(batch, row)}`;
      this.counts.packets++;
    } else {
      this.#drain();
      const traced = this.#waiting[this.#next++];
      assert(traced?.kind === 'flow', 'every row of telemetry was traced as a flow');
      this.#exporter = traced.exporter;
      // What is counted as too absurd to be used is still shown as it was reported.
      if (!Number.isNaN(traced.startMs)) batch.startMs[row] = traced.startMs;
      if (!Number.isNaN(traced.endMs)) batch.endMs[row] = traced.endMs;
      line = `{"kind":"flow",${this.#rows.members(batch, row)},"fields":${traced.fields}`;
      this.counts.flows++;
    }
    let end = row + 1;
    let ends = '}';
    while (end < batch.length && batch.layer[end] !== LAYER_OUTER) {
      if (batch.exporter[end] !== NO_EXPORTER) this.#next++;
      line += `,"${batch.layer[end] === LAYER_QUOTED ? 'quoted' : 'inner'}":{${this.#rows.members(batch, end)}`;
      ends += '}';
      end++;
    }
    this.#line(`${line}${ends}\n`);
    return end;
  }

  /** Writes options and counters that stand before the next flow. */
  #drain(): void {
    while (this.#next < this.#waiting.length && this.#waiting[this.#next].kind !== 'flow') {
      this.#writeTraced(this.#waiting[this.#next++]);
    }
  }

  #writeTraced(traced: Traced): void {
    if (this.done) return;
    if (traced.kind === 'options') this.counts.options++;
    else this.counts.counters++;
    const exporter = traced.exporter === undefined ? '' : `,"exporter":${JSON.stringify(traced.exporter)}`;
    this.#line(
      `{"kind":"${traced.kind}"${exporter},"observationDomain":${traced.observationDomain},"fields":${traced.fields}}\n`,
    );
  }

  #line(line: string): void {
    this.#recordsLeft--;
    this.#write(line);
  }
}

const START_ELEMENTS = ['flowStartMilliseconds', 'flowStartMicroseconds', 'flowStartNanoseconds', 'flowStartSeconds'];
const END_ELEMENTS = ['flowEndMilliseconds', 'flowEndMicroseconds', 'flowEndNanoseconds', 'flowEndSeconds'];

/** The first of some elements that holds a time, in ms since 1970 without its fraction; NaN where none does. */
function reportedMs(fields: Record<string, unknown>, names: readonly string[]): number {
  for (const name of names) {
    const value = fields[name];
    const match = typeof value === 'string' ? /^(.*\.\d{3})\d*Z$/.exec(value) : null;
    if (match !== null) return Date.parse(`${match[1]}Z`);
  }
  return Number.NaN;
}

/** Integers beyond 2^53 are written as text, so that no reader rounds them. */
function exactNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
