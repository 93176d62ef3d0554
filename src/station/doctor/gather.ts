import { createSocket } from 'node:dgram';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListenAddress } from '../../base/listen.ts';
import { parseUdpTable, socketHolders, udpEntries, udpHolders } from '../../input/udp-holders.ts';
import { loadLibc } from '../../input/udp-libc.ts';
import type { Config } from '../../model/config.ts';
import { resolveSecret, type SecretReference } from '../../model/secret.ts';
import { clockState } from './clock.ts';
import { diskFacts } from './disk.ts';
import type {
  ConfigurationFacts,
  Facts,
  FileFacts,
  ListenerFacts,
  MachineFacts,
  StationFacts,
  StoreFacts,
  UdpFacts,
} from './facts.ts';
import * as proc from './proc.ts';
import { stationFacts } from './running.ts';

export interface DoctorOptions {
  readonly configuration: ConfigurationFacts;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Major version of Node.js that the package asks for. */
  readonly nodeMajorMin: number;
  /** How long counters and the clock are watched, ms. */
  readonly lookMs: number;
}

const CONNECT_MS_MAX = 3000;

/** Looks at everything that `diagnose` judges. Changes nothing, but for a file that is written and removed to measure the disk. */
export async function gatherFacts(options: DoctorOptions): Promise<Facts> {
  const { config } = options.configuration;
  const nowMs = Date.now();
  const station = await stationFacts(config);
  const watched = watch(options.lookMs);
  const libc = loadLibc();
  // A station without a configuration file listens where its command line says; it tells of its inputs itself.
  const fromCommandLine = station.kind === 'running' && options.configuration.file === undefined;
  const facts = {
    nowMs,
    node: { version: process.version, majorMin: options.nodeMajorMin },
    configuration: options.configuration,
    batchReceive:
      libc === undefined ? { loads: false, reason: `${process.platform} ${process.arch}` } : { loads: true },
    listeners: fromCommandLine ? [] : await listenerFacts(config),
    receiveBuffer: await receiveBuffer(),
    files: await fileFacts(config),
    stores: await storeFacts(options),
    station,
  };
  const { udp, jumpMs } = await watched;
  return {
    ...facts,
    udp,
    clock: { jumpMs, ...clockState() },
    disk: await diskFacts(config.storage.directory, nowMs),
    machine: await machineFacts(station),
  };
}

async function receiveBuffer(): Promise<{ bytesMax?: number }> {
  const bytesMax = Number((await text('/proc/sys/net/core/rmem_max')) ?? Number.NaN);
  return Number.isFinite(bytesMax) ? { bytesMax } : {};
}

/** Watches counters of the kernel, and the clock against the one that nobody sets. */
async function watch(lookMs: number): Promise<{ udp: UdpFacts; jumpMs: number }> {
  const [wallMs, steadyMs] = [Date.now(), performance.now()];
  const before = proc.parseUdpCounters((await text('/proc/net/snmp')) ?? '');
  await sleep(lookMs);
  const after = proc.parseUdpCounters((await text('/proc/net/snmp')) ?? '');
  const lookedMs = performance.now() - steadyMs;
  const jumpMs = Date.now() - wallMs - lookedMs;
  if (before === undefined || after === undefined) return { udp: { lookedMs }, jumpMs };
  return {
    udp: {
      ...after,
      lookedMs,
      datagramsWhileLooking: after.datagrams - before.datagrams,
      bufferErrorsWhileLooking: after.bufferErrors - before.bufferErrors,
    },
    jumpMs,
  };
}

function listenerFacts({ inputs, http }: Config): Promise<ListenerFacts[]> {
  return Promise.all([
    ...inputs.netflow.map((listen) => udpListener('netflow', listen)),
    ...inputs.sflow.map((listen) => udpListener('sflow', listen)),
    httpListener(http.listen),
  ]);
}

async function udpListener(use: 'netflow' | 'sflow', listen: ListenAddress): Promise<ListenerFacts> {
  const about = { use, listen };
  const code = await bindUdp(listen);
  if (code === undefined) return { ...about, state: 'free' };
  if (code !== 'EADDRINUSE') return { ...about, state: 'refused', reason: code };
  const [holder] = udpHolders(listen);
  const dropped = udpEntries(listen.port).reduce((sum, entry) => sum + entry.drops, 0);
  const who = holder === undefined ? {} : { holder: { pid: holder.pid, command: holder.program } };
  return { ...about, state: 'held', dropped, ...who };
}

/** Opens a socket there and closes it again; the system's word where it does not let us. */
function bindUdp({ address, port, family }: ListenAddress): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4' });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      done(error.code ?? error.message);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => done(undefined)));
  });
}

