import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ReplayReport, replayReportSchema } from '../../src/model/attack.ts';
import { defaultConfig } from '../../src/model/config.ts';
import { encodePcap, encodeTcp, encodeUdp } from '../support/encode-capture.ts';
import { encodeNetflow5 } from '../support/encode-netflow.ts';
import { SKIP_WITHOUT_SHARED_DATA, sharedData } from '../support/shared-data.ts';

const BIN = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bonghwa-cli-'));
after(() => rmSync(directory, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const environment = { ...process.env, FORCE_COLOR: undefined, ...env };
  return spawn(process.execPath, [BIN, ...args], { cwd: directory, env: environment });
}

function ended(child: ChildProcess): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}

/** Runs the program to its end, with `input` on standard input. */
function bonghwa(args: readonly string[], input?: Uint8Array): Promise<Ended> {
  const child = start(args);
  const end = ended(child);
  // A program that fails before it has read everything closes the pipe: its exit code tells then.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return end;
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function fileOf(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(directory, name), bytes);
  return name;
}

const START_MS = Date.UTC(2024, 2, 5, 12);
const VICTIM = 0xc633640a;
const SYN = encodeTcp({ srcAddr: 0xc0000201, dstAddr: VICTIM, srcPort: 40_000, dstPort: 443 }, 2);
const EXPORT = encodeUdp(
  { srcAddr: 0xcb007101, dstAddr: 0xcb007102, srcPort: 50_000, dstPort: 2055 },
  encodeNetflow5({
    uptimeMs: 1_000_000,
    seconds: START_MS / 1000,
    records: [
      {
        srcAddr: 0xc0000201,
        dstAddr: VICTIM,
        packets: 3,
        bytes: 400,
        first: 999_000,
        last: 999_500,
        srcPort: 53,
        dstPort: 4444,
        proto: 17,
      },
    ],
  }),
);

/** A SYN flood that anything must see: 20 quiet seconds, then 20,000 SYN a second from as many sources for 5 seconds. */
function floodCapture(): Uint8Array {
  const packets = [];
  for (let at = 0; at < 20; at++) packets.push({ timeMs: START_MS + 1000 * at, bytes: SYN });
  for (let at = 0; at < 100_000; at++) {
    const srcAddr = (0x0a000000 + Math.imul(at, 2_654_435_761)) >>> 0;
    const bytes = encodeTcp({ srcAddr, dstAddr: VICTIM, srcPort: 1024 + (at % 60_000), dstPort: 443 }, 2);
    packets.push({ timeMs: START_MS + 20_000 + at / 20, bytes });
  }
  return encodePcap(packets);
}

const QUIET = fileOf('quiet.pcap', encodePcap([0, 1, 2].map((at) => ({ timeMs: START_MS + 1000 * at, bytes: SYN }))));
const MIXED = fileOf(
  'mixed.pcap',
  encodePcap([
    { timeMs: START_MS, bytes: SYN },
    { timeMs: START_MS + 10, bytes: EXPORT },
  ]),
);
const FLOOD = fileOf('flood.pcap', floodCapture());
const EMPTY = fileOf('empty.pcap', '');
const LOG = fileOf('access.log', '192.0.2.1 - - [05/Mar/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 5\n');

describe('logs of web servers', () => {
  const ESCAPES = `192.0.2.7 - - [05/Mar/2024:12:00:01 +0000] "GET /\\x1b[2J\u009b2J HTTP/1.1" 200 5 "-" "\u202eagent"\n\u001b]0;title\u0007rubbish\n`;
  const BOTH = fileOf('both.log', `192.0.2.1 - - [05/Mar/2024:12:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 5\n${ESCAPES}`);
  const controls = (text: string): string[] =>
    [...text].filter((letter) => /[\p{Cc}\u202e]/u.test(letter) && letter !== '\n');

  test('decode tells captures and logs apart, and prints both', async () => {
    const { code, stdout, stderr } = await bonghwa(['decode', '--json', QUIET, BOTH]);
    assert.equal(code, 0);
    const kinds = jsonLines(stdout).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['packet', 'packet', 'packet', 'request', 'request']);
    const [request] = jsonLines(stdout).filter(({ kind }) => kind === 'request');
    assert.deepEqual(request, {
      kind: 'request',
      time: '2024-03-05T12:00:00.000Z',
      client: '192.0.2.1',
      method: 'GET',
      path: '/a',
      query: 'b=c',
      httpVersion: '1.1',
      status: 200,
      bytes: 5,
    });
    assert.match(stderr, /read 3 packets, 0 flow records, 2 requests \(combined\) from 2 files; refused 1 /);
  });

  test('nothing in a log reaches a terminal as a command', async () => {
    for (const args of [['--json'], []]) {
      const { stdout, stderr } = await bonghwa(
        ['decode', '--rejected', ...args, '-'],
        new TextEncoder().encode(ESCAPES),
      );
      assert.deepEqual([controls(stdout), controls(stderr)], [[], []]);
      assert.match(stderr, /log-line-unparsed {2}\ufffd\]0;title\ufffdrubbish/);
    }
  });

  test('--limit counts requests, and --log-format takes the string of the server', async () => {
    const one = await bonghwa(['decode', '--json', '--limit', '1', BOTH]);
    assert.equal(jsonLines(one.stdout).length, 1);
    const own = fileOf('own.log', '1709640000.5|192.0.2.9|POST|/x|503\n');
    const { stdout } = await bonghwa([
      'decode',
      '--json',
      '--log-format',
      '$msec|$remote_addr|$request_method|$request_uri|$status',
      own,
    ]);
    assert.deepEqual(jsonLines(stdout), [
      {
        kind: 'request',
        time: '2024-03-05T12:00:00.500Z',
        client: '192.0.2.9',
        method: 'POST',
        path: '/x',
        status: 503,
      },
    ]);
  });
});

