import { CLASS, CLASS_COUNT } from '../../model/traffic-class.ts';
import type { Vector } from '../../model/vector.ts';
import { SECOND_LIMITS, type Second } from '../../sketch/second.ts';
import type { TargetDetail } from '../../sketch/target-detail.ts';
import { Watch } from '../../sketch/watch.ts';
import type { AttackRecord } from './attack-record.ts';
import { type Candidate, type GroupExcess, worstFirst } from './candidates.ts';
import type { View } from './features.ts';
import { ANSWERED_CLASSES, GROUPS } from './groups.ts';
import { PARAMETERS } from './parameters.ts';
import { Peers } from './peers.ts';
import type { TargetState } from './target-state.ts';

/** The group whose rows are noted for all that is on completed connections. */
const ACKNOWLEDGED = GROUPS.findIndex((group) => group.vector === 'ack-flood');

/**
 * What is looked at in detail: targets that a second watched while it ran, and those that stood out in it unwatched, whose details
 * come from its sample.
 */
export class Attention {
  readonly #sampled: Watch;
  readonly #peers = new Peers();

  constructor(seed: number) {
    this.#sampled = new Watch(seed, SECOND_LIMITS.watch);
  }

  /** Puts groups of a target on the watch list of the second that begins; the tops of each attacked one look at so many rows. */
  watch(second: Second, state: TargetState, groups: readonly number[], rows: number = PARAMETERS.topRowsMax): void {
    this.#watch(second.watch, state, groups, rows);
  }

  #watch(watch: Watch, state: TargetState, groups: readonly number[], rows: number): number {
    const slot = watch.watch(state.words, 0, state.length);
    if (slot < 0) return -1;
    let needsAnswered = false;
    for (const group of groups) {
      // Groups that share a class share the first one's detail.
      if (watch.detail(slot, firstClass(group)) === undefined)
        watch.addDetail(slot, GROUPS[group].classes, watch === this.#sampled ? 0 : state.thinBits(group, rows));
      needsAnswered ||= GROUPS[group].shape === 'syn' || GROUPS[group].shape === 'connection';
    }
    if (needsAnswered && watch.detail(slot, CLASS.tcpAck) === undefined) {
      let free = ANSWERED_CLASSES;
      for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
        if (watch.detail(slot, trafficClass) !== undefined) free &= ~(1 << trafficClass);
      }
      const thinBits = Math.max(PARAMETERS.answeredThinBits, state.thinBits(ACKNOWLEDGED, PARAMETERS.topRowsMin));
      watch.addDetail(slot, free, watch === this.#sampled ? 0 : thinBits);
    }
    return slot;
  }

