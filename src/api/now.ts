import type { Attack } from '../model/attack.ts';
import type { Incident, SiteState, SiteStatus } from '../model/incident.ts';
import type { StationStatus } from '../model/station-view.ts';
import type { NowAnswer } from './contract/incidents.ts';
import type { ApiDeps } from './deps.ts';
import { summaryOf } from './incident-summary.ts';
import type { IncidentsPort } from './ports.ts';

const HOUR_MS = 3_600_000;
/** What the page of the situation shows of each kind at most. */
const SITES_MAX = 200;
const CHANGES_MAX = 100;
const INCIDENTS_MAX = 100;

type Change = NowAnswer['changes'][number];
type Waiting = NowAnswer['waiting'][number];

/** The states that somebody should know of, the worst first. */
const ABNORMAL: readonly SiteState[] = ['down', 'geo-fenced', 'partial', 'flapping', 'degraded'];
const OUT: readonly SiteState[] = ['down', 'geo-fenced', 'partial'];

/** The situation as one page tells it. What a part of the station cannot tell is left out, and `partial` says so. */
export async function situation(deps: ApiDeps, nowMs: number): Promise<NowAnswer> {
  const status = deps.status();
  const { sites: register, incidents: port } = deps.ports?.() ?? {};
  const sites = await register?.sites({ limit: 1 }).catch(() => undefined);
  const statuses = port?.statuses() ?? [];
  const open = port === undefined ? undefined : await openIncidents(port).catch(() => undefined);
  const recent = (await deps.attacks({ since: nowMs - HOUR_MS, limit: CHANGES_MAX }).catch(() => undefined))?.attacks;
  const states = sites?.states ?? countStates(statuses);
  const abnormal = statuses
    .filter(({ state }) => ABNORMAL.includes(state))
    .sort(
      (left, right) => ABNORMAL.indexOf(left.state) - ABNORMAL.indexOf(right.state) || compare(left.since, right.since),
    );
  const since = [...status.attacksOngoing.map(({ start }) => start), ...abnormal.map((site) => site.since)].sort()[0];
  return {
    now: new Date(nowMs).toISOString(),
    ...(status.organisation === undefined ? {} : { organisation: status.organisation }),
    sitesTotal: sites?.total ?? statuses.length,
    sitesOut: sum(states, OUT),
    sitesDegraded: sum(states, ['degraded', 'flapping']),
    sitesByState: states,
    sites: abnormal.slice(0, SITES_MAX),
    attacksOngoing: status.attacksOngoing,
    ...(since === undefined ? {} : { since }),
    changes: changesOf(recent ?? [], open ?? [], nowMs - HOUR_MS),
    waiting: waitingOf(open ?? [], status),
    incidentsOpen: (open ?? []).map(summaryOf),
    warnings: status.warnings,
    ...(sites === undefined || open === undefined || recent === undefined ? { partial: true } : {}),
  };
}

/** Incidents that nobody has closed, the latest first. */
async function openIncidents(port: IncidentsPort): Promise<readonly Incident[]> {
  const pages = await Promise.all(
    (['open', 'contained', 'recovered'] as const).map((state) => port.incidents({ state, limit: INCIDENTS_MAX })),
  );
  return pages
    .flatMap(({ incidents }) => incidents)
    .sort((left, right) => compare(right.start, left.start))
    .slice(0, INCIDENTS_MAX);
}

function changesOf(attacks: readonly Attack[], incidents: readonly Incident[], sinceMs: number): Change[] {
  const since = new Date(sinceMs).toISOString();
  const changes: Change[] = incidents.flatMap(({ id, timeline }) =>
    timeline.map((entry) => ({ ...entry, incident: id })),
  );
  const told = new Set(incidents.flatMap((incident) => incident.attacks));
  for (const { id, target, detectedAt, end, ongoing, why } of attacks) {
    // An attack of an incident stands in its time line.
    if (told.has(id)) continue;
    changes.push({ at: detectedAt, kind: 'attack', ref: id, text: why });
    if (!ongoing && end !== undefined)
      changes.push({ at: end, kind: 'attack', ref: id, text: `The attack on ${target.value} is over.` });
  }
  return changes
    .filter(({ at }) => at >= since)
    .sort((left, right) => compare(right.at, left.at))
    .slice(0, CHANGES_MAX);
}

function waitingOf(
  incidents: readonly Incident[],
  { warnings, exporters, state, telemetry }: StationStatus,
): Waiting[] {
  const waiting: Waiting[] = [];
  for (const { id, title, state: at, owner, start, end } of incidents) {
    if (owner === undefined && at === 'open')
      waiting.push({ kind: 'incident-without-owner', text: `Nobody deals with: ${title}`, ref: id, since: start });
    else if (at === 'recovered')
      waiting.push({ kind: 'incident-to-close', text: `Over, and not closed: ${title}`, ref: id, since: end ?? start });
  }
  for (const [name, store] of [
    ['state', state],
    ['telemetry', telemetry],
  ] as const)
    if (store.state === 'down')
      waiting.push({ kind: 'store', text: store.error ?? `the ${name} store is down`, ref: name });
  for (const { exporter, findings = [] } of exporters) {
    const worst = findings.find(({ severity }) => severity === 'fault');
    if (worst !== undefined) waiting.push({ kind: 'exporter', text: worst.message, ref: exporter });
  }
  waiting.push(...warnings.map((text) => ({ kind: 'warning', text }) as const));
  return waiting.slice(0, INCIDENTS_MAX);
}

function countStates(statuses: readonly SiteStatus[]): Partial<Record<SiteState, number>> {
  const counts: Partial<Record<SiteState, number>> = {};
  for (const { state } of statuses) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

const sum = (counts: Partial<Record<SiteState, number>>, states: readonly SiteState[]): number =>
  states.reduce((total, state) => total + (counts[state] ?? 0), 0);

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