describe('the command line', () => {
  test('help and version', async () => {
    const [bare, help, version] = await Promise.all([bonghwa([]), bonghwa(['--help']), bonghwa(['--version'])]);
    assert.equal(help.code, 0);
    assert.equal(bare.stdout, help.stdout);
    for (const command of ['replay', 'decode', 'check']) assert.match(help.stdout, new RegExp(`^ {2}${command} `, 'm'));
    assert.match(help.stdout, /Exit codes:/);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
    for (const command of ['replay', 'decode', 'check']) {
      const { code, stdout } = await bonghwa([command, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, /Examples:\n {2}bonghwa /);
      assert.match(stdout, /Exit codes:\n {2}0 /);
    }
  });

  const refused: readonly [args: string[], says: RegExp][] = [
    [['replay'], /no file was named/],
    [['decode'], /no file was named/],
    [['replay', '--jsn', QUIET], /unknown option '--jsn' \(did you mean --json\?\)/],
    [['repay', QUIET], /unknown command 'repay' \(did you mean replay\?\)/],
    [['replay', '--network', '192.0.2.0/40', QUIET], /'192\.0\.2\.0\/40' is invalid\. A prefix is needed/],
    [['replay', '--as', 'pcap', QUIET], /Allowed choices are auto, traffic, telemetry, datagram, log/],
    [['decode', '--telemetry-port', '70000', QUIET], /A port is 1 to 65535/],
    [['decode', '--limit', '0', QUIET], /A whole number above 0 is needed/],
    [['replay', 'missing.pcap'], /there is no file missing\.pcap/],
    [['replay', '.'], /\. is a directory/],
    [['replay', EMPTY], /empty\.pcap is empty/],
    [['decode', '--as', 'traffic', LOG], /access\.log is no capture\. .*add --as log/],
    [['decode', '--log-format', 'apache2', LOG], /'apache2' is neither a format by name/],
    [['decode', '--trusted-proxy', 'proxy', LOG], /A prefix is needed/],
    [['replay', '--config', 'missing.yaml', QUIET], /missing\.yaml: there is no such file/],
    [['check', 'missing.yaml'], /missing\.yaml: there is no such file/],
  ];
  for (const [args, says] of refused) {
    test(`'${args.join(' ')}' is refused with one line and exit code 2`, async () => {
      const { code, stdout, stderr } = await bonghwa(args);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /^bonghwa: [^\n]+\n$/);
      assert.match(stderr, says);
    });
  }
});

