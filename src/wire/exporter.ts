import { hashAddress, mix32 } from '../base/hash.ts';
import { type AddressWords, formatAddress } from '../base/ip.ts';
import { REJECT, type Rejections } from '../model/rejection.ts';
import { SequenceFollower } from './sequence.ts';
import type { Template } from './template.ts';

export type TelemetryProtocol = 'netflow-v5' | 'netflow-v9' | 'ipfix' | 'sflow-v5';

/** Protocols as small integers, so that the key of an exporter is integers only. */
const PROTOCOL_CODE: Readonly<Record<TelemetryProtocol, number>> = {
  'netflow-v5': 5,
  'netflow-v9': 9,
  ipfix: 10,
  'sflow-v5': 105,
};

/** Distinct sampling rates kept for the report of one exporter. */
export const SAMPLING_RATES_MAX = 16;
/** Samplers (NetFlow v9 samplerId, IPFIX selectorId) kept for one exporter and domain. */
export const SAMPLERS_MAX = 64;
/** By how much the start of an exporter must move to be a restart: header times are rounded and clocks are set. */
const RESTART_MIN_MS = 60_000;
/** Rates of this and above cannot be meant (issue: 2^32 - 1 is a common way to say "unset"). */
const SAMPLING_RATE_LIMIT = 2 ** 31;

/**
 * What is known of one exporter in one observation domain under one protocol. Held by `ExporterTable`; every counter only
 * grows. Times are event time in ms since 1970.
 */
export class ExporterState {
  /** What the batch column `exporter` holds; stays with this exporter while it lives, and is used again after that. */
  readonly index: number;
  readonly addressWords: AddressWords;
  /** Text of the address. */
  readonly address: string;
  readonly observationDomain: number;
  readonly protocol: TelemetryProtocol;

  datagrams = 0;
  /** Data records that became rows. */
  records = 0;
  /** Data records of datagrams that were shed before they were decoded, to keep up. */
  recordsShed = 0;
  optionRecords = 0;
  /** Counter samples of sFlow: recognised and skipped. */
  counterSamples = 0;
  /** Templates learned and not withdrawn, dropped or expired. */
  templates = 0;
  unknownTemplateSets = 0;
  /** Distinct sampling rates seen, at most `SAMPLING_RATES_MAX`. */
  readonly samplingRates: number[] = [];
  /** Default rate for records that carry none themselves; 0 is unknown. */
  samplingRate = 0;
  /** The rate that a person says it has, for records of which nothing else tells one; 0 is none. */
  samplingRateExpected = 0;
  firstSeenMs: number;
  lastSeenMs: number;
  /** Longest time between two datagrams, ms, since somebody set it to 0. */
  silenceMaxMs = 0;
  /** Flow cache timeouts in seconds, where options data tells them. */
  activeTimeoutSeconds: number | undefined = undefined;
  inactiveTimeoutSeconds: number | undefined = undefined;
  /** Smallest (observed - export time) seen, ms: the exporter's clock offset plus the shortest way. Infinity if unknown. */
  clockOffsetMinMs = Infinity;
  /** The same since somebody set it to Infinity. */
  clockOffsetRecentMs = Infinity;
  /** When the exporter started, ms since 1970, from sysUpTime or systemInitTimeMilliseconds; NaN if unknown. */
  bootMs = Number.NaN;
  /** What is missing by the sequence numbers, and for want of templates. */
  readonly sequence: SequenceFollower;

  /** Templates by id; undefined until the first one arrives. Owned by template.ts. */
  templateById: Map<number, Template> | undefined = undefined;
  /** Ends of the list of templates by last use. Owned by template.ts. */
  templateNewest: Template | undefined = undefined;
  templateOldest: Template | undefined = undefined;

  /** Neighbours in the table's list by last datagram, and in its hash chain. Owned by `ExporterTable`. */
  newer: ExporterState | undefined = undefined;
  older: ExporterState | undefined = undefined;
  chained: ExporterState | undefined = undefined;

  #samplerIds: number[] | undefined = undefined;
  #samplerRates: number[] | undefined = undefined;