async function httpListener(listen: ListenAddress): Promise<ListenerFacts> {
  const about = { use: 'http', listen } as const;
  const code = await new Promise<string | undefined>((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    server.listen({ host: listen.address, port: listen.port, exclusive: true }, () =>
      server.close(() => done(undefined)),
    );
  });
  if (code === undefined) return { ...about, state: 'free' };
  if (code !== 'EADDRINUSE') return { ...about, state: 'refused', reason: code };
  const inodes = new Set<string>();
  for (const [path, family] of [
    ['/proc/net/tcp', 4],
    ['/proc/net/tcp6', 6],
  ] as const) {
    for (const { port, inode } of parseUdpTable(proc.listeningLines((await text(path)) ?? ''), family))
      if (port === listen.port) inodes.add(inode);
  }
  const [holder] = socketHolders(inodes);
  return {
    ...about,
    state: 'held',
    ...(holder === undefined ? {} : { holder: { pid: holder.pid, command: holder.program } }),
  };
}

/** Limits are those of the running station where there is one: a unit or a container gives it others than ours. */
async function machineFacts(station: StationFacts): Promise<MachineFacts> {
  const pid = station.kind === 'running' ? station.pid : undefined;
  const ofStation = pid === undefined ? undefined : await text(`/proc/${pid}/limits`);
  const limits = ofStation ?? (await text('/proc/self/limits'));
  const who = ofStation === undefined ? 'self' : String(pid);
  const groups = (await text(`/proc/${who}/cgroup`)) ?? '';
  const memory = await least(proc.controlGroupFiles(groups, 'memory'), proc.parseMemoryLimit);
  const cpu = await least(proc.controlGroupFiles(groups, 'cpu'), proc.parseCpuLimit);
  const openFilesMax = limits === undefined ? undefined : proc.parseOpenFiles(limits);
  return {
    cores: Math.min(availableParallelism(), cpu ?? Number.POSITIVE_INFINITY),
    memoryBytes: totalmem(),
    memoryAvailableBytes: proc.parseMemoryAvailable((await text('/proc/meminfo')) ?? '') ?? freemem(),
    ...(memory === undefined ? {} : { memoryLimitBytes: memory }),
    ...(openFilesMax === undefined ? {} : { openFilesMax }),
    limitsOfStation: ofStation !== undefined,
  };
}

/** The smallest number in files of control groups, of those that are there. */
async function least(
  files: readonly string[],
  parse: (text: string) => number | undefined,
): Promise<number | undefined> {
  let smallest: number | undefined;
  for (const file of files) {
    const value = parse((await text(file)) ?? '');
    if (value !== undefined && value < (smallest ?? Number.POSITIVE_INFINITY)) smallest = value;
  }
  return smallest;
}

/** Files and pipes that the configuration names. The file for events is made where its directory lets us. */
async function fileFacts({ inputs, reports }: Config): Promise<FileFacts[]> {
  const facts: FileFacts[] = [];
  const { pcap } = inputs;
  const { eventsFile } = reports;
  if (pcap !== undefined && pcap !== '-')
    facts.push({ key: 'inputs.pcap', path: pcap, state: await stateOf(pcap, constants.R_OK) });
  if (eventsFile !== undefined) {
    const state = await stateOf(eventsFile, constants.W_OK);
    const folder = state === 'missing' ? await stateOf(dirname(eventsFile), constants.W_OK) : undefined;
    const made = folder === 'directory' ? 'usable' : folder;
    facts.push({ key: 'reports.eventsFile', path: eventsFile, state: made ?? state });
  }
  return facts;
}

async function stateOf(path: string, mode: number): Promise<FileFacts['state']> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return 'missing';
  const open = await access(path, mode).then(
    () => true,
    () => false,
  );
  if (!open) return 'closed';
  return there.isDirectory() ? 'directory' : 'usable';
}

async function storeFacts({ configuration, environment }: DoctorOptions): Promise<StoreFacts[]> {
  const { state, telemetry } = configuration.config.storage;
  const facts: StoreFacts[] = [];
  if (state !== undefined) facts.push(await storeFact('state', state, environment));
  if (telemetry !== undefined && telemetry !== 'off') facts.push(await storeFact('telemetry', telemetry, environment));
  return facts;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'postgres:': 5432,
  'postgresql:': 5432,
};

async function storeFact(
  name: 'state' | 'telemetry',
  secret: SecretReference,
  environment: DoctorOptions['environment'],
): Promise<StoreFacts> {
  try {
    const url = new URL(await resolveSecret(secret, environment, (path) => readFile(path, 'utf8')));
    const socketDirectory = url.searchParams.get('host');
    const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
    const unix = socketDirectory?.startsWith('/') === true ? `${socketDirectory}/.s.PGSQL.${port}` : undefined;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const address = unix ?? `${url.hostname}:${port}`;
    const fault = await whyUnreachable(
      unix === undefined ? { host: host === '' ? 'localhost' : host, port } : { path: unix },
    );
    return fault === undefined
      ? { name, address }
      : { name, address, fault: `${address} does not take connections: ${fault}` };
  } catch (error) {
    // The words of a broken URL would repeat it, password included.
    const message = error instanceof TypeError ? `what storage.${name} refers to is no URL` : (error as Error).message;
    return { name, fault: message };
  }
}

function whyUnreachable(to: { host: string; port: number } | { path: string }): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = connect({ ...to, timeout: CONNECT_MS_MAX });
    const end = (fault: string | undefined): void => {
      socket.destroy();
      done(fault);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end(`no answer in ${CONNECT_MS_MAX / 1000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

/** A file of the system; `undefined` where it cannot be read. */
function text(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
