/**
 * `npm run bench`: every case of bench/, each in a process of its own, then other programs on the same input.
 *
 *   npm run bench -- [--only PART] [--size small|full] [--peers | --no-peers] [--json | --markdown]
 *
 * `--only` takes the cases with PART in their name, and leaves the peers out unless `--peers` is given: with `--only live/` those
 * that listen live, with `--only logs` those that read logs, with any other part those that read captures. Exit code 1 where a case failed; a goal that was missed is said, and no failure: the machine may be a slow one.
 */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type BenchCase, type CaseReport, formatReport, parseSize, selectCases } from './harness.ts';
import { inputDirectory } from './make/input.ts';
import { formatMarkdown } from './markdown.ts';
import { comparePeers, describeMachine, formatComparison } from './peers/compare.ts';
import { detectTimes, formatTimes } from './peers/detect-time.ts';
import { compareLive, formatLive, liveSize } from './peers/live.ts';
import { compareLogs } from './peers/logs.ts';

interface FoundCase extends BenchCase {
  readonly file: string;
}

/** Folders of bench/ without cases, and what has a command of its own. */
const WITHOUT_CASES = /^(make|peers)\/|^live\/restart\.ts$/;
/** Cases and peers that listen, and need the machine for themselves. */
const LIVE = 'live/';
/** Peers that read logs of web servers. */
const LOGS = 'logs';
const execute = promisify(execFile);

/** Cases of all bench files, by the path of their file. */
async function findCases(): Promise<readonly FoundCase[]> {
  const top = new URL('./', import.meta.url);
  const files = readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) => file.includes('/') && file.endsWith('.ts') && !file.endsWith('.test.ts') && !WITHOUT_CASES.test(file),
    )
    .sort();
  const found: FoundCase[] = [];
  for (const file of files) {
    const url = new URL(file, top);
    const { cases }: { cases?: readonly BenchCase[] } = await import(url.href);
    if (cases === undefined) throw new Error(`bench/${file} exports no cases`);
    for (const bench of cases) found.push({ ...bench, file: fileURLToPath(url) });
  }
  return found;
}

async function runApart(bench: FoundCase, size: string): Promise<CaseReport> {
  const args = [bench.file, '--only', bench.name, '--size', size, '--json'];
  const { stdout } = await execute(process.execPath, args, { maxBuffer: 1 << 20 });
  return JSON.parse(stdout);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      only: { type: 'string' },
      size: { type: 'string', default: 'full' },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      peers: { type: 'boolean' },
    },
  });
  const size = parseSize(values.size);
  const selected = selectCases(await findCases(), values.only);
  if (selected.length === 0 && values.only !== LOGS) throw new Error(`no case has ${values.only} in its name`);
  inputDirectory();
  const say = (text: string): void => {
    if (!values.json && !values.markdown) process.stdout.write(`${text}\n`);
  };
  const machine = await describeMachine();
  say(`${machine}\n`);
  const reports: CaseReport[] = [];
  let failed = 0;
  for (const bench of selected) {
    try {
      const report = await runApart(bench, size);
      reports.push(report);
      say(formatReport(report));
    } catch (error) {
      failed++;
      process.stderr.write(`${bench.name}: failed: ${messageOf(error)}\n`);
    }
  }
  const peers = values.peers ?? values.only === undefined;
  const onlyLive = values.only?.startsWith(LIVE) === true;
  const onlyLogs = values.only === LOGS;
  const captures = peers && !onlyLive && !onlyLogs ? await comparePeers(size) : [];
  const logs = peers && (onlyLogs || values.only === undefined) ? [await compareLogs(size)] : [];
  const comparisons = [...captures, ...logs];
  for (const comparison of comparisons) say(`\n${formatComparison(comparison)}`);
  const withLive = peers && (onlyLive || values.only === undefined);
  const live = withLive ? await compareLive(liveSize(size)) : [];
  const times = withLive ? await detectTimes(size) : [];
  const tables = withLive ? `\n\n${formatLive(live)}\n\n${formatTimes(times)}` : '';
  say(tables);
  if (values.json)
    process.stdout.write(`${JSON.stringify({ machine, size, cases: reports, comparisons, live, times })}\n`);
  if (values.markdown) process.stdout.write(`${formatMarkdown(machine, reports, comparisons)}${tables}\n`);
  return failed > 0 ? 1 : 0;
}

/** Of a process that failed, the line that says why. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { stderr } = error as Error & { stderr?: string };
  return stderr?.split('\n').find((line) => /^\w*Error/.test(line)) ?? error.message;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
