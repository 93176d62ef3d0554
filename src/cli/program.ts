import { existsSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { addFloor, parseSeeds } from './evaluate-options.ts';
import { addIncidents } from './incident-options.ts';
import { logFormatOption, logZoneOption, trustedProxyOption } from './log-options.ts';
import { addNetwork, addPort, addText, packageVersion, parseLimit } from './options.ts';
import { addPeople } from './people-options.ts';
import { addProbe } from './probe-options.ts';
import { addQuestions } from './questions.ts';
import { addSites } from './site-options.ts';
import { addVantages } from './vantage-options.ts';

const EXIT_CODES = `
Exit codes:
  0    it ran, whether attacks were found or not
  1    attacks were found, and --fail-on-attack was given
  2    it could not run: a bad option, an unreadable file, a faulty configuration
  130  interrupted by the keyboard; what was found until then is shown
`;

/** Where the console of the sample answers. */
const DEMO_HTTP = '127.0.0.1:8480';

const KINDS = ['auto', 'traffic', 'telemetry', 'datagram', 'log'];

/** Everything the command line understands. `setExitCode` is called by a command that ends with another code than 0. */
export function createProgram(signal: AbortSignal, setExitCode: (code: number) => void): Command {
  const program = new Command('bonghwa')
    .description(
      'Sees denial-of-service attacks in packet captures, router telemetry and web server logs, says in numbers how it knows, and what they broke.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(errorLine(text)) })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', PROGRAM_EXAMPLES + EXIT_CODES);

  program
    .command('replay')
    .summary('find attacks in captures and in logs of web servers, and what they did to sites')
    .description(
      'Reads captures, of traffic itself or of what routers export, and logs of web servers, and tells which attacks are in them; with recorded checks of sites among the files, also which sites went out, and what that cost.',
    )
    .addArgument(filesArgument())
    .option('--json', 'print one JSON object', false)
    .option(
      '--network <prefix>',
      'protect this network; repeatable (default: every destination is a candidate)',
      addNetwork,
      [],
    )
    .option('--config <file>', 'take networks, sites and telemetry ports from this file')
    .addOption(kindOption())
    .addOption(portOption())
    .addOption(logFormatOption())
    .addOption(trustedProxyOption())
    .addOption(logZoneOption())
    .option('--site <name>', 'site of logs whose lines tell no host (default: the name of the file)')
    .option('--all-verdicts', 'tell too what was considered, and why it was passed over', false)
    .option('--fail-on-attack', 'end with exit code 1 when attacks were found', false)
    .option('-q, --quiet', 'print nothing on standard error but errors', false)
    .addHelpText('after', REPLAY_EXAMPLES + EXIT_CODES)
    .action(async (files, options) => {
      const { replayCommand } = await import('./replay.ts');
      setExitCode(await replayCommand(files, options, signal));
    });

  program
    .command('serve')
    .summary('watch live what routers export, until it is told to stop')
    .description(
      'Listens for NetFlow, IPFIX and sFlow, or reads a stream of packets, and tells attacks as they happen.',
    )
    .option('--config <file>', 'the configuration (default: bonghwa.yaml where there is one, else the defaults)')
    .option('--network <prefix>', 'protect this network; repeatable', addNetwork, [])
    .option('--data <directory>', 'keep everything in this directory (default: ./bonghwa-data)')
    .option('--netflow <address:port>', 'listen here for NetFlow and IPFIX; repeatable; off for none', addText)
    .option('--sflow <address:port>', 'listen here for sFlow; repeatable; off for none', addText)
    .option('--pcap <pipe>', 'read packets from this named pipe; - is standard input')
    .option('--http <address:port>', 'where HTTP answers (default: 127.0.0.1:8480)')
    .option('--workers <count>', 'threads that receive (default: one fewer than cores, at most 8)')
    .option('--organisation <name>', 'who runs this station')
    .option('--state <url>', 'keep attacks in PostgreSQL: a URL, env:NAME or file:PATH')
    .option('--telemetry <url>', 'keep flows in ClickHouse: a URL, env:NAME or file:PATH; off keeps none')
    .option('--events <file>', 'write a line of JSON for every attack opened and closed to this file or pipe')
    .option('--no-live', 'print log lines on a terminal too, in place of the live view')
    .addHelpText('after', SERVE_EXAMPLES)
    .action(async (options) => {
      const { serveCommand } = await import('./serve.ts');
      setExitCode(await serveCommand(options, signal));
    });

  addQuestions(program, signal, setExitCode);
  addIncidents(program, signal, setExitCode);
  addProbe(program, signal, setExitCode);
  addSites(program, signal, setExitCode);
  addVantages(program, signal, setExitCode);
  addPeople(program, signal, setExitCode);

  program
    .command('decode')
    .summary('print the packets, flow records or requests in captures, datagrams and logs')
    .description(
      'Prints every packet, or every flow record where the capture holds telemetry, and every request of the log of a web server, one a line.',
    )
    .addArgument(filesArgument())
    .option('--json', 'print one JSON object a line, with all fields', false)
    .addOption(kindOption())
    .addOption(portOption())
    .addOption(logFormatOption())
    .addOption(trustedProxyOption())
    .addOption(logZoneOption())
    .option('--counters', 'print the counter samples of sFlow too', false)
    .option('--rejected', 'tell on standard error why input was refused, and show lines of logs that were', false)
    .option('--limit <records>', 'stop after so many records', parseLimit)
    .option('-q, --quiet', 'print nothing on standard error but errors', false)
    .addHelpText('after', DECODE_EXAMPLES)
    .action(async (files, options) => {
      const { decodeCommand } = await import('./decode.ts');
      setExitCode(await decodeCommand(files, options, signal));
    });

  program
    .command('check')
    .summary('check a configuration file and print what it means')
    .description('Reads a configuration file, tells all of its faults at once, and prints what will be in force.')
    .addArgument(new Argument('[file]', 'the configuration').default('bonghwa.yaml'))
    .option('--json', 'print what is in force as JSON', false)
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async (file, options) => {
      const { checkCommand } = await import('./check.ts');
      setExitCode(await checkCommand(file, options));
    });

  program
    .command('init')
    .summary('write a configuration by asking a few questions')
    .description('Asks a few questions and writes a configuration file in which every key is explained.')
    .addArgument(new Argument('[file]', 'the configuration').default('bonghwa.yaml'))
    .option('-y, --yes', 'ask nothing and take the default of every question', false)
    .option('--force', 'write over the file if it is there already', false)
    .addHelpText('after', INIT_EXAMPLES)
    .action(async (file, options) => {
      const { initCommand } = await import('./init.ts');
      setExitCode(await initCommand(file, options, signal));
    });

  program
    .command('doctor')
    .summary('examine machine, configuration and station, and say what to do')
    .description(
      'Examines this machine, the configuration and the running station, and says what to do where something is wrong.',
    )
    .option('--config <file>', 'the configuration (default: bonghwa.yaml where there is one, else the defaults)')
    .option('--data <directory>', 'the data directory, in place of the one of the configuration')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', DOCTOR_EXAMPLES)
    .action(async (options) => {
      const { doctorCommand } = await import('./doctor.ts');
      setExitCode(await doctorCommand(options));
    });

  program
    .command('evaluate')
    .summary('measure how often detection is right, on made or labelled captures')
    .description(
      'Makes up traffic with and without attacks from seeds, or takes labelled captures, and tells how often and how soon Bonghwa is right.',
    )
    .addArgument(new Argument('[directory]', 'labelled captures, in place of scenarios'))
    .addOption(seedsOption())
    .option('--only <scenario>', 'run only this scenario; repeatable', addText, [])
    .option('--threads <count>', 'threads (default: one a core)', parseLimit)
    .option('--json', 'print one JSON object', false)
    .option('--write <directory>', 'write the captures with their labels there, and judge nothing')
    .option('--web', 'make logs of web servers in place of captures', false)
    .option('--ablation', 'tell what each part of detection earns, by leaving it out', false)
    .option('--curve <parameter>', 'tell what other values of a parameter give; repeatable', addText, [])
    .option('--markdown <file>', 'write a document of the results')
    .addOption(failBelowOption())
    .addHelpText('after', EVALUATE_EXAMPLES)
    .action(async (directory, options) => {
      if (options.web) {
        const { evaluateWebCommand } = await import('./evaluate-web.ts');
        setExitCode(await evaluateWebCommand(options, signal));
        return;
      }
      const { evaluateCommand } = await import('./evaluate.ts');
      setExitCode(await evaluateCommand(directory, options, signal));
    });

  program
    .command('start')
    .summary('watch live where there is a bonghwa.yaml, else tell the story of the recorded sample')
    .description(
      'Watches live, as serve does, where there is a bonghwa.yaml; else replays the recorded sample in accelerated time and tells the story of the attacks in it.',
    )
    .option('--fast', 'do not wait between the seconds of the recording', false)
    .option('--no-console', 'end after the story; on a terminal it goes on in the console otherwise')
    .action(async (options) => {
      if (existsSync('bonghwa.yaml')) {
        const { serveCommand } = await import('./serve.ts');
        setExitCode(await serveCommand({ network: [], live: true }, signal));
        return;
      }
      const { startCommand } = await import('./start.ts');
      setExitCode(await startCommand(options, signal));
      // Nobody looks at a console behind a pipe, and whoever waits for the end of the story gets it.
      if (!options.console || process.stdout.isTTY !== true || signal.aborted) return;
      const { demoCommand } = await import('./demo.ts');
      setExitCode(await demoCommand({ http: DEMO_HTTP }, signal));
    });

  program
    .command('demo')
    .summary('show the recorded sample in the console, as if it happened now')
    .description(
      'Runs a station in a directory of its own and sends the recorded sample to it at the pace at which it was recorded, again and again, until it is told to stop. What the console shows is what detection finds.',
    )
    .option('--http <address:port>', 'where the console answers', DEMO_HTTP)
    .addHelpText('after', DEMO_EXAMPLES)
    .action(async (options) => {
      const { demoCommand } = await import('./demo.ts');
      setExitCode(await demoCommand(options, signal));
    });

  return program;
}

