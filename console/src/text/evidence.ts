import type { Attack } from '../../../src/model/attack.ts';
import { country, percent } from './shown.ts';
import { t, tOr } from './text.svelte.ts';

/** Before and after an attack, what was kept is shown too, ms. */
const ROUND_MS = 60_000;

/** The time whose rows are the evidence of an attack; one that goes on is asked for up to now once, not anew with every second of it. */
export const evidenceTime = ({
  start,
  end,
  detectedAt,
  ongoing,
}: Attack): { readonly since: string; readonly until: string } => ({
  since: new Date(Date.parse(start) - ROUND_MS).toISOString(),
  until: ongoing ? 'now' : new Date(Date.parse(end ?? detectedAt) + ROUND_MS).toISOString(),
});

/** A value of a row as people read it. */
export function evidenceValue(dimension: string, value: string | number | null | undefined): string {
  if (value === undefined) return '–';
  if (value === null || value === '') return t('flows.unknown');
  if (/country$/i.test(dimension)) return country(String(value));
  if (/asn$/i.test(dimension)) return `AS${value}`;
  if (dimension === 'kept') return tOr(`flows.kept.${value}`, String(value));
  return String(value);
}

/** What sampling leaves open. */
export const errorText = (error: number): string => (error === 0 ? t('flows.exact') : `± ${percent(error)}`);
