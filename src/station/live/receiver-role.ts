import type { Prefix } from '../../base/prefix.ts';
import { ExporterFactsCollector } from '../../detect/exporter/collector.ts';
import type { TrackedExporter } from '../../detect/exporter/duplicate-guard.ts';
import type { ExporterFacts } from '../../detect/exporter/facts.ts';
import type { BatchSink, FlowBatch } from '../../model/flow-batch.ts';
import { Rejections } from '../../model/rejection.ts';
import type { Second } from '../../sketch/second.ts';
import { encodeSecond, transfersOf, type WatchList, watchAll } from '../../sketch/second-codec.ts';
import { SecondStream } from '../../sketch/second-stream.ts';
import { SpareMemory } from '../../sketch/spare-memory.ts';
import { TelemetryDecoder } from '../../wire/telemetry.ts';
import { ExporterFilter, type ExporterSettings } from './exporter-filter.ts';
import type { ToDetectorFromReceiver } from './messages.ts';
import { Shedder } from './shedder.ts';

/** So many rows are counted at once: few enough that their columns stay in the second-level cache from decoding to counting. */
const BATCH_ROWS = 1024;
/** An exporter's clock that is off by more than this makes the times of its flows wrong by as much, ms: export itself takes less. */
const CLOCK_OFF_MIN_MS = 120_000;
/** The clock tells the time all along: a longer gap is a clock that was set, or a machine that slept, and no silence, s. */
const JUMP_SECONDS_MIN = 60;

export interface ReceiverRoleOptions {
  /** The same for all receivers of a station: only then do their seconds merge. */
  readonly seed: number;
  /** Draws what is passed over under overload, and keys the table of exporters. */
  readonly lots: number;
  readonly networks: readonly Prefix[];
  /** What the configuration says of exporters. */
  readonly settings?: ExporterSettings;
  /** Memory that the receivers share to leave out what two routers tell; without it, it is told and counted twice. */
  readonly volumes?: SharedArrayBuffer;
  /** Bytes of room for datagrams that the batch's memory has. */
  readonly receiveBytes: number;
  readonly onSecond: (message: ToDetectorFromReceiver, transfers: ArrayBuffer[]) => void;
}

/**
 * What a receiver thread does with datagrams: decodes them, or passes over a share of them under overload, counts the rows into
 * seconds, and hands every second over when it ends. A function of the bytes and times that it is given.
 */
export class ReceiverRole {
  readonly decoder: TelemetryDecoder;
  readonly rejections = new Rejections();
  readonly stream: SecondStream;
  /** Rows are decoded to where they are counted. */
  readonly batch: FlowBatch;
  readonly shedder: Shedder;
  /** Where the detector's memory of seconds comes back to. */
  readonly spare = new SpareMemory();
  /** Rows that were counted, and records that were passed over to keep up. */
  records = 0;
  recordsShed = 0;
  /** Datagrams of a known version. */
  datagrams = 0;
  readonly #options: ReceiverRoleOptions;
  readonly #sink: BatchSink = { take: (batch) => this.#count(batch) };
  readonly #filter: ExporterFilter;
  #facts: ExporterFactsCollector;
  #tracked: readonly TrackedExporter[] = [];
  #watch: WatchList | undefined = undefined;
  /** Rows from here on are of the datagram that is decoded: their clock still has to be set, and what was passed over for them counted in. */
  #newFrom = 0;
  #nowMs = 0;

  constructor(options: ReceiverRoleOptions) {
    this.#options = options;
    this.decoder = new TelemetryDecoder(this.rejections, {}, options.lots);
    this.shedder = new Shedder(options.lots);
    this.#filter = new ExporterFilter(new Map(), this.decoder.exporters);
    if (options.settings !== undefined) this.configure(options.settings);
    this.#facts = this.#newFacts(options.networks);
    this.stream = new SecondStream(
      {
        seed: options.seed,
        networks: options.networks,
        jumpSecondsMin: JUMP_SECONDS_MIN,
        receiveBytes: options.receiveBytes,
        look: (batch, classes, rows, chosen, count) => {
          this.#filter.apply(batch, classes, rows);
          this.#facts.add(batch, classes, rows, chosen, count);
        },
      },
      {
        prepare: (second) => {
          if (this.#watch !== undefined) watchAll(second.watch, this.#watch);
        },
        take: (second, coveredMs, untilMs) => this.#handOver(second, coveredMs, untilMs),
      },
    );
    this.batch = this.stream.batch;
  }

  /** Takes over what the configuration says of exporters. */
  configure({ outside, sampling }: ExporterSettings): void {
    this.#filter.configure(outside);
    this.decoder.expectSampling(sampling);
  }

  /** Protects other networks from the next second on. */
  protect(networks: readonly Prefix[]): void {
    this.stream.protect(networks);
    this.#facts = this.#newFacts(networks);
    this.#facts.track(this.#tracked);
  }

  /** Rows of these exporters that another one tells too are left out from now on. */
  track(tracked: readonly TrackedExporter[]): void {
    this.#tracked = tracked;
    this.#facts.track(tracked);
  }

  /** What was seen of the exporters since this was asked last. */
  facts(nowMs: number): ExporterFacts[] {
    return this.#facts.take(nowMs);
  }

  #newFacts(networks: readonly Prefix[]): ExporterFactsCollector {
    const { seed, volumes } = this.#options;
    const { exporters } = this.decoder;
    return new ExporterFactsCollector({ seed, networks, exporters, ...(volumes === undefined ? {} : { volumes }) });
  }