function filesArgument(): Argument {
  return new Argument(
    '<files...>',
    'captures in pcap or pcapng format and logs of web servers, compressed or not; - is standard input',
  );
}

function kindOption(): Option {
  return new Option('--as <kind>', 'what the files hold; datagram: each is one raw export datagram')
    .choices(KINDS)
    .default('auto');
}

function portOption(): Option {
  return new Option('--telemetry-port <port>', 'read UDP to this port as telemetry too; repeatable')
    .argParser(addPort)
    .default([], '2055, 4739, 6343, 9995, 9996');
}

function seedsOption(): Option {
  return new Option('--seeds <from..to>', 'the seeds; each makes every scenario once')
    .argParser(parseSeeds)
    .default({ from: 1, to: 4 }, '1..4');
}

function failBelowOption(): Option {
  return new Option('--fail-below <name=number>', 'end with exit code 1 where this is missed; repeatable')
    .argParser(addFloor)
    .default([], 'none');
}

/** Turns a complaint of commander into one line that says what to do. */
function errorLine(text: string): string {
  const words = text
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
    .replace(
      "missing required argument 'files'",
      'no file was named; give one capture or more, or - for standard input',
    )
    .replace('(Did you mean', '(did you mean')
    .replace(/[.]$/, '');
  return `bonghwa: ${words}. --help shows what can be given.\n`;
}

