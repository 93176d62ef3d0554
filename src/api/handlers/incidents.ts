import type { INCIDENT_ROUTES, IncidentsAnswer } from '../contract/incidents.ts';
import type { ApiDeps } from '../deps.ts';
import type { Handlers } from '../dispatch.ts';
import { summaryOf } from '../incident-summary.ts';
import { situation } from '../now.ts';
import { timeParam } from '../params.ts';
import { type IncidentQuery, type IncidentsPort, notFound } from '../ports.ts';
import { RequestProblem } from '../problem.ts';
import { type Gate, notHere } from './queries.ts';

export interface IncidentParts {
  readonly deps: ApiDeps;
  readonly now: () => number;
  readonly gate: Gate;
}

/** Incidents, outages, and the situation. */
export function incidentHandlers({ deps, now, gate }: IncidentParts): Pick<Handlers, keyof typeof INCIDENT_ROUTES> {
  const incidents = (): IncidentsPort => deps.ports?.().incidents ?? notHere('incidents and outages of sites');
  const span = <T extends { since?: string | undefined; until?: string | undefined }>({
    since,
    until,
    ...rest
  }: T) => ({
    ...rest,
    ...(since === undefined ? {} : { since: timeParam('since', since, now()) }),
    ...(until === undefined ? {} : { until: timeParam('until', until, now()) }),
  });
  return {
    now: () => gate.through(() => situation(deps, now())),
    incidents: ({ params }) => gate.through(() => listed(incidents(), span(params))),
    incident: async ({ params }) =>
      (await gate.through(() => incidents().incident(params.id))) ?? noIncident(params.id),
    changeIncident: ({ params, body: { version, ...to }, who, version: matched }) =>
      incidents().change(params.id, to, { by: who, version: needed(version ?? matched) }),
    addNote: ({ params, body, who }) => incidents().note(params.id, body.text, who),
    mergeIncident: ({ params, body, who, version }) =>
      incidents().merge(params.id, body.into, { by: who, version: body.version ?? version }),
    splitIncident: ({ params, body: { version, ...parts }, who, version: matched }) =>
      incidents().split(params.id, parts, { by: who, version: version ?? matched }),
    outages: async ({ params }) => {
      const { outages, ...rest } = await gate.through(() => incidents().outages(span(params)));
      return { ...rest, outages: [...outages] };
    },
  };
}

async function listed(port: IncidentsPort, query: IncidentQuery): Promise<IncidentsAnswer> {
  const { incidents, ...rest } = await port.incidents(query);
  return { ...rest, incidents: incidents.map(summaryOf) };
}

function needed(version: number | undefined): number {
  if (version !== undefined) return version;
  throw new RequestProblem(400, {
    detail: 'version: the version that the change was made to is needed, here or in If-Match',
    hint: 'Take it from the incident as it was read: two people who change the same one are told.',
  });
}

function noIncident(id: string): never {
  throw notFound(`no incident has the id '${id}'`);
}
