import { type Command, Option } from 'commander';
import { addText, parseLimit } from './options.ts';

/** What every command that asks a station takes. */
export const STATION_HELP = `
A station that runs is asked over HTTP: the one of --station or --data, else the one on ./bonghwa-data, else
http://127.0.0.1:8480. Times are so long ago (24h, 7d), now, or dates such as 2026-11-23 or 2026-11-23T09:30:00Z (UTC).
`;

export const EXIT_CODES = `
Exit codes:
  0    it was answered, be it by nothing
  2    no station answers, or the question was wrong; one line says what to do
`;

const ATTACKS_EXAMPLES = `
Examples:
  bonghwa attacks --since 24h
  bonghwa attacks --ongoing --target 192.0.2.0/24
  bonghwa attacks show 20261123T202257Z-in-192.0.2.10-5f3a09c1d2b7
  bonghwa attacks --json | jq '.attacks[] | .why'
  bonghwa attacks --data /var/lib/bonghwa            also while no station runs
`;

const FLOWS_EXAMPLES = `
Kept are flows of attacked targets, and a sample of the others; every figure is an estimate with its error (95 %).
Names for --top: srcAddr srcNet srcAsn srcCountry srcPort dstAddr dstNet dstPort proto class tcpFlags ttl packetSize
exporter attackId kept. Without --top: dstAddr, or srcAddr where a target is named.

Examples:
  bonghwa flows --since 1h --target 192.0.2.10 --top srcAsn
  bonghwa flows --since 24h --top dstAddr,class --by bytes --limit 50
  bonghwa flows --attack 20261123T202257Z-in-192.0.2.10-5f3a09c1d2b7 --top srcCountry
  bonghwa flows --since 15m --proto udp --src-port 53 --top dstAddr --step 30s
  bonghwa flows --since 1h --top srcAddr --limit 1000 --csv > sources.csv
`;

const REQUESTS_EXAMPLES = `
Kept are requests at attacked sites, and a sample of the others; sums are estimates with their error (95 %). In --path, --query,
--referrer and --user-agent, * stands for any characters. Names for --top: site client clientNet asn country method path
query status httpVersion referrer userAgent attackId kept. Without --top the requests themselves, the latest first.

Examples:
  bonghwa requests --since 1h --site portal --top client
  bonghwa requests --attack 20261123T202257Z-in-portal-5f3a09c1d2b7 --limit 100
  bonghwa requests --since 15m --status 5xx --top path,status
  bonghwa requests --since 1h --path '/search*' --client 203.0.113.0/24 --limit 10000 --csv > requests.csv
`;

const EXPORTERS_EXAMPLES = `
Examples:
  bonghwa exporters
  bonghwa exporters --vendor juniper
  bonghwa exporters --json | jq '.exporters[] | select(.diagnosis != [])'
`;

const STATUS_EXAMPLES = `
Examples:
  bonghwa status
  bonghwa status --watch              as it changes; q ends it
  bonghwa status --json | jq .recordsLost
`;