  constructor(
    index: number,
    words: AddressWords,
    at: number,
    observationDomain: number,
    protocol: TelemetryProtocol,
    nowMs: number,
  ) {
    this.index = index;
    this.addressWords = words.slice(at, at + 4);
    this.address = formatAddress(this.addressWords);
    this.observationDomain = observationDomain;
    this.protocol = protocol;
    this.sequence = new SequenceFollower(protocol === 'netflow-v9' || protocol === 'sflow-v5');
    this.firstSeenMs = nowMs;
    this.lastSeenMs = nowMs;
  }

  /** Units that the sequence numbers say are missing: v9 and sFlow datagrams, v5 flows, IPFIX data records. */
  get sequenceLost(): number {
    return this.sequence.unitsLost;
  }

  /** Flow records that are missing by the sequence numbers, or came before their template. An estimate for v9 and sFlow. */
  get recordsLost(): number {
    return this.sequence.recordsLost;
  }

  /** Remembers a rate for the report. Cheap where it is the one seen last. */
  noteSamplingRate(rate: number): void {
    const rates = this.samplingRates;
    if (rates.includes(rate) || rates.length >= SAMPLING_RATES_MAX) return;
    rates.push(rate);
  }

  /** Sets the default rate; an absurd one (0, 2^31 and above) is counted and the earlier kept. */
  setSamplingRate(rate: number, rejections: Rejections): void {
    if (!isSamplingRate(rate)) {
      rejections.count(REJECT['sampling-absurd']);
      return;
    }
    this.samplingRate = rate;
    this.noteSamplingRate(rate);
  }

  /** Sets the rate of one sampler (samplerId, selectorId); absurd rates as in `setSamplingRate`. */
  setSamplerRate(id: number, rate: number, rejections: Rejections): void {
    if (!isSamplingRate(rate)) {
      rejections.count(REJECT['sampling-absurd']);
      return;
    }
    this.restoreSampler(id, rate);
    this.noteSamplingRate(rate);
  }

  /** The rate of a sampler as it was known before a restart: it is not told in the report until it is heard again. */
  restoreSampler(id: number, rate: number): void {
    this.#samplerIds ??= [];
    this.#samplerRates ??= [];
    const at = this.#samplerIds.indexOf(id);
    if (at >= 0) this.#samplerRates[at] = rate;
    else {
      // The oldest goes first: an exporter that renumbers its samplers keeps the ones it uses now.
      if (this.#samplerIds.length >= SAMPLERS_MAX) {
        this.#samplerIds.shift();
        this.#samplerRates.shift();
      }
      this.#samplerIds.push(id);
      this.#samplerRates.push(rate);
    }
  }

  /** Rate of the sampler, or the default where it is not known; 0 if neither is. */
  samplerRate(id: number): number {
    const at = this.#samplerIds === undefined ? -1 : this.#samplerIds.indexOf(id);
    return at >= 0 ? this.#samplerRates![at] : this.defaultSamplingRate();
  }

  /** Rate of records that name no sampler: the default, or that of the only sampler there is, or the expected; 0 if unknown. */
  defaultSamplingRate(): number {
    if (this.samplingRate > 0) return this.samplingRate;
    const rates = this.#samplerRates;
    return rates !== undefined && rates.length === 1 ? rates[0] : this.samplingRateExpected;
  }

