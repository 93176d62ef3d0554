import type { Prefix } from '../../base/prefix.ts';
import type { FlowBatch } from '../../model/flow-batch.ts';
import { HAS } from '../../model/flow-columns.ts';
import { UNCOUNTED } from '../../sketch/classify.ts';
import type { ExporterState, ExporterTable } from '../../wire/exporter.ts';
import { DuplicateGuard, type TrackedExporter } from './duplicate-guard.ts';
import {
  COUNTER_NAMES,
  type ExporterCounters,
  type ExporterFacts,
  exporterKey,
  type InterfaceFacts,
  noCounters,
} from './facts.ts';
import { KeySample, NO_KEYS } from './key-sample.ts';
import { binOf, HISTOGRAM_BINS } from './log-histogram.ts';
import { NetworkIndex } from './network-index.ts';

/**
 * One row in so many is looked at for what is told of the exporter itself, and fewer once many were in this span. Primes, since
 * the rows of a router may repeat in some rhythm of their own.
 */
const LOOK_STRIDE = 17;
const LOOK_STRIDE_BUSY = 127;
const LOOKED_BUSY = 4096;
/** Rows of one batch whose keys are looked at, at most: these, and an eighth of the batch. */
const KEYS_PER_BATCH = 64;
/** Interfaces of one exporter that are told apart in a span. */
const INTERFACES_MAX = 64;
/** The largest place that a key can have: networks beyond are compared as one. */
const PLACE_MAX = 0xffff;

/* Odd constants of hash.ts: the hash that chooses keys is inlined. */
const MIX_A = 0x85ebca6b;
const MIX_B = 0xc2b2ae35;
const MIX_C = 0x27d4eb2f;

const HAS_INTERFACES = HAS.inIf | HAS.outIf;

export interface CollectorOptions {
  /** The same for all receivers of a station: only then can their keys be compared. */
  readonly seed: number;
  readonly networks: readonly Prefix[];
  /** The exporters that the column `exporter` of the batches counts in. */
  readonly exporters: ExporterTable;
  /** From `createDuplicateVolumes`, the same for all receivers. Without it duplicates are told, and counted. */
  readonly volumes?: SharedArrayBuffer;
}

/** What is gathered of one exporter until the facts are taken. */
class Gathered {
  readonly state: ExporterState;
  readonly keys = new KeySample();
  readonly durations = new Uint32Array(HISTOGRAM_BINS);
  readonly delays = new Uint32Array(HISTOGRAM_BINS);
  /** Inputs and outputs by interface index. */
  readonly interfaces = new Map<number, { input: number; output: number }>();
  /** Of rows looked at, since the facts were taken. */
  counts = noCounters();
  /** The counters of the exporter when the facts were taken last. */
  before = noCounters();
  told = false;

  constructor(state: ExporterState) {
    this.state = state;
  }
}

/**
 * Gathers facts of exporters from the rows that a receiver decodes, and leaves out rows that another exporter tells too. Costs
 * a few nanoseconds a row: the hash of the key of one row in eight is compared with a limit, and one row in 17 to 127 is looked at.
 */
export class ExporterFactsCollector {
  readonly #seed: number;
  readonly #exporters: ExporterTable;
  readonly #networks: NetworkIndex;
  readonly #guard: DuplicateGuard | undefined;
  readonly #gathered: (Gathered | undefined)[] = [];
  /** By index of the exporter; looked at once for every run of rows. */
  #tracked: ({ readonly state: ExporterState; readonly told: TrackedExporter } | undefined)[] = [];
  /** Of every tracked exporter with a keeper: 1 for the places whose rows may be left out. */
  #mutedPlaces = new Map<TrackedExporter, ReadonlySet<number>>();
  /** Rows until the next that is looked at. */
  #phase = 0;
  /** Rows looked at since the facts were taken. */
  #looked = 0;
  /** The exporter of the row before, which is most often that of the next. */
  #lastIndex = -1;
  #last: Gathered | undefined = undefined;
  /** Rows left out because another exporter told of them. */
  rowsLeftOut = 0;

