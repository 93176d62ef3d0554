import { incidentsAnswerSchema } from '../api/contract/incidents.ts';
import { BonghwaError } from '../base/errors.ts';
import type { Language } from '../model/incident.ts';
import { openClient, type StationChoice } from './client.ts';
import { EXIT_OK } from './exit.ts';
import { askIncident } from './incident-acts.ts';
import { wrapText } from './layout.ts';
import { exact } from './render-attack.ts';
import { incidentLines, incidentTable } from './render-incidents.ts';
import { lookOf, paintOf, TextOutput } from './terminal.ts';
import { withoutControls } from './text-width.ts';

export interface IncidentsCommandOptions extends StationChoice {
  readonly state?: string;
  readonly site?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly json?: boolean;
  readonly statement?: Language;
}

const LIMIT_DEFAULT = 50;

/** `bonghwa incidents`: which incidents there were, or everything about one. */
export async function incidentsCommand(
  id: string | undefined,
  options: IncidentsCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  if (id !== undefined) return show(id, options, signal);
  if (options.statement === undefined) return list(options, signal);
  throw new BonghwaError('OPTION_INVALID', '--statement needs the id of an incident', {
    hint: "'bonghwa incidents' lists them.",
  });
}

async function list(options: IncidentsCommandOptions, signal: AbortSignal): Promise<number> {
  const client = await openClient(options, signal);
  const { state, site, since, until, limit = LIMIT_DEFAULT } = options;
  const question = { state, site, since, until, limit };
  const { answer, raw } = await client.ask('/api/incidents', incidentsAnswerSchema, question);
  if (options.json === true) return write(`${JSON.stringify(raw)}\n`);
  const look = lookOf(process.stdout, process.env);
  const paint = paintOf(look.colour);
  const incidents = withoutControls(answer.incidents);
  if (incidents.length === 0) {
    const next = "'bonghwa status' tells how the sites do. Without options all incidents that are kept are listed.";
    return write(
      `${[paint.good(paint.bold(emptyText(options))), '', ...wrapText(next, look.width).map(paint.dim)].join('\n')}\n`,
    );
  }
  const going = incidents.filter(({ end }) => end === undefined).length;
  const more = answer.next === undefined ? '' : ' and more';
  const count = `${exact(incidents.length)} ${incidents.length === 1 ? 'incident' : 'incidents'}${more}`;
  const heading =
    going === 0 ? `${count}, none goes on` : `${count}, ${exact(going)} ${going === 1 ? 'goes' : 'go'} on`;
  const notes = ["'bonghwa incidents ID' tells everything about one, with the statement for a press office."];
  if (answer.next !== undefined) notes.push('--limit shows more, --since and --until other times.');
  if (answer.partial === true) notes.push('The database does not answer: older ones may be missing.');
  return write(
    `${[
      going === 0 ? paint.bold(heading) : paint.alarm(paint.bold(heading)),
      '',
      ...incidentTable(incidents, look),
      '',
      ...wrapText(notes.join(' '), look.width).map(paint.dim),
    ].join('\n')}\n`,
  );
}

function emptyText({ state, site, since, until }: IncidentsCommandOptions): string {
  const parts = [
    state === undefined ? '' : ` that is ${state}`,
    site === undefined ? '' : ` of ${site}`,
    since === undefined ? '' : ` since ${since}`,
    until === undefined ? '' : ` until ${until}`,
  ];
  return `No incident${parts.join('')}`;
}

async function show(text: string, options: IncidentsCommandOptions, signal: AbortSignal): Promise<number> {
  const client = await openClient(options, signal);
  const incident = await askIncident(client, text);
  if (options.json === true) return write(`${JSON.stringify(incident)}\n`);
  const { statement } = options;
  if (statement !== undefined) return write(`${withoutControls(incident.damage.sentence[statement])}\n`);
  const look = lookOf(process.stdout, process.env);
  return write(`${incidentLines(withoutControls(incident), look, true).join('\n')}\n`);
}

async function write(text: string): Promise<number> {
  const output = new TextOutput(process.stdout);
  output.write(text);
  await output.pause();
  return EXIT_OK;
}