  /** Samplers with their rates, the one learned first first. */
  samplers(): (readonly [id: number, rate: number])[] {
    return (this.#samplerIds ?? []).map((id, at) => [id, this.#samplerRates![at]] as const);
  }

  /**
   * Notes the export time of a datagram beside its arrival, and when the exporter started (NaN where a header does not
   * tell). A start that is later than known by over a minute is a restart: sequence numbers begin anew.
   */
  noteClock(observedMs: number, exportMs: number, bootMs: number): void {
    const offsetMs = observedMs - exportMs;
    if (offsetMs < this.clockOffsetRecentMs) {
      this.clockOffsetRecentMs = offsetMs;
      if (offsetMs < this.clockOffsetMinMs) this.clockOffsetMinMs = offsetMs;
    }
    if (Number.isNaN(bootMs)) return;
    if (bootMs - this.bootMs > RESTART_MIN_MS) this.sequence.restart();
    this.bootMs = bootMs;
  }
}

/** True for a rate that can be meant: at least 1, below 2^31. */
export function isSamplingRate(rate: number): boolean {
  return rate >= 1 && rate < SAMPLING_RATE_LIMIT;
}

export interface ExporterLimits {
  /** Exporters kept; when full the one silent longest is dropped. */
  readonly exportersMax: number;
  /** An exporter silent for longer, in event time, is forgotten. */
  readonly exporterExpiryMs: number;
}

export const EXPORTER_LIMITS: ExporterLimits = { exportersMax: 4096, exporterExpiryMs: 24 * 3_600_000 };

/**
 * Exporters by source address, observation domain and protocol, in bounded memory. A hash table with chains finds them; a
 * list in the order of their last datagram tells whom to forget.
 *
 *   newest ⇄ … ⇄ oldest      dropped when the table is full or silent beyond the expiry
 */
export class ExporterTable {
  readonly #limits: ExporterLimits;
  readonly #rejections: Rejections;
  readonly #seed: number;
  readonly #slots: (ExporterState | undefined)[] = [];
  readonly #heads: (ExporterState | undefined)[];
  readonly #free: number[] = [];
  #newest: ExporterState | undefined = undefined;
  #oldest: ExporterState | undefined = undefined;
  #size = 0;
  #expectedRates: ReadonlyMap<string, number> = new Map();
  /** Records lost of exporters that were forgotten, and the most that all together were seen to have lost. */
  #lostForgotten = 0;
  #lostMax = 0;
  /** Called with every exporter that is forgotten, so that what hangs on it can be accounted for. */
  onDrop: ((exporter: ExporterState) => void) | undefined = undefined;

