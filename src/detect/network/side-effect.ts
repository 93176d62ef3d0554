import { type Candidate, covers } from './candidates.ts';
import type { View } from './features.ts';
import type { TargetState } from './target-state.ts';

/** Resets and errors of reflectors stay below this share of what they reflect. */
const REFLECTED_SIDE_SHARE = 0.5;
/** What stays below this share of another vector, in packets and in bytes, is no vector. */
const MINOR_SHARE = 0.05;

/**
 * Side effects are no vectors of their own: the fragments of amplified answers, the resets and ICMP errors of reflectors that
 * a forged request also reached, and what is too little beside the rest.
 */
export function isPartOfOther(view: View, found: readonly { readonly view: View }[]): boolean {
  const packets = view.rates.packets;
  const { vector } = view.group;
  for (const { view: other } of found) {
    const share = packets / Math.max(1, other.rates.packets);
    if (other === view) continue;
    const reflects = other.group.shape === 'amplification' || other.group.shape === 'synack';
    if (other.group.shape === 'amplification' && vector === 'fragment-flood') return true;
    if (reflects && (vector === 'rst-flood' || vector === 'icmp-flood') && share < REFLECTED_SIDE_SHARE) return true;
    if (share < MINOR_SHARE && view.rates.bytes < MINOR_SHARE * other.rates.bytes) return true;
  }
  return false;
}

/** What is judged: over a limit at once, or rising towards it for long, or under attack already. */
export function isHot({ excess, groups, state }: Pick<Candidate, 'excess' | 'groups' | 'state'>): boolean {
  return excess >= 1 || state.attack !== undefined || groups.some((group) => group.cusum);
}

/**
 * What of a candidate belongs to no attack on a prefix that it lies in: all of it, or the groups that are no vectors there, which are
 * an attack of their own. `undefined` where nothing is left that stands out.
 */
export function uncovered(
  candidate: Candidate,
  attacked: readonly Candidate[],
  groupsOf: (state: TargetState) => readonly number[],
): Candidate | undefined {
  const outer = attacked.filter((prefix) => isInside(candidate, prefix));
  if (outer.length === 0) return candidate;
  const taken = new Set(outer.flatMap((prefix) => [...prefix.claimed, ...groupsOf(prefix.state)]));
  const groups = candidate.groups.filter((excess) => !taken.has(excess.group));
  const rest = { ...candidate, groups, excess: groups.reduce((most, each) => Math.max(most, each.excess), 0) };
  return isHot(rest) ? rest : undefined;
}

/** True if the candidate lies inside the prefix of another. */
function isInside(candidate: Candidate, outer: Candidate): boolean {
  return (
    outer.direction === candidate.direction &&
    outer.state.length < candidate.state.length &&
    covers(outer.state.words, outer.state.length, candidate.state.words)
  );
}