const PROGRAM_EXAMPLES = `
Examples:
  bonghwa replay capture.pcap                  which attacks are in this capture?
  tcpdump -w - -c 100000 | bonghwa replay -    … in the next 100,000 packets?
  bonghwa decode --json netflow.pcap | jq .    what do the routers export?
  bonghwa check bonghwa.yaml                   is the configuration right?

'bonghwa <command> --help' tells more about each.
`;

const REPLAY_EXAMPLES = `
Traffic and telemetry are told apart by UDP port and header. All times are those of the capture.

Examples:
  bonghwa replay capture.pcapng.gz
  bonghwa replay --network 192.0.2.0/24 --network 2001:db8::/32 monday.pcap tuesday.pcap
  bonghwa replay --json netflow.pcap > report.json
  bonghwa replay --all-verdicts quiet.pcap          why was nothing found?
  bonghwa replay --site www.example.gov access.log access.log.1.gz
  bonghwa replay capture.pcap access.log            an attack that both saw is told once
  bonghwa replay --as datagram export-*.dat         raw export datagrams, in this order
  bonghwa replay --fail-on-attack --quiet night.pcap || echo attacked
  bonghwa replay --config bonghwa.yaml monday.pcap checks.ndjson   which sites went out, with the damage
`;

const SERVE_EXAMPLES = `
Listens on loopback unless it is told otherwise. SIGHUP reads the configuration again; SIGTERM stops it within 5 seconds.
On a terminal it shows what happens; elsewhere it writes log lines in JSON to standard error.

Examples:
  bonghwa serve --network 192.0.2.0/24 --data /var/lib/bonghwa
  bonghwa serve --network 192.0.2.0/24 --netflow :2055      from routers elsewhere: mind the firewall
  bonghwa serve --config /etc/bonghwa/bonghwa.yaml
  tcpdump -i eth0 -U -w - | bonghwa serve --network 192.0.2.0/24 --netflow off --sflow off --pcap -
  bonghwa attacks --since 1h                                from another terminal

Exit codes:
  0    it was told to stop
  2    it could not run: a bad option, an address that is taken, a data directory in use
`;

