import { parseArgs } from 'node:util';

/** What `npm test` was asked to run. */
export interface TestPlan {
  /** Parts of paths; a file runs when one of them is in its path. None means every file. */
  readonly filters: readonly string[];
  /** Patterns of test names; none means every test. */
  readonly names: readonly string[];
  readonly reporter: 'spec' | 'dot' | 'tap';
  /** Test files that run at once. */
  readonly concurrency: number;
  /** Where the totals are written as JSON; nowhere when absent. */
  readonly totals: string | undefined;
  readonly help: boolean;
}

export const TEST_HELP = `Usage: npm test -- [options] [part of a path …]

Runs the unit, golden, property and end-to-end tests, or those whose path has one of the given parts in it.

  -t, --name PATTERN     only tests whose name matches (repeatable)
  --reporter NAME        spec (default), dot or tap
  --concurrency COUNT    test files that run at once (default: the processors, at most 4)
  --totals FILE          write the totals as JSON
  -h, --help             this text
`;

const CONCURRENCY_MAX = 64;

/** Reads the arguments of `npm test`; throws a plain `Error` that says which one is wrong. */
export function planOf(args: readonly string[], processors: number): TestPlan {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      name: { type: 'string', short: 't', multiple: true, default: [] },
      reporter: { type: 'string', default: 'spec' },
      concurrency: { type: 'string', default: String(Math.min(Math.max(processors, 1), 4)) },
      totals: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { reporter } = values;
  if (reporter !== 'spec' && reporter !== 'dot' && reporter !== 'tap') {
    throw new Error(`--reporter is spec, dot or tap, not '${reporter}'`);
  }
  const concurrency = Number(values.concurrency);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > CONCURRENCY_MAX) {
    throw new Error(`--concurrency is a number from 1 to ${CONCURRENCY_MAX}, not '${values.concurrency}'`);
  }
  return { filters: positionals, names: values.name, reporter, concurrency, totals: values.totals, help: values.help };
}

/** The test files among `paths` that the filters leave, in order. */
export function testFiles(paths: Iterable<string>, filters: readonly string[]): readonly string[] {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ''));
  return [...paths]
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
    .sort();
}
