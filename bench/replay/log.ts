import { replay } from '../../src/station/replay.ts';
import { type BenchCase, type BenchResult, type MeasureOptions, measureAsync, runCases } from '../harness.ts';
import { type InputKind, inputFile } from '../make/input.ts';
import { WEB_LOG_SITE } from '../make/web-log.ts';

/** The whole of `bonghwa replay` with the log of a web server, from opening the file to the report. `flood`: it must be found. */
async function run(kind: InputKind, size: number, flood: boolean, options: MeasureOptions): Promise<BenchResult> {
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