const DECODE_EXAMPLES = `
With --json, "kind" is packet, flow, options, counters or request; times are ISO 8601 in UTC; absent fields are left out; bytes
and packets are as reported, not scaled by sampling; integers beyond 2^53 under "fields" are written as text.

Examples:
  bonghwa decode capture.pcap
  bonghwa decode --json --limit 10 netflow.pcap
  bonghwa decode --json --counters sflow.pcap | jq 'select(.kind == "counters")'
  bonghwa decode --as datagram --rejected template.dat data.dat
  bonghwa decode --telemetry-port 9000 export.pcap
  bonghwa decode access.log access.log.1.gz          web server logs, their format told by their lines
  bonghwa decode --json --log-format '$remote_addr [$time_local] "$request" $status $request_time' access.log
  ssh www tail -F /var/log/nginx/access.log | bonghwa decode -

Exit codes:
  0    it ran; what was refused is counted (--rejected tells why)
  2    it could not run: a bad option, an unreadable file
  130  interrupted by the keyboard
`;

const EVALUATE_EXAMPLES = `
Labels are told in docs/evaluation.md. Where labels contradict a capture, or one is empty or has no time, it says so and scores the rest.

Examples:
  bonghwa evaluate                                   every scenario, four seeds
  bonghwa evaluate --seeds 100..109 --only syn-flood
  bonghwa evaluate --write corpus && bonghwa evaluate corpus
  bonghwa evaluate --seeds 1..2 --ablation           what each part of detection earns
  bonghwa evaluate --seeds 1..2 --curve clearFactor  what other values of a parameter give
  bonghwa evaluate --fail-below recall=0.99 --fail-below false-alarms=1
  bonghwa evaluate --web --fail-below recall=0.99    logs of web servers

Exit codes:
  0    it ran, and reached what --fail-below asks for
  1    it did not reach that
  2    it could not run: a bad option, a directory that cannot be read
  130  interrupted by the keyboard
`;

const DEMO_EXAMPLES = `
Where a port is taken, another one is used and told. Nothing is kept when it ends.

Examples:
  bonghwa demo
  bonghwa demo --http 127.0.0.1:8080

Exit codes:
  0    it was told to stop
  2    it could not run: a bad option
  130  interrupted by the keyboard, as it says
`;

const INIT_EXAMPLES = `
Questions go to standard error; answers come from the terminal or a pipe, one a line. An empty answer, and the end of the
answers, take the default.

Examples:
  bonghwa init
  bonghwa init --yes /etc/bonghwa/bonghwa.yaml      everything explained, nothing set
  printf 'Ministry of Examples\\n192.0.2.0/24\\n' | bonghwa init

Exit codes:
  0    the file is written
  2    it is there already (--force writes over it), cannot be written, or an answer cannot be
`;

const DOCTOR_EXAMPLES = `
It changes nothing. To measure the disk, it writes a file of 32 MB into the data directory and removes it.

Examples:
  bonghwa doctor
  bonghwa doctor --config /etc/bonghwa/bonghwa.yaml
  bonghwa doctor --json | jq '.checks[] | select(.verdict != "ok")'

Exit codes:
  0    no fault; there may be warnings
  1    there are faults
  2    it could not run: a bad option
`;

const CHECK_EXAMPLES = `
Examples:
  bonghwa check
  bonghwa check /etc/bonghwa/bonghwa.yaml
  bonghwa check --json | jq .networks

Exit codes:
  0    the configuration is right
  2    it has faults, or cannot be read
`;
