import type { Command } from 'commander';
import { addProbing } from './probing-options.ts';
import { STATION_HELP, withStation } from './questions.ts';

const VANTAGE_EXAMPLES = `
On the station, once (inputs.vantages of its configuration says where it listens for them):
  bonghwa vantage add berlin --country DE --network AS64511 > berlin.key
On the machine elsewhere, for good:
  bonghwa vantage --station https://station.example:8481 --key berlin.key

What is to be checked comes from the station. While it cannot be reached, results wait on disk in
the directory of --data, 100,000 at most, and are told in order, also by a vantage that was killed and started again meanwhile.

Exit codes:
  0    it was told to stop
  2    it could not run: a bad option, a key that the station does not know, a certificate that is not the station's
  130  interrupted by the keyboard
`;

/** Adds `bonghwa vantage` with what stands behind it. */
export function addVantages(program: Command, signal: AbortSignal, setExitCode: (code: number) => void): void {
  const vantage = program
    .command('vantage')
    .summary('check sites from here for a station elsewhere; add, list, remove vantages')
    .description('Checks the sites of a station from this machine, and reports to it over TLS with a key.')
    .option('--station <url>', 'where the station listens for vantages, such as https://station.example:8481')
    .option('--key <file>', "the key that 'bonghwa vantage add' made; - is standard input")
    .option('--data <directory>', 'keep the sites, and what waits for the station, here (default: ./bonghwa-vantage)')
    .option('--name <name>', 'refuse to run where the key is that of another vantage');
  addProbing(vantage)
    .addHelpText('after', VANTAGE_EXAMPLES)
    .action(async (options) => {
      const { vantageCommand } = await import('./vantage.ts');
      setExitCode(await vantageCommand(options, signal));
    });

  withStation(vantage.command('add'))
    .summary('take on a vantage, and print its key')
    .description(
      'Takes on a vantage. Its key goes to standard output and is never told again; what to type goes to standard error.',
    )
    .argument('<name>', 'name of the vantage')
    .option('--country <code>', 'country that it stands in, two letters')
    .option('--network <name>', 'network that it is in, by any name: two of one network count as one witness')
    .option(
      '--partner <name>',
      'whose it is, where a partner lends it: it is not told of sites that are TLP:RED or AMBER+STRICT',
    )
    .addHelpText('after', STATION_HELP)
    .action(async (name, _, command: Command) => {
      const { vantageAddCommand } = await import('./vantage-register.ts');
      setExitCode(await vantageAddCommand(name, command.optsWithGlobals(), signal));
    });

  withStation(vantage.command('list'))
    .summary('which vantages there are, and when they reported last')
    .description('Lists the vantages of a station.')
    .addHelpText('after', STATION_HELP)
    .action(async (_, command: Command) => {
      const { vantageListCommand } = await import('./vantage-register.ts');
      setExitCode(await vantageListCommand(command.optsWithGlobals(), signal));
    });

  withStation(vantage.command('remove'))
    .summary('let a vantage go: its key is worth nothing from then on')
    .description('Lets a vantage go. Its key is worth nothing from then on.')
    .argument('<name>', 'name of the vantage')
    .addHelpText('after', STATION_HELP)
    .action(async (name, _, command: Command) => {
      const { vantageRemoveCommand } = await import('./vantage-register.ts');
      setExitCode(await vantageRemoveCommand(name, command.optsWithGlobals(), signal));
    });
}
