import type { Attack } from '../../../src/model/attack.ts';
import type { Outage } from '../../../src/model/incident.ts';
import type { StationEvent } from '../../../src/model/station-event.ts';
import { hrefOf } from './route.ts';

/** Something that changed, for the list of the last hour. */
export interface Change {
  readonly key: string;
  readonly at: string;
  readonly kind: 'attackBegan' | 'attackEnded' | 'outageBegan' | 'outageEnded' | 'warningBegan' | 'warningEnded';
  /** The mark before it. */
  readonly mark: string;
  /** What it is about: a target, a site, a warning in the words of the station. */
  readonly about: string;
  /** The vector of an attack, the state of an outage. */
  readonly how?: string | undefined;
  readonly href?: string | undefined;
}

/** What one list shows at most. */
const CHANGES_MAX = 40;

/** What changed since a moment, the latest first. */
export function changesSince(
  sinceMs: number,
  {
    attacks,
    outages,
    events,
  }: {
    readonly attacks: readonly Attack[];
    readonly outages: readonly Outage[];
    readonly events: readonly StationEvent[];
  },
): readonly Change[] {
  const changes: Change[] = [];
  for (const { id, target, vectors, start, end, ongoing } of attacks) {
    const about = { about: target.value, how: vectors[0].name, href: hrefOf('attacks', id) };
    changes.push({ key: `${id} began`, at: start, kind: 'attackBegan', mark: 'attack', ...about });
    if (!ongoing && end !== undefined)
      changes.push({ key: `${id} ended`, at: end, kind: 'attackEnded', mark: 'over', ...about });
  }
  for (const { id, site, state, start, end } of outages) {
    const about = { about: site, how: state, href: hrefOf('sites', site) };
    changes.push({ key: `${id} began`, at: start, kind: 'outageBegan', mark: state, ...about });
    if (end !== undefined) changes.push({ key: `${id} ended`, at: end, kind: 'outageEnded', mark: 'up', ...about });
  }
  for (const event of events) {
    if (event.kind !== 'warning') continue;
    const began = event.state === 'began';
    changes.push({
      key: `${event.at} ${event.state} ${event.warning}`,
      at: event.at,
      kind: began ? 'warningBegan' : 'warningEnded',
      mark: began ? 'warning' : 'over',
      about: event.warning,
    });
  }
  return changes
    .filter(({ at }) => Date.parse(at) >= sinceMs)
    .sort((left, right) => right.at.localeCompare(left.at) || left.key.localeCompare(right.key))
    .slice(0, CHANGES_MAX);
}
