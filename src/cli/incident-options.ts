import { type Command, Option } from 'commander';
import { parseLimit } from './options.ts';
import { EXIT_CODES, STATION_HELP, withStation } from './questions.ts';

/** As the model has them; it is loaded only where it is needed. */
const INCIDENT_STATES = ['open', 'contained', 'recovered', 'closed'];
const SEVERITIES = ['low', 'medium', 'high', 'critical'];
const LANGUAGES = ['en', 'ko', 'uk'];

const INCIDENTS_EXAMPLES = `
An incident is named by its id, or by a part of it that no other has: its last letters do.

Examples:
  bonghwa incidents --since 7d
  bonghwa incidents --state open --site www.example.org
  bonghwa incidents 5f3a09c1d2b7
  bonghwa incidents 5f3a09c1d2b7 --statement ko
  bonghwa incidents set 5f3a09c1d2b7 --owner 'Kim Minji' --severity high
  bonghwa incidents note 5f3a09c1d2b7 'The provider filters since 14:20.'
  bonghwa incidents close 5f3a09c1d2b7
  bonghwa incidents --json | jq -r '.incidents[] | .title'
`;

/** Adds `bonghwa incidents` with what people do to incidents. */
export function addIncidents(program: Command, signal: AbortSignal, setExitCode: (code: number) => void): void {
  const incidents = withStation(program.command('incidents'))
    .summary('which incidents there were: sites, damage, the statement for a press office; own, note, close them')
    .description(
      'Lists incidents, the latest first; with an id everything about one: sites, damage, what is not known, the statement for a press office in three languages.',
    )
    .argument('[id]', 'id of the incident, as the list shows it, or a part of it')
    .addOption(new Option('--state <state>', 'in this state').choices(INCIDENT_STATES))
    .option('--site <name>', 'of this site')
    .option('--since <time>', 'that began at this time or later')
    .option('--until <time>', 'that began before this time')
    .option('--limit <incidents>', 'list at most so many (default: 50)', parseLimit)
    .addOption(new Option('--statement <language>', 'print the statement for a press office alone').choices(LANGUAGES))
    .addHelpText('after', STATION_HELP + INCIDENTS_EXAMPLES + EXIT_CODES)
    .action(async (id, options) => {
      const { incidentsCommand } = await import('./incidents.ts');
      setExitCode(await incidentsCommand(id, options, signal));
    });

  withStation(incidents.command('set'))
    .summary('say who owns it, how urgent it is, its state, its name')
    .description('Changes owner, severity, state or title of an incident. What a person said stays.')
    .argument('<id>', 'id of the incident, or a part of it')
    .option('--owner <name>', 'who deals with it')
    .option('--no-owner', 'nobody deals with it any more')
    .addOption(new Option('--severity <severity>', 'how urgent it is').choices(SEVERITIES))
    .addOption(new Option('--state <state>', 'its state, until something begins or ends').choices(INCIDENT_STATES))
    .option('--title <text>', 'what it is called')
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (id, _, command: Command) => {
      const { incidentSetCommand } = await import('./incident-acts.ts');
      setExitCode(await incidentSetCommand(id, command.optsWithGlobals(), signal));
    });

  for (const [name, state, summary] of [
    ['contain', 'contained', 'say that it goes on without harm'],
    ['close', 'closed', 'say that it is over and done with'],
    ['reopen', 'open', 'say that it is not done with'],
  ] as const)
    withStation(incidents.command(name))
      .summary(summary)
      .description(`Makes incidents ${state}, until something begins or ends.`)
      .argument('<id...>', 'ids of incidents, or parts of them')
      .addHelpText('after', STATION_HELP + EXIT_CODES)
      .action(async (ids, _, command: Command) => {
        const { incidentStateCommand } = await import('./incident-acts.ts');
        setExitCode(await incidentStateCommand(ids, state, command.optsWithGlobals(), signal));
      });

  withStation(incidents.command('note'))
    .summary('write a note into it')
    .description('Adds a note to an incident, which stands in its time line.')
    .argument('<id>', 'id of the incident, or a part of it')
    .argument('<text...>', 'the note; - reads it from standard input')
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (id, text, _, command: Command) => {
      const { incidentNoteCommand } = await import('./incident-acts.ts');
      setExitCode(await incidentNoteCommand(id, text, command.optsWithGlobals(), signal));
    });

  withStation(incidents.command('merge'))
    .summary('make it part of another')
    .description('Makes an incident part of another: its attacks, outages and notes go over, and it is closed.')
    .argument('<id>', 'id of the incident that is part of another, or a part of the id')
    .argument('<into>', 'id of the incident that goes on, or a part of it')
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (id, into, _, command: Command) => {
      const { incidentMergeCommand } = await import('./incident-acts.ts');
      setExitCode(await incidentMergeCommand(id, into, command.optsWithGlobals(), signal));
    });

  withStation(incidents.command('split'))
    .summary('make some of its attacks and outages an incident of their own')
    .description('Makes some, and not all, attacks and outages of an incident one of their own.')
    .argument('<id>', 'id of the incident, or a part of it')
    .argument('<part...>', 'ids of attacks and outages, or parts of them, as the incident shows them')
    .option('--title <text>', 'what the new one is called')
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (id, parts, _, command: Command) => {
      const { incidentSplitCommand } = await import('./incident-acts.ts');
      setExitCode(await incidentSplitCommand(id, parts, command.optsWithGlobals(), signal));
    });
}