describe('decode', () => {
  test('JSON lines of packets and flow records, and a summary on standard error', async () => {
    const { code, stdout, stderr } = await bonghwa(['decode', '--json', MIXED]);
    assert.equal(code, 0);
    const [packet, flow] = jsonLines(stdout);
    assert.deepEqual(packet, {
      kind: 'packet',
      srcAddr: '192.0.2.1',
      dstAddr: '198.51.100.10',
      srcPort: 40_000,
      dstPort: 443,
      proto: 6,
      tcpFlags: 2,
      bytes: 54,
      packets: 1,
      start: '2024-03-05T12:00:00.000Z',
      end: '2024-03-05T12:00:00.000Z',
      ttl: 64,
      tos: 0,
      etherType: 2048,
    });
    const { fields, ...columns } = flow;
    assert.deepEqual(
      [columns.kind, columns.exporter, columns.srcAddr, columns.dstPort, columns.bytes, columns.packets, columns.start],
      ['flow', '203.0.113.1', '192.0.2.1', 4444, 400, 3, '2024-03-05T11:59:59.000Z'],
    );
    assert.ok(Object.keys(fields as object).length >= 10);
    assert.equal(stderr, 'read 2 packets, 1 flow record, 1 telemetry datagram from 1 file\n');
  });

  test('a table without --json, no colours in a pipe, nothing said with --quiet', async () => {
    const { stdout, stderr } = await bonghwa(['decode', '--quiet', MIXED]);
    assert.equal(stderr, '');
    assert.ok(!stdout.includes('\x1b'));
    assert.match(stdout, /^time +source +destination/);
    assert.match(stdout, /12:00:00\.000 {2}192\.0\.2\.1:40000 +→ 198\.51\.100\.10:443 +TCP +1 +54 {2}SYN/);
  });

  test('--limit, --as and standard input', async () => {
    const limited = await bonghwa(['decode', '--json', '--limit', '1', MIXED]);
    assert.equal(jsonLines(limited.stdout).length, 1);
    assert.match(limited.stderr, /stopped by --limit/);
    const traffic = await bonghwa(['decode', '--json', '--as', 'traffic', '-'], readFileSync(join(directory, MIXED)));
    assert.deepEqual(
      jsonLines(traffic.stdout).map(({ kind }) => kind),
      ['packet', 'packet'],
    );
  });

  test('a capture that ends in mid-packet is read to there, and it is said', async () => {
    const whole = readFileSync(join(directory, QUIET));
    const cut = fileOf('cut.pcap', whole.subarray(0, whole.length - 10));
    const { code, stdout, stderr } = await bonghwa(['decode', '--json', '--rejected', cut]);
    assert.equal(code, 0);
    assert.equal(jsonLines(stdout).length, 2);
    assert.match(stderr, /cut\.pcap ends in the middle of a packet; everything before it was read/);
    assert.match(stderr, /1 × +the capture ends in the middle of a packet; .*capture-truncated/s);
  });

  test('a reader that has seen enough ends it quietly', async () => {
    const child = start(['decode', '--json', '--quiet', FLOOD]);
    const end = ended(child);
    child.stdout?.once('data', () => child.stdout?.destroy());
    const { code, stderr } = await end;
    assert.equal(code, 0);
    assert.equal(stderr, '');
  });

  test('SIGINT ends the reading of a pipe, and the summary is given', async () => {
    const child = start(['decode', '-']);
    const end = ended(child);
    child.stdin?.write(readFileSync(join(directory, QUIET)));
    // The packets are printed as they come, while the pipe stays open.
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    child.stdin?.write(readFileSync(join(directory, QUIET)).subarray(24));
    const { code, stderr } = await end;
    assert.equal(code, 130);
    assert.match(stderr, /read \d+ packets, .*interrupted/);
  });

  test('raw datagrams, one a file', async () => {
    const { code, stdout } = await bonghwa([
      'decode',
      '--json',
      '--as',
      'datagram',
      fileOf('v5.dat', EXPORT.subarray(42)),
    ]);
    assert.equal(code, 0);
    const [flow] = jsonLines(stdout);
    assert.deepEqual([flow.kind, flow.dstPort, flow.exporter], ['flow', 4444, undefined]);
  });

  test('real export datagrams give as many records as another decoder counted', {
    skip: SKIP_WITHOUT_SHARED_DATA,
  }, async () => {
    const cases = join(sharedData()!, 'netflow', 'logstash-codec-netflow');
    const paths = [
      'ipfix-openbsd-pflow/01-ipfix_test_openbsd_pflow_tpl',
      'ipfix-openbsd-pflow/02-ipfix_test_openbsd_pflow_data',
    ];
    const files = paths.map((path) => join(cases, `${path}.dat`));
    const { stdout } = await bonghwa(['decode', '--json', '--as', 'datagram', ...files]);
    const expected = JSON.parse(readFileSync(join(cases, 'ipfix-openbsd-pflow', 'expected.json'), 'utf8')) as {
      expected_record_count: number;
    };
    assert.equal(jsonLines(stdout).length, expected.expected_record_count);
  });
});

