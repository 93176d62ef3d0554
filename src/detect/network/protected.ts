import type { Prefix } from '../../base/prefix.ts';
import { covers } from './candidates.ts';
import type { TargetState } from './target-state.ts';

/** Whether traffic towards any address of a prefix comes in: where no networks are given, all does. */
export function isProtected(networks: readonly Prefix[], words: Uint32Array, length: number): boolean {
  return networks.length === 0 || networks.some((network) => overlap(network, words, length));
}

function overlap(network: Prefix, words: Uint32Array, length: number): boolean {
  return covers(network.words, Math.min(network.length, length), words);
}

export function sameNetworks(left: readonly Prefix[], right: readonly Prefix[]): boolean {
  return left.length === right.length && left.every((prefix, at) => samePrefix(prefix, right[at]));
}

function samePrefix(left: Prefix, right: Prefix): boolean {
  return left.length === right.length && left.words.every((word, at) => word === right.words[at]);
}

/** Whether what was learned of a target under some networks tells of it under others: it is the same, and seen from the same side. */
export function isKept(state: TargetState, before: readonly Prefix[], now: readonly Prefix[]): boolean {
  if (state.isNetwork) return now.some((network) => samePrefix(network, state));
  if (state.length === 0) return now.length > 0;
  return isProtected(before, state.words, state.length) === isProtected(now, state.words, state.length);
}
