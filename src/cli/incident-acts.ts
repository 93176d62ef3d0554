import { INCIDENT_ROUTES, type IncidentChange, incidentsAnswerSchema } from '../api/contract/incidents.ts';
import { BonghwaError } from '../base/errors.ts';
import { type Incident, incidentSchema } from '../model/incident.ts';
import { jsonBody, openClient, type StationChoice, type StationClient } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { incidentHeading, momentOf } from './render-incidents.ts';
import { lookOf, paintOf } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface IncidentActOptions extends StationChoice {
  readonly json?: boolean;
}

export interface IncidentSetOptions extends IncidentActOptions {
  /** `false` takes the owner away. */
  readonly owner?: string | false;
  readonly severity?: Incident['severity'];
  readonly state?: Incident['state'];
  readonly title?: string;
}

type Act = (client: StationClient, incident: Incident) => Promise<Incident>;

/** An id as it is made: whoever gives all of it means this one. */
const WHOLE_ID = /^\d{8}T\d{6}Z-incident-.+-[0-9a-f]{12}$/;
/** Ids that are told of where several are meant. */
const TOLD_MAX = 10;
const NOTE_CHARS_MAX = 10_000;

/** `bonghwa incidents set`. */
export function incidentSetCommand(id: string, options: IncidentSetOptions, signal: AbortSignal): Promise<number> {
  const { owner, severity, state, title } = options;
  const change = { owner: owner === false ? null : owner, severity, state, title };
  if (Object.values(change).every((value) => value === undefined))
    throw new BonghwaError('OPTION_INVALID', 'nothing was said to change', {
      hint: 'Give --owner, --severity, --state or --title.',
    });
  return act([id], options, signal, (client, incident) => changed(client, incident, change));
}

/** `bonghwa incidents contain`, `close`, `reopen`. */
export function incidentStateCommand(
  ids: readonly string[],
  state: Incident['state'],
  options: IncidentActOptions,
  signal: AbortSignal,
): Promise<number> {
  return act(ids, options, signal, (client, incident) => changed(client, incident, { state }));
}

/** `bonghwa incidents note`. */
export async function incidentNoteCommand(
  id: string,
  words: readonly string[],
  options: IncidentActOptions,
  signal: AbortSignal,
): Promise<number> {
  const text = words.length === 1 && words[0] === '-' ? await standardInput() : words.join(' ');
  return act([id], options, signal, (client, incident) =>
    sent(client, 'POST', routeOf('addNote', incident.id), { text }),
  );
}

/** `bonghwa incidents merge`. */
export function incidentMergeCommand(
  id: string,
  into: string,
  options: IncidentActOptions,
  signal: AbortSignal,
): Promise<number> {
  return act([id], options, signal, async (client, { id: from, version }) =>
    sent(client, 'POST', routeOf('mergeIncident', from), { version, into: await incidentId(client, into) }),
  );
}

/** `bonghwa incidents split`. */
export function incidentSplitCommand(
  id: string,
  texts: readonly string[],
  options: IncidentActOptions & { readonly title?: string },
  signal: AbortSignal,
): Promise<number> {
  return act([id], options, signal, (client, { id: from, version, attacks, outages }) => {
    const wanted = texts.map((text) => onlyOne(text, [...attacks, ...outages], 'attack or outage of this incident'));
    const among = (ids: readonly string[]): string[] => ids.filter((one) => wanted.includes(one));
    const body = { version, attacks: among(attacks), outages: among(outages), title: options.title };
    return sent(client, 'POST', routeOf('splitIncident', from), body);
  });
}

/** Does something to each of the incidents as it stands now, and tells what became of it. */
async function act(
  ids: readonly string[],
  options: IncidentActOptions,
  signal: AbortSignal,
  work: Act,
): Promise<number> {
  const client = await openClient(options, signal);
  for (const text of ids) {
    const incident = await askIncident(client, text);
    const after = await work(client, incident);
    if (options.json === true) process.stdout.write(`${JSON.stringify(after)}\n`);
    else process.stdout.write(told(withoutControls(after)));
  }
  return EXIT_OK;
}

/** What it is now, and what was done last. */
function told(incident: Incident): string {
  const look = lookOf(process.stdout, process.env);
  const last = incident.timeline.findLast(({ by }) => by !== undefined);
  const lines = [
    incidentHeading(incident, look),
    ...(last === undefined ? [] : [`  ${momentOf(last.at)} UTC  ${last.by}: ${last.text}`]),
    paintOf(look.colour).dim(`  ${incident.id}`),
  ];
  return `${lines.join('\n')}\n`;
}

function changed(client: StationClient, { id, version }: Incident, change: IncidentChange): Promise<Incident> {
  return sent(client, 'PATCH', routeOf('changeIncident', id), { ...change, version });
}

async function sent(client: StationClient, method: 'POST' | 'PATCH', path: string, body: object): Promise<Incident> {
  const done = await client.send({ method, path, body: jsonBody(body) }, incidentSchema);
  if (done === undefined) throw new BonghwaError('STATION_REFUSED', 'the station said nothing to that');
  return done.answer;
}

const routeOf = (route: keyof typeof INCIDENT_ROUTES, id: string): string =>
  INCIDENT_ROUTES[route].path.replace('{id}', encodeURIComponent(id));

/** The incident of an id, or of a part of one. Rejects with STATION_REFUSED where there is none, OPTION_INVALID where there are several. */
export async function askIncident(client: StationClient, text: string): Promise<Incident> {
  return (await client.ask(routeOf('incident', await incidentId(client, text)), incidentSchema)).answer;
}

async function incidentId(client: StationClient, text: string): Promise<string> {
  if (WHOLE_ID.test(text)) return text;
  const question = { q: text, limit: TOLD_MAX };
  const { answer } = await client.ask(INCIDENT_ROUTES.incidents.path, incidentsAnswerSchema, question);
  return onlyOne(
    text,
    answer.incidents.map(({ id }) => id),
    'incident',
  );
}

/** The one of some ids that a part of it means. */
function onlyOne(text: string, ids: readonly string[], what: string): string {
  const exact = ids.filter((id) => id === text);
  const found = exact.length > 0 ? exact : ids.filter((id) => id.includes(text));
  if (found.length === 1) return found[0];
  if (found.length === 0)
    throw new BonghwaError('OPTION_INVALID', `no ${what} has '${text}' in its id`, {
      hint: "'bonghwa incidents' lists them.",
    });
  throw new BonghwaError('OPTION_INVALID', `'${text}' stands in more than one id: ${found.join(', ')}`, {
    hint: 'Give more of it.',
  });
}

async function standardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.length > NOTE_CHARS_MAX)
      throw new BonghwaError('OPTION_INVALID', `a note has at most ${NOTE_CHARS_MAX} characters`, {
        hint: 'Say it shorter, or note where it stands.',
      });
  }
  return text;
}
