/**
 * `bonghwa serve` and FastNetMon on the same blast of NetFlow over loopback, one after the other in one run, at several rates:
 *
 *   npm run bench -- --peers --only live/
 *   node bench/peers/live.ts [--size small|full] [--rates 100000,3000000] [--formats netflow9,netflow5] [--json]
 *
 * prints a table in Markdown. CPU time is that of all threads and child processes of the program, less what it uses when nothing
 * comes; the sender is a process of its own and not counted, but it needs a share of the same cores.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BenchSize, formatRate, parseSize } from '../harness.ts';
import { type BlastFormat, FLOOD_SHARE, SITES, siteText } from '../make/blast.ts';
import { type SenderProcess, type SendPhase, startSender } from '../make/send-plan.ts';
import { isInstalled } from './child.ts';
import { type Collector, type CollectorCounts, startBonghwa, startFastNetMon } from './collectors.ts';
import { processUse } from './process-use.ts';

/** What one program did with one blast. */
export interface LiveRun {
  readonly program: string;
  readonly format: BlastFormat;
  /** Records a second, those of the flood included. */
  readonly offeredPerSecond: number;
  /** From the first warming up on; what was received and lost likewise. */
  readonly sent: number;
  readonly received: number;
  /** Of what was sent while it was warming up, and of all that came then; by its own count where it has one, to about a second. */
  readonly lostWarmShare: number;
  readonly lostShare: number;
  /** Records that it says it lost. */
  readonly lostTold: number;
  /** Datagrams that the kernel dropped at its socket. */
  readonly datagramsDropped: number;
  /** All threads and children, less what it uses when idle; after warming up. */
  readonly cpuSeconds: number;
  readonly cpuCores: number;
  readonly idleCores: number;
  /** Of those that it took in, while it was warm. */
  readonly recordsPerCpuSecond: number;
  /** From the first datagram of the flood to the report of the attack. */
  readonly detectedAfterMs?: number;
  /** Everything that it reported, in seconds from the start of the flood. */
  readonly reports: readonly { readonly target: string; readonly atSeconds: number }[];
  readonly rssBytes: number;
  readonly senderCores: number;
  readonly senderBehindMs: number;
}

interface LiveSize {
  readonly formats: readonly BlastFormat[];
  readonly rates: readonly number[];
  /** After the start, so that what belongs to it is not counted as idle. */
  readonly settleMs: number;
  readonly warmSeconds: number;
  /** And longer where few come: until it has seen so many, and for `warmSecondsMax` at most. What is seldom done is compiled late. */
  readonly warmRecords: number;
  readonly warmSecondsMax: number;
  /** At the end of the warming up another site is flooded: what an attack needs is compiled then, as in a program that runs for months. */
  readonly warmFloodSeconds: number;
  readonly idleSeconds: number;
  readonly usualSeconds: number;
  readonly floodSeconds: number;
}

const SIZES: Readonly<Record<BenchSize, LiveSize>> = {
  small: {
    ...{ formats: ['netflow9'], rates: [20_000] },
    settleMs: 500,
    warmSeconds: 1,
    warmRecords: 0,
    warmSecondsMax: 1,
    warmFloodSeconds: 1,
    idleSeconds: 0.5,
    usualSeconds: 0.5,
    floodSeconds: 2,
  },
  full: {
    formats: ['netflow9', 'netflow5'],
    rates: [100_000, 500_000, 1_000_000, 2_000_000, 3_000_000],
    ...{ settleMs: 15_000, warmSeconds: 25, warmRecords: 15_000_000, warmSecondsMax: 150, warmFloodSeconds: 5 },
    ...{ idleSeconds: 15, usualSeconds: 5, floodSeconds: 10 },
  },
};

const EXPORTERS = 4;
/** What is sent is drawn up before and sent in turn; the same flow comes again after so long at the soonest, s. */
const REPEAT_SECONDS_MIN = 0.45;
const DATAGRAMS_MIN = 8192;
/** About as many in either format. */
const RECORDS_PER_DATAGRAM = 28;
/** The site that is flooded while programs warm up. */
const WARM_SITE = SITES >> 1;
/** Counters stand still for so long when everything has been taken. */
const DRAIN_MS = 1500;
const DRAIN_LOOKS_MAX = 20;
/** Of the flooded site's usual packets a second, so many times are an attack to a program that has to be told. Half of what comes. */
const THRESHOLD_TIMES = 5;

/** Runs every program at every rate. Absent programs are left out. */
export async function compareLive(
  size: LiveSize,
  say: (run: LiveRun) => void = () => undefined,
): Promise<readonly LiveRun[]> {
  const runs: LiveRun[] = [];
  for (const format of size.formats) {
    for (const rate of size.rates) {
      const usual = rate / (1 + FLOOD_SHARE);
      const thresholdPps = Math.round((THRESHOLD_TIMES * FLOOD_SHARE * usual) / 10);
      const starts = [startBonghwa, ...(isInstalled('fastnetmon') ? [() => startFastNetMon({ thresholdPps })] : [])];
      for (const start of starts) {
        const run = await runOne(start, format, rate, size);
        say(run);
        runs.push(run);
      }
    }
  }
  return runs;
}

export function liveSize(size: BenchSize): LiveSize {
  return SIZES[size];
}

async function runOne(
  start: () => Promise<Collector>,
  format: BlastFormat,
  rate: number,
  size: LiveSize,
): Promise<LiveRun> {
  const collector = await start();
  let sender: SenderProcess | undefined;
  try {
    const distinctDatagrams = Math.max(DATAGRAMS_MIN, Math.ceil(REPEAT_SECONDS_MIN * (rate / RECORDS_PER_DATAGRAM)));
    sender = await startSender({ format, port: collector.port, exporters: EXPORTERS, distinctDatagrams });
    return await measure(collector, sender, format, rate, size);
  } finally {
    await sender?.end();
    await collector.stop();
  }
}

