/**
 * How long from the first datagram of a flood until the attack is reported, live, at ten times what the site usually gets: `bonghwa serve`
 * and FastNetMon, one after the other, each with a flood at one site after another, beginning at any moment of a second:
 *
 *   node bench/peers/detect-time.ts [--size small|full] [--json]
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../../src/base/random.ts';
import { type BenchSize, parseSize } from '../harness.ts';
import { FLOOD_SHARE, siteText } from '../make/blast.ts';
import { type SendPhase, startSender } from '../make/send-plan.ts';
import { isInstalled } from './child.ts';
import { type Collector, startBonghwa, startFastNetMon } from './collectors.ts';

export interface DetectTimes {
  readonly program: string;
  readonly floods: number;
  /** Of those that were reported, ascending, ms. */
  readonly afterMs: readonly number[];
  /** Reports on sites that were not flooded at that time. */
  readonly falseReports: number;
}

interface TimesSize {
  readonly floods: number;
  readonly warmSeconds: number;
  readonly recordsPerSecond: number;
  readonly floodSeconds: number;
}

const SIZES: Readonly<Record<BenchSize, TimesSize>> = {
  small: { floods: 1, warmSeconds: 2, recordsPerSecond: 20_000, floodSeconds: 2 },
  full: { floods: 30, warmSeconds: 60, recordsPerSecond: 50_000, floodSeconds: 6 },
};
/** Between two floods; up to a second more, drawn from the seed. */
const CALM_SECONDS = 1;
const SEED = 41;
const EXPORTERS = 4;
/** Half of what a flood brings: the threshold of a program that has to be told one. */
const THRESHOLD_SHARE = 0.5;
const AFTER_MS = 2000;

export async function detectTimes(size: BenchSize): Promise<readonly DetectTimes[]> {
  const chosen = SIZES[size];
  const thresholdPps = Math.round(THRESHOLD_SHARE * FLOOD_SHARE * chosen.recordsPerSecond);
  const found = [await timesOf(startBonghwa, chosen)];
  if (isInstalled('fastnetmon')) found.push(await timesOf(() => startFastNetMon({ thresholdPps }), chosen));
  return found;
}

async function timesOf(start: () => Promise<Collector>, size: TimesSize): Promise<DetectTimes> {
  const { recordsPerSecond, floodSeconds } = size;
  const random = new Random(SEED);
  const phases: SendPhase[] = [];
  for (let site = 0; site < size.floods; site++) {
    const calm = site === 0 ? size.warmSeconds : CALM_SECONDS;
    phases.push({ seconds: calm + random.unit(), recordsPerSecond, floodRecordsPerSecond: 0 });
    phases.push({
      seconds: floodSeconds,
      recordsPerSecond,
      floodRecordsPerSecond: FLOOD_SHARE * recordsPerSecond,
      site,
    });
  }
  const collector = await start();
  try {
    const sender = await startSender({ format: 'netflow9', port: collector.port, exporters: EXPORTERS });
    try {
      const { floodsMs } = await sender.send(...phases);
      await sleep(AFTER_MS);
      return timed(
        collector,
        floodsMs.filter((ms) => ms !== null),
      );
    } finally {
      await sender.end();
    }
  } finally {
    await collector.stop();
  }
}

/** `floodsMs[site]` is when that site's flood began. */
function timed(collector: Collector, floodsMs: readonly number[]): DetectTimes {
  const afterMs: number[] = [];
  const meant = new Set<unknown>();
  for (const [site, floodMs] of floodsMs.entries()) {
    const report = collector.reports().find(({ target, atMs }) => target === siteText(site) && atMs >= floodMs);
    if (report === undefined) continue;
    meant.add(report);
    afterMs.push(report.atMs - floodMs);
  }
  afterMs.sort((a, b) => a - b);
  const falseReports = collector.reports().filter((report) => !meant.has(report)).length;
  return { program: collector.program, floods: floodsMs.length, afterMs, falseReports };
}

export function formatTimes(times: readonly DetectTimes[]): string {
  const seconds = (ms: number | undefined): string => (ms === undefined ? '' : `${(ms / 1000).toFixed(2)} s`);
  const rows = times.map(({ program, floods, afterMs, falseReports }) => {
    const at = (share: number): number | undefined => afterMs[Math.max(0, Math.ceil(share * afterMs.length) - 1)];
    const cells = [`${afterMs.length} of ${floods}`, seconds(at(0.5)), seconds(at(0.95)), seconds(at(1)), falseReports];
    return `| ${program} | ${cells.join(' | ')} |`;
  });
  return ['| program | reported | p50 | p95 | longest | other reports |', '|---|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { size: { type: 'string', default: 'full' }, json: { type: 'boolean', default: false } },
  });
  const times = await detectTimes(parseSize(values.size));
  process.stdout.write(`${values.json ? JSON.stringify(times) : formatTimes(times)}\n`);
}

if (import.meta.main) await main();
