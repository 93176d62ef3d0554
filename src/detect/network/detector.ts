import { formatPrefix, type Prefix } from '../../base/prefix.ts';
import type { Attack, Rate, Target, Verdict } from '../../model/attack.ts';
import { CLASS, CLASS_COUNT } from '../../model/traffic-class.ts';
import type { Vector } from '../../model/vector.ts';
import { Ladder } from '../../sketch/ladder.ts';
import type { Second } from '../../sketch/second.ts';
import { SECOND_LIMITS } from '../../sketch/second.ts';
import type { SecondTaker } from '../../sketch/second-stream.ts';
import { Watch } from '../../sketch/watch.ts';
import { AttackRecord, type Opening, timeOf } from './attack-record.ts';
import { type Candidate, CandidateScan, covers, type GroupExcess } from './candidates.ts';
import { ANSWERED_CLASSES, GROUPS } from './groups.ts';
import { featuresOf, type Judgement, judge, type View } from './judge.ts';
import { PARAMETERS } from './parameters.ts';
import { isPartOfOther } from './side-effect.ts';
import { SlowDetector } from './slow.ts';
import type { TargetState } from './target-state.ts';

export interface DetectorOptions {
  readonly seed: number;
  readonly networks: readonly Prefix[];
  /** Names of sites by address text, and of the organisation: targets are called by them where they are known. */
  readonly siteOf?: (address: string) => string | undefined;
  readonly organisation?: string;
  /** Limits that a person set, by vector, packets a second; they take the place of floor and baseline. */
  readonly configuredPps?: Readonly<Partial<Record<Vector, number>>>;
  readonly onAttack?: (attack: Attack, state: 'opened' | 'closed') => void;
  readonly onVerdict?: (verdict: Verdict) => void;
}

/** Turns seconds into attacks. Deterministic: the same seconds give the same attacks. */
export class Detector implements SecondTaker {
  /** Attacks that were not opened, or not kept once they were over, because there were too many. */
  attacksRefused = 0;
  readonly #options: DetectorOptions;
  readonly #ladder: Ladder;
  readonly #scan: CandidateScan;
  readonly #sampled: Watch;
  readonly #slow: SlowDetector;
  readonly #open = new Set<TargetState>();
  readonly #closed: Attack[] = [];
  /** What the next second watches: the targets that were candidates in this one. */
  #watchNext: readonly Candidate[] = [];
  #nowMs = 0;