  constructor(options: CollectorOptions) {
    this.#seed = options.seed | 0;
    this.#exporters = options.exporters;
    this.#networks = new NetworkIndex(options.networks);
    this.#guard = options.volumes === undefined ? undefined : new DuplicateGuard(options.volumes, options.seed);
    // What exporters sent before, another collector has told.
    for (const exporter of options.exporters.list()) {
      const gathered = new Gathered(exporter);
      gathered.before = countersOf(exporter);
      gathered.told = exporter.datagrams > 0;
      this.#gathered[exporter.index] = gathered;
    }
  }

  /**
   * Takes in the first `rows` rows, which `classifyKernel` has classified; rows that another exporter tells too get the class UNCOUNTED. Rows
   * of captured packets are passed over. The first `count` of `chosen` are those whose keys may be taken: by the sum of their ports.
   */
  add(batch: FlowBatch, classes: Uint8Array, rows: number, chosen: Int32Array, count: number): void {
    // Between two batches an exporter may have been forgotten, and its index given to another.
    this.#lastIndex = -1;
    this.#chooseKeys(batch, classes, rows, chosen, count);
    const stride = this.#looked < LOOKED_BUSY ? LOOK_STRIDE : LOOK_STRIDE_BUSY;
    let row = this.#phase;
    for (; row < rows; row += stride) {
      this.#looked++;
      if (classes[row] !== UNCOUNTED) this.#lookAt(batch, row);
    }
    this.#phase = row - rows;
    if (this.#tracked.length > 0) this.#leaveOut(batch, classes, rows);
  }

  /** The facts of all exporters heard since the last call, as of `nowMs`. */
  take(nowMs: number): ExporterFacts[] {
    const facts: ExporterFacts[] = [];
    this.#lastIndex = -1;
    this.#looked = 0;
    for (const exporter of this.#exporters.list()) {
      const gathered = this.#of(exporter.index)!;
      if (gathered.told && exporter.datagrams === gathered.before.datagrams) continue;
      gathered.told = true;
      facts.push(factsOf(gathered, nowMs));
    }
    return facts;
  }

  /** Sets which exporters repeat others, from now on. */
  track(tracked: readonly TrackedExporter[]): void {
    const byKey = new Map(tracked.map((told) => [told.key, told]));
    this.#tracked = [];
    this.#mutedPlaces = new Map(tracked.map((told) => [told, new Set(told.places)]));
    for (const state of this.#exporters.list()) {
      const told = byKey.get(keyOf(state));
      if (told !== undefined) this.#tracked[state.index] = { state, told };
    }
  }

  /** What is gathered of the exporter with this index, which may be another one than before; `undefined` where there is none. */
  #of(index: number): Gathered | undefined {
    if (index === this.#lastIndex) return this.#last;
    const state = this.#exporters.at(index);
    let gathered = state === undefined ? undefined : this.#gathered[index];
    if (state !== undefined && gathered?.state !== state) {
      gathered = new Gathered(state);
      this.#gathered[index] = gathered;
    }
    this.#lastIndex = index;
    this.#last = gathered;
    return gathered;
  }

  /** Takes the keys of chosen rows whose hash is below the limit. */
  #chooseKeys(batch: FlowBatch, classes: Uint8Array, rows: number, chosen: Int32Array, count: number): void {
    const { exporter, srcAddr, dstAddr, srcPort, dstPort } = batch;
    const seed = this.#seed;
    let budget = KEYS_PER_BATCH + (rows >>> 3);
    let last = 0;
    for (let index = 0; index < count; index++) {
      const row = chosen[index];
      const word = (row << 2) + 3;
      const inner = Math.imul(dstAddr[word] ^ ((srcPort[row] << 16) | dstPort[row]) ^ seed, MIX_A);
      const hash = Math.imul(inner ^ (inner >>> 15) ^ srcAddr[word], MIX_B);
      // Rows of one flow follow each other where somebody floods with a single one.
      if (hash === last) continue;
      const gathered = this.#of(exporter[row]);
      if (gathered === undefined || hash >= gathered.keys.limit) continue;
      last = hash;
      if (--budget < 0) gathered.keys.passedOver++;
      else this.#chooseKey(batch, classes, row, hash, gathered);
    }
  }

