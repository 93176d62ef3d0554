import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { assert } from '../../base/errors.ts';
import { formatTime } from '../../base/units.ts';
import { type Attack, type Evidence, type Rate, type Target, targetSchema } from '../../model/attack.ts';
import { isNetworkVector, VECTORS, type Vector } from '../../model/vector.ts';
import type { FrequentItems } from '../../sketch/frequent-items.ts';
import { hllError } from '../../sketch/hyperloglog.ts';
import { SOURCES_PRECISION, type TargetDetail } from '../../sketch/target-detail.ts';
import { attackId } from './attack-id.ts';
import { AttackSketches, type AttackSources, roundShare } from './attack-sketches.ts';
import { PARAMETERS } from './parameters.ts';
import { readRate, readRates, readSigned, readTime, TIME_MAX_MS, writeRate, writeRates } from './snapshot-parts.ts';
import type { GroupRates } from './traffic.ts';
import { type Hold, type Opening, readVector, type VectorTotals, writeVector } from './vector-totals.ts';
import { explain, explainClosing } from './why.ts';

export interface AttackRecordOptions {
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
  /** The id of an attack that goes on; a new one where absent. */
  readonly id?: string;
}

/** Quiet for at least this long between active stretches, s: a pulse. */
const PULSE_GAP_SECONDS = 3;
/** An attack that needed this long from a quarter to nine tenths of its peak rose slowly, s. */
const RAMP_SECONDS_MIN = 20;
/** Bounds of what a snapshot may hold. */
const TEXT_BYTES_MAX = 1024;
const RATE_MAX = 2 ** 63;
const TIMELINE_MAX = PARAMETERS.historySeconds + PARAMETERS.timelineSecondsMax;

/** An attack while it lasts: sums and sketches over its seconds, in about 60 KB. */
export class AttackRecord {
  readonly target: Target;
  readonly direction: 'in' | 'out';
  readonly carpet: boolean;
  readonly baseline: Attack['baseline'];
  readonly id: string;
  readonly #vectors = new Map<Vector, VectorTotals>();
  #sketches: AttackSketches;
  #rates: Rate[] = [];
  #historyRates: readonly Rate[];
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

  constructor(options: AttackRecordOptions) {
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
    this.#sketches = new AttackSketches(options.seed);
    this.id = options.id ?? attackId(options);
  }

  get lastActiveTick(): number {
    return this.#lastActiveTick;
  }

  /** What holds a vector open; `undefined` while it is no vector of this attack. */
  held(vector: Vector): Hold | undefined {
    return this.#vectors.get(vector)?.hold;
  }

  /** Makes a vector part of the attack. */
  join(vector: Vector, opening: Opening): void {
    const known = this.#vectors.get(vector);
    if (known !== undefined) known.hold ??= opening;
    else this.#vectors.set(vector, { packets: 0, bytes: 0, flows: 0, variance: 0, opening, hold: opening });
  }

  /** Adds one vector's traffic of an active second, with the details where they were kept. */
  add(vector: Vector, rates: GroupRates, detail: TargetDetail | undefined): void {
    const totals = this.#vectors.get(vector);
    if (totals === undefined) return;
    totals.packets += rates.packets;
    totals.bytes += rates.bytes;
    totals.flows += rates.flows;
    totals.variance += rates.variance;
    if (detail !== undefined) this.#sketches.add(detail);
  }

  /** Adds sources that were counted elsewhere; what is added again keeps its share. */
  addSources(sources: FrequentItems): void {
    this.#sketches.addSources(sources);
  }

