import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory } from '../../src/cli/cache-directory.ts';
import { replay } from '../../src/station/replay.ts';
import { type BenchCase, type BenchResult, type MeasureOptions, measureAsync, runCases } from '../harness.ts';
import { type InputKind, inputDirectory, inputFile } from '../make/input.ts';
import { WEB_LOG_SITE } from '../make/web-log.ts';

/** With tables of countries and networks as an earlier replay of this machine left them. */
async function run(kind: InputKind, size: number, flood: boolean): Promise<BenchResult> {
  const kept = cacheDirectory() ?? inputDirectory();
  execFileSync(process.execPath, ['-e', MAKE_TABLES, kept], { stdio: ['ignore', 'ignore', 'inherit'] });
  return runWith(kind, size, flood, kept);
}

/** As the first replay of a machine that finds an attack: the tables are made. */
async function runFirst(size: number): Promise<BenchResult> {
  const empty = mkdtempSync(join(tmpdir(), 'bonghwa-bench-'));
  try {
    return await runWith('log-flood', size, true, empty);
  } finally {
    rmSync(empty, { recursive: true });
  }
}

/** The whole of `bonghwa replay` with the log of a web server, from opening the file to the report. `flood`: it must be found. */
async function runWith(kind: InputKind, size: number, flood: boolean, tables: string): Promise<BenchResult> {
  const file = inputFile(kind, size);
  return measureAsync(
    size,
    async () => {
      const report = await replay({
        files: [file],
        networks: [],
        as: 'log',
        telemetryPorts: [],
        allVerdicts: false,
        logs: { site: WEB_LOG_SITE },
        cacheDirectory: tables,
      });
      if (report.requests !== size) throw new Error(`${report.requests} of ${size} lines were read`);
      const found = report.attacks.map(({ vectors }) => vectors[0].name);
      if (flood && !found.includes('search-flood'))
        throw new Error(`the flood was not found, but: ${found.join(', ') || 'nothing'}`);
      return size + found.length;
    },
    ONCE,
  );
}

const MAKE_TABLES = `import(${JSON.stringify(new URL('../../src/input/geo.ts', import.meta.url).href)}).then(({ openGeo }) => openGeo({ cacheDirectory: process.argv[1] }))`;

/** So that the largest memory is that of one replay. */
const ONCE: MeasureOptions = { warmups: 0, repeats: 1 };

export const cases: readonly BenchCase[] = [
  {
    name: 'replay/log-flood',
    unit: 'lines',
    rssGoal: 300e6,
    // A flood begins after a minute of 2,000 lines a second.
    sizes: { small: 140_000, full: 1_000_000 },
    run: (size) => run('log-flood', size, true),
  },
  {
    name: 'replay/log-flood-first',
    unit: 'lines',
    rssGoal: 300e6,
    sizes: { small: 140_000, full: 1_000_000 },
    run: (size) => runFirst(size),
  },
  {
    name: 'replay/log-memory',
    unit: 'lines',
    rssGoal: 300e6,
    sizes: { small: 20_000, full: 10_000_000 },
    run: (size) => run('log-distinct', size, false),
  },
];

if (import.meta.main) await runCases(cases);
