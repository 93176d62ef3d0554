import type { DamageGrade, Estimate } from '../../model/incident.ts';
import type { AttackVector } from '../../model/vector.ts';

/** What is not known of an incident, and at which sites. */
export type UnknownFact =
  | { readonly kind: 'people' }
  | { readonly kind: 'requests' }
  | { readonly kind: 'unwatched'; readonly sites: readonly string[] }
  | { readonly kind: 'unseen'; readonly minutes: number }
  | { readonly kind: 'one-vantage'; readonly sites: readonly string[] }
  | { readonly kind: 'ongoing' }
  | { readonly kind: 'cause' };

/** The worst that happened to the sites: not looked at, nothing, worse service, closed towards abroad, out. */
export type Effect = 'unseen' | 'none' | 'degraded' | 'fenced' | 'out';

/** What a sentence for a press office is made of. Names come from the register of sites. */
export interface SentenceFacts {
  /** Sites that the effect is told of, the worst first; never empty. */
  readonly sites: readonly string[];
  /** False where the names are addresses or prefixes, of which no site is known. */
  readonly registered: boolean;
  readonly effect: Effect;
  /** The vector of the attack that went on meanwhile, if one did. */
  readonly attack: AttackVector | undefined;
  readonly startMs: number;
  /** Absent while it goes on. */
  readonly endMs: number | undefined;
  readonly outMinutes: Estimate;
  readonly degradedMinutes: Estimate;
  readonly grade: DamageGrade;
  readonly lostRequests: Estimate | undefined;
  readonly usersAffected: Estimate | undefined;
  readonly unknown: readonly UnknownFact[];
  /** IANA name of the local time. */
  readonly zone: string;
}

/** Names that a sentence holds; the rest are counted. */
export const NAMES_MAX = 3;

/** Two digits that count, as people say a number: 1234 is about 1200. */
export function rounded(value: number): number {
  if (value < 10) return Math.round(value);
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.round(value / unit) * unit;
}

/** A span in whole minutes, or hours and minutes from two hours on. */
export interface Span {
  readonly hours: number;
  readonly minutes: number;
}

export function spanOf(minutes: number): Span {
  const whole = Math.round(minutes);
  return whole < 120 ? { hours: 0, minutes: whole } : { hours: Math.floor(whole / 60), minutes: whole % 60 };
}

/** Whole minutes of the bounds, outwards; undefined where they say no more than the value. */
export function boundsOf(estimate: Estimate): readonly [number, number] | undefined {
  const low = Math.floor(estimate.low);
  const high = Math.ceil(estimate.high);
  return high - low <= 1 || estimate.value < 1 ? undefined : [low, high];
}
