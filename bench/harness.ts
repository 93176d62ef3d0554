import { parseArgs } from 'node:util';

/**
 * The frame of every bench. A bench file lies under bench/ as its source lies under src/, exports `cases`, and ends with
 *
 *   if (import.meta.main) await runCases(cases);
 *
 * so that it runs alone (`node bench/wire/netflow.ts --size small`), and bench/main.ts runs each case in a process of its own:
 * what one case leaves behind in the heap or in the optimiser is not charged to the next.
 */
export interface BenchCase {
  /** Unique, as the path of the source: `wire/netflow-v9`. */
  readonly name: string;
  /** What is counted: `records`, `packets`. */
  readonly unit: string;
  /** Items a CPU-second that are to be reached. */
  readonly goal?: number;
  /** Bytes of resident memory that are not to be exceeded. */
  readonly rssGoal?: number;
  /** Items to be asked for: `small` is for the tests and done in about a second, `full` in about ten. */
  readonly sizes: Readonly<Record<BenchSize, number>>;
  /** Makes its input from a fixed seed, outside of the measured time, and measures with `measure` or `measureAsync`. */
  run(size: number): BenchResult | Promise<BenchResult>;
}

export type BenchSize = 'small' | 'full';

export interface BenchResult {
  /** Items handled in one run. */
  readonly items: number;
  /** CPU seconds (user and system, all threads) of the best run. */
  readonly cpuSeconds: number;
  /** Wall-clock seconds of the same run. */
  readonly wallSeconds: number;
  /** Largest resident memory of the process so far, with its input, in bytes. */
  readonly rssMaxBytes: number;
  /** A number made of what was computed: equal runs must give equal hashes, and no run can be optimised away. */
  readonly hash: number;
}

export interface MeasureOptions {
  /** Runs before the measured ones, until the optimiser has settled. */
  readonly warmups?: number;
  /** Measured runs, of which the one with the least CPU time counts: the others had a busier machine. */
  readonly repeats?: number;
}

const WARMUPS = 1;
const REPEATS = 3;
/** A small run shows that a case works, and no more. */
let small = false;

function timesOf({ warmups = WARMUPS, repeats = REPEATS }: MeasureOptions): Required<MeasureOptions> {
  return small ? { warmups: 0, repeats: 1 } : { warmups, repeats };
}

/** Measures `work`, which handles `items` items and returns its hash. Throws where two runs return different hashes. */
export function measure(items: number, work: () => number, options: MeasureOptions = {}): BenchResult {
  const { warmups, repeats } = timesOf(options);
  for (let at = 0; at < warmups; at++) work();
  let best: BenchResult | undefined;
  for (let at = 0; at < repeats; at++) {
    const clock = startClock();
    const hash = work();
    best = better(best, clock.stop(items, hash));
  }
  return best!;
}

/** As `measure`, for work that waits for files or streams. */
export async function measureAsync(
  items: number,
  work: () => Promise<number>,
  options: MeasureOptions = {},
): Promise<BenchResult> {
  const { warmups, repeats } = timesOf(options);
  for (let at = 0; at < warmups; at++) await work();
  let best: BenchResult | undefined;
  for (let at = 0; at < repeats; at++) {
    const clock = startClock();
    const hash = await work();
    best = better(best, clock.stop(items, hash));
  }
  return best!;
}

function better(best: BenchResult | undefined, next: BenchResult): BenchResult {
  if (best === undefined) return next;
  if (best.hash !== next.hash) throw new Error(`two runs of one case differ: hash ${best.hash}, then ${next.hash}`);
  return next.cpuSeconds < best.cpuSeconds ? next : { ...best, rssMaxBytes: next.rssMaxBytes };
}

function startClock(): { stop(items: number, hash: number): BenchResult } {
  const cpu = process.cpuUsage();
  const from = process.hrtime.bigint();
  return {
    stop(items, hash) {
      const wallSeconds = Number(process.hrtime.bigint() - from) / 1e9;
      const used = process.cpuUsage(cpu);
      const cpuSeconds = (used.user + used.system) / 1e6;
      return { items, cpuSeconds, wallSeconds, rssMaxBytes: process.resourceUsage().maxRSS * 1024, hash: hash >>> 0 };
    },
  };
}

/** What a process of one case prints for bench/main.ts, one line of JSON. */
export interface CaseReport extends BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly goal?: number;
  readonly rssGoal?: number;
  readonly itemsPerCpuSecond: number;
}

/** Runs one case. The clock of the kernel counts CPU time in steps of up to 4 ms: a shorter run is taken as one step. */
export async function runCase(bench: BenchCase, size: BenchSize): Promise<CaseReport> {
  small = size === 'small';
  const result = await bench.run(bench.sizes[size]);
  return {
    name: bench.name,
    unit: bench.unit,
    ...(bench.goal === undefined ? {} : { goal: bench.goal }),
    ...(bench.rssGoal === undefined ? {} : { rssGoal: bench.rssGoal }),
    ...result,
    itemsPerCpuSecond: result.items / Math.max(result.cpuSeconds, 0.004),
  };
}

/** The command line of a bench file: `[--only PART] [--size small|full] [--json]`. */
export async function runCases(cases: readonly BenchCase[], args = process.argv.slice(2)): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      size: { type: 'string', default: 'full' },
      json: { type: 'boolean', default: false },
    },
  });
  const size = parseSize(values.size);
  for (const bench of selectCases(cases, values.only)) {
    const report = await runCase(bench, size);
    process.stdout.write(`${values.json ? JSON.stringify(report) : formatReport(report)}\n`);
  }
}

/** The case of that very name, or else those whose name has `only` in it; all where nothing is asked for. */
export function selectCases<Case extends BenchCase>(cases: readonly Case[], only: string | undefined): readonly Case[] {
  if (only === undefined) return cases;
  const named = cases.filter(({ name }) => name === only);
  return named.length > 0 ? named : cases.filter(({ name }) => name.includes(only));
}

export function parseSize(text: string): BenchSize {
  if (text !== 'small' && text !== 'full') throw new Error(`--size is small or full, not ${text}`);
  return text;
}

/** One line for a person: rate beside the goal, memory, hash. */
export function formatReport(report: CaseReport): string {
  const { name, unit, goal, rssGoal } = report;
  const rate = `${formatRate(report.itemsPerCpuSecond)} ${unit} a CPU-second`;
  const goalText =
    goal === undefined ? '' : ` (goal ${formatRate(goal)}: ${report.itemsPerCpuSecond >= goal ? 'met' : 'missed'})`;
  const megabytes = `${(report.rssMaxBytes / 1e6).toFixed(0)} MB`;
  const rss =
    rssGoal === undefined
      ? megabytes
      : `${megabytes} (goal ${(rssGoal / 1e6).toFixed(0)} MB: ${report.rssMaxBytes <= rssGoal ? 'met' : 'missed'})`;
  const times = `${report.cpuSeconds.toFixed(3)} s CPU, ${report.wallSeconds.toFixed(3)} s wall`;
  return `${name}: ${rate}${goalText}, ${times}, ${rss}, hash ${report.hash.toString(16).padStart(8, '0')}`;
}

/** `12.3 M`, in millions: what is compared stands in one unit. Only what is far below is told as it is. */
export function formatRate(rate: number): string {
  if (rate < 5000) return rate.toFixed(0);
  const millions = rate / 1e6;
  return `${millions >= 99.95 ? millions.toFixed(0) : millions >= 9.995 ? millions.toFixed(1) : millions.toFixed(2)} M`;
}
