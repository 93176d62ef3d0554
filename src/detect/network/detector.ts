import { formatPrefix, type Prefix } from '../../base/prefix.ts';
import type { Attack, Target, Verdict } from '../../model/attack.ts';
import type { TargetSecond } from '../../model/second-record.ts';
import type { Vector } from '../../model/vector.ts';
import { Ladder } from '../../sketch/ladder.ts';
import type { Second } from '../../sketch/second.ts';
import type { SecondTaker } from '../../sketch/second-stream.ts';
import { Adopted } from './adopted.ts';
import { AttackRecord, timeOf } from './attack-record.ts';
import type { AttackSources } from './attack-sketches.ts';
import { Attention, firstClass } from './attention.ts';
import { type Candidate, CandidateScan, covers, type GroupExcess } from './candidates.ts';
import { featuresOf, type View } from './features.ts';
import { GROUPS } from './groups.ts';
import { type Judgement, judge } from './judge.ts';
import { Observed } from './observed.ts';
import { OpenAttacks, type TellAttack } from './open-attacks.ts';
import { PARAMETERS } from './parameters.ts';
import { isKept, sameNetworks } from './protected.ts';
import { noteRise, startOf } from './rise.ts';
import { isHot, isPartOfOther, uncovered } from './side-effect.ts';
import { SlowDetector } from './slow.ts';
import type { DetectorMemory, Watched } from './snapshot.ts';
import { RISE_GAP_TICKS, type TargetState } from './target-state.ts';
import { lookedAt } from './traffic.ts';
import type { Opening } from './vector-totals.ts';

/** What is protected, and what it is called; may change while a detector runs. */
export interface DetectorSubject {
  readonly networks: readonly Prefix[];
  /** Names of sites by address text, and of the organisation: targets are called by them where they are known. */
  readonly siteOf?: ((address: string) => string | undefined) | undefined;
  readonly organisation?: string | undefined;
  /** Limits that a person set, by vector, packets a second; they take the place of floor and baseline. */
  readonly configuredPps?: Readonly<Partial<Record<Vector, number>>> | undefined;
}

export interface DetectorOptions extends DetectorSubject {
  /** Places addresses in tables; the same one over restarts, where a snapshot is to be used whole. */
  readonly seed: number;
  /** Told once when an attack is opened and once when it is closed; of a live station also `updated` in between, at a bounded rate. */
  readonly onAttack?: TellAttack;
  readonly onVerdict?: (verdict: Verdict) => void;
  /** Seconds are those of this machine's clock as they pass: closed attacks are told and then forgotten. */
  readonly live?: boolean;
}

/** A prefix under attack; an address has length 128. */
export interface AttackedPrefix {
  readonly words: Uint32Array;
  readonly length: number;
  readonly attackId: string;
}

/** Turns seconds into attacks. Deterministic: the same seconds give the same attacks. */
export class Detector implements SecondTaker {
  #options: DetectorOptions;
  #ladder: Ladder;
  readonly #scan: CandidateScan;
  readonly #attention: Attention;
  readonly #slow: SlowDetector;
  readonly #open: OpenAttacks;
  #observed: Observed;
  #adopted = new Adopted();
  /** What the next second watches: the targets that were candidates in this one. */
  #watchNext: readonly Watched[] = [];
  /** Seconds that were taken, counted from 1: what was not seen is in no tick. */
  #tick = 0;
  #second = -1;
  #nowMs = 0;