  #chooseKey(batch: FlowBatch, classes: Uint8Array, row: number, hash: number, gathered: Gathered): void {
    const proto = batch.proto[row];
    // What routers tell of ICMP in the place of ports differs.
    if (classes[row] === UNCOUNTED || (proto !== 6 && proto !== 17)) return;
    const place = this.#placeOf(batch, row);
    if (place < 0) return;
    const { srcAddr, dstAddr, srcPort, dstPort } = batch;
    let tell = hash ^ proto;
    for (let word = row << 2; word < (row << 2) + 4; word++) {
      tell = Math.imul(tell ^ (tell >>> 15) ^ srcAddr[word], MIX_B);
      tell = Math.imul(tell ^ (tell >>> 13) ^ dstAddr[word], MIX_A);
    }
    tell = Math.imul(tell ^ (tell >>> 16) ^ ((dstPort[row] << 16) | srcPort[row]), MIX_C);
    gathered.keys.add(hash, tell ^ (tell >>> 15), batch.packets[row], place);
  }

  /** Twice the network that the row goes to, or twice the one that it comes from and one more; -1 where it is neither. */
  #placeOf(batch: FlowBatch, row: number): number {
    // With no networks every destination is protected.
    if (this.#networks.networks.length === 0) return 0;
    const to = this.#networks.find(batch.dstAddr, row << 2);
    if (to >= 0) return Math.min(PLACE_MAX - 1, 2 * to);
    const from = this.#networks.find(batch.srcAddr, row << 2);
    return from >= 0 ? Math.min(PLACE_MAX, 2 * from + 1) : -1;
  }

  #lookAt(batch: FlowBatch, row: number): void {
    const gathered = this.#of(batch.exporter[row]);
    if (gathered === undefined) return;
    const { counts, state } = gathered;
    const has = batch.present[row];
    counts.looked++;
    if (!(batch.samplingRate[row] > 0)) counts.rateUnknown++;
    const start = batch.startMs[row];
    const end = batch.endMs[row];
    gathered.durations[binOf(end - start)]++;
    // By the exporter's own clock: the time between the two clocks is no delay.
    const offsetMs = state.clockOffsetMinMs < Infinity ? state.clockOffsetMinMs : 0;
    gathered.delays[binOf(batch.observedMs[row] - offsetMs - end)]++;
    if (this.#networks.networks.length > 0) {
      const to = this.#networks.find(batch.dstAddr, row << 2) >= 0;
      const from = this.#networks.find(batch.srcAddr, row << 2) >= 0;
      if (to && from) counts.within++;
      else if (to) counts.towards++;
      else if (from) counts.from++;
    }
    if ((has & HAS_INTERFACES) === 0) return;
    if ((has & HAS.inIf) !== 0) countInterface(gathered, batch.inIf[row], true);
    if ((has & HAS.outIf) !== 0) countInterface(gathered, batch.outIf[row], false);
  }

  /** Leaves out those rows of exporters that their keepers tell too. */
  #leaveOut(batch: FlowBatch, classes: Uint8Array, rows: number): void {
    const guard = this.#guard;
    if (guard === undefined) return;
    let index = -1;
    let told: TrackedExporter | undefined;
    let places: ReadonlySet<number> = new Set();
    for (let row = 0; row < rows; row++) {
      if (batch.exporter[row] !== index) {
        index = batch.exporter[row];
        const tracked = this.#tracked[index];
        // The index of an exporter that was forgotten is another one's by now.
        told = tracked !== undefined && tracked.state === this.#exporters.at(index) ? tracked.told : undefined;
        if (told === undefined) continue;
        places = this.#mutedPlaces.get(told)!;
        guard.moveTo(told.slot, batch.observedMs[row]);
      }
      if (told === undefined || classes[row] === UNCOUNTED) continue;
      const place = this.#placeOf(batch, row);
      if (place < 0) continue;
      const isMuted = told.keeperSlot >= 0 && (places.size === 0 ? told.all : places.has(place) !== told.all);
      guard.row(batch, classes, row, (place & 1) === 1, told.slot, isMuted ? told.keeperSlot : -1);
      if (classes[row] === UNCOUNTED) this.rowsLeftOut++;
    }
  }
}

