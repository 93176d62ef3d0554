import type { ByteReader, ByteWriter } from '../../base/byte-stream.ts';
import { maskWord } from '../../base/prefix.ts';
import type { Rate } from '../../model/attack.ts';
import { hllEstimate, hllMerge } from '../../sketch/hyperloglog.ts';
import { SOURCES_PRECISION, type TargetDetail } from '../../sketch/target-detail.ts';
import type { AttackRecord } from './attack-record.ts';
import { Baseline } from './baseline.ts';
import { type ComeBack, Comers } from './comers.ts';
import { GroupBaseline, type WeekBudget } from './group-baseline.ts';
import { GROUPS, type Measure } from './groups.ts';
import { PARAMETERS } from './parameters.ts';
import { RateHistory } from './rate-history.ts';
import { readRegisters, readTime, readWords, writeWords } from './snapshot-parts.ts';
import { UsualRate } from './usual-rate.ts';

const MEASURES: readonly Measure[] = ['pps', 'bps', 'fps'];
/** Rows a second that the tops look at of a group that is only a candidate. */
const DETAIL_ROWS_PEACE = 256;
/** A pause of more ticks than this ends a rise, and what was over its limit before it confirms nothing. */
export const RISE_GAP_TICKS = 2;
const WEEK_SECONDS = 604_800;
/** Peacetime sources are remembered for one to two of these, s. */
const SOURCES_GENERATION_SECONDS = 600;
/** Sources count as new only where peace was watched for this long, s. */
const SOURCES_LEARNED_MIN = 30;
/** And sources count as known where so few of them are new to so many seconds of peace. */
const SOURCES_KNOWN_MIN = 10;
const NEW_SOURCES_MAX = 0.35;

/**
 * What is remembered of one target between seconds: baselines, its recent rates, and the attack that is open on it. It counts in ticks:
 * seconds that the station has seen, one after the other, whatever its clock did in between.
 */
export class TargetState {
  readonly key: string;
  readonly words: Uint32Array;
  readonly length: number;
  /** Its groups were below their low-water marks from this tick on until it was first seen. */
  readonly #quietSince: number;
  readonly #weeks: WeekBudget;
  attack: AttackRecord | undefined;
  /** The last tick in which it was looked at. */
  lastTick = -1;
  /** Traffic from the target was seen at least once. */
  replySeen = false;
  /** What it usually receives in all; 0 where nothing was learned. */
  usual = new UsualRate();
  readonly #groups = new Map<number, GroupBaseline>();
  /** By group that was there when watching began, the tick in which it was first seen. */
  #cold: Map<number, number> | undefined;
  /** By group; most targets never stand out, and have none of these. */
  #over: Map<number, { bits: number; tick: number }> | undefined;
  #rising: Map<number, { sinceMs: number; since: number; tick: number; rate: number }> | undefined;
  #history = new RateHistory();
  #rows: Map<number, number> | undefined;
  /** Who connected in the last seconds; few targets stand out by connections. Not kept over a restart. */
  #comers: Comers | undefined;
  #sources: { old: Uint8Array; young: Uint8Array; since: number; seconds: number } | undefined;

  constructor(key: string, words: Uint32Array, length: number, quietSince: number, weeks: WeekBudget) {
    this.#quietSince = quietSince;
    this.#weeks = weeks;
    this.key = key;
    this.words = words;
    this.length = length;
  }

