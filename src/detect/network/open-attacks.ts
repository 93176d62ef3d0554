import type { Attack, Rate } from '../../model/attack.ts';
import { CLASS } from '../../model/traffic-class.ts';
import type { Second } from '../../sketch/second.ts';
import type { AttackRecord } from './attack-record.ts';
import type { AttackSources } from './attack-sketches.ts';
import { type Attention, heldVector, sentPackets } from './attention.ts';
import type { Candidate } from './candidates.ts';
import { featuresOf } from './features.ts';
import { GROUPS, isSecondOfVector } from './groups.ts';
import { judge } from './judge.ts';
import { PARAMETERS } from './parameters.ts';
import type { TargetState } from './target-state.ts';

/** `updated` is told of an open attack now and then, where it is asked for. */
export type AttackState = 'opened' | 'updated' | 'closed';
export type TellAttack = (attack: Attack, state: AttackState) => void;

/** The time of a second, as ticks count it and as the clock does. */
export interface Now {
  readonly tick: number;
  readonly nowMs: number;
}

export interface OpenAttacksOptions {
  readonly attention: Attention;
  readonly onAttack: TellAttack | undefined;
  /** Tells `updated` too, and does not keep what is over. */
  readonly live: boolean;
}

/** The attacks that are open, from the second that opened them to the one that closes them, and those that were closed. */
export class OpenAttacks {
  /** Attacks that were not opened, or not kept once they were over, because there were too many. */
  refused = 0;
  readonly states = new Set<TargetState>();
  readonly #closed: Attack[] = [];
  /** Sources of the attacks that were closed last, by id. */
  readonly #sourcesOf = new Map<string, AttackSources>();
  readonly #options: OpenAttacksOptions;

  constructor(options: OpenAttacksOptions) {
    this.#options = options;
  }

  /** False, and counted, where as many are open as may be. */
  hasRoom(): boolean {
    if (this.states.size < PARAMETERS.attacksOpenMax) return true;
    this.refused++;
    return false;
  }

  /** `as`: what is told; of an attack that an earlier run opened, that it goes on. */
  begin(state: TargetState, record: AttackRecord, nowMs: number, as: 'opened' | 'updated'): void {
    state.attack = record;
    this.states.add(state);
    this.#options.onAttack?.(record.toAttack(true, nowMs), as);
  }

  /** Goes on with what was open before, in place of everything. */
  restore(states: Iterable<TargetState>): void {
    this.states.clear();
    for (const state of states) if (state.attack !== undefined) this.states.add(state);
  }

  /** The record of an open attack. */
  find(id: string): AttackRecord | undefined {
    for (const { attack } of this.states) if (attack?.id === id) return attack;
    return undefined;
  }

  /** The heaviest sources of an attack that is open or among the last that were closed. */
  sourcesOf(id: string): AttackSources | undefined {
    return this.find(id)?.sources() ?? this.#sourcesOf.get(id);
  }

  /** Forgets an open attack without a word. */
  drop(id: string): void {
    for (const state of this.states) {
      if (state.attack?.id !== id) continue;
      state.attack = undefined;
      this.states.delete(state);
    }
  }

  /** Closes the attacks on targets that are not to be kept. */
  keep(isKept: (state: TargetState) => boolean, now: Now): void {
    for (const state of this.states) {
      if (state.attack !== undefined && !isKept(state))
        this.#close(state, state.attack, now, Math.floor(now.nowMs / 1000));
    }
  }

  /** Groups of a target that are vectors of its attack. */
  groupsOf(state: TargetState): number[] {
    const record = state.attack;
    if (record === undefined) return [];
    return GROUPS.flatMap((group, index) => (heldVector(record, group.vector) === undefined ? [] : [index]));
  }

  /** Carries open attacks through the second, and closes those that have been quiet for long enough. */
  sustain(second: Second, hot: readonly Candidate[], coveredMs: number, now: Now): void {
    const seen = new Map(hot.map((candidate) => [candidate.state, candidate]));
    const shownMs = Math.max(coveredMs, PARAMETERS.coveredMsShownMin);
    for (const state of this.states) {
      const record = state.attack;
      if (record === undefined) continue;
      const candidate = seen.get(state);
      let active = false;
      let rate = SILENCE;
      let lagMs = 0;
      if (candidate !== undefined) {
        const carried = this.#carry(second, candidate, record, shownMs, now.tick);
        ({ active, rate, lagMs } = carried);
      }
      record.second(second.second, now.tick, active, rate, now.nowMs - lagMs);
      if (now.tick - record.lastActiveTick >= PARAMETERS.closeAfterSeconds)
        this.#close(state, record, now, second.second);
      else this.#update(record, now);
    }
  }