describe('check', () => {
  test('prints what is in force, defaults included', async () => {
    const config = fileOf('good.yaml', 'networks: [192.0.2.7/24]\n');
    const text = await bonghwa(['check', config]);
    assert.equal(text.code, 0);
    assert.match(text.stdout, /- prefix: 192\.0\.2\.0\/24/);
    const { stdout } = await bonghwa(['check', '--json', config]);
    const inForce = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(Object.keys(inForce).sort(), Object.keys(defaultConfig()).sort());
    assert.partialDeepStrictEqual(inForce, {
      networks: [{ prefix: '192.0.2.0/24' }],
      sites: [],
      telemetryPorts: [2055, 4739, 6343, 9995, 9996],
      thresholds: {},
      exporters: [],
      inputs: { netflow: ['127.0.0.1:2055', '127.0.0.1:4739'], sflow: ['127.0.0.1:6343'], logs: [], syslog: [] },
      http: { listen: '127.0.0.1:8480' },
      storage: { directory: './bonghwa-data' },
      retention: {
        flowsDays: 7,
        requestsDays: 7,
        secondsDays: 7,
        minutesDays: 400,
        attacksDays: 1825,
        auditDays: 1825,
      },
      reports: {},
    });
  });

  test('says of logs what they are, and refuses formats that are none', async () => {
    fileOf('c.log', 'no request\n127.0.0.1 - - [09/Jun/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 9 "-" "curl"\n');
    fileOf('odd.log', 'nothing\nthat is known\n');
    const good = fileOf(
      'logs.yaml',
      'sites: [{ name: portal, logs: [c.log, "none-*.log", gone.log] }]\ninputs: { logs: [{ path: odd.log }] }\n',
    );
    const { code, stderr } = await bonghwa(['check', good]);
    assert.equal(code, 0);
    assert.match(stderr, /^note: log c\.log \(portal\): combined; 1 of 2 first lines are requests\.$/m);
    assert.match(stderr, /^note: log none-\*\.log \(portal\): no file fits yet\.$/m);
    assert.match(stderr, /^note: log gone\.log \(portal\): it is not there yet\.$/m);
    assert.match(stderr, /^note: log odd\.log: none of its first lines is a request of a format that is known/m);
    const bad = fileOf('bad-logs.yaml', 'sites: [{ name: portal, logs: [c.log], logFormat: "@gone.conf:main" }]\n');
    const refused = await bonghwa(['check', bad]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^bad-logs\.yaml: the format of c\.log: cannot read gone\.conf/);
  });

  test('tells all faults at once, and replay refuses the same file', async () => {
    const config = fileOf('bad.yaml', 'network: [192.0.2.0/24]\nsites:\n  - name: portal\n    adresses: [x]\n');
    const { code, stderr } = await bonghwa(['check', config]);
    assert.equal(code, 2);
    assert.equal(
      stderr,
      "bad.yaml:1: network: unknown key; did you mean 'networks'?\n" +
        "bad.yaml:4: sites[0].adresses: unknown key; did you mean 'addresses'?\n" +
        'bonghwa: 2 faults in the configuration. Correct the lines above.\n',
    );
    const replayed = await bonghwa(['replay', '--config', config, QUIET]);
    assert.equal(replayed.code, 2);
    assert.match(replayed.stderr, /did you mean 'networks'\?.*did you mean 'addresses'\?/s);
  });
});

function reportOf(stdout: string): ReplayReport {
  return replayReportSchema.strict().parse(JSON.parse(stdout));
}

