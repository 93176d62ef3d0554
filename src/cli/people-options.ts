import type { Command } from 'commander';
import { STATION_HELP, withStation } from './questions.ts';

/** Adds the commands about people: who signs in, what they did, who is told. */
export function addPeople(program: Command, signal: AbortSignal, setExitCode: (code: number) => void): void {
  withStation(program.command('set-up'))
    .summary('make the link for the first account anew')
    .description(
      'Makes the link with which the first account of a station is made, in place of the one that it wrote into its log. It works once, for a day.',
    )
    .addHelpText('after', STATION_HELP)
    .action(async (options) => {
      const { setUpCommand } = await import('./people.ts');
      setExitCode(await setUpCommand(options, signal));
    });

  const audit = program
    .command('audit')
    .summary('follow the chain of the audit log')
    .description('Looks after the log of everything that people and programs did at a station.');
  withStation(audit.command('verify'))
    .summary('follow the chain of the audit log')
    .description(
      'Follows the chain of the audit log from its end to its beginning: an entry that was changed, removed or put in breaks it. Ends with exit code 1 then. Where no station runs on the data directory, what it kept is read.',
    )
    .addHelpText('after', STATION_HELP)
    .action(async (options) => {
      const { auditVerifyCommand } = await import('./people.ts');
      setExitCode(await auditVerifyCommand(options, signal));
    });

  const notify = program
    .command('notify')
    .summary('list who is told, and send a test message')
    .description('Lists who a station tells when something happens, and sends test messages.');
  withStation(notify.command('list'))
    .summary('who is told, and what became of it')
    .description('Lists the receivers of a station, with what was sent, what failed and what waits.')
    .addHelpText('after', STATION_HELP)
    .action(async (options) => {
      const { notifyListCommand } = await import('./people.ts');
      setExitCode(await notifyListCommand(options, signal));
    });
  withStation(notify.command('test'))
    .summary('send a test message to a receiver')
    .description(
      'Sends a test message to a receiver, and tells whether it arrived. Ends with exit code 1 where it did not.',
    )
    .argument('<name>', 'name of the receiver')
    .addHelpText('after', STATION_HELP)
    .action(async (name, options) => {
      const { notifyTestCommand } = await import('./people.ts');
      setExitCode(await notifyTestCommand(name, options, signal));
    });
}
