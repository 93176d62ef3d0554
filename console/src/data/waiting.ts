import type { StationStatus } from '../../../src/model/station-view.ts';
import { hrefOf } from './route.ts';
import type { IncidentSummary } from './views.ts';

/** Something that somebody has to do: it stays until it is done. */
export interface Waiting {
  readonly key: string;
  readonly kind: 'incidentsUnowned' | 'exporterFaults' | 'noSites' | 'noExporter' | 'warning';
  readonly mark: string;
  readonly count: number;
  readonly href: string;
  /** In the words of the station. */
  readonly text?: string | undefined;
}

export interface Known {
  readonly status: StationStatus | undefined;
  readonly sites: readonly unknown[] | undefined;
  /** True where the station has a register of sites at all. */
  readonly sitesKnown: boolean;
  readonly incidents: readonly IncidentSummary[];
}

/** What waits for a person, most urgent first. */
export function waitingFor({ status, sites, sitesKnown, incidents }: Known): readonly Waiting[] {
  const waiting: Waiting[] = [];
  const unowned = incidents.filter(({ state, owner }) => state === 'open' && owner === undefined).length;
  if (unowned > 0)
    waiting.push({ key: 'unowned', kind: 'incidentsUnowned', mark: 'open', count: unowned, href: hrefOf('incidents') });
  for (const text of status?.warnings ?? [])
    waiting.push({
      key: `warning ${text}`,
      kind: 'warning',
      mark: 'warning',
      count: 1,
      href: hrefOf('exporters'),
      text,
    });
  const faulty = (status?.exporters ?? []).filter(({ findings }) =>
    (findings ?? []).some(({ severity }) => severity === 'fault'),
  ).length;
  if (faulty > 0)
    waiting.push({ key: 'faults', kind: 'exporterFaults', mark: 'warning', count: faulty, href: hrefOf('exporters') });
  if (status !== undefined && status.exporters.length === 0)
    waiting.push({ key: 'exporter', kind: 'noExporter', mark: 'notice', count: 0, href: hrefOf('setup') });
  if (sitesKnown && sites?.length === 0)
    waiting.push({ key: 'sites', kind: 'noSites', mark: 'notice', count: 0, href: hrefOf('setup') });
  return waiting;
}
