import { type Command, Option } from 'commander';
import { CRITICALITIES, SECTORS, TLPS } from '../model/site.ts';
import { addText, parseLimit } from './options.ts';
import { STATION_HELP, withStation } from './questions.ts';

const SITE_EXAMPLES = `
Sites stand in the configuration, or are registered in a station: one by one, or from a CSV file. The station on the data directory is asked
where one runs; else the directory itself is read and changed.

Examples:
  bonghwa site list --state down
  bonghwa site add portal --url https://portal.example/ --sector government --criticality critical --country KR
  bonghwa site import sites.csv --dry-run           what would it change, and what is wrong with it?
  bonghwa site check                                is what is registered right, and are the sites up?
  bonghwa site remove portal
`;

const IMPORT_HELP = `
The first line names the columns: name, and as many as you like of urls, addresses, prefixes, organisation, sector, criticality, contacts, tlp,
country, maintenance, known_good, statuses, contains, lacks, users_daily. Several values stand between bars (|). All lines with a fault are
told at once; while there is one, nothing is imported. A column that the file lacks stays as it is.

Exit codes:
  0    it was imported, or could be
  1    lines have faults, and nothing was changed
  2    it could not run
`;

const EXIT_CODES = `
Exit codes:
  0    done
  2    no station answers, or what was given cannot be; one line says what to do
`;

/** Adds `bonghwa site` with what stands behind it. */
export function addSites(program: Command, signal: AbortSignal, setExitCode: (code: number) => void): void {
  const site = program
    .command('site')
    .summary('the register of sites: list, add, import, check, remove')
    .description('Looks at the register of sites, and changes it.')
    .addHelpText('after', SITE_EXAMPLES);

  withStation(site.command('list'))
    .summary('which sites are registered, and how they do')
    .description('Lists the registered sites with how they do.')
    .argument('[text]', 'those with this text in name, URL, address or organisation')
    .addOption(new Option('--sector <sector>', 'those of this sector').choices(SECTORS))
    .option('--state <state>', 'those in this state, such as up or down')
    .option('--limit <sites>', 'list at most so many (default: 1000)', parseLimit)
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (text, options) => {
      const { siteListCommand } = await import('./site.ts');
      setExitCode(await siteListCommand(text, options, signal));
    });

  withStation(site.command('add'))
    .summary('register a site')
    .description('Registers a site.')
    .argument('<name>', 'name of the site')
    .option('--url <url>', 'a URL that is checked; repeatable', addText)
    .option('--address <address>', 'an address that it answers on; repeatable', addText)
    .option('--prefix <prefix>', 'a prefix that is its own; repeatable', addText)
    .option('--organisation <name>', 'whose it is')
    .addOption(new Option('--sector <sector>', 'what it serves').choices(SECTORS))
    .addOption(new Option('--criticality <how>', 'what hangs on it').choices(CRITICALITIES))
    .option('--contact <text>', 'whom to tell; repeatable', addText)
    .addOption(new Option('--tlp <label>', 'how far it may be told of').choices(TLPS))
    .option('--country <code>', 'country that it serves, two letters')
    .option('--contains <text>', 'text that has to be in its answer')
    .option('--users-daily <people>', 'people who use it on an ordinary day', parseLimit)
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (name, options) => {
      const { siteAddCommand } = await import('./site.ts');
      setExitCode(await siteAddCommand(name, options, signal));
    });

  withStation(site.command('import'))
    .summary('register the sites of a CSV file, all or none')
    .description('Registers the sites of a CSV file, and changes those that are known: all of them, or none.')
    .argument('<file>', 'the CSV file; - is standard input')
    .option('--dry-run', 'change nothing, and tell what would be')
    .addHelpText('after', IMPORT_HELP + STATION_HELP)
    .action(async (file, options) => {
      const { siteImportCommand } = await import('./site.ts');
      setExitCode(await siteImportCommand(file, options, signal));
    });

  withStation(site.command('check'))
    .summary('check the registered sites from here, and what the register says of them')
    .description('Checks the registered sites once from here, and says what is missing or wrong in the register.')
    .argument('[name...]', 'these sites only')
    .option('--allow-private', 'probe loopback and private addresses too')
    .option('--retries <lengths>', 'when to try again, such as 2s,10s; none for never', 'none')
    .option('--ca <file>', 'trust the authorities in this PEM file too')
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (names, options) => {
      const { siteCheckCommand } = await import('./site-check.ts');
      setExitCode(await siteCheckCommand(names, options, signal));
    });

  withStation(site.command('remove'))
    .summary('take a site off the register')
    .description('Takes a site off the register. What was kept of it stays.')
    .argument('<name>', 'name of the site')
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (name, options) => {
      const { siteRemoveCommand } = await import('./site.ts');
      setExitCode(await siteRemoveCommand(name, options, signal));
    });
}