describe('replay', () => {
  test('a quiet capture: no attack, exit code 0, and what to try next', async () => {
    const json = await bonghwa(['replay', '--json', '--fail-on-attack', QUIET]);
    assert.equal(json.code, 0);
    assert.equal(json.stderr, '');
    const report = reportOf(json.stdout);
    assert.deepEqual([report.packets, report.flows, report.attacks.length], [3, 0, 0]);
    assert.deepEqual([report.from, report.to], ['2024-03-05T12:00:00.000Z', '2024-03-05T12:00:02.000Z']);
    const text = await bonghwa(['replay', QUIET]);
    assert.match(text.stdout, /^No attack found$/m);
    assert.match(text.stdout, /--all-verdicts/);
    assert.ok(!text.stdout.includes('\x1b'));
  });

  test('a flood is found, named and explained; --fail-on-attack ends with 1', async () => {
    const json = await bonghwa(['replay', '--json', '--fail-on-attack', FLOOD]);
    assert.equal(json.code, 1);
    const report = reportOf(json.stdout);
    assert.equal(report.packets, 100_020);
    assert.equal(report.attacks.length, 1);
    const [attack] = report.attacks;
    assert.deepEqual(attack.target, { kind: 'address', value: '198.51.100.10' });
    assert.equal(attack.vectors[0].name, 'syn-flood');
    const text = await bonghwa(['replay', FLOOD]);
    assert.equal(text.code, 0);
    assert.match(text.stdout, /^One attack found$/m);
    assert.match(text.stdout, /▲ detected 12:00:2\d/);
    assert.ok(text.stdout.split('\n').every((line) => [...line].length <= 80));
  });

  test('a configuration names the site that is attacked, and other networks are left alone', async () => {
    const config = fileOf('site.yaml', 'sites:\n  - name: portal\n    addresses: [198.51.100.10]\n');
    const { stdout } = await bonghwa(['replay', '--json', '--config', config, FLOOD]);
    assert.deepEqual(reportOf(stdout).attacks[0].target, { kind: 'site', value: 'portal' });
    const elsewhere = await bonghwa(['replay', '--json', '--network', '203.0.113.0/24', FLOOD]);
    assert.deepEqual(reportOf(elsewhere.stdout).attacks, []);
  });

  test('telemetry from standard input has its exporter in the report', async () => {
    const { code, stdout } = await bonghwa(['replay', '--json', '-'], readFileSync(join(directory, MIXED)));
    assert.equal(code, 0);
    const report = reportOf(stdout);
    assert.deepEqual([report.packets, report.flows], [2, 1]);
    assert.deepEqual(
      report.exporters.map(({ exporter, protocol, records }) => [exporter, protocol, records]),
      [['203.0.113.1', 'netflow-v5', 1]],
    );
  });

  test('--all-verdicts has a list of verdicts, also an empty one', async () => {
    const { stdout } = await bonghwa(['replay', '--json', '--all-verdicts', QUIET]);
    assert.ok(Array.isArray(reportOf(stdout).verdicts));
  });

  test('a capture that ends in mid-packet is said on standard error', async () => {
    const whole = readFileSync(join(directory, QUIET));
    const cut = fileOf('cut-too.pcap', whole.subarray(0, whole.length - 10));
    const { code, stdout, stderr } = await bonghwa(['replay', '--json', cut]);
    assert.equal(code, 0);
    assert.equal(reportOf(stdout).packets, 2);
    assert.match(stderr, /the capture ends in the middle of a packet; everything before it was read/);
    assert.deepEqual(reportOf(stdout).rejected, { 'capture-truncated': 1 });
  });
});

const SAMPLE = fileURLToPath(new URL('../../samples/sample.json', import.meta.url));

describe('start', { skip: existsSync(SAMPLE) ? false : 'the sample is not recorded yet' }, () => {
  test('tells the story of the sample: what it is, the detection, the report, what to do next', async () => {
    const { code, stdout } = await bonghwa(['start']);
    assert.equal(code, 0);
    const { title } = JSON.parse(readFileSync(SAMPLE, 'utf8')) as { title: string };
    const story = stdout.replaceAll('\n', ' ');
    assert.ok(story.includes(title.slice(0, 40)));
    assert.match(stdout, /^ {2}\d\d:\d\d:\d\d\.\d\d\d {2}attack: .+, detected after /m);
    assert.match(stdout, /attacks? found$/m);
    assert.match(stdout, /npx bonghwa replay FILE/);
    assert.ok(!stdout.includes('\r') && !stdout.includes('\x1b'));
  });

  test('a configuration in the directory is watched live', async () => {
    const inputs = "inputs: { netflow: ['127.0.0.1:0'], sflow: [] }";
    const storage = 'storage: { directory: live, telemetry: off }';
    const config = fileOf('bonghwa.yaml', `${inputs}\nhttp: { listen: '127.0.0.1:0' }\n${storage}\n`);
    const child = start(['start']);
    child.stderr?.on('data', (chunk: string) => {
      if (chunk.includes('"ready"')) child.kill('SIGTERM');
    });
    const { code, stderr } = await ended(child);
    rmSync(join(directory, config));
    assert.equal(code, 0, stderr);
    assert.match(stderr, /"input":"netflow"/);
  });
});

describe('compiled code is kept for the next start', () => {
  const run = (cache: string) =>
    ended(start(['--version'], { XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: undefined, NODE_V8_COVERAGE: undefined }));

  test('in the cache directory of the user, and read from there', async () => {
    const cache = join(directory, 'cache');
    const first = await run(cache);
    assert.ok(existsSync(join(cache, 'bonghwa')));
    assert.deepEqual(await run(cache), first);
    assert.equal(first.code, 0);
  });

  test('nowhere, and without a word, where there can be none', async () => {
    const file = join(directory, 'no-directory');
    writeFileSync(file, '');
    const places = [file, join(file, 'below'), '/proc/missing/below', '/proc', 'relative'];
    for (const end of await Promise.all(places.map(run))) assert.deepEqual([end.code, end.stderr], [0, '']);
    assert.equal(existsSync(join(directory, 'relative')), false);
  });
});