  /** What the next seconds watch in detail. */
  watch(list: WatchList): void {
    this.#watch = list;
  }

  /** One datagram from `sourceWords[sourceAt .. +3]` that arrived at `nowMs`. */
  datagram(
    bytes: Uint8Array,
    offset: number,
    length: number,
    sourceWords: Uint32Array,
    sourceAt: number,
    nowMs: number,
  ): void {
    if (!this.shedder.keeps()) {
      this.recordsShed += this.decoder.skip(bytes, offset, length, sourceWords, sourceAt, nowMs);
      return;
    }
    this.#newFrom = this.batch.length;
    this.#nowMs = nowMs;
    if (this.decoder.decode(bytes, offset, length, sourceWords, sourceAt, nowMs, this.batch, this.#sink))
      this.datagrams++;
    this.#finishRows();
    if (this.batch.length >= BATCH_ROWS) this.#count(this.batch);
  }

  /** Counts what was decoded, and closes the seconds that are over. */
  flush(nowMs: number): void {
    if (this.batch.length > 0) this.#count(this.batch);
    this.stream.advance(nowMs);
  }

  #count(batch: FlowBatch): void {
    this.#finishRows();
    this.#newFrom = 0;
    this.records += batch.length;
    this.stream.take(batch);
  }

  #finishRows(): void {
    const offMs = this.#nowMs - this.decoder.exportMs;
    if (Math.abs(offMs) > CLOCK_OFF_MIN_MS) this.#setClock(offMs);
    this.#scale();
    this.#newFrom = this.batch.length;
  }

  /**
   * Flows of an exporter whose clock is off happened when it told of them, by the clock of this machine: else an attack would begin hours
   * before it is seen. Times that are near are right in spite of the header.
   */
  #setClock(offMs: number): void {
    const { startMs, endMs, length } = this.batch;
    for (let row = this.#newFrom; row < length; row++) {
      if (Math.abs(this.#nowMs - endMs[row]) <= CLOCK_OFF_MIN_MS) continue;
      startMs[row] += offMs;
      endMs[row] += offMs;
    }
  }

  /**
   * Rows of a datagram that stands for `w - 1` others count for `w`. A record of `k` packets at a sampling rate `r` is kept or passed over as
   * a whole: the variance of its packets is k² r² w (w - 1), and not that of so many packets sampled one by one. Told as
   * k w / (1 + k (w - 1)) packets at a rate of r (1 + k (w - 1)), it has both its sum and its variance.
   */
  #scale(): void {
    const weight = this.shedder.oneIn;
    if (weight === 1) return;
    const { samplingRate, packets, bytes, length } = this.batch;
    for (let row = this.#newFrom; row < length; row++) {
      const spread = 1 + Math.max(1, packets[row]) * (weight - 1);
      samplingRate[row] = spread * Math.max(1, samplingRate[row]);
      packets[row] *= weight / spread;
      bytes[row] *= weight / spread;
    }
  }

  #handOver(second: Second, coveredMs: number, untilMs: number): void {
    const encoded = encodeSecond(second, this.spare);
    const exporters = this.#exportersOf(encoded.sample.exporter);
    this.#options.onSecond({ encoded, coveredMs, untilMs, exporters }, transfersOf(encoded));
  }

  /** Index and address of every exporter that the rows name. */
  #exportersOf(column: Uint32Array): Uint32Array {
    const seen = new Set<number>();
    let last = -1;
    for (let row = 0; row < column.length; row++) {
      if (column[row] === last) continue;
      last = column[row];
      seen.add(last);
    }
    const words: number[] = [];
    for (const index of seen) {
      const exporter = this.decoder.exporters.at(index);
      if (exporter !== undefined) words.push(index, ...exporter.addressWords);
    }
    return Uint32Array.from(words);
  }
}
