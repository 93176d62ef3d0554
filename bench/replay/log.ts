import { execFileSync } from 'node:child_process';
import { replay } from '../../src/station/replay.ts';
import { type BenchCase, type BenchResult, type MeasureOptions, measureAsync, runCases } from '../harness.ts';
import { type InputKind, inputDirectory, inputFile } from '../make/input.ts';
import { WEB_LOG_SITE } from '../make/web-log.ts';

/** The whole of `bonghwa replay` with the log of a web server, from opening the file to the report. `flood`: it must be found. */
async function run(kind: InputKind, size: number, flood: boolean, options: MeasureOptions): Promise<BenchResult> {
  const file = inputFile(kind, size);
  // Tables of countries and networks, as an earlier replay of this machine left them: making them takes 200 MB once.
  const cacheDirectory = inputDirectory();
  execFileSync(process.execPath, ['-e', MAKE_TABLES, cacheDirectory], { stdio: ['ignore', 'ignore', 'inherit'] });
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
        cacheDirectory,
      });
      if (report.requests !== size) throw new Error(`${report.requests} of ${size} lines were read`);
      const found = report.attacks.map(({ vectors }) => vectors[0].name);
      if (flood && !found.includes('search-flood'))
        throw new Error(`the flood was not found, but: ${found.join(', ') || 'nothing'}`);
      return size + found.length;
    },
    options,
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
    run: (size) => run('log-flood', size, true, ONCE),
  },
  {
    name: 'replay/log-memory',
    unit: 'lines',
    rssGoal: 300e6,
    sizes: { small: 20_000, full: 10_000_000 },
    run: (size) => run('log-distinct', size, false, ONCE),
  },
];

if (import.meta.main) await runCases(cases);
