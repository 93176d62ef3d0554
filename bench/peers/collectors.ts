import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { udpEntries } from '../../src/input/udp-holders.ts';
import { NETWORK } from '../make/blast.ts';
import { inputDirectory } from '../make/input.ts';

/** A program that listens for flow telemetry on loopback and reports attacks, started as its users start it. */
export interface Collector {
  readonly program: string;
  readonly pid: number;
  readonly port: number;
  /** True where it counts the records that it lost. */
  readonly countsLosses: boolean;
  /** What it counted since its start. */
  counts(): Promise<CollectorCounts>;
  /** Attacks that it reported since its start, in order. */
  reports(): readonly Report[];
  stop(): Promise<void>;
}

export interface Report {
  /** Address or prefix that is attacked. */
  readonly target: string;
  /** When the report was seen, ms since 1970. */
  readonly atMs: number;
}

export interface CollectorCounts {
  /** Records that it took in. */
  readonly records: number;
  /** Records that it says were lost; 0 where it does not count them. */
  readonly recordsLost: number;
  /** Datagrams that the kernel dropped at its socket. */
  readonly datagramsDropped: number;
}

export interface CollectorOptions {
  /** Packets a second to one address that are an attack, for programs that have to be told; absent, the limits that it is installed with. */
  readonly thresholdPps?: number;
  /** What is protected, where it is not the network of the blast. */
  readonly networks?: readonly string[];
}

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;
/** How often a file is looked at for a report. */
const LOOK_MS = 10;

/** `bonghwa serve` with everything that it does by default: state, telemetry store and HTTP. */
export async function startBonghwa(): Promise<Collector> {
  const directory = mkdtempSync(join(inputDirectory(), 'station-'));
  const port = await freeUdpPort();
  const http = `127.0.0.1:${await freeTcpPort()}`;
  const child = spawn(
    process.execPath,
    [
      ...[BONGHWA, 'serve', '--network', NETWORK, '--data', directory, '--no-live', '--http', http],
      ...['--netflow', `127.0.0.1:${port}`, '--sflow', `127.0.0.1:${await freeUdpPort()}`],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
  );
  const reports = await stationReports(child);
  return {
    program: 'bonghwa serve',
    countsLosses: true,
    pid: child.pid ?? 0,
    port,
    async counts() {
      const metrics = await readMetrics(`http://${http}/metrics`);
      return {
        records: metrics('bonghwa_flow_records_total'),
        recordsLost: metrics('bonghwa_flow_records_lost_total'),
        datagramsDropped: droppedAt(port),
      };
    },
    reports: () => reports,
    async stop() {
      await endChild(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Waits until a station that was started is ready, and returns the attacks that it reports from then on: the list grows. */
export async function stationReports(child: ChildProcess & { readonly stderr: Readable }): Promise<readonly Report[]> {
  const reports: Report[] = [];
  let last = '';
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      last = line;
      if (line.includes('"msg":"ready"')) resolve();
      const attack = /"target":"([^"]+)".*"msg":"attack opened"/.exec(line);
      if (attack !== null) reports.push({ target: attack[1], atMs: Date.now() });
    });
  });
  await untilReady(child, ready, () => `bonghwa serve: ${last}`);
  return reports;
}

/** The limits of the configuration that its package installs. */
const INSTALLED_LIMITS = {
  ...{ ban_for_pps: 'on', ban_for_bandwidth: 'on', ban_for_flows: 'off' },
  ...{ threshold_pps: 20_000, threshold_mbps: 1000, threshold_flows: 3500 },
};

/**
 * FastNetMon Community as its package sets it up, but for: loopback only, no usage report, no API, one threshold in packets a
 * second, and a script that notes when it is called.
 */
