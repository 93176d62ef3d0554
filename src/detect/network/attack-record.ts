import { assert } from '../../base/errors.ts';
import { hashAddress } from '../../base/hash.ts';
import { formatAddress } from '../../base/ip.ts';
import { formatTime } from '../../base/units.ts';
import type { Attack, Evidence, Rate, Target } from '../../model/attack.ts';
import type { Vector } from '../../model/vector.ts';
import { FrequentItems } from '../../sketch/frequent-items.ts';
import { hllAdd, hllError, hllEstimate, hllMerge } from '../../sketch/hyperloglog.ts';
import {
  ADDRESSES_PRECISION,
  countTtls,
  PORTS_PRECISION,
  SOURCES_PRECISION,
  type TargetDetail,
} from '../../sketch/target-detail.ts';
import { attackId } from './attack-id.ts';
import type { Measure } from './groups.ts';
import { PARAMETERS } from './parameters.ts';
import type { GroupRates } from './traffic.ts';
import { explain, explainClosing } from './why.ts';

/** How the opening second stood against its limit. */
export interface Opening {
  readonly second: number;
  readonly measure: Measure;
  readonly observed: number;
  readonly limit: number;
  readonly limitFrom: 'baseline' | 'floor' | 'configured';
  readonly cusum: boolean;
  readonly notes: readonly string[];
  /** How long after it was carried the traffic of that second was counted, ms. */
  readonly lagMs: number;
  readonly newSources: number | undefined;
}

/** What one vector has come to over the attack's life. */
interface VectorTotals {
  packets: number;
  bytes: number;
  flows: number;
  variance: number;
  /** How it stood against its limit when it became part of the attack. */
  readonly opening: Opening;
}

const TOP_SOURCES = 10;
/** The end of the year 9999. */
const TIME_MAX_MS = 253_402_300_799_999;
const TOP_PORTS = 5;
const TOP_CAPACITY = 512;
/** Quiet for at least this long between active stretches, s: a pulse. */
const PULSE_GAP_SECONDS = 3;
/** An attack that needed this long from a quarter to nine tenths of its peak rose slowly, s. */
const RAMP_SECONDS_MIN = 20;

/** An attack while it lasts: sums and sketches over its seconds, in about 60 KB. */
export class AttackRecord {
  readonly target: Target;
  readonly direction: 'in' | 'out';
  readonly carpet: boolean;
  readonly baseline: Attack['baseline'];
  readonly id: string;
  readonly #vectors = new Map<Vector, VectorTotals>();
  readonly #sources = new Uint8Array(2 ** SOURCES_PRECISION);
  readonly #srcPorts = new Uint8Array(2 ** PORTS_PRECISION);
  readonly #dstPorts = new Uint8Array(2 ** PORTS_PRECISION);
  readonly #addresses = new Uint8Array(2 ** ADDRESSES_PRECISION);
  readonly #ttls = new Uint32Array(8);
  readonly #seed: number;
  readonly #topSources: FrequentItems;
  readonly #topSrcPorts: FrequentItems;
  readonly #topDstPorts: FrequentItems;
  readonly #rates: Rate[] = [];
  readonly #historyRates: readonly Rate[];
  #historyFromMs: number;
  readonly #openedTick: number;
  #updateTick: number;
  #startMs: number;
  #detectedAtMs: number;
  #lastActiveMs: number;
  #lastActiveTick: number;
  /** What was added to its times since it was opened, ms. */
  #shiftedMs = 0;
  #peak: Rate = { bps: 0, pps: 0, fps: 0 };
  #pulses = 0;
  #lagged = false;
  #received = 0;
  #sent = 0;
  #replySeen = false;

  constructor(options: {
    /** What is attacked, as the detector tells targets apart. */
    readonly key: string;
    readonly target: Target;
    readonly direction: 'in' | 'out';
    readonly carpet: boolean;
    readonly openedSecond: number;
    readonly openedTick: number;
    readonly baseline: Attack['baseline'];
    readonly startMs: number;
    readonly detectedAtMs: number;
    /** Rates of the seconds before the opening one, oldest first. */
    readonly history: readonly Rate[];
    readonly seed: number;
  }) {
    this.target = options.target;
    this.direction = options.direction;
    this.carpet = options.carpet;
    this.baseline = options.baseline;
    this.#startMs = options.startMs;
    this.#detectedAtMs = options.detectedAtMs;
    this.#lastActiveMs = options.startMs;
    this.#lastActiveTick = options.openedTick;
    this.#openedTick = options.openedTick;
    this.#updateTick = options.openedTick + PARAMETERS.updateSeconds[0];
    this.#historyRates = options.history;
    this.#historyFromMs = (options.openedSecond - options.history.length) * 1000;
    this.#seed = options.seed;
    this.#topSources = new FrequentItems(TOP_CAPACITY, options.seed);
    this.#topSrcPorts = new FrequentItems(TOP_CAPACITY, options.seed);
    this.#topDstPorts = new FrequentItems(TOP_CAPACITY, options.seed);
    this.id = attackId(options);
  }

  get lastActiveTick(): number {
    return this.#lastActiveTick;
  }

