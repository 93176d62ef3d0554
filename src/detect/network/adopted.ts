import type { Attack, Target } from '../../model/attack.ts';
import type { Now, TellAttack } from './open-attacks.ts';
import { PARAMETERS } from './parameters.ts';
import { explainClosing } from './why.ts';

interface Waiting {
  readonly attack: Attack;
  /** Its closing time is over with this tick. */
  readonly untilTick: number;
}

/**
 * Attacks that an earlier run told of as open and that no memory is left of. One whose target is under attack again before its
 * closing time is over goes on under its id; the others are closed as they were last told.
 */
export class Adopted {
  readonly #waiting = new Map<string, Waiting>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Takes in as many as may be open; false, for those beyond. */
  add(attack: Attack, tick: number): boolean {
    if (this.#waiting.size >= PARAMETERS.attacksOpenMax) return false;
    this.#waiting.set(attack.id, { attack, untilTick: tick + PARAMETERS.closeAfterSeconds });
    return true;
  }

  /** The attack on this target that goes on now, if there is one; it waits no longer. */
  claim(target: Target, direction: 'in' | 'out'): Attack | undefined {
    for (const { attack } of this.#waiting.values()) {
      if (attack.target.kind !== target.kind || attack.target.value !== target.value) continue;
      if (attack.direction !== direction) continue;
      this.#waiting.delete(attack.id);
      return attack;
    }
    return undefined;
  }

  drop(id: string): void {
    this.#waiting.delete(id);
  }

  /** Closes those whose time is over, or that were last seen too long ago to go on. */
  expire({ tick, nowMs }: Now, tell: TellAttack | undefined): void {
    for (const { attack, untilTick } of this.#waiting.values()) {
      const silentMs = Math.abs(nowMs - Date.parse(attack.end ?? attack.start));
      if (tick < untilTick && silentMs <= 1000 * PARAMETERS.resumeSecondsMax) continue;
      this.#waiting.delete(attack.id);
      const closed = { ...attack, end: attack.end ?? attack.start, ongoing: false };
      tell?.({ ...closed, closing: explainClosing(closed) }, 'closed');
    }
  }

  /** Those that wait, in the order in which they came, with the ticks that they wait for from `tick` on. */
  list(tick: number): { readonly attack: Attack; readonly ticksLeft: number }[] {
    return [...this.#waiting.values()].map(({ attack, untilTick }) => ({ attack, ticksLeft: untilTick - tick }));
  }

  restore(attack: Attack, untilTick: number): void {
    this.#waiting.set(attack.id, { attack, untilTick });
  }
}
