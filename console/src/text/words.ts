import type { Attack } from '../../../src/model/attack.ts';
import type { Measure } from './format.ts';
import { amount, duration } from './shown.ts';
import { t, tOr } from './text.svelte.ts';

/** A vector as it is called; its name where this console is older than the station. */
export const vectorTitle = (name: string): string => tOr(`vector.${name}`, name);
export const stateWord = (state: string): string => tOr(`state.${state}`, state);
export const measureWord = (measure: string): string => tOr(`measure.${measure}`, measure);

/** The measure that an attack is told in, and its peak. */
export function peakOf(attack: Attack): { readonly measure: Measure; readonly value: number } {
  const { measure, web } = attack.evidence;
  // One that a log saw has its name from there: its height is told in what the log counts, also where flows saw it too.
  if (attack.peak.rps !== undefined && (web !== undefined || attack.peak.pps === 0))
    return { measure: 'rps', value: attack.peak.rps };
  if (measure === 'bps') return { measure, value: attack.peak.bps };
  return { measure: 'pps', value: attack.peak.pps };
}

/** What is usual for its target, in the same measure; undefined where it was not learned. */
export function usualOf(attack: Attack, measure: Measure): number | undefined {
  const { bps, pps, rps } = attack.baseline;
  return measure === 'bps' ? bps : measure === 'rps' ? rps : pps;
}

/** `230 times the usual 12 pkt/s`, in words; empty where nothing usual is known. */
export function excessText(attack: Attack): string {
  const { measure, value } = peakOf(attack);
  const usual = usualOf(attack, measure);
  if (usual === undefined || usual <= 0) return t('attack.noUsual');
  return t('attack.timesUsual', { n: Math.max(1, Math.round(value / usual)), usual: amount(usual, measure) });
}

/** How long an attack has gone on, or went on. */
export function lasted(attack: Attack, nowMs: number): string {
  const endMs = attack.ongoing ? nowMs : Date.parse(attack.end ?? attack.detectedAt);
  return duration(endMs - Date.parse(attack.start));
}