  baseline(group: number, measure: Measure): GroupBaseline {
    const index = group * MEASURES.length + MEASURES.indexOf(measure);
    let baseline = this.#groups.get(index);
    if (baseline === undefined) {
      baseline = new GroupBaseline(new Baseline(this.#quietSince));
      this.#groups.set(index, baseline);
    }
    return baseline;
  }

  /** The group's baseline where there is one. */
  knownBaseline(group: number, measure: Measure): GroupBaseline | undefined {
    return this.#groups.get(group * MEASURES.length + MEASURES.indexOf(measure));
  }

  /** Notes that a group stands out in this tick. What was carried in the first seconds that the target was looked for was there before. */
  noteCold(group: number, tick: number, lagMs: number): void {
    if (this.#cold?.has(group) === true || tick - lagMs / 1000 - this.#quietSince > PARAMETERS.coldSeconds) return;
    this.#cold ??= new Map();
    this.#cold.set(group, tick);
  }

  /** False where a group's traffic was there when the station began to watch, and what is usual of it is not known yet. */
  hasPast(group: number, measure: Measure, tick: number): boolean {
    const since = this.#cold?.get(group);
    if (since === undefined) return true;
    const learned = this.knownBaseline(group, measure)?.learnedSeconds ?? 0;
    return Math.min(learned, tick - since) >= PARAMETERS.coldSeconds;
  }

  /** True where a group's traffic was there when the station began to watch, and what is usual of it rests on less than a minute. */
  isFresh(group: number, measure: Measure): boolean {
    if (this.#cold?.has(group) !== true) return false;
    return (this.knownBaseline(group, measure)?.learnedSeconds ?? 0) < PARAMETERS.freshSeconds;
  }

  /** Learns one second of peace of a group. `second` is that of the clock. */
  learn(group: number, measure: Measure, tick: number, second: number, value: number): void {
    this.baseline(group, measure).learn(tick, second, value, this.#weeks);
  }

  /** What came before this tick was no peace, and no silence either: nothing is learned from it. */
  skip(tick: number, second: number): void {
    for (const baseline of this.#groups.values()) baseline.skip(tick, second);
    this.usual.skip(tick);
  }

  /** The target is forgotten: others may have its memory. */
  release(): void {
    for (const baseline of this.#groups.values()) if (baseline.hasWeek) this.#weeks.giveBack(1);
  }

  /**
   * Notes that a group stands out in this second with a rate, and that its first such packet was carried at `startMs`. A leap
   * begins another rise: a crowd that came before a flood is no part of it.
   */
  noteRise(group: number, tick: number, startMs: number, rate: number): void {
    const known = this.#rising?.get(group);
    const leaps =
      known !== undefined && rate > PARAMETERS.suddenFactor * known.rate && tick - known.since > RISE_GAP_TICKS;
    if (known === undefined || leaps || tick - known.tick > RISE_GAP_TICKS) {
      this.#rising ??= new Map();
      this.#rising.set(group, { sinceMs: startMs, since: tick, tick, rate });
      return;
    }
    known.tick = tick;
    known.rate = rate;
  }

  /** Since when the group has stood out, ms since 1970. */
  risingSince(group: number): number | undefined {
    return this.#rising?.get(group)?.sinceMs;
  }

  /** Notes that a group had the volume and shape of an attack in this tick; returns in how many of the last three. */
  over(group: number, tick: number): number {
    const known = this.#over?.get(group);
    const bits = known === undefined ? 0 : tick - known.tick > RISE_GAP_TICKS ? 0 : known.bits << (tick - known.tick);
    const now = (bits | 1) & 7;
    this.#over ??= new Map();
    this.#over.set(group, { bits: now, tick });
    return (now & 1) + ((now >>> 1) & 1) + ((now >>> 2) & 1);
  }

  /** Learns what the target usually receives in all. */
  learnTotal(tick: number, rate: Rate): void {
    this.usual.learn(tick, rate);
  }

  /** Keeps the total rates of a tick for the picture of what came before. */
  remember(tick: number, rate: Rate): void {
    this.#history.push(tick, rate);
  }

  /** Rates of the ticks up to and without `tick`, oldest first. */
  history(tick: number): Rate[] {
    return this.#history.until(tick);
  }

  /**
   * Bits by which the tops of a group's next detail are thinned, so that one target costs a bounded share of a second: of attacked
   * groups `rows` are looked at. A target that is not under attack gets what tells its shape.
   */
  thinBits(group: number, rows: number): number {
    const known = this.#rows?.get(group);
    const wanted = this.attack === undefined ? DETAIL_ROWS_PEACE : rows;
    if (known === undefined) return 4;
    return known <= wanted ? 0 : Math.min(12, Math.ceil(Math.log2(known / wanted)));
  }

  noteRows(group: number, rows: number): void {
    this.#rows ??= new Map();
    this.#rows.set(group, rows);
  }

  /** Keeps who connected in a second. */
  noteComers(tick: number, detail: TargetDetail): void {
    this.#comers ??= new Comers();
    this.#comers.note(tick, detail);
  }

  /** Share of a second's sources that came back, and whether that is the last word; see `Comers`. */
  comeBack(tick: number, detail: TargetDetail): ComeBack {
    return { share: this.#comers?.share(tick, detail), settled: this.#comers?.settled(tick) ?? false };
  }

  /** Remembers who sends in peace. */
  learnSources(tick: number, detail: TargetDetail): void {
    if (this.#sources === undefined) {
      const registers = detail.sources.length;
      this.#sources = { old: new Uint8Array(registers), young: new Uint8Array(registers), since: tick, seconds: 0 };
    }
    const known = this.#sources;
    if (tick - known.since > SOURCES_GENERATION_SECONDS) {
      known.old.set(known.young);
      known.young.fill(0);
      known.since = tick;
    }
    known.seconds++;
    hllMerge(known.young, 0, detail.sources, 0, detail.sources.length);
  }

  /** Share of a detail's sources that peace did not know; `undefined` where peace was not watched for long enough. */
  newSources(detail: TargetDetail, secondsMin = SOURCES_LEARNED_MIN): number | undefined {
    if (this.#sources === undefined || this.#sources.seconds < secondsMin) return undefined;
    const known = this.#sources.old.slice();
    hllMerge(known, 0, this.#sources.young, 0, known.length);
    const before = hllEstimate(known, 0, SOURCES_PRECISION);
    hllMerge(known, 0, detail.sources, 0, known.length);
    const after = hllEstimate(known, 0, SOURCES_PRECISION);
    const now = hllEstimate(detail.sources, 0, SOURCES_PRECISION);
    return now > 0 ? Math.max(0, Math.min(1, (after - before) / now)) : undefined;
  }

  /** True where nearly all of a detail's sources sent in peace: a flood begins in less time than it takes to say so. */
  knowsSourcesOf(detail: TargetDetail): boolean {
    const fresh = this.newSources(detail, SOURCES_KNOWN_MIN);
    return fresh !== undefined && fresh <= NEW_SOURCES_MAX;
  }

  /** True for a configured network, which may be a step of the ladder too. */
  get isNetwork(): boolean {
    return this.key.includes('/n');
  }

  /** The tick by which it is told who was quiet for longest: what a week has taught is not given up for a second of noise. */
  get keptTick(): number {
    for (const baseline of this.#groups.values()) if (baseline.hasWeek) return this.lastTick + WEEK_SECONDS;
    return this.lastTick;
  }

  /** True where it remembers who sends in peace. */
  get knowsSources(): boolean {
    return this.#sources !== undefined;
  }

  /** After a time in which nothing was seen, the week says what is usual now. */
  resume(hour: number): void {
    for (const baseline of this.#groups.values()) baseline.resume(hour);
  }

  /** `withSources`, and the rates of its past where any are left at `tick`: what is large is kept of some only. */
  write(to: ByteWriter, tick: number, withHistory: boolean, withSources: boolean): void {
    writeWords(to, this.words);
    to.number(this.length);
    to.number(this.isNetwork ? 1 : 0);
    to.number(this.#quietSince + 1);
    to.number(this.lastTick + 1);
    to.number(this.replySeen ? 1 : 0);
    to.number(this.#cold?.size ?? 0);
    for (const [group, tick] of this.#cold ?? []) for (const value of [group, tick]) to.number(value);
    this.usual.write(to);
    to.number(this.#groups.size);
    for (const [index, baseline] of this.#groups) {
      to.number(index);
      baseline.write(to);
    }
    to.number(this.#over?.size ?? 0);
    for (const [group, over] of this.#over ?? []) for (const value of [group, over.bits, over.tick]) to.number(value);
    to.number(this.#rising?.size ?? 0);
    for (const [group, rise] of this.#rising ?? []) {
      for (const value of [group, rise.sinceMs, rise.since, rise.tick, rise.rate]) to.number(value);
    }
    to.number(this.#rows?.size ?? 0);
    for (const [group, rows] of this.#rows ?? []) for (const value of [group, rows]) to.number(value);
    this.#history.write(to, withHistory && this.#history.isRecent(tick));
    const sources = withSources ? this.#sources : undefined;
    to.number(sources === undefined ? 0 : 1);
    if (sources === undefined) return;
    to.number(sources.since);
    to.number(sources.seconds);
    to.raw(sources.old);
    to.raw(sources.young);
  }

  /** `sameSeed`: sources were counted by the same hashes; others are forgotten. */
  static read(from: ByteReader, weeks: WeekBudget, sameSeed: boolean): TargetState {
    const words = new Uint32Array(4);
    readWords(from, words);
    const length = from.count(128);
    for (let word = 0; word < 4; word++) words[word] = (words[word] & maskWord(length, word)) >>> 0;
    const isNetwork = from.count(1) === 1;
    const state = new TargetState(stateKey(words, length, isNetwork), words, length, from.count() - 1, weeks);
    state.lastTick = from.count() - 1;
    state.replySeen = from.count(1) === 1;
    for (let left = from.count(GROUPS.length); left > 0; left--) {
      state.#cold ??= new Map();
      state.#cold.set(groupOf(from), from.count());
    }
    state.usual = UsualRate.read(from);
    const groups = from.count(GROUPS.length * MEASURES.length);
    for (let at = 0; at < groups && from.fault === undefined; at++) {
      const index = from.count(GROUPS.length * MEASURES.length - 1);
      const baseline = GroupBaseline.read(from, weeks);
      if (state.#groups.has(index)) from.fail('a group that comes twice');
      state.#groups.set(index, baseline);
    }
    for (let left = from.count(GROUPS.length); left > 0; left--) {
      state.#over ??= new Map();
      state.#over.set(groupOf(from), { bits: from.count(7), tick: from.count() });
    }
    for (let left = from.count(GROUPS.length); left > 0; left--) {
      state.#rising ??= new Map();
      const group = groupOf(from);
      const sinceMs = readTime(from);
      state.#rising.set(group, { sinceMs, since: from.count(), tick: from.count(), rate: from.amount() });
    }
    for (let left = from.count(GROUPS.length); left > 0; left--) state.noteRows(groupOf(from), from.amount());
    state.#history = RateHistory.read(from);
    if (from.count(1) === 1) state.#readSources(from, sameSeed);
    return state;
  }

  #readSources(from: ByteReader, sameSeed: boolean): void {
    const since = from.count();
    const seconds = from.count();
    const old = new Uint8Array(2 ** SOURCES_PRECISION);
    const young = new Uint8Array(2 ** SOURCES_PRECISION);
    readRegisters(from, old);
    readRegisters(from, young);
    if (sameSeed) this.#sources = { old, young, since, seconds };
  }
}

/** How targets are told apart: a configured network that is a step of the ladder too has a past of its own. */
export function stateKey(words: Uint32Array, length: number, isNetwork: boolean): string {
  return `${words[0]},${words[1]},${words[2]},${words[3]}/${isNetwork ? 'n' : ''}${length}`;
}

function groupOf(from: ByteReader): number {
  return from.count(GROUPS.length - 1);
}
