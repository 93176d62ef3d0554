/**
 * `npm test`: runs node:test over src, test, bench, scripts and samples, each file in a process of its own, and ends with one
 * line of totals. Exit code 1 when a test failed, 2 when nothing could be run.
 */
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { dot, spec, tap } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { readProject } from './house/project.ts';
import { planOf, TEST_HELP, type TestPlan, testFiles } from './house/test-plan.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));

const WATCHDOG = new URL('./house/watchdog.ts', import.meta.url);

/** A run that is not through by then has a file that not even its watchdog could stop: all of it is given up. */
const RUN_MS_MAX = 18 * 60_000;

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A file system in memory, where there is one, and what must be free in it. */
const MEMORY = '/dev/shm';
const MEMORY_BYTES_MIN = 4 * 2 ** 30;

/**
 * A directory for everything that the tests write, removed at the end. In memory where there is room: databases that are made and
 * closed by the hundred then do not wait for a disk (a process that is killed loses nothing there either), and code that many files
 * load is compiled once.
 */
function temporaryDirectory(): string {
  let top = tmpdir();
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    if (process.env.TMPDIR === undefined && bavail * bsize >= MEMORY_BYTES_MIN) top = MEMORY;
  } catch {
    // No such file system on this machine.
  }
  const directory = mkdtempSync(join(top, 'bonghwa-test-'));
  // Servers that tests start run as another user.
  chmodSync(directory, 0o755);
  return directory;
}

/** Runs the files and resolves with what node:test counted. */
function runTests(files: readonly string[], plan: TestPlan): Promise<Totals> {
  return new Promise((resolve, reject) => {
    const paths = files.map((file) => `${TOP}${file}`);
    let totals: Totals | undefined;
    let empty = 0;
    const stream = run({
      cwd: TOP,
      files: paths,
      concurrency: plan.concurrency,
      // Every processor has a file of its own: threads that collect garbage beside it only take turns with those of others.
      execArgv: ['--import', `${WATCHDOG}?${plan.fileMsMax}`, '--single-threaded-gc'],
      signal: AbortSignal.timeout(RUN_MS_MAX),
      ...(plan.names.length > 0 && { testNamePatterns: [...plan.names] }),
    });
    stream.on('test:pass', (test) => {
      // A file in which no test ran to its end passes under its own path: it was empty, or left the process early.
      if (plan.names.length === 0 && test.nesting === 0 && paths.includes(test.name)) empty++;
    });
    stream.on('test:summary', (summary) => {
      // One summary comes for each file; the one without a file is that of the whole run.
      if (summary.file !== undefined) return;
      const { tests, passed, skipped, todo } = summary.counts;
      const failed = tests - passed - skipped - todo + empty;
      // A suite whose hook fails may have had nothing but passing tests.
      totals = {
        passed: passed - empty,
        failed: summary.success ? failed : Math.max(failed, 1),
        skipped: skipped + todo,
      };
    });
    stream.on('error', reject);
    const reported =
      plan.reporter === 'spec' ? stream.compose(new spec()) : stream.compose(plan.reporter === 'dot' ? dot : tap);
    reported.on('error', reject);
    reported.on('end', () => {
      if (empty > 0) process.stdout.write(`\n${empty} files ran no test: empty, or left the process early\n`);
      if (totals === undefined) reject(new Error('the test runner ended without its summary'));
      else resolve(totals);
    });
    reported.pipe(process.stdout, { end: false });
  });
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2), availableParallelism());
  if (plan.help) {
    process.stdout.write(TEST_HELP);
    return 0;
  }
  const files = testFiles(readProject(TOP).sources.keys(), plan.filters);
  if (files.length === 0) throw new Error(`no test file has ${plan.filters.join(' or ')} in its path`);
  const directory = temporaryDirectory();
  process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  process.env.TMPDIR = directory;
  process.env.NODE_COMPILE_CACHE ??= join(directory, 'compiled');
  const totals = await runTests(files, plan);
  if (plan.totals !== undefined) writeFileSync(plan.totals, `${JSON.stringify(totals)}\n`);
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped} (${files.length} files)\n`);
  return totals.failed > 0 ? 1 : 0;
}

// The reader of a pipe may leave before the end (`| head`).
process.stdout.on('error', () => process.exit(2));

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`test: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
