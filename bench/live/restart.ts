/**
 * How long `bonghwa serve` takes to detect again after a restart, with what it had learned: a station that has been fed for a while is
 * stopped, or killed, and started again on the same data directory, and fed again as soon as it listens:
 *
 *   node bench/live/restart.ts [--size small|full] [--json]
 *
 * From the start of the process to the later of the log lines that say that it listens and that it has its baselines back; to its first
 * decided second, which ends on a full second of the clock; and to the line that says that everything else is there too.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BenchSize, parseSize } from '../harness.ts';
import { NETWORK } from '../make/blast.ts';
import { inputDirectory } from '../make/input.ts';
import { type SenderProcess, startSender } from '../make/send-plan.ts';
import { endChild, endWithBench, freeTcpPort, freeUdpPort, readMetrics } from '../peers/collectors.ts';
import { processUse } from '../peers/process-use.ts';

export interface Restart {
  readonly ended: 'stopped' | 'killed';
  /** Targets whose past was there again. */
  readonly targets: number;
  /** Listens, and has its baselines. */
  readonly detectsMs: number;
  /** Everything else too: stores, HTTP, sites. */
  readonly readyMs: number;
  readonly decidedMs: number;
  /** User and system time of all threads and children until the first decision. */
  readonly cpuSeconds: number;
}

interface RestartSize {
  readonly restarts: number;
  readonly recordsPerSecond: number;
  /** Fed before the first restart, and before each of the others. */
  readonly firstSeconds: number;
  readonly nextSeconds: number;
}

const SIZES: Readonly<Record<BenchSize, RestartSize>> = {
  small: { restarts: 1, recordsPerSecond: 10_000, firstSeconds: 4, nextSeconds: 2 },
  full: { restarts: 10, recordsPerSecond: 50_000, firstSeconds: 75, nextSeconds: 6 },
};
const EXPORTERS = 4;
/** NetFlow and sFlow. */
const LISTENERS = 2;
const LOOK_MS = 10;
const WAIT_MS_MAX = 30_000;
const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly atMs: number;
  /** When it said that it listens and had its baselines, ms after the start; and what it had remembered. */
  readonly detects: Promise<{ readonly afterMs: number; readonly targets: number }>;
  /** When it said that all of it is there. */
  readonly ready: Promise<number>;
}

/** One run: restarts by turns in order and by a kill. */
export async function restarts(size: BenchSize): Promise<readonly Restart[]> {
  const chosen = SIZES[size];
  const directory = mkdtempSync(join(inputDirectory(), 'restart-'));
  const port = await freeUdpPort();
  const start = starter(directory, port, await freeUdpPort(), await freeTcpPort());
  const sender = await startSender({ format: 'netflow9', port, exporters: EXPORTERS });
  let station = start();
  try {
    await station.ready;
    await feed(sender, chosen, chosen.firstSeconds);
    const found: Restart[] = [];
    for (let at = 0; at < chosen.restarts; at++) {
      const ended = at % 2 === 0 ? 'stopped' : 'killed';
      if (ended === 'killed') station.child.kill('SIGKILL');
      await endChild(station.child);
      station = start();
      await station.detects;
      const [times] = await Promise.all([timesOf(station, ended), feed(sender, chosen, chosen.nextSeconds)]);
      found.push(times);
    }
    return found;
  } finally {
    await sender.end();
    await endChild(station.child);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function feed(sender: SenderProcess, { recordsPerSecond }: RestartSize, seconds: number): Promise<void> {
  await sender.send({ seconds, recordsPerSecond, floodRecordsPerSecond: 0 });
}

function starter(
  directory: string,
  port: number,
  sflowPort: number,
  httpPort: number,
): () => Started & { http: string } {
  const http = `127.0.0.1:${httpPort}`;
  return () => {
    const atMs = performance.now();
    const child = spawn(
      process.execPath,
      [
        ...[BONGHWA, 'serve', '--network', NETWORK, '--data', directory, '--no-live', '--http', http],
        ...['--netflow', `127.0.0.1:${port}`, '--sflow', `127.0.0.1:${sflowPort}`],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
    );
    endWithBench(child);
    const detects = Promise.withResolvers<{ afterMs: number; targets: number }>();
    const ready = Promise.withResolvers<number>();
    let targets: number | undefined;
    let listening = 0;
    let last = '';
    createInterface({ input: child.stderr }).on('line', (line) => {
      last = line;
      const afterMs = performance.now() - atMs;
      if (line.includes('"msg":"detector ready"')) targets = Number(/"targets":(\d+)/.exec(line)?.[1] ?? 0);
      if (line.includes('"msg":"listening"')) listening++;
      if (listening >= LISTENERS && targets !== undefined) detects.resolve({ afterMs, targets });
      if (line.includes('"msg":"ready"')) ready.resolve(afterMs);
    });
    child.once('exit', (code) => {
      for (const { reject } of [detects, ready]) reject(new Error(`bonghwa serve ended with ${code}: ${last}`));
    });
    for (const { promise } of [detects, ready]) promise.catch(() => undefined);
    return { child, atMs, detects: detects.promise, ready: ready.promise, http };
  };
}

async function timesOf(
  { child, atMs, detects, ready, http }: ReturnType<ReturnType<typeof starter>>,
  ended: Restart['ended'],
): Promise<Restart> {
  const { afterMs, targets } = await detects;
  const readyMs = await ready;
  while ((await decided(http)) === 0) {
    if (performance.now() - atMs > WAIT_MS_MAX) throw new Error('no second was decided');
    await sleep(LOOK_MS);
  }
  const decidedMs = performance.now() - atMs;
  return { ended, targets, detectsMs: afterMs, readyMs, decidedMs, cpuSeconds: processUse(child.pid ?? 0).cpuSeconds };
}

async function decided(http: string): Promise<number> {
  return (await readMetrics(`http://${http}/metrics`))('bonghwa_seconds_decided_total');
}

export function formatRestarts(found: readonly Restart[]): string {
  const rows = (['stopped', 'killed'] as const).flatMap((ended) => {
    const of = found.filter((each) => each.ended === ended);
    if (of.length === 0) return [];
    const sorted = (value: (each: Restart) => number): number[] => of.map(value).sort((a, b) => a - b);
    const cells = [
      ...[sorted((each) => each.detectsMs), sorted((each) => each.decidedMs), sorted((each) => each.readyMs)].map(
        (ms) => `${(ms[ms.length >> 1] / 1000).toFixed(2)} s, at most ${(ms[ms.length - 1] / 1000).toFixed(2)} s`,
      ),
      `${sorted((each) => each.cpuSeconds)[of.length >> 1].toFixed(2)} s`,
      Math.min(...of.map((each) => each.targets)),
    ];
    return [`| ${ended} | ${of.length} | ${cells.join(' | ')} |`];
  });
  return [
    '| ended | restarts | listens, with baselines, after (median) | first decision after (median) | all else after (median) | CPU till the first decision | targets remembered, at least |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { size: { type: 'string', default: 'full' }, json: { type: 'boolean', default: false } },
  });
  const found = await restarts(parseSize(values.size));
  process.stdout.write(`${values.json ? JSON.stringify(found) : formatRestarts(found)}\n`);
}

if (import.meta.main) await main();