  /** Targets that nobody watched while the second ran get their details from its sample. */
  detailHot(second: Second, candidates: readonly Candidate[], hot: readonly Candidate[], tick: number): void {
    this.#peers.begin(second.sample);
    const sampled = this.#sampled;
    sampled.clear();
    // Now and then those at peace are looked at too, so that it is known who their senders are.
    const peaceful = tick % PARAMETERS.peaceEverySeconds === 0 ? candidates.filter(isPeaceful) : [];
    const wanted = (candidate: Candidate): number[] => {
      const slot = second.watch.find(candidate.state.words, 0, candidate.state.length);
      return candidate.groups
        .filter(({ group }) => slot < 0 || second.watch.detail(slot, firstClass(group)) === undefined)
        .map(({ group }) => group);
    };
    // The worst of all, whatever level they are of: of what is not looked at nothing is told.
    const unseen = hot.filter((candidate) => wanted(candidate).length > 0).sort(worstFirst);
    const looked = [
      ...unseen.slice(0, PARAMETERS.judgedMax),
      ...peaceful.sort(worstFirst).slice(0, PARAMETERS.watchedMax),
    ];
    for (const candidate of looked) {
      const groups = wanted(candidate);
      if (groups.length > 0) this.#watch(sampled, candidate.state, groups, PARAMETERS.topRowsMax);
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

  /** Notes which targets answer at all, and how much of what watched ones receive is on completed connections. */
  noteReplies(second: Second, candidates: readonly Candidate[]): void {
    for (const candidate of candidates) {
      const { words, length } = candidate.state;
      const watched = second.watch.find(words, 0, length);
      const answered = watched < 0 ? undefined : second.watch.detail(watched, CLASS.tcpAck);
      if (answered !== undefined) candidate.state.noteRows(ACKNOWLEDGED, answered.rows);
      if (candidate.state.replySeen) continue;
      const sampled = this.#sampled.find(words, 0, length);
      candidate.state.replySeen =
        (watched >= 0 && second.watch.outBytes[watched] > 0) || (sampled >= 0 && this.#sampled.outBytes[sampled] > 0);
    }
  }

  /** Who sent a group's packets in peace: as the second watched it, or as its sample shows them. */
  peaceDetail(second: Second, { words, length }: TargetState, group: number): TargetDetail | undefined {
    for (const watch of [second.watch, this.#sampled]) {
      const slot = watch.find(words, 0, length);
      const detail = slot < 0 ? undefined : watch.detail(slot, firstClass(group));
      if (detail !== undefined) return detail;
    }
    return undefined;
  }

  /** Everything that the shape of one group of a candidate can be judged by. */
  view(second: Second, candidate: Candidate, excess: GroupExcess, tick: number): View {
    const { state } = candidate;
    const { words, length } = state;
    const group = GROUPS[excess.group];
    const watched = second.watch.find(words, 0, length);
    const own = watched < 0 ? undefined : second.watch.detail(watched, firstClass(excess.group));
    const sampledSlot = this.#sampled.find(words, 0, length);
    const watch = own === undefined && sampledSlot >= 0 ? this.#sampled : second.watch;
    const slot = watch === second.watch ? watched : sampledSlot;
    const detail = slot < 0 ? undefined : watch.detail(slot, firstClass(excess.group));
    return {
      group,
      isLookedAt: slot >= 0,
      rates: excess.rates,
      node: candidate.node(),
      detail,
      answered: slot < 0 ? undefined : watch.detail(slot, CLASS.tcpAck),
      detailShare: watch === second.watch ? 1 : second.sample.share(),
      replySeen: state.replySeen,
      sent: (classes) => (slot < 0 ? 0 : sentPackets(watch, slot, classes)),
      excess: excess.excess,
      hasPast: state.hasPast(excess.group, excess.measure, tick),
      isFresh: state.isFresh(excess.group, excess.measure),
      shareOfAll: second.packets > 0 ? excess.rates.packets / second.packets : 1,
      carpet: candidate.carpet,
      newSources: detail === undefined ? undefined : state.newSources(detail),
      knownSources: detail !== undefined && state.knowsSourcesOf(detail),
      comeBack: () => (detail === undefined ? undefined : state.comeBack(tick, detail)),
      answeredShare: () => this.#peers.answeredShare(words, length, group.classes),
    };
  }

  /** Keeps who connects to targets where connections stand out, for the seconds that follow. */
  noteComers(second: Second, hot: readonly Candidate[], tick: number): void {
    for (const candidate of hot) {
      for (const excess of candidate.groups) {
        if (GROUPS[excess.group].shape !== 'connection') continue;
        const { detail } = this.view(second, candidate, excess, tick);
        if (detail !== undefined) candidate.state.noteComers(tick, detail);
      }
    }
  }
}

function isPeaceful({ carpet, excess, state }: Candidate): boolean {
  return !carpet && excess < PARAMETERS.watchShare && state.attack === undefined;
}

/** The vector of an open attack that a group's traffic belongs to. */
export function heldVector(record: AttackRecord, vector: Vector): Vector | undefined {
  if (record.held(vector) !== undefined) return vector;
  return vector === 'tcp-flood' && record.held('tcp-amplification') !== undefined ? 'tcp-amplification' : undefined;
}

/** The class by which the detail of a group is found. */
export function firstClass(group: number): number {
  return 31 - Math.clz32(GROUPS[group].classes & -GROUPS[group].classes);
}

/** Packets that a watched target sent in a set of classes. */
export function sentPackets(watch: Watch, slot: number, classes: number): number {
  let packets = 0;
  for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
    if ((classes >>> trafficClass) & 1) packets += watch.outPackets[CLASS_COUNT * slot + trafficClass];
  }
  return packets;
}