async function measure(
  collector: Collector,
  sender: SenderProcess,
  format: BlastFormat,
  rate: number,
  size: LiveSize,
): Promise<LiveRun> {
  const { pid, program } = collector;
  const usual = rate / (1 + FLOOD_SHARE);
  const peace = (seconds: number): SendPhase => ({ seconds, recordsPerSecond: rate, floodRecordsPerSecond: 0 });
  const flood = (seconds: number, site: number): SendPhase => ({
    ...{ seconds, recordsPerSecond: usual, floodRecordsPerSecond: FLOOD_SHARE * usual, site },
  });
  await sleep(size.settleMs);
  const idleFrom = processUse(pid).cpuSeconds;
  await sleep(1000 * size.idleSeconds);
  const idleCores = (processUse(pid).cpuSeconds - idleFrom) / size.idleSeconds;

  const before = await collector.counts();
  const warmSeconds = Math.max(size.warmSeconds, Math.min(size.warmSecondsMax, size.warmRecords / rate));
  const warm = await sender.send(peace(warmSeconds), flood(size.warmFloodSeconds, WARM_SITE));
  const warmed = await collector.counts();
  const cpuFrom = processUse(pid).cpuSeconds;
  const fromMs = Date.now();
  const sent = await sender.send(peace(size.usualSeconds), flood(size.floodSeconds, 0));
  const counts = await drained(collector);
  const use = processUse(pid);
  const wallSeconds = (Date.now() - fromMs) / 1000;
  const cpuSeconds = use.cpuSeconds - cpuFrom - idleCores * wallSeconds;
  const sentInAll = warm.records + sent.records;
  const received = counts.records - before.records;
  // What a program does not count itself is missing in what it received; counted at once, or told with the next second.
  const lostBy = (at: CollectorCounts, sentSoFar: number): number =>
    collector.countsLosses ? at.recordsLost - before.recordsLost : sentSoFar - (at.records - before.records);
  const lostWarm = lostBy(warmed, warm.records);
  const firstFloodMs = sent.floodsMs[1] ?? Number.POSITIVE_INFINITY;
  const report = collector.reports().find(({ target, atMs }) => target === siteText(0) && atMs >= firstFloodMs);
  return {
    program,
    format,
    offeredPerSecond: rate,
    sent: sentInAll,
    received,
    lostWarmShare: lostWarm / warm.records,
    lostShare: (lostBy(counts, sentInAll) - lostWarm) / sent.records,
    lostTold: counts.recordsLost - before.recordsLost,
    datagramsDropped: counts.datagramsDropped - before.datagramsDropped,
    cpuSeconds,
    cpuCores: cpuSeconds / ((sent.endedMs - sent.startedMs) / 1000),
    idleCores,
    recordsPerCpuSecond: (sent.records - (lostBy(counts, sentInAll) - lostWarm)) / Math.max(cpuSeconds, 0.01),
    ...(report === undefined ? {} : { detectedAfterMs: report.atMs - firstFloodMs }),
    reports: collector
      .reports()
      .map((found) => ({ target: found.target, atSeconds: Math.round((found.atMs - firstFloodMs) / 10) / 100 })),
    rssBytes: use.rssBytes,
    senderCores: sent.cpuSeconds / ((sent.endedMs - sent.startedMs) / 1000),
    senderBehindMs: sent.behindMsMax,
  };
}

/** The counters when they have stopped. */
async function drained(collector: Collector): Promise<Awaited<ReturnType<Collector['counts']>>> {
  let counts = await collector.counts();
  for (let look = 0; look < DRAIN_LOOKS_MAX; look++) {
    await sleep(DRAIN_MS);
    const next = await collector.counts();
    if (next.records === counts.records && next.recordsLost === counts.recordsLost) return next;
    counts = next;
  }
  return counts;
}

/** The table of docs/performance.md. */
export function formatLive(runs: readonly LiveRun[]): string {
  const lines = [
    '| format | offered, records/s | program | lost while warming up | lost then | CPU, cores | idle, cores | records a CPU-second | attack reported after |',
    '|---|---|---|---|---|---|---|---|---|',
  ];
  const percent = (share: number): string => `${(100 * Math.max(0, share)).toFixed(2)} %`;
  for (const run of runs) {
    lines.push(
      `| ${[
        run.format,
        run.offeredPerSecond.toLocaleString('en-US'),
        run.program,
        percent(run.lostWarmShare),
        percent(run.lostShare),
        run.cpuCores.toFixed(2),
        run.idleCores.toFixed(3),
        formatRate(run.recordsPerCpuSecond),
        run.detectedAfterMs === undefined ? 'not' : `${(run.detectedAfterMs / 1000).toFixed(2)} s`,
      ].join(' | ')} |`,
    );
  }
  return lines.join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: 'full' },
      rates: { type: 'string' },
      formats: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const size = SIZES[parseSize(values.size)];
  const rates = values.rates?.split(',').map(Number) ?? size.rates;
  const formats = size.formats.filter((format) => values.formats?.split(',').includes(format) ?? true);
  const runs = await compareLive({ ...size, rates, formats }, (run) => {
    process.stderr.write(`${JSON.stringify(run)}\n`);
  });
  process.stdout.write(`${values.json ? JSON.stringify(runs) : formatLive(runs)}\n`);
}

if (import.meta.main) await main();