export async function startFastNetMon({ thresholdPps, networks = [NETWORK] }: CollectorOptions): Promise<Collector> {
  const directory = mkdtempSync(join(inputDirectory(), 'fastnetmon-'));
  const at = (name: string): string => join(directory, name);
  const port = await freeUdpPort();
  const metricsPort = await freeTcpPort();
  writeFileSync(at('networks'), networks.map((network) => `${network}\n`).join(''));
  writeFileSync(at('whitelist'), '');
  // It is called with address, direction, rate and what is done; details come on its standard input.
  writeFileSync(at('notify.sh'), `#!/bin/sh\necho "$1 $4" >> '${at('notified')}'\ncat > /dev/null\n`);
  chmodSync(at('notify.sh'), 0o755);
  writeFileSync(at('notified'), '');
  const settings = {
    ...{ logging_level: 'info', disable_usage_report: 'on', enable_api: 'off' },
    ...{ enable_ban: 'on', enable_ban_ipv6: 'on', process_incoming_traffic: 'on', process_outgoing_traffic: 'on' },
    ...{ ban_details_records_count: 20, ban_time: 1900, unban_only_if_attack_finished: 'on', check_period: 1 },
    ...(thresholdPps === undefined
      ? INSTALLED_LIMITS
      : { ban_for_pps: 'on', ban_for_bandwidth: 'off', ban_for_flows: 'off', threshold_pps: thresholdPps }),
    ...{ enable_connection_tracking: 'on', average_calculation_time: 5, speed_calculation_delay: 1 },
    ...{ netflow: 'on', netflow_port: port, netflow_host: '127.0.0.1', netflow_sampling_ratio: 1 },
    ...{ monitor_local_ip_addresses: 'off', sort_parameter: 'packets', max_ips_in_list: 7 },
    ...{ prometheus: 'on', prometheus_port: metricsPort, prometheus_host: '127.0.0.1' },
    ...{ networks_list_path: at('networks'), white_list_path: at('whitelist'), notify_script_path: at('notify.sh') },
    ...{ pid_path: at('pid'), cli_stats_file_path: at('stats'), cli_stats_ipv6_file_path: at('stats6') },
  };
  const text = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  writeFileSync(at('fastnetmon.conf'), text.join(''));
  const child = spawn(
    'fastnetmon',
    ['--configuration_file', at('fastnetmon.conf'), '--log_file', at('log'), '--disable_pid_logic'],
    { stdio: 'ignore', cwd: directory },
  );
  const listening = async (): Promise<void> => {
    while (udpEntries(port).length === 0) await sleep(LOOK_MS);
  };
  await untilReady(child, listening(), () => 'fastnetmon');
  const reports: Report[] = [];
  const timer = setInterval(() => {
    const bans = readFileSync(at('notified'), 'utf8').match(/^\S+ ban$/gm) ?? [];
    for (const ban of bans.slice(reports.length)) reports.push({ target: ban.split(' ')[0], atMs: Date.now() });
  }, LOOK_MS);
  return {
    program: 'fastnetmon',
    countsLosses: false,
    pid: child.pid ?? 0,
    port,
    async counts() {
      const metrics = await readMetrics(`http://127.0.0.1:${metricsPort}/metrics`);
      return {
        records: metrics('fastnetmon_netflow_ipfix_all_protocols_total_flows'),
        recordsLost: 0,
        datagramsDropped: droppedAt(port),
      };
    },
    reports: () => reports,
    async stop() {
      clearInterval(timer);
      await endChild(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Whatever ends the bench ends what it started: nothing is left listening. */
export function endWithBench(child: ChildProcess): void {
  const kill = (): void => void child.kill('SIGKILL');
  const interrupted = (): never => process.exit(1);
  process.once('exit', kill);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupted);
  child.once('exit', () => {
    process.off('exit', kill);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupted);
  });
}

async function untilReady(child: ChildProcess, ready: Promise<void>, program: () => string): Promise<void> {
  endWithBench(child);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready: ${program()}`)));
  });
  failed.catch(() => undefined);
  const ended = new AbortController();
  const late = sleep(READY_MS_MAX, undefined, { signal: ended.signal }).then(
    () => {
      child.kill('SIGKILL');
      throw new Error(`not ready after ${READY_MS_MAX / 1000} s: ${program()}`);
    },
    () => undefined,
  );
  await Promise.race([ready, failed, late]);
  ended.abort();
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(killer);
}

function droppedAt(port: number): number {
  return udpEntries(port).reduce((sum, { drops }) => sum + drops, 0);
}

/** Sums of the samples of one page in the text format of Prometheus, by name. */
export async function readMetrics(url: string): Promise<(name: string) => number> {
  const text = await (await fetch(url)).text();
  return (name) => {
    const samples = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    if (samples.length === 0) throw new Error(`${url} tells no ${name}`);
    return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  };
}

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

export async function freeTcpPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('a TCP port has a number');
  return address.port;
}
