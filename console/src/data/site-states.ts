import type { SiteState } from '../../../src/model/incident.ts';

/** The states of a site, the worst first, as lists have them. */
export const STATES_BY_WEIGHT = [
  'down',
  'geo-fenced',
  'partial',
  'flapping',
  'degraded',
  'unknown',
  'maintenance',
  'up',
] as const satisfies readonly SiteState[];

/** States in which people cannot use the site, all or some of them. */
const OUT: ReadonlySet<SiteState> = new Set(['down', 'geo-fenced', 'partial']);

export const isOut = (state: SiteState): boolean => OUT.has(state);

/** The worst first, then by name. */
export function byWeight<T extends { readonly state: SiteState; readonly name: string }>(
  sites: readonly T[],
): readonly T[] {
  return [...sites].sort(
    (left, right) =>
      STATES_BY_WEIGHT.indexOf(left.state) - STATES_BY_WEIGHT.indexOf(right.state) ||
      left.name.localeCompare(right.name),
  );
}

/** How many sites are in each state, the worst first; states in which there is none are left out. */
export function countByState(
  sites: readonly { readonly state: SiteState }[],
): readonly { readonly state: SiteState; readonly count: number }[] {
  return STATES_BY_WEIGHT.map((state) => ({
    state,
    count: sites.filter((site) => site.state === state).length,
  })).filter(({ count }) => count > 0);
}