  constructor(options: DetectorOptions) {
    this.#options = options;
    this.#ladder = new Ladder(options.seed, options.networks);
    this.#scan = new CandidateScan(options.configuredPps ?? {});
    this.#sampled = new Watch(options.seed, SECOND_LIMITS.watch);
    this.#slow = new SlowDetector({
      seed: options.seed,
      targetOf: (address) => this.#addressTarget(address),
      onAttack: options.onAttack,
    });
  }

  /** Targets whose past is remembered. */
  get targets(): number {
    return this.#scan.states;
  }

  prepare(second: Second): void {
    for (const state of this.#open) this.#watch(second.watch, state, this.#groupsOf(state));
    for (const candidate of this.#watchNext) {
      this.#watch(
        second.watch,
        candidate.state,
        candidate.groups.map((excess) => excess.group),
      );
    }
  }

  take(second: Second, coveredMs: number, untilMs: number): void {
    this.#nowMs = untilMs;
    this.#ladder.roll(second.table);
    const candidates = this.#scan.candidates(second, this.#ladder, coveredMs);
    const hot = candidates.filter(isHot);
    this.#detailHot(second, hot);
    this.#noteReplies(second, candidates);
    for (const candidate of candidates) {
      for (const excess of candidate.groups) noteRise(second.second, candidate.state, excess);
    }
    const covered: Candidate[] = [];
    for (const candidate of hot) {
      if (candidate.state.attack === undefined && isInside(candidate, covered)) continue;
      const opened = this.#decide(second, candidate, coveredMs);
      if (candidate.carpet && (opened || candidate.claims || candidate.state.attack !== undefined))
        covered.push(candidate);
    }
    this.#sustain(second, hot, coveredMs);
    for (const candidate of candidates) this.#learn(second, candidate);
    this.#slow.take(second.slowServers, second.second, untilMs);
    this.#watchNext = candidates
      .filter(
        (candidate) =>
          candidate.excess >= PARAMETERS.watchShare && !candidate.carpet && candidate.state.attack === undefined,
      )
      .sort((left, right) => right.excess - left.excess)
      .slice(0, PARAMETERS.watchedMax);
  }

  /** Every attack so far, in order of start. */
  attacks(): Attack[] {
    const open = [...this.#open].flatMap((state) => {
      if (state.attack === undefined) return [];
      const quietSeconds = Math.floor((this.#nowMs - 1) / 1000) - state.attack.lastActiveSecond;
      return [state.attack.toAttack(quietSeconds <= 2, this.#nowMs)];
    });
    const attacks = [...this.#closed, ...open, ...this.#slow.attacks(this.#nowMs)];
    return attacks.sort((left, right) => left.start.localeCompare(right.start) || left.id.localeCompare(right.id));
  }

  #groupsOf(state: TargetState): number[] {
    const record = state.attack;
    if (record === undefined) return [];
    return GROUPS.flatMap((group, index) => (heldVector(record, group.vector) === undefined ? [] : [index]));
  }

  #watch(watch: Watch, state: TargetState, groups: readonly number[]): number {
    const slot = watch.watch(state.words, 0, state.length);
    if (slot < 0) return -1;
    let needsAnswered = false;
    for (const group of groups) {
      // Groups that share a class share the first one's detail.
      if (watch.detail(slot, firstClass(group)) === undefined)
        watch.addDetail(slot, GROUPS[group].classes, watch === this.#sampled ? 0 : state.thinBits(group));
      needsAnswered ||= GROUPS[group].shape === 'syn' || GROUPS[group].shape === 'connection';
    }
    if (needsAnswered && watch.detail(slot, CLASS.tcpAck) === undefined) {
      let free = ANSWERED_CLASSES;
      for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
        if (watch.detail(slot, trafficClass) !== undefined) free &= ~(1 << trafficClass);
      }
      watch.addDetail(slot, free, watch === this.#sampled ? 0 : PARAMETERS.answeredThinBits);
    }
    return slot;
  }

  /** Targets that nobody watched while the second ran get their details from its sample. */
  #detailHot(second: Second, hot: readonly Candidate[]): void {
    const sampled = this.#sampled;
    sampled.clear();
    for (const candidate of hot.slice(0, PARAMETERS.judgedMax)) {
      const slot = second.watch.find(candidate.state.words, 0, candidate.state.length);
      const missing = candidate.groups.filter(
        (excess) => slot < 0 || second.watch.detail(slot, firstClass(excess.group)) === undefined,
      );
      if (missing.length > 0)
        this.#watch(
          sampled,
          candidate.state,
          missing.map((excess) => excess.group),
        );
    }
    if (sampled.size === 0) return;
    second.detailFromSample(sampled);
    for (const candidate of hot) {
      const slot = sampled.find(candidate.state.words, 0, candidate.state.length);
      for (const { group } of slot < 0 ? [] : candidate.groups) {
        const detail = sampled.detail(slot, firstClass(group));
        if (detail !== undefined) candidate.state.noteRows(group, detail.rows / second.sample.share());
      }
    }
  }

  #noteReplies(second: Second, candidates: readonly Candidate[]): void {
    for (const candidate of candidates) {
      if (candidate.state.replySeen) continue;
      const { words, length } = candidate.state;
      const watched = second.watch.find(words, 0, length);
      const sampled = this.#sampled.find(words, 0, length);
      candidate.state.replySeen =
        (watched >= 0 && second.watch.outBytes[watched] > 0) || (sampled >= 0 && this.#sampled.outBytes[sampled] > 0);
    }
  }

  #view(second: Second, candidate: Candidate, excess: GroupExcess): View {
    const { words, length } = candidate.state;
    const group = GROUPS[excess.group];
    const watched = second.watch.find(words, 0, length);
    const own = watched < 0 ? undefined : second.watch.detail(watched, firstClass(excess.group));
    const sampledSlot = this.#sampled.find(words, 0, length);
    const watch = own === undefined && sampledSlot >= 0 ? this.#sampled : second.watch;
    const slot = watch === second.watch ? watched : sampledSlot;
    return {
      group,
      rates: excess.rates,
      node: candidate.node(),
      detail: slot < 0 ? undefined : watch.detail(slot, firstClass(excess.group)),
      answered: slot < 0 ? undefined : watch.detail(slot, CLASS.tcpAck),
      detailShare: watch === second.watch ? 1 : second.sample.share(),
      replySeen: candidate.state.replySeen,
      sent: (classes) => (slot < 0 ? 0 : sentPackets(watch, slot, classes)),
      excess: excess.excess,
      carpet: candidate.carpet,
    };
  }

  /** Opens an attack, or adds vectors to the one that is open, where volume and shape say so. */
  #decide(second: Second, candidate: Candidate, coveredMs: number): boolean {
    const { state } = candidate;
    let opened = false;
    const found: { excess: GroupExcess; judgement: Judgement; view: View }[] = [];
    for (const excess of candidate.groups) {
      if (excess.excess < 1 && !excess.cusum) continue;
      const view = this.#view(second, candidate, excess);
      const features = featuresOf(view);
      if (candidate.carpet && features.addresses < PARAMETERS.carpetAddressesMin) continue;
      const judgement = judge(view, features);
      excess.judged = judgement.attack ? 'attack' : 'benign';
      if (!judgement.attack) {
        this.#verdict(second, candidate, excess, judgement.kind, judgement.notes.join('; '));
        continue;
      }
      const partial = coveredMs < 1000;
      if (excess.rates.packets < (partial ? PARAMETERS.packetsSeenMinPartial : PARAMETERS.packetsSeenMin)) {
        this.#verdict(second, candidate, excess, 'too-few', `${excess.rates.packets} packets are no rate yet`);
        continue;
      }
      const confirmed = state.over(excess.group, second.second);
      if (partial || excess.excess >= PARAMETERS.suddenFactor || confirmed >= PARAMETERS.confirmSeconds) {
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
        if (this.#open.size >= PARAMETERS.attacksOpenMax) {
          this.attacksRefused++;
          continue;
        }
        this.#openAttack(second, candidate, excess, judgement, view);
        opened = true;
      }
      state.attack?.join(vector, this.#opening(second, candidate, excess, judgement, view));
    }
    return opened;
  }

  #openAttack(second: Second, candidate: Candidate, excess: GroupExcess, judgement: Judgement, view: View): void {
    const { state } = candidate;
    const { total } = state;
    const learned = total.pps.learnedSeconds;
    state.attack = new AttackRecord({
      target: this.#target(candidate),
      direction: candidate.direction,
      carpet: candidate.carpet,
      openedSecond: second.second,
      baseline:
        learned > 0
          ? {
              bps: Math.round(total.bps.mean),
              pps: round1(total.pps.mean),
              fps: round1(total.fps.mean),
              learnedSeconds: learned,
            }
          : { learnedSeconds: 0 },
      startMs: state.risingSince(excess.group) ?? startOf(second.second, excess),
      detectedAtMs: this.#nowMs,
      history: state.history(second.second),
      seed: this.#options.seed,
    });
    state.attack.join(judgement.kind as Vector, this.#opening(second, candidate, excess, judgement, view));
    this.#open.add(state);
    this.#options.onAttack?.(state.attack.toAttack(true, this.#nowMs), 'opened');
  }

  #opening(second: Second, candidate: Candidate, excess: GroupExcess, judgement: Judgement, view: View): Opening {
    return {
      second: second.second,
      measure: excess.measure,
      observed: excess.observed,
      limit: excess.limit,
      limitFrom: excess.limitFrom,
      cusum: excess.cusum,
      notes: judgement.notes,
      lagMs: Math.round(excess.rates.lagMs),
      newSources: view.detail === undefined ? undefined : candidate.state.newSources(view.detail),
    };
  }

  /** Carries open attacks through the second, and closes those that have been quiet for long enough. */
  #sustain(second: Second, hot: readonly Candidate[], coveredMs: number): void {
    const seen = new Map(hot.map((candidate) => [candidate.state, candidate]));
    const shownMs = Math.max(coveredMs, PARAMETERS.coveredMsShownMin);
    for (const state of this.#open) {
      const record = state.attack;
      if (record === undefined) continue;
      const candidate = seen.get(state);
      let active = false;
      const rate: Rate = { bps: 0, pps: 0, fps: 0 };
      let lagMs = 0;
      if (candidate !== undefined) {
        for (const excess of candidate.groups) {
          const vector = heldVector(record, GROUPS[excess.group].vector);
          if (vector === undefined) continue;
          const held = record.held(vector);
          if (held === undefined) continue;
          const classes = this.#classesOf(record, excess.group);
          const rates = candidate.node().rates(classes, shownMs);
          const view = this.#view(second, candidate, excess);
          const sure = rates[held.measure] * rates.sureShare;
          if (sure < PARAMETERS.holdShare * held.limit) continue;
          // Below the limit, what does not look like the attack is what the target usually receives.
          if (sure < held.limit && !judge(view, featuresOf(view)).attack) continue;
          active = true;
          record.add(vector, rates, view.detail);
          rate.bps += rates.bps;
          rate.pps += rates.pps;
          rate.fps += rates.fps;
          lagMs = Math.max(lagMs, rates.lagMs);
          if (view.detail !== undefined && view.detailShare === 1) state.noteRows(excess.group, view.detail.rows);
        }
        const slot = second.watch.find(state.words, 0, state.length);
        if (slot >= 0)
          record.replies(candidate.node().totalPackets, sentPackets(second.watch, slot, -1), state.replySeen);
      }
      record.second(second.second, active, rate, this.#nowMs - lagMs);
      if (second.second - record.lastActiveSecond >= PARAMETERS.closeAfterSeconds) {
        this.#open.delete(state);
        state.attack = undefined;
        const attack = record.toAttack(false, this.#nowMs);
        if (this.#closed.length < PARAMETERS.attacksKeptMax) this.#closed.push(attack);
        else this.attacksRefused++;
        this.#options.onAttack?.(attack, 'closed');
      }
    }
  }

  /** Fragments count with the amplified answers that they belong to. */
  #classesOf(record: AttackRecord, group: number): number {
    const withFragments = GROUPS[group].shape === 'amplification' && heldVector(record, 'fragment-flood') === undefined;
    return withFragments ? GROUPS[group].classes | (1 << CLASS.fragment) : GROUPS[group].classes;
  }

  #learn(second: Second, candidate: Candidate): void {
    const { state } = candidate;
    state.lastSecond = second.second;
    state.remember(second.second, candidate.rate);
    if (state.attack !== undefined) return;
    for (const excess of candidate.groups) {
      for (const measure of excess.measures) {
        // What is held against the limit is the lower bound under sampling, and so is what the limit is learned from.
        const sure = excess.rates[measure] * excess.rates.sureShare;
        if (learns(excess)) state.baseline(excess.group, measure).learn(second.second, sure);
      }
      const slot = second.watch.find(state.words, 0, state.length);
      const detail = slot < 0 ? undefined : second.watch.detail(slot, firstClass(excess.group));
      if (detail !== undefined) {
        state.noteRows(excess.group, detail.rows);
        if (learns(excess)) state.learnSources(second.second, detail);
      }
    }
    state.learnTotal(second.second, candidate.rate);
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

/** Whether a group's second teaches what is usual: not where it had volume and shape of an attack, confirmed or not. */
function learns(excess: GroupExcess): boolean {
  return excess.judged === 'benign' || (excess.judged === undefined && excess.excess < 1);
}

/** Remembers since when a group has stood out from its own past without a pause. */
function noteRise(second: number, state: TargetState, excess: GroupExcess): void {
  const usual = state.knownBaseline(excess.group, excess.measure)?.mean ?? 0;
  if (excess.observed > RISE_FACTOR * usual) {
    state.noteRise(excess.group, second, startOf(second, excess), excess.observed);
  }
}

/** What rises above this multiple of its usual mean belongs to the attack that follows. */
const RISE_FACTOR = 2;

/** What is judged: over a limit at once, or rising towards it for long, or under attack already. */
function isHot(candidate: Candidate): boolean {
  const { excess, groups, state } = candidate;
  return excess >= 1 || state.attack !== undefined || groups.some((group) => group.cusum);
}

/** The vector of an open attack that a group's traffic belongs to. */
function heldVector(record: AttackRecord, vector: Vector): Vector | undefined {
  if (record.held(vector) !== undefined) return vector;
  return vector === 'tcp-flood' && record.held('tcp-amplification') !== undefined ? 'tcp-amplification' : undefined;
}

function firstClass(group: number): number {
  return 31 - Math.clz32(GROUPS[group].classes & -GROUPS[group].classes);
}

function sentPackets(watch: Watch, slot: number, classes: number): number {
  let packets = 0;
  for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
    if ((classes >>> trafficClass) & 1) packets += watch.outPackets[CLASS_COUNT * slot + trafficClass];
  }
  return packets;
}

/** True if the candidate lies inside a prefix that is under attack as a whole. */
function isInside(candidate: Candidate, prefixes: readonly Candidate[]): boolean {
  return prefixes.some(
    (outer) =>
      outer.direction === candidate.direction &&
      outer.state.length < candidate.state.length &&
      covers(outer.state.words, outer.state.length, candidate.state.words),
  );
}

/** When the attack began: the first packet of its first second, set back by the time that telemetry needed. */
function startOf(second: number, excess: GroupExcess): number {
  const startMs = second * 1000 - Math.max(0, excess.rates.lagMs);
  const firstMs = excess.rates.firstMs;
  return firstMs >= startMs && firstMs < startMs + 1000 + excess.rates.lagMs ? firstMs : startMs;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