function keyOf(state: ExporterState): string {
  return exporterKey(state.address, state.protocol, state.observationDomain);
}

function countInterface(gathered: Gathered, index: number, isInput: boolean): void {
  let known = gathered.interfaces.get(index);
  if (known === undefined) {
    if (gathered.interfaces.size >= INTERFACES_MAX) return;
    known = { input: 0, output: 0 };
    gathered.interfaces.set(index, known);
  }
  if (isInput) known.input++;
  else known.output++;
}

/** The facts of the span that ends now, and begins the next. */
function factsOf(gathered: Gathered, nowMs: number): ExporterFacts {
  const { state, before } = gathered;
  const now = countersOf(state);
  const counters = gathered.counts;
  for (const name of COUNTER_NAMES) counters[name] += now[name] - before[name];
  const facts: ExporterFacts = {
    ...plainFacts(state, nowMs),
    counters,
    durations: gathered.durations.slice(),
    delays: gathered.delays.slice(),
    interfaces: [...gathered.interfaces].map(([index, count]): InterfaceFacts => ({ index, ...count })),
    keys: gathered.keys.take(),
  };
  gathered.before = now;
  gathered.counts = noCounters();
  gathered.durations.fill(0);
  gathered.delays.fill(0);
  gathered.interfaces.clear();
  state.silenceMaxMs = 0;
  state.clockOffsetRecentMs = Infinity;
  return facts;
}

/** What the decoder's own record of an exporter tells of it, without any row. */
function plainFacts(state: ExporterState, nowMs: number): ExporterFacts {
  return {
    key: keyOf(state),
    address: state.address,
    observationDomain: state.observationDomain,
    protocol: state.protocol,
    untilMs: nowMs,
    counters: countersOf(state),
    templates: state.templates,
    samplingRates: [...state.samplingRates],
    samplingRate: state.defaultSamplingRate(),
    ...(state.activeTimeoutSeconds === undefined ? {} : { activeTimeoutSeconds: state.activeTimeoutSeconds }),
    ...(state.inactiveTimeoutSeconds === undefined ? {} : { inactiveTimeoutSeconds: state.inactiveTimeoutSeconds }),
    firstSeenMs: state.firstSeenMs,
    lastSeenMs: state.lastSeenMs,
    silenceMaxMs: state.silenceMaxMs,
    clockOffsetMs: state.clockOffsetRecentMs < Infinity ? state.clockOffsetRecentMs : Number.NaN,
    durations: new Uint32Array(HISTOGRAM_BINS),
    delays: new Uint32Array(HISTOGRAM_BINS),
    interfaces: [],
    keys: NO_KEYS,
  };
}

/** What the exporter's own counters say; nothing of rows looked at. */
function countersOf(state: ExporterState): ExporterCounters {
  return {
    ...noCounters(),
    datagrams: state.datagrams,
    records: state.records,
    recordsShed: state.recordsShed,
    optionRecords: state.optionRecords,
    counterSamples: state.counterSamples,
    unknownTemplateSets: state.unknownTemplateSets,
    sequenceLost: state.sequenceLost,
    recordsLost: state.recordsLost,
    recordsUndecoded: state.sequence.recordsUndecoded,
    missedWhileDown: state.sequence.missedWhileDown,
  };
}
