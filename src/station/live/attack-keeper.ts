import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from '../../model/attack.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { KEPT_MS } from './periods.ts';

/** Writes attacks, and knows which are being written. */
export class AttackKeeper {
  readonly #writing = new Set<Promise<void>>();

  /** What is announced is kept first; where that fails it is announced all the same, and the fault with it. */
  keep(state: StateStore, attack: Attack, announce: () => void, onProblem: (error: Error) => void): void {
    const keeping = state
      .saveAttack(attack)
      .catch(onProblem)
      .then(announce)
      .finally(() => this.#writing.delete(keeping));
    this.#writing.add(keeping);
  }

  /** Who is told of an attack may rely on it: what is being written is on disk first, where that takes no longer than `KEPT_MS`. */
  async kept(): Promise<void> {
    if (this.#writing.size === 0) return;
    await Promise.race([Promise.allSettled(this.#writing), sleep(KEPT_MS, undefined, { ref: false })]);
  }
}

/** What the log tells of an attack. */
export function attackFields({ id, target, vectors, peak, why }: Attack): Record<string, unknown> {
  const { pps, bps, rps } = peak;
  const rates = { pps, bps, ...(rps === undefined ? {} : { rps }) };
  return { id, target: target.value, vector: vectors[0].name, ...rates, why };
}