  constructor(options: DetectorOptions) {
    this.#options = options;
    const live = options.live ?? false;
    this.#ladder = new Ladder(options.seed, options.networks);
    this.#scan = new CandidateScan(options.configuredPps ?? {});
    this.#attention = new Attention(options.seed);
    this.#open = new OpenAttacks({ attention: this.#attention, onAttack: options.onAttack, live });
    this.#slow = new SlowDetector({
      seed: options.seed,
      targetOf: (address) => this.#addressTarget(address),
      onAttack: options.onAttack,
      live,
      claim: (target, direction) => this.#adopted.claim(target, direction),
    });
    this.#observed = new Observed(options.seed, this.#ladder, (candidate) => this.#target(candidate));
  }

  /** Targets whose past is remembered. */
  get targets(): number {
    return this.#scan.states;
  }

  get seed(): number {
    return this.#options.seed;
  }

  /** Attacks that were not opened, or not kept once they were over, because there were too many. */
  get attacksRefused(): number {
    return this.#open.refused;
  }

  prepare(second: Second): void {
    for (const state of this.#open.states) {
      const groups = this.#open.groupsOf(state);
      const share = PARAMETERS.topRowsAll / (this.#open.states.size * Math.max(1, groups.length));
      const rows = Math.max(PARAMETERS.topRowsMin, Math.min(PARAMETERS.topRowsMax, share));
      this.#attention.watch(second, state, groups, rows);
    }
    for (const { state, groups } of this.#watchNext) this.#attention.watch(second, state, groups);
  }

  take(second: Second, coveredMs: number, untilMs: number): void {
    this.#advance(second.second, untilMs);
    const tick = this.#tick;
    this.#ladder.roll(second.table);
    const candidates = this.#scan.candidates(second, this.#ladder, coveredMs, tick);
    const hot = candidates.filter(isHot);
    this.#attention.detailHot(second, candidates, hot, tick);
    this.#attention.noteReplies(second, candidates);
    this.#attention.noteComers(second, hot, tick);
    for (const candidate of candidates) {
      for (const excess of candidate.groups) noteRise(tick, second.second, candidate.state, excess);
    }
    const covered: Candidate[] = [];
    for (const candidate of hot) {
      const rest =
        candidate.state.attack === undefined
          ? uncovered(candidate, covered, (state) => this.#open.groupsOf(state))
          : candidate;
      if (rest === undefined) continue;
      const opened = this.#decide(second, rest, coveredMs);
      if (candidate.carpet && (opened || candidate.claimed.length > 0 || candidate.state.attack !== undefined))
        covered.push(candidate);
    }
    this.#open.sustain(second, hot, coveredMs, { tick, nowMs: untilMs });
    for (const candidate of candidates) this.#learn(second, candidate);
    this.#slow.take(second.slowServers, second.second, { tick, nowMs: untilMs });
    this.#observed.take(second, candidates, this.#open.states, coveredMs);
    this.#watchNext = candidates
      .filter(
        (candidate) =>
          candidate.excess >= PARAMETERS.watchShare && !candidate.carpet && candidate.state.attack === undefined,
      )
      .sort((left, right) => right.excess - left.excess)
      .slice(0, PARAMETERS.watchedMax)
      .map(({ state, groups }) => ({ state, groups: groups.map((excess) => excess.group) }));
  }

  /** Notes which second it is. One that does not follow the last is a jump: of the clock, or over what was not seen. */
  #advance(second: number, untilMs: number): void {
    const jump = this.#second < 0 ? 0 : second - this.#second - 1;
    if (jump !== 0) {
      this.#open.jump(jump, this.#tick, this.#nowMs);
      this.#slow.jump(jump, this.#nowMs);
      this.#tick += RISE_GAP_TICKS;
      if (jump < 0 || jump > PARAMETERS.meanSeconds) this.#scan.resume(Math.floor(second / 3600));
    }
    this.#tick++;
    this.#second = second;
    this.#nowMs = untilMs;
    if (this.#adopted.size > 0) this.#adopted.expire({ tick: this.#tick, nowMs: untilMs }, this.#options.onAttack);
  }

  /** What it remembers; belongs to the detector, and is read between seconds. */
  get memory(): DetectorMemory {
    return {
      tick: this.#tick,
      second: this.#second,
      nowMs: this.#nowMs,
      networks: this.#options.networks,
      scan: this.#scan.memory,
      open: this.#open.states,
      watchNext: this.#watchNext,
      slow: this.#slow.open,
      adopted: this.#adopted,
    };
  }

  /** Takes the memory of another run in place of its own, for `restoreDetector`; closes what cannot go on after so long a time. */
  restore(memory: DetectorMemory, nowMs: number): void {
    const { tick, second, scan } = memory;
    this.#tick = tick;
    this.#second = second;
    this.#nowMs = memory.nowMs;
    this.#scan.restore(scan);
    this.#open.restore(memory.open);
    this.#slow.restore(memory.slow);
    this.#watchNext = memory.watchNext;
    this.#adopted = memory.adopted;
    this.#keepProtected(memory.networks, this.#options.networks);
    const gap = Math.floor(nowMs / 1000) - second - 1;
    if (second < 0 || Math.abs(gap) <= PARAMETERS.resumeSecondsMax) return;
    this.#open.jump(gap, tick, this.#nowMs);
    this.#slow.jump(gap, this.#nowMs);
  }

  /**
   * Takes over attacks that the station's store has as open, or had told as closed, after a run that ended without a word. Those
   * whose targets are still attacked go on under their ids; others are closed after the closing time, as they were last told. An attack
   * that a snapshot holds too goes by whichever is the later. `complete`: the store has no others open, so that what a snapshot holds
   * beyond these was told as closed since. For a live station, before its first second.
   */
  adopt(attacks: readonly Attack[], complete = false): void {
    const known = new Set(attacks.map(({ id }) => id));
    for (const { attackId } of complete ? this.attackedPrefixes() : []) {
      if (known.has(attackId)) continue;
      this.#open.drop(attackId);
      this.#slow.drop(attackId);
    }
    for (const attack of attacks) {
      const record = this.#open.find(attack.id) ?? this.#slow.find(attack.id);
      if (!attack.ongoing) {
        this.#open.drop(attack.id);
        this.#slow.drop(attack.id);
        this.#adopted.drop(attack.id);
      } else if (record !== undefined) record.adopt(attack, false);
      else if (!this.#adopted.add(attack, this.#tick)) this.#open.refused++;
    }
  }

  /** Protects other networks, under other names and limits, from the next second on. What was learned of targets that stay is kept. */
  reconfigure(subject: DetectorSubject): void {
    const before = this.#options.networks;
    const { networks, siteOf, organisation, configuredPps } = subject;
    this.#options = { ...this.#options, networks, siteOf, organisation, configuredPps };
    this.#scan.configure(configuredPps ?? {});
    if (sameNetworks(before, networks)) return;
    this.#ladder = new Ladder(this.seed, networks);
    this.#observed = new Observed(this.seed, this.#ladder, (candidate) => this.#target(candidate));
    this.#keepProtected(before, networks);
  }

  #keepProtected(before: readonly Prefix[], networks: readonly Prefix[]): void {
    if (sameNetworks(before, networks)) return;
    const kept = (state: TargetState): boolean => isKept(state, before, networks);
    this.#open.keep(kept, { tick: this.#tick, nowMs: this.#nowMs });
    this.#scan.keep(kept);
    this.#watchNext = this.#watchNext.filter(({ state }) => kept(state));
  }

  /** Of the last second: targets above their low-water marks and all under attack, largest excess first, at most `observedMax`. */
  observed(): TargetSecond[] {
    return this.#observed.list(this.#slow.prefixes());
  }

  /** What is under attack now. */
  attackedPrefixes(): AttackedPrefix[] {
    const prefixes: AttackedPrefix[] = [...this.#slow.prefixes()];
    for (const { words, length, attack } of this.#open.states) {
      if (attack !== undefined) prefixes.push({ words, length, attackId: attack.id });
    }
    return prefixes;
  }

  /** The heaviest sources of an attack that is open, or among the last that were closed. */
  sourcesOf(id: string): AttackSources | undefined {
    return this.#open.sourcesOf(id) ?? this.#slow.find(id)?.sources();
  }

  /** Id of the open attack that the address at `words[at .. at+3]` is a target of: the one on the narrowest prefix. */
  attackOf(words: Uint32Array, at: number): string | undefined {
    let narrowest: AttackedPrefix | undefined;
    for (const prefix of this.attackedPrefixes()) {
      if (narrowest !== undefined && prefix.length <= narrowest.length) continue;
      if (covers(prefix.words, prefix.length, words, at)) narrowest = prefix;
    }
    return narrowest?.attackId;
  }

  /** Every attack so far, in order of start. */
  attacks(): Attack[] {
    const attacks = [
      ...this.#open.attacks(this.#tick, this.#nowMs),
      ...this.#slow.attacks(this.#tick, this.#nowMs),
      ...this.#adopted.list(this.#tick).map(({ attack }) => attack),
    ];
    return attacks.sort((left, right) => left.start.localeCompare(right.start) || left.id.localeCompare(right.id));
  }

  /** Opens an attack, or adds vectors to the one that is open, where volume and shape say so. */
  #decide(second: Second, candidate: Candidate, coveredMs: number): boolean {
    const { state } = candidate;
    let opened = false;
    const found: { excess: GroupExcess; judgement: Judgement; view: View }[] = [];
    for (const excess of candidate.groups) {
      if (excess.excess < 1 && !excess.cusum) continue;
      const view = this.#attention.view(second, candidate, excess, this.#tick);
      const features = featuresOf(view);
      if (candidate.carpet && features.addresses < PARAMETERS.carpetAddressesMin) continue;
      const judgement = judge(view, features);
      excess.judged = judgement.attack ? 'attack' : judgement.settled ? 'benign' : 'open';
      if (!judgement.attack) {
        this.#verdict(second, candidate, excess, judgement.kind, judgement.notes.join('; '));
        continue;
      }
      const partial = coveredMs < 1000;
      // Too few packets for a rate of one second may do for one of the seconds that confirm each other.
      const looked = lookedAt(excess.rates) / (partial ? PARAMETERS.packetsSeenMinPartial : PARAMETERS.packetsSeenMin);
      if (looked < (partial ? 1 : 1 / CONFIRM_WINDOW)) {
        this.#verdict(second, candidate, excess, 'too-few', `${excess.rates.packets} packets are no rate yet`);
        continue;
      }
      const confirmed = state.over(excess.group, this.#tick);
      const factor = judgement.clear ? PARAMETERS.clearFactor : PARAMETERS.suddenFactor;
      const sudden = looked >= 1 && excess.excess >= factor;
      if (partial || sudden || confirmed >= PARAMETERS.confirmSeconds) {
        found.push({ excess, judgement, view });
      } else {
        this.#verdict(second, candidate, excess, 'unconfirmed', 'over its limit in a single second');
      }
    }
    found.sort((left, right) => right.excess.rates.packets - left.excess.rates.packets);
    for (const { excess, judgement, view } of found) {
      if (isPartOfOther(view, found)) continue;
      const vector = judgement.kind as Vector;
      if (state.attack === undefined) {
        if (!this.#open.hasRoom()) continue;
        this.#openAttack(second, candidate, excess, judgement, view);
        opened = true;
      }
      state.attack?.join(vector, this.#opening(second, excess, judgement, view));
    }
    return opened;
  }

  #openAttack(second: Second, candidate: Candidate, excess: GroupExcess, judgement: Judgement, view: View): void {
    const { state } = candidate;
    const { bps, pps, fps, learnedSeconds } = state.usual;
    const target = this.#target(candidate);
    const { direction } = candidate;
    const before = this.#adopted.claim(target, direction);
    const record = new AttackRecord({
      key: state.key,
      ...(before === undefined ? {} : { id: before.id }),
      target,
      direction,
      carpet: candidate.carpet,
      openedSecond: second.second,
      openedTick: this.#tick,
      baseline:
        before?.baseline ??
        (learnedSeconds > 0
          ? { bps: Math.round(bps), pps: round1(pps), fps: round1(fps), learnedSeconds }
          : { learnedSeconds: 0 }),
      startMs: state.risingSince(excess.group) ?? startOf(second.second, excess),
      detectedAtMs: this.#nowMs,
      history: state.history(this.#tick),
      seed: this.#options.seed,
    });
    record.join(judgement.kind as Vector, this.#opening(second, excess, judgement, view));
    if (before !== undefined) record.adopt(before, true);
    this.#open.begin(state, record, this.#nowMs, before === undefined ? 'opened' : 'updated');
  }

  #opening(second: Second, excess: GroupExcess, judgement: Judgement, view: View): Opening {
    return {
      second: second.second,
      measure: excess.measure,
      observed: excess.observed,
      limit: excess.limit,
      limitFrom: excess.limitFrom,
      cusum: excess.cusum,
      notes: judgement.notes,
      lagMs: Math.round(excess.rates.lagMs),
      newSources: view.newSources,
    };
  }

  #learn(second: Second, candidate: Candidate): void {
    const { state } = candidate;
    const tick = this.#tick;
    state.lastTick = tick;
    state.remember(tick, candidate.rate);
    if (state.attack !== undefined) return;
    for (const excess of candidate.groups) {
      for (const measure of excess.measures) {
        // What is held against the limit is the lower bound under sampling, and so is what the limit is learned from.
        const sure = excess.rates[measure] * excess.rates.sureShare;
        if (learns(excess)) state.learn(excess.group, measure, tick, second.second, sure);
      }
      const slot = second.watch.find(state.words, 0, state.length);
      const watched = slot < 0 ? undefined : second.watch.detail(slot, firstClass(excess.group));
      if (watched !== undefined) state.noteRows(excess.group, watched.rows);
      const detail = learns(excess) ? this.#attention.peaceDetail(second, state, excess.group) : undefined;
      if (detail !== undefined) state.learnSources(tick, detail);
    }
    state.learnTotal(tick, candidate.rate);
  }

  #target(candidate: Candidate): Target {
    if (candidate.level === 'organisation')
      return { kind: 'organisation', value: this.#options.organisation ?? 'all networks' };
    const value = formatPrefix(candidate.state.words, candidate.state.length);
    if (candidate.level !== 'address') return { kind: 'prefix', value };
    return this.#addressTarget(value);
  }

  #addressTarget(address: string): Target {
    const site = this.#options.siteOf?.(address);
    return site === undefined ? { kind: 'address', value: address } : { kind: 'site', value: site };
  }

  #verdict(second: Second, candidate: Candidate, excess: GroupExcess, kind: string, notes: string): void {
    if (this.#options.onVerdict === undefined) return;
    const { rates } = excess;
    this.#options.onVerdict({
      target: this.#target(candidate),
      direction: candidate.direction,
      at: timeOf(second.second * 1000),
      peak: { bps: Math.round(rates.bps), pps: round1(rates.pps), fps: round1(rates.fps) },
      kind,
      reason: `${GROUPS[excess.group].vector} by volume (${excess.excess.toFixed(1)} times its limit), but not by shape: ${notes}`,
    });
  }
}

/** Seconds among which a group must be over its limit more than once. */
const CONFIRM_WINDOW = 3;

/** Whether a group's second teaches what is usual: not where it had volume and shape of an attack, confirmed or not. */
function learns(excess: GroupExcess): boolean {
  return excess.judged === 'benign' || (excess.judged === undefined && excess.excess < 1);
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