/** Adds the commands that ask a station that runs. */
export function addQuestions(program: Command, signal: AbortSignal, setExitCode: (code: number) => void): void {
  const attacks = withStation(program.command('attacks'))
    .summary('which attacks there were, and which go on')
    .description('Lists attacks that a station saw, the latest first.')
    // What stands behind `show` belongs to it.
    .enablePositionalOptions()
    .option('--since <time>', 'those that were not over at this time')
    .option('--until <time>', 'those that began before this time')
    .option('--target <target>', 'on this address, in this prefix, or on the site of this name')
    .option('--ongoing', 'only those that go on')
    .option('--limit <attacks>', 'list at most so many (default: 50)', parseLimit)
    .addHelpText('after', STATION_HELP + ATTACKS_EXAMPLES + EXIT_CODES)
    .action(async (options) => {
      const { attacksCommand } = await import('./attacks.ts');
      setExitCode(await attacksCommand(options, signal));
    });
  withStation(attacks.command('show'))
    .summary('one attack with the whole why')
    .description('Tells everything about one attack: how it went, what opened it, and how it is known.')
    .argument('<id>', 'id of the attack, as the list shows it')
    .addHelpText('after', STATION_HELP + EXIT_CODES)
    .action(async (id, _, command: Command) => {
      const { attackCommand } = await import('./attacks.ts');
      setExitCode(await attackCommand(id, command.optsWithGlobals(), signal));
    });

  withStation(program.command('flows'))
    .summary('which flows there were, grouped by what you ask')
    .description('Groups the flows that a station kept, and tells how much each group had.')
    .option('--since <time>', 'flows from this time on', '1h')
    .option('--until <time>', 'flows before this time', 'now')
    .option('--target <target>', 'towards this address, prefix or site; repeatable', addText)
    .option('--src <prefix>', 'from this address or prefix; repeatable', addText)
    .option('--dst <prefix>', 'to this address or prefix; repeatable', addText)
    .option('--exporter <address>', 'told by this exporter')
    .option('--proto <protocol>', 'IP protocol by name or number: tcp, udp, icmp, 47')
    .option('--port <port>', 'with this source or destination port')
    .option('--src-port <port>', 'from this port')
    .option('--dst-port <port>', 'to this port')
    .option('--class <class>', 'of this traffic class, such as tcpSyn or dnsResponse')
    .option('--src-asn <as>', 'from this autonomous system')
    .option('--src-country <code>', 'from this country, two letters')
    .option('--attack <id>', 'flows of this attack')
    .addOption(new Option('--kept <why>', 'kept as a sample of peace, or of an attack').choices(['peace', 'attack']))
    .option('--top <names>', 'group by these, at most 3; separated by commas or repeated', addText)
    .addOption(new Option('--by <measure>', 'order by this').choices(['packets', 'bytes', 'flows']))
    .option('--step <length>', 'show how each group went, in steps of this length, such as 30s or 5m')
    .option('--limit <groups>', 'show at most so many groups (default: 20)', parseLimit)
    .option('--csv', 'print the groups as CSV')
    .addHelpText('after', STATION_HELP + FLOWS_EXAMPLES + EXIT_CODES)
    .action(async (options) => {
      const { flowsCommand } = await import('./flows.ts');
      setExitCode(await flowsCommand(options, signal));
    });

  withStation(program.command('requests'))
    .summary('which requests there were in logs, one by one or grouped')
    .description(
      'Shows the requests that a station kept of web server logs, or groups them and tells how many each group had.',
    )
    .option('--since <time>', 'requests from this time on, by the clock of the log', '1h')
    .option('--until <time>', 'requests before this time', 'now')
    .option('--site <name>', 'at this site; repeatable', addText)
    .option('--client <prefix>', 'from this address, prefix or host name; repeatable', addText)
    .option('--method <method>', 'with this method')
    .option('--path <path>', 'with this path')
    .option('--query <query>', 'with this query')
    .option('--status <status>', 'answered with this status or class, such as 404 or 5xx; repeatable', addText)
    .option('--referrer <text>', 'with this Referer field')
    .option('--user-agent <text>', 'with this User-Agent field')
    .option('--asn <as>', 'from this autonomous system')
    .option('--country <code>', 'from this country, two letters')
    .option('--attack <id>', 'at a site under this attack')
    .addOption(new Option('--kept <why>', 'kept as a sample of peace, or of an attack').choices(['peace', 'attack']))
    .option('--top <names>', 'group by these, at most 3; separated by commas or repeated', addText)
    .addOption(new Option('--by <measure>', 'order groups by this').choices(['requests', 'bytes']))
    .option('--limit <count>', 'show at most so many requests or groups (default: 20)', parseLimit)
    .option('--csv', 'print the requests or groups as CSV')
    .addHelpText('after', STATION_HELP + REQUESTS_EXAMPLES + EXIT_CODES)
    .action(async (options) => {
      const { requestsCommand } = await import('./requests.ts');
      setExitCode(await requestsCommand(options, signal));
    });

  withStation(program.command('exporters'))
    .summary('who exports, how much arrives, what is wrong, what to type')
    .description(
      'Tells who exports to a station, how much of it arrives, what is wrong with it, and what to type about that.',
    )
    .option(
      '--vendor <vendor>',
      'show what to type on cisco-ios-xe, juniper … where the configuration does not say; or all',
    )
    .addHelpText('after', STATION_HELP + EXPORTERS_EXAMPLES + EXIT_CODES)
    .action(async (options) => {
      const { exportersCommand } = await import('./exporters.ts');
      setExitCode(await exportersCommand(options, signal));
    });

  withStation(program.command('status'))
    .summary('how the sites do, and what a station sees and does now')
    .description(
      'Tells how the registered sites do and did over 90 days, which incidents are open, and what a station sees and does now.',
    )
    .option('--days <days>', 'how far back the history of the sites goes, up to 400 (default: 90)', parseLimit)
    .option('--sites <sites>', 'show the history of so many sites, the worst first (default: 15)', parseLimit)
    .option('--watch', 'paint it anew every second on the terminal')
    .addHelpText('after', STATION_HELP + STATUS_EXAMPLES + EXIT_CODES)
    .action(async (options) => {
      const { statusCommand } = await import('./status.ts');
      setExitCode(await statusCommand(options, signal));
    });
}

export function withStation(command: Command): Command {
  return command
    .option('--json', 'print the answer as one JSON object')
    .option('--station <url>', 'ask the station whose HTTP interface is here')
    .option('--data <directory>', 'ask the station that runs on this data directory');
}