  /** Its heaviest sources. */
  sources(): AttackSources {
    return this.#sketches.sources();
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
    this.#peak = larger(this.#peak, rate);
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
      .map(([name, vector]) => ({ name, share: totals.packets > 0 ? roundShare(vector.packets / totals.packets) : 0 }))
      .sort((left, right) => right.share - left.share);
    const opening = this.#opening(vectors[0].name);
    const endMs = ongoing ? Math.min(nowMs, Math.max(this.#lastActiveMs, this.#startMs)) : this.#lastActiveMs;
    const sketches = this.#sketches;
    const distinct = sketches.sourcesDistinct;
    const ttls = sketches.ttlsDistinct;
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
        totals.packets > 0 ? roundShare((PARAMETERS.samplingSigmas * Math.sqrt(totals.variance)) / totals.packets) : 0,
      packetBytes: totals.packets > 0 ? Math.round(totals.bytes / totals.packets) : 0,
      ...(this.#replySeen && this.#received > 0 ? { replyRatio: roundShare(this.#sent / this.#received) } : {}),
      ...(opening.newSources === undefined ? {} : { newSources: roundShare(opening.newSources) }),
      srcPorts: sketches.srcPorts,
      dstPorts: sketches.dstPorts,
      srcPortsDistinct: sketches.srcPortsDistinct,
      dstPortsDistinct: sketches.dstPortsDistinct,
      ...(ttls > 0 ? { ttlsDistinct: ttls } : {}),
      ...(this.carpet ? { addresses: sketches.addressesDistinct } : {}),
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
        distinctError: roundShare(hllError(SOURCES_PRECISION)),
        top: sketches.topSources(),
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

  /**
   * Takes over what was told of this attack by a run that is gone: its sums where they are more, its times, and the reason that it
   * was opened for. `goesOn`: the record was opened anew for it, and what came between was not seen.
   */
  adopt(attack: Attack, goesOn: boolean): void {
    const { evidence } = attack;
    const { measure } = evidence;
    // What only a log saw is not for this detector to go on with.
    if (measure === 'rps' || measure === 'connections') return;
    const times = [attack.start, attack.detectedAt, attack.end ?? attack.start, attack.timeline.from].map(Date.parse);
    if (times.some(Number.isNaN)) return;
    this.#sketches.adopt(attack);
    this.#peak = larger(this.#peak, attack.peak);
    if (!goesOn) this.#lastActiveMs = Math.max(this.#lastActiveMs, times[2]);
    const atMs = Date.parse(evidence.at);
    const second = Math.ceil(atMs / 1000);
    const { observed, limit, limitFrom, cusum, shape, newSources } = evidence;
    const opening = { second, measure, observed, limit, limitFrom, cusum, notes: shape, newSources };
    const variance = (evidence.samplingError * evidence.packets) / PARAMETERS.samplingSigmas;
    const joined = new Map(this.#vectors);
    if (goesOn) this.#vectors.clear();
    for (const { name, share } of attack.vectors) {
      if (!isNetworkVector(name)) continue;
      const known = joined.get(name);
      joined.delete(name);
      this.#vectors.set(name, {
        packets: Math.max(known?.packets ?? 0, share * evidence.packets),
        bytes: Math.max(known?.bytes ?? 0, share * evidence.bytes),
        flows: Math.max(known?.flows ?? 0, share * evidence.flows),
        variance: Math.max(known?.variance ?? 0, share * variance * variance),
        opening: goesOn || known === undefined ? { ...opening, lagMs: 1000 * second - atMs } : known.opening,
        hold: known?.hold,
      });
    }
    for (const [name, vector] of joined) this.#vectors.set(name, vector);
    if (!goesOn) return;
    if (attack.rhythm === 'pulse') this.#pulses = 2;
    if (evidence.replyRatio !== undefined) this.replies(evidence.packets, evidence.replyRatio * evidence.packets, true);
    [this.#startMs, this.#detectedAtMs] = times;
    const { bps, pps } = attack.timeline;
    this.#historyRates = [];
    this.#historyFromMs = times[3] + (1000 * second - atMs);
    this.#rates = pps.map((rate, index) => ({ bps: bps[index] ?? 0, pps: rate, fps: 0 }));
    const silent = Math.floor((this.#lastActiveMs - times[3]) / 1000) - this.#rates.length;
    for (let gap = 0; gap < silent && this.#rates.length < PARAMETERS.timelineSecondsMax; gap++)
      this.#rates.push({ bps: 0, pps: 0, fps: 0 });
  }

  write(to: ByteWriter): void {
    for (const text of [this.id, this.target.kind, this.target.value, this.direction]) to.text(text);
    to.number(this.carpet ? 1 : 0);
    const { baseline } = this;
    for (const value of [baseline.bps, baseline.pps, baseline.fps]) to.number(value === undefined ? -1 : value);
    to.number(baseline.learnedSeconds);
    for (const ms of [this.#startMs, this.#detectedAtMs, this.#lastActiveMs, this.#historyFromMs]) to.number(ms);
    for (const tick of [this.#openedTick, this.#updateTick, this.#lastActiveTick]) to.number(tick);
    to.number(this.#shiftedMs);
    writeRate(to, this.#peak);
    for (const count of [this.#pulses, this.#received, this.#sent]) to.number(count);
    to.number((this.#lagged ? 1 : 0) + (this.#replySeen ? 2 : 0));
    writeRates(to, this.#historyRates);
    writeRates(to, this.#rates);
    to.number(this.#vectors.size);
    for (const [vector, totals] of this.#vectors) writeVector(to, vector, totals);
    this.#sketches.write(to);
  }

  static read(from: ByteReader, seed: number, sameSeed: boolean): AttackRecord {
    const id = from.text(TEXT_BYTES_MAX);
    const kind = targetSchema.shape.kind.safeParse(from.text(TEXT_BYTES_MAX));
    const value = from.text(TEXT_BYTES_MAX);
    const direction = from.text(TEXT_BYTES_MAX) === 'out' ? 'out' : 'in';
    if (!kind.success || id === '') from.fail('an attack without a target');
    const carpet = from.count(1) === 1;
    const [bps, pps, fps] = [0, 0, 0].map(() => readSigned(from, RATE_MAX));
    const baseline = {
      ...(bps < 0 ? {} : { bps }),
      ...(pps < 0 ? {} : { pps }),
      ...(fps < 0 ? {} : { fps }),
      learnedSeconds: from.amount(),
    };
    const [startMs, detectedAtMs, lastActiveMs, historyFromMs] = [0, 0, 0, 0].map(() => readTime(from));
    const [openedTick, updateTick, lastActiveTick] = [0, 0, 0].map(() => from.count());
    const record = new AttackRecord({
      ...{ id, key: '', target: { kind: kind.data ?? 'address', value }, direction, carpet, baseline },
      ...{ openedSecond: 0, openedTick, startMs, detectedAtMs, history: [], seed },
    });
    record.#lastActiveMs = lastActiveMs;
    record.#historyFromMs = historyFromMs;
    record.#updateTick = updateTick;
    record.#lastActiveTick = lastActiveTick;
    record.#shiftedMs = readTime(from);
    record.#peak = readRate(from);
    [record.#pulses, record.#received, record.#sent] = [0, 0, 0].map(() => from.amount());
    const flags = from.count(3);
    record.#lagged = (flags & 1) !== 0;
    record.#replySeen = (flags & 2) !== 0;
    record.#historyRates = readRates(from, PARAMETERS.historySeconds);
    record.#rates = readRates(from, TIMELINE_MAX);
    const vectors = from.count(VECTORS.length);
    if (vectors === 0) from.fail('an attack without a vector');
    for (let index = 0; index < vectors; index++) {
      const [vector, totals] = readVector(from);
      record.#vectors.set(vector, totals);
    }
    record.#sketches = AttackSketches.read(from, seed, sameSeed);
    return record;
  }

  #opening(vector: Vector): Opening {
    const opening = this.#vectors.get(vector)?.opening;
    assert(opening !== undefined, 'a vector of the attack has an opening');
    return opening;
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

function larger(left: Rate, right: Rate): Rate {
  return {
    bps: Math.max(left.bps, right.bps),
    pps: Math.max(left.pps, right.pps),
    fps: Math.max(left.fps, right.fps),
  };
}

function roundRate(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Text of a time. Captures and records may lie about it; ISO 8601 has four digits for the year. */
export function timeOf(timeMs: number): string {
  return formatTime(Math.min(Math.max(timeMs, 0), TIME_MAX_MS)) ?? new Date(0).toISOString();
}
