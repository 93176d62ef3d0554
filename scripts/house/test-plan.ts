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
  /** A test file that takes longer is stopped and counts as failed, ms. */
  readonly fileMsMax: number;
  /** Where the totals are written as JSON; nowhere when absent. */
  readonly totals: string | undefined;
  readonly help: boolean;
}

export const TEST_HELP = `Usage: npm test -- [options] [part of a path …]

Runs the unit, golden, property and end-to-end tests, or those whose path has one of the given parts in it.

  -t, --name PATTERN     only tests whose name matches (repeatable)
  --reporter NAME        spec (default), dot or tap
  --concurrency COUNT    test files that run at once (default: one more than processors, at most 4)
  --file-seconds COUNT   stop a test file after so long, and count it as failed (default 300)
  --totals FILE          write the totals as JSON
  -h, --help             this text
`;

const CONCURRENCY_MAX = 64;
const FILE_SECONDS_MAX = 3600;

/** Reads the arguments of `npm test`; throws a plain `Error` that says which one is wrong. */
export function planOf(args: readonly string[], processors: number): TestPlan {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      name: { type: 'string', short: 't', multiple: true, default: [] },
      reporter: { type: 'string', default: 'spec' },
      concurrency: { type: 'string', default: String(Math.min(Math.max(processors, 1) + 1, 4)) },
      'file-seconds': { type: 'string', default: '300' },
      totals: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { reporter } = values;
  if (reporter !== 'spec' && reporter !== 'dot' && reporter !== 'tap') {
    throw new Error(`--reporter is spec, dot or tap, not '${reporter}'`);
  }
  return {
    filters: positionals,
    names: values.name,
    reporter,
    concurrency: wholeNumber('--concurrency', values.concurrency, CONCURRENCY_MAX),
    fileMsMax: 1000 * wholeNumber('--file-seconds', values['file-seconds'], FILE_SECONDS_MAX),
    totals: values.totals,
    help: values.help,
  };
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new Error(`${option} is a number from 1 to ${max}, not '${text}'`);
}

/** Files and folders of tests that take long or wait a lot, the longest first: they begin first, so that none of them is left for the end. */
const LONG_FIRST = [
  'bench/main.test.ts',
  'test/e2e/console',
  'test/store/state-',
  'test/store/telemetry-kill',
  'test/docs/commands',
  'src/detect/network/s',
  'test/e2e/',
  'test/store/',
  'test/',
  'src/detect/',
];

/** The test files among `paths` that the filters leave, those that take longest first. */
export function testFiles(paths: Iterable<string>, filters: readonly string[]): readonly string[] {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ''));
  return [...paths]
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
    .sort((left, right) => rankOf(left) - rankOf(right) || (left < right ? -1 : 1));
}

function rankOf(path: string): number {
  const rank = LONG_FIRST.findIndex((folder) => path.startsWith(folder));
  return rank < 0 ? LONG_FIRST.length : rank;
}