  /** Limit and measure that a vector must stay under for the attack to end; `undefined` while it is no vector of this attack. */
  held(vector: Vector): { readonly limit: number; readonly measure: Measure } | undefined {
    return this.#vectors.get(vector)?.opening;
  }

  /** Makes a vector part of the attack. */
  join(vector: Vector, opening: Opening): void {
    if (!this.#vectors.has(vector)) this.#vectors.set(vector, { packets: 0, bytes: 0, flows: 0, variance: 0, opening });
  }

  /** Adds one vector's traffic of an active second, with the details where they were kept. */
  add(vector: Vector, rates: GroupRates, detail: TargetDetail | undefined): void {
    const totals = this.#vectors.get(vector);
    if (totals === undefined) return;
    totals.packets += rates.packets;
    totals.bytes += rates.bytes;
    totals.flows += rates.flows;
    totals.variance += rates.variance;
    if (detail === undefined) return;
    hllMerge(this.#sources, 0, detail.sources, 0, this.#sources.length);
    hllMerge(this.#srcPorts, 0, detail.srcPorts, 0, this.#srcPorts.length);
    hllMerge(this.#dstPorts, 0, detail.dstPorts, 0, this.#dstPorts.length);
    hllMerge(this.#addresses, 0, detail.addresses, 0, this.#addresses.length);
    for (let word = 0; word < 8; word++) this.#ttls[word] |= detail.ttls[word];
    this.#topSources.merge(detail.topSources);
    this.#topSrcPorts.merge(detail.topSrcPorts);
    this.#topDstPorts.merge(detail.topDstPorts);
  }

  /** Adds sources that were counted elsewhere; what is added again keeps its share. */
  addSources(sources: FrequentItems): void {
    for (const slot of sources.top(sources.capacity)) {
      hllAdd(this.#sources, 0, SOURCES_PRECISION, hashAddress(sources.keys, 4 * slot, this.#seed));
    }
    this.#topSources.merge(sources);
  }

  /** Ends the bookkeeping of one second. `untilMs` is its end in carried time; `rate` that of the attack's vectors. */
  second(second: number, tick: number, active: boolean, rate: Rate, untilMs: number): void {
    if (this.#rates.length < PARAMETERS.timelineSecondsMax) this.#rates.push(rate);
    if (!active) return;
    // Exporters tell in bursts; a single gap in what they told late is no rhythm yet.
    this.#lagged ||= second * 1000 - untilMs > 0;
    if (tick - this.#lastActiveTick > PULSE_GAP_SECONDS) this.#pulses++;
    this.#lastActiveTick = tick;
    this.#lastActiveMs = Math.max(this.#lastActiveMs, untilMs);
    this.#peak = {
      bps: Math.max(this.#peak.bps, rate.bps),
      pps: Math.max(this.#peak.pps, rate.pps),
      fps: Math.max(this.#peak.fps, rate.fps),
    };
  }

  /** Whether it is time to tell how the attack stands; true once for each such time. */
  updateDue(tick: number): boolean {
    if (tick < this.#updateTick) return false;
    const age = tick - this.#openedTick;
    const next = PARAMETERS.updateSeconds.find((seconds) => seconds > age);
    this.#updateTick = next === undefined ? tick + PARAMETERS.updateEverySeconds : this.#openedTick + next;
    return true;
  }

  /** The clock was set by so many ms: the times of the attack go with it. */
  shift(ms: number): void {
    this.#startMs += ms;
    this.#detectedAtMs += ms;
    this.#lastActiveMs += ms;
    this.#historyFromMs += ms;
    this.#shiftedMs += ms;
  }

  /** What the target received and sent in this second, where both can be seen. */
  replies(received: number, sent: number, replySeen: boolean): void {
    this.#received += received;
    this.#sent += sent;
    this.#replySeen ||= replySeen;
  }

  /** The attack as it stands. `ongoing`: its traffic was still there when the input ended or now. */
  toAttack(ongoing: boolean, nowMs: number): Attack {
    const totals = [...this.#vectors.values()].reduce(
      (sum, vector) => ({
        packets: sum.packets + vector.packets,
        bytes: sum.bytes + vector.bytes,
        flows: sum.flows + vector.flows,
        variance: sum.variance + vector.variance,
      }),
      { packets: 0, bytes: 0, flows: 0, variance: 0 },
    );
    const vectors = [...this.#vectors]
      .map(([name, vector]) => ({ name, share: totals.packets > 0 ? round(vector.packets / totals.packets) : 0 }))
      .sort((left, right) => right.share - left.share);
    const opening = this.#opening(vectors[0].name);
    const endMs = ongoing ? Math.min(nowMs, Math.max(this.#lastActiveMs, this.#startMs)) : this.#lastActiveMs;
    const distinct = Math.round(hllEstimate(this.#sources, 0, SOURCES_PRECISION));
    const ttls = countTtls(this.#ttls);
    const evidence: Evidence = {
      at: timeOf(opening.second * 1000 - opening.lagMs + this.#shiftedMs),
      measure: opening.measure,
      observed: roundRate(opening.observed),
      limit: roundRate(opening.limit),
      limitFrom: opening.limitFrom,
      cusum: opening.cusum,
      packets: Math.round(totals.packets),
      bytes: Math.round(totals.bytes),
      flows: Math.round(totals.flows),
      samplingError:
        totals.packets > 0 ? round((PARAMETERS.samplingSigmas * Math.sqrt(totals.variance)) / totals.packets) : 0,
      packetBytes: totals.packets > 0 ? Math.round(totals.bytes / totals.packets) : 0,
      ...(this.#replySeen && this.#received > 0 ? { replyRatio: round(this.#sent / this.#received) } : {}),
      ...(opening.newSources === undefined ? {} : { newSources: round(opening.newSources) }),
      srcPorts: topPorts(this.#topSrcPorts),
      dstPorts: topPorts(this.#topDstPorts),
      srcPortsDistinct: Math.round(hllEstimate(this.#srcPorts, 0, PORTS_PRECISION)),
      dstPortsDistinct: Math.round(hllEstimate(this.#dstPorts, 0, PORTS_PRECISION)),
      ...(ttls > 0 ? { ttlsDistinct: ttls } : {}),
      ...(this.carpet ? { addresses: Math.round(hllEstimate(this.#addresses, 0, ADDRESSES_PRECISION)) } : {}),
      shape: [...opening.notes],
    };
    const attack: Attack = {
      id: this.id,
      target: this.target,
      direction: this.direction,
      vectors,
      spread: this.carpet ? 'carpet' : 'single',
      rhythm: this.#rhythm(opening),
      start: timeOf(this.#startMs),
      detectedAt: timeOf(this.#detectedAtMs),
      end: timeOf(endMs),
      ongoing,
      peak: { bps: roundRate(this.#peak.bps), pps: roundRate(this.#peak.pps), fps: roundRate(this.#peak.fps) },
      baseline: this.baseline,
      sources: {
        distinct,
        distinctError: round(hllError(SOURCES_PRECISION)),
        top: this.#top(),
        spoofed: this.#spoofed(vectors[0].name, distinct, totals.packets, ttls),
      },
      why: '',
      closing: '',
      evidence,
      timeline: {
        from: timeOf(this.#historyFromMs - opening.lagMs),
        stepMs: 1000,
        bps: [...this.#historyRates, ...this.#rates].map((rate) => Math.round(rate.bps)),
        pps: [...this.#historyRates, ...this.#rates].map((rate) => Math.round(rate.pps)),
      },
    };
    return { ...attack, why: explain(attack), closing: explainClosing(attack) };
  }

  #opening(vector: Vector): Opening {
    const opening = this.#vectors.get(vector)?.opening;
    assert(opening !== undefined, 'a vector of the attack has an opening');
    return opening;
  }

  #top(): Attack['sources']['top'] {
    const top = this.#topSources;
    return top.top(TOP_SOURCES).map((slot) => ({
      addr: formatAddress(top.keys, 4 * slot),
      share: round(top.counts[slot] / top.total),
      ...(top.tags[slot] > 0 ? { asn: top.tags[slot] } : {}),
    }));
  }

  #rhythm(opening: Opening): Attack['rhythm'] {
    if (this.#pulses >= (this.#lagged ? 2 : 1)) return 'pulse';
    if (opening.cusum) return 'ramp';
    const peak = this.#peak.pps;
    // What came before the start is the target's own.
    const before = Math.max(0, Math.floor((this.#startMs - this.#historyFromMs) / 1000));
    const all = [...this.#historyRates, ...this.#rates].slice(before);
    const reached = (share: number): number => all.findIndex((rate) => rate.pps >= share * peak);
    return peak > 0 && reached(0.9) - reached(0.25) >= RAMP_SECONDS_MIN ? 'ramp' : 'steady';
  }

  /**
   * Forged sources show as many senders with hardly a packet each. Reflected answers and completed connections come from where they
   * say; a few senders with many packets each would gain nothing by a forged address, but may have one.
   */
  #spoofed(vector: Vector, distinct: number, packets: number, ttls: number): Attack['sources']['spoofed'] {
    if (
      vector.endsWith('-amplification') ||
      vector === 'synack-reflection' ||
      vector === 'connection-flood' ||
      vector === 'slowloris'
    ) {
      return 'unlikely';
    }
    const each = packets / Math.max(1, distinct);
    if (distinct >= 500 && each <= 5) return 'likely';
    if (distinct <= 50 && each >= 20 && ttls <= 4) return 'unlikely';
    return 'unknown';
  }
}

function topPorts(ports: FrequentItems): { port: number; share: number }[] {
  return ports
    .top(TOP_PORTS)
    .map((slot) => ({ port: ports.keys[4 * slot + 3], share: round(ports.counts[slot] / ports.total) }))
    .filter(({ port, share }) => port > 0 && share >= 0.01);
}

/** Shares and ratios to three significant decimals. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function roundRate(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Text of a time. Captures and records may lie about it; ISO 8601 has four digits for the year. */
export function timeOf(timeMs: number): string {
  return formatTime(Math.min(Math.max(timeMs, 0), TIME_MAX_MS)) ?? new Date(0).toISOString();
}