  /** Adds what a second brought of an attack's vectors. */
  #carry(
    second: Second,
    candidate: Candidate,
    record: AttackRecord,
    shownMs: number,
    tick: number,
  ): { active: boolean; rate: Rate; lagMs: number } {
    const { state } = candidate;
    const { attention } = this.#options;
    const rate: Rate = { bps: 0, pps: 0, fps: 0 };
    let active = false;
    let lagMs = 0;
    for (const excess of candidate.groups) {
      const vector = heldVector(record, GROUPS[excess.group].vector);
      if (vector === undefined) continue;
      const held = record.held(vector);
      if (held === undefined) continue;
      const rates = candidate.node().rates(classesOf(record, excess.group), shownMs);
      const view = attention.view(second, candidate, excess, tick);
      const sure = rates[held.measure] * rates.sureShare;
      // What holds a vector open is the limit of the group that opened it; another group of the vector has its own.
      const limit = isSecondOfVector(excess.group) ? Math.max(held.limit, excess.limit) : held.limit;
      if (sure < PARAMETERS.holdShare * limit) continue;
      // Below the limit, what does not look like the attack is what the target usually receives.
      if (sure < limit && !judge(view, featuresOf(view)).attack) continue;
      active = true;
      record.add(vector, rates, view.detail);
      rate.bps += rates.bps;
      rate.pps += rates.pps;
      rate.fps += rates.fps;
      lagMs = Math.max(lagMs, rates.lagMs);
      if (view.detail !== undefined && view.detailShare === 1) state.noteRows(excess.group, view.detail.rows);
    }
    const slot = second.watch.find(state.words, 0, state.length);
    if (slot >= 0) record.replies(candidate.node().totalPackets, sentPackets(second.watch, slot, -1), state.replySeen);
    return { active, rate, lagMs };
  }

  /**
   * The clock jumped by so many seconds, or what was between was not seen. A live station's clock is set back when it was wrong, and
   * the times of its attacks go with it; ahead there may be a pause, over which an attack goes on if it is not too long. In a
   * recording, it is another one that follows.
   */
  jump(seconds: number, tick: number, nowMs: number): void {
    for (const state of this.states) {
      const record = state.attack;
      if (record === undefined) continue;
      if (!survives(seconds, this.#options.live)) this.#close(state, record, { tick, nowMs }, Math.floor(nowMs / 1000));
      else if (seconds < 0) record.shift(1000 * seconds);
    }
  }

  #close(state: TargetState, record: AttackRecord, { tick, nowMs }: Now, second: number): void {
    this.states.delete(state);
    state.attack = undefined;
    state.skip(tick, second);
    const attack = record.toAttack(false, nowMs);
    this.#sourcesOf.set(attack.id, record.sources());
    for (const id of this.#sourcesOf.keys()) {
      if (this.#sourcesOf.size <= PARAMETERS.sourcesKeptMax) break;
      this.#sourcesOf.delete(id);
    }
    if (!this.#options.live) {
      if (this.#closed.length < PARAMETERS.attacksKeptMax) this.#closed.push(attack);
      else this.refused++;
    }
    this.#options.onAttack?.(attack, 'closed');
  }

  #update(record: AttackRecord, { tick, nowMs }: Now): void {
    if (!this.#options.live || !record.updateDue(tick)) return;
    this.#options.onAttack?.(record.toAttack(true, nowMs), 'updated');
  }

  /** Every attack so far, the open ones as they stand. */
  attacks(tick: number, nowMs: number): Attack[] {
    const open = [...this.states].flatMap((state) => {
      if (state.attack === undefined) return [];
      const quietTicks = tick - state.attack.lastActiveTick;
      return [state.attack.toAttack(quietTicks <= PARAMETERS.ongoingQuietSecondsMax, nowMs)];
    });
    return [...this.#closed, ...open];
  }
}

/** Whether an attack may go on over a jump of so many seconds. */
export function survives(seconds: number, live: boolean): boolean {
  return live && seconds <= PARAMETERS.resumeSecondsMax && seconds >= -PARAMETERS.resumeSecondsMax;
}

const SILENCE: Rate = { bps: 0, pps: 0, fps: 0 };

/** Fragments count with the amplified answers that they belong to. */
function classesOf(record: AttackRecord, group: number): number {
  const withFragments = GROUPS[group].shape === 'amplification' && heldVector(record, 'fragment-flood') === undefined;
  return withFragments ? GROUPS[group].classes | (1 << CLASS.fragment) : GROUPS[group].classes;
}
