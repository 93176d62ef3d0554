import type { GroupExcess } from './candidates.ts';
import type { TargetState } from './target-state.ts';

/** Remembers since when a group has stood out from its own past without a pause. */
export function noteRise(tick: number, second: number, state: TargetState, excess: GroupExcess): void {
  const usual = state.knownBaseline(excess.group, excess.measure)?.mean ?? 0;
  if (excess.observed > RISE_FACTOR * usual) {
    state.noteRise(excess.group, tick, startOf(second, excess), excess.observed);
  }
}

/** What rises above this multiple of its usual mean belongs to the attack that follows. */
const RISE_FACTOR = 2;

/** When the attack began: the first packet of its first second, set back by the time that telemetry needed. */
export function startOf(second: number, excess: GroupExcess): number {
  const startMs = second * 1000 - Math.max(0, excess.rates.lagMs);
  const firstMs = excess.rates.firstMs;
  return firstMs >= startMs && firstMs < startMs + 1000 + excess.rates.lagMs ? firstMs : startMs;
}