  /** `seed` keys the hash, so that a sender cannot choose colliding addresses and domains. */
  constructor(rejections: Rejections, limits: Partial<ExporterLimits> = {}, seed = 0x5eed) {
    this.#rejections = rejections;
    this.#limits = { ...EXPORTER_LIMITS, ...limits };
    this.#seed = seed;
    let buckets = 16;
    while (buckets < this.#limits.exportersMax) buckets *= 2;
    this.#heads = new Array<ExporterState | undefined>(buckets).fill(undefined);
  }

  get size(): number {
    return this.#size;
  }

  /** Flow records lost of all exporters, forgotten ones too. Never falls: what comes late after all stays counted here. */
  recordsLost(): number {
    let lost = this.#lostForgotten;
    for (const exporter of this.#slots) if (exporter !== undefined) lost += exporter.recordsLost;
    this.#lostMax = Math.max(this.#lostMax, lost);
    return this.#lostMax;
  }

  /** The exporter silent longest; the others follow over `newer`. */
  get oldest(): ExporterState | undefined {
    return this.#oldest;
  }

  /** The exporter with this index, as in the batch column `exporter`. */
  at(index: number): ExporterState | undefined {
    return this.#slots[index];
  }

  /** All exporters, by index. */
  list(): ExporterState[] {
    return this.#slots.filter((exporter) => exporter !== undefined);
  }

  /** Tells the sampling rates that a person expects, by the text of the exporter's address, now and of exporters to come. */
  expectSampling(rates: ReadonlyMap<string, number>): void {
    this.#expectedRates = rates;
    for (const exporter of this.list()) exporter.samplingRateExpected = rates.get(exporter.address) ?? 0;
  }

  /**
   * An exporter that is known from before, seen last at `seenMs`; `undefined` where there is no room, or where it has been
   * heard already. Counts no datagram.
   */
  remember(
    words: AddressWords,
    domain: number,
    protocol: TelemetryProtocol,
    seenMs: number,
  ): ExporterState | undefined {
    if (this.#size >= this.#limits.exportersMax) return undefined;
    const bucket = this.#bucketOf(words, 0, domain, protocol);
    let exporter = this.#heads[bucket];
    while (exporter !== undefined && !isKey(exporter, words, 0, domain, protocol)) exporter = exporter.chained;
    return exporter === undefined ? this.#add(bucket, words, 0, domain, protocol, seenMs) : undefined;
  }

  /**
   * The exporter of a datagram that arrived at `nowMs`; made if it is new. Counts the datagram. May forget others: those
   * silent too long, and the most silent one when full (counted 'exporters-full'). Where `nowMs` is no arrival but what
   * the exporter says, `expires` is false: the clocks of different exporters cannot be compared.
   */
  touch(
    words: AddressWords,
    at: number,
    domain: number,
    protocol: TelemetryProtocol,
    nowMs: number,
    expires = true,
  ): ExporterState {
    let exporter = this.#newest;
    // Datagrams come in bursts from one exporter.
    if (exporter === undefined || !isKey(exporter, words, at, domain, protocol)) {
      exporter = this.#find(words, at, domain, protocol, nowMs);
    }
    exporter.datagrams++;
    if (nowMs > exporter.lastSeenMs) {
      const silenceMs = nowMs - exporter.lastSeenMs;
      // The time that a station was down is no silence of an exporter that it remembers.
      if (silenceMs > exporter.silenceMaxMs && exporter.datagrams > 1) exporter.silenceMaxMs = silenceMs;
      exporter.lastSeenMs = nowMs;
    }
    if (!expires) return exporter;
    while (this.#oldest !== undefined && nowMs - this.#oldest.lastSeenMs > this.#limits.exporterExpiryMs) {
      this.#drop(this.#oldest);
    }
    return exporter;
  }

  /** The exporter of this key, made if it is new, as the newest of the list. */
  #find(words: AddressWords, at: number, domain: number, protocol: TelemetryProtocol, nowMs: number): ExporterState {
    const bucket = this.#bucketOf(words, at, domain, protocol);
    let exporter = this.#heads[bucket];
    while (exporter !== undefined && !isKey(exporter, words, at, domain, protocol)) exporter = exporter.chained;
    if (exporter === undefined) return this.#add(bucket, words, at, domain, protocol, nowMs);
    this.#unlink(exporter);
    this.#linkNewest(exporter);
    return exporter;
  }

  #add(
    bucket: number,
    words: AddressWords,
    at: number,
    domain: number,
    protocol: TelemetryProtocol,
    nowMs: number,
  ): ExporterState {
    if (this.#size >= this.#limits.exportersMax && this.#oldest !== undefined) {
      this.#rejections.count(REJECT['exporters-full']);
      this.#drop(this.#oldest);
    }
    const index = this.#free.pop() ?? this.#slots.length;
    const exporter = new ExporterState(index, words, at, domain, protocol, nowMs);
    exporter.samplingRateExpected = this.#expectedRates.get(exporter.address) ?? 0;
    this.#slots[index] = exporter;
    exporter.chained = this.#heads[bucket];
    this.#heads[bucket] = exporter;
    this.#linkNewest(exporter);
    this.#size++;
    return exporter;
  }

  #drop(exporter: ExporterState): void {
    this.onDrop?.(exporter);
    this.#lostForgotten += exporter.recordsLost;
    this.#unlink(exporter);
    const bucket = this.#bucketOf(exporter.addressWords, 0, exporter.observationDomain, exporter.protocol);
    let link = this.#heads[bucket];
    if (link === exporter) this.#heads[bucket] = exporter.chained;
    else {
      while (link !== undefined && link.chained !== exporter) link = link.chained;
      if (link !== undefined) link.chained = exporter.chained;
    }
    this.#slots[exporter.index] = undefined;
    this.#free.push(exporter.index);
    this.#size--;
  }

  #linkNewest(exporter: ExporterState): void {
    exporter.older = this.#newest;
    exporter.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = exporter;
    this.#newest = exporter;
    this.#oldest ??= exporter;
  }

  #unlink(exporter: ExporterState): void {
    if (exporter.newer === undefined) this.#newest = exporter.older;
    else exporter.newer.older = exporter.older;
    if (exporter.older === undefined) this.#oldest = exporter.newer;
    else exporter.older.newer = exporter.newer;
  }

  #bucketOf(words: AddressWords, at: number, domain: number, protocol: TelemetryProtocol): number {
    const hash = mix32(hashAddress(words, at, this.#seed) ^ mix32(domain ^ PROTOCOL_CODE[protocol]));
    return hash & (this.#heads.length - 1);
  }
}

function isKey(
  exporter: ExporterState,
  words: AddressWords,
  at: number,
  domain: number,
  protocol: TelemetryProtocol,
): boolean {
  const own = exporter.addressWords;
  return (
    exporter.observationDomain === domain &&
    exporter.protocol === protocol &&
    own[3] === words[at + 3] &&
    own[2] === words[at + 2] &&
    own[1] === words[at + 1] &&
    own[0] === words[at]
  );
}
