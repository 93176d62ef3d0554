import { type Command, Option } from 'commander';
import { addText } from './options.ts';
import { addProbing } from './probing-options.ts';

const PROBE_EXAMPLES = `
A URL may also be tcp://host:port, dns://name, dns://server/name, or icmp://host. IPv4 and IPv6 are checked apart. What failed is
tried again after 2 s and 10 s, before it is told. Addresses of the inside are refused unless --allow-private is given.

Examples:
  bonghwa probe https://www.example.org                      is it up, and how long does each phase take?
  bonghwa probe --every 30s --for 10m https://www.example.org tcp://mail.example.org:25
  bonghwa probe --sites bonghwa.yaml --json > checks.ndjson  every site of the register once
  bonghwa probe --sites bonghwa.yaml --every 30s --out checks.ndjson --vantage seoul
  bonghwa probe --resolve www.example.org=192.0.2.10 --allow-private https://www.example.org

Exit codes:
  0    it ran, whatever the checks found
  1    a check did not end well, and --fail was given
  2    it could not run: a bad option, an unreadable file
  130  interrupted by the keyboard
`;

/** Adds `bonghwa probe`. */
export function addProbe(program: Command, signal: AbortSignal, setExitCode: (code: number) => void): void {
  const probe = program
    .command('probe')
    .summary('check sites from here, phase by phase, once or over and over')
    .description(
      'Checks sites from here as a reader would reach them, and tells how long each phase took and what came of it.',
    )
    .argument('[url...]', 'what to check')
    .option('--sites <file>', 'check the sites of this configuration or CSV register')
    .option('--vantage <name>', 'name of this vantage in results (default: the name of this machine)')
    .option('--every <length>', 'check over and over with this pause, such as 30s')
    .option('--for <length>', 'end after this time (default: when interrupted)')
    .option('--json', 'print each result as a line of JSON')
    .option('--out <file>', 'append each result as a line of JSON to this file');
  addProbing(probe)
    .option('--resolve <host=address>', 'go to this address for a host, past DNS; repeatable', addText)
    .addOption(new Option('--family <number>', 'check this family only').choices(['4', '6']))
    .option('--contains <text>', 'text that has to be in the answer')
    .option('--lacks <text>', 'text that must not be in the answer')
    .option('--status <numbers>', 'statuses that are expected, such as 200,401 (default: 200 to 399)')
    .option('--fail', 'end with exit code 1 when a check did not end well')
    .option('-q, --quiet', 'print nothing on standard error but errors', false)
    .addHelpText('after', PROBE_EXAMPLES)
    .action(async (urls, options) => {
      const { probeCommand } = await import('./probe.ts');
      setExitCode(await probeCommand(urls, options, signal));
    });
}
