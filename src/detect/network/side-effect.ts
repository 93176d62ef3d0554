import type { View } from './features.ts';

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
