import { LineCounter, parseDocument } from 'yaml';
import { crossFaults } from './config-cross.ts';
import { type ConfigProblem, Places, PROBLEMS_MAX } from './config-problem.ts';
import { type Config, configSchema } from './config-schema.ts';
import { TELEMETRY_PORTS } from './telemetry-ports.ts';

export type { ConfigProblem } from './config-problem.ts';
export type {
  Config,
  ConfigExporter,
  ConfigRetention,
  ConfigSite,
  ConfigVantage,
  ExporterVendor,
} from './config-schema.ts';
export { TELEMETRY_PORTS };

/** Where the configuration is looked for when no file is named. */
export const CONFIG_FILE = 'bonghwa.yaml';

/** Bytes of a configuration file that are read at most. */
export const CONFIG_BYTES_MAX = 1 << 20;

/** Lists and groups inside each other; the schema knows five. Deeper text costs the parser its square, or its stack. */
const NESTING_MAX = 40;

export type ConfigResult =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

/** What is in force where nothing is configured. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}

/**
 * Parses the text of a configuration file. All faults are returned at once, in the order of their lines, up to PROBLEMS_MAX.
 * Never throws.
 */
export function parseConfig(text: string): ConfigResult {
  if (text.length > CONFIG_BYTES_MAX) return invalid(1, 'this is larger than any configuration');
  const deep = tooDeep(text);
  if (deep !== undefined) return invalid(deep, `lists and groups are nested deeper than ${NESTING_MAX}`);
  const lines = new LineCounter();
  // Keys given twice are looked for below: the parser would compare each with each.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  if (document.errors.length > 0) {
    const problems = document.errors.slice(0, PROBLEMS_MAX).map((error) => ({
      path: '',
      line: lines.linePos(error.pos[0]).line,
      message: `no valid YAML: ${yamlWords(error.message)}`,
    }));
    return { kind: 'invalid', problems };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    // The parser throws for documents that grow without bound through aliases.
    return invalid(1, (error as Error).message);
  }
  const places = new Places(document.contents, lines);
  const parsed = configSchema.safeParse(value, { reportInput: true });
  const problems = [
    ...places.repeatedKeys(),
    ...(parsed.error?.issues.slice(0, PROBLEMS_MAX) ?? []).flatMap((issue) => places.problemsOf(issue)),
    ...crossFaults(value)
      .slice(0, PROBLEMS_MAX)
      .map((fault) => places.problemOf(fault)),
  ];
  if (parsed.success && problems.length === 0) return { kind: 'ok', config: parsed.data };
  return { kind: 'invalid', problems: problems.sort((a, b) => a.line - b.line).slice(0, PROBLEMS_MAX) };
}

function invalid(line: number, message: string): ConfigResult {
  return { kind: 'invalid', problems: [{ path: '', line, message }] };
}

/** The parser's words, with what to do where people stumble most often. */
function yamlWords(message: string): string {
  const first = message.split('\n')[0].slice(0, 200);
  if (/tab/i.test(first)) return `${first}. Indent with blanks`;
  if (/flow|Unexpected scalar|end of collection|seq-item/i.test(first))
    return `${first}. An IPv6 address with a port needs quotes: '[::1]:2055'`;
  return first;
}

/** The line on which text is nested deeper than NESTING_MAX, told by its marks alone: brackets, and `- ` and `? ` in a row. */
function tooDeep(text: string): number | undefined {
  let open = 0;
  for (const [at, line] of text.split('\n').entries()) {
    const marks = /^[\s?:-]*/.exec(line)?.[0] ?? '';
    if (marks.replace(/\s/g, '').length > NESTING_MAX && !/^-+\s*$/.test(marks)) return at + 1;
    if (line.trimStart().startsWith('#')) continue;
    for (const letter of line) {
      if (letter === '[' || letter === '{') open++;
      else if ((letter === ']' || letter === '}') && open > 0) open--;
      if (open > NESTING_MAX) return at + 1;
    }
  }
  return undefined;
}
