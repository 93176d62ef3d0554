import type { Finding } from './finding.ts';
import { isTest, type Project, type SourceFile } from './project.ts';
import { codeOf, type Token } from './scan.ts';

/** Folders whose code is a function of its input: time, chance and the outside come as arguments. */
const INNER_FOLDERS = new Set(
  'base model wire sketch detect assess respond attribute outbreak share'.split(' ').map((folder) => `src/${folder}`),
);

interface Forbidden {
  /** Words and punctuation in a row, as the scanner splits them. */
  readonly call: readonly string[];
  readonly instead: string;
  /** True for the files that the rule holds in. */
  readonly within: (path: string) => boolean;
}

const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/');
const shipped = (path: string): boolean => path.startsWith('src/') && !isTest(path);
const everywhere = (): boolean => true;
const inner = (path: string): boolean => shipped(path) && INNER_FOLDERS.has(folderOf(path));
/** The clock itself is the one inner file that asks the machine for the time. */
const innerButClock = (path: string): boolean => inner(path) && path !== 'src/base/clock.ts';
const shippedOutside =
  (...folders: string[]) =>
  (path: string): boolean =>
    shipped(path) && !folders.includes(folderOf(path));

const TAKE_TIME = 'take the time as an argument (timeMs, nowMs), so that hours are simulated in seconds';
const TAKE_TIMER = 'let station or an adapter own the timer and call this with the time';
const TO_OUTPUT = 'return the text, or write it through the output that the command was given';

/** Calls that the house does without, each with what takes its place. */
export const FORBIDDEN: readonly Forbidden[] = [
  { call: ['Math', '.', 'random'], instead: 'draw from a seeded Random of src/base/random.ts', within: everywhere },
  { call: ['Date', '.', 'now'], instead: TAKE_TIME, within: innerButClock },
  { call: ['new', 'Date', '(', ')'], instead: TAKE_TIME, within: innerButClock },
  { call: ['performance', '.', 'now'], instead: TAKE_TIME, within: innerButClock },
  { call: ['process', '.', 'hrtime'], instead: TAKE_TIME, within: innerButClock },
  { call: ['setTimeout'], instead: TAKE_TIMER, within: inner },
  { call: ['setInterval'], instead: TAKE_TIMER, within: inner },
  { call: ['setImmediate'], instead: TAKE_TIMER, within: inner },
  {
    call: ['fetch', '('],
    instead: 'requests belong to input and output; take the answer as an argument',
    within: inner,
  },
  { call: ['console', '.'], instead: TO_OUTPUT, within: shippedOutside('src/cli') },
  { call: ['process', '.', 'stdout'], instead: TO_OUTPUT, within: shippedOutside('src/cli', 'src/output') },
  { call: ['process', '.', 'stderr'], instead: TO_OUTPUT, within: shippedOutside('src/cli', 'src/base', 'src/output') },
  {
    call: ['process', '.', 'exit', '('],
    instead: 'throw a BonghwaError; src/cli turns its code into the exit code',
    within: shippedOutside('src/cli'),
  },
  {
    call: ['process', '.', 'exit', '('],
    instead: 'let the test fail or end: leaving early hides the tests behind it',
    within: isTest,
  },
  {
    call: ['process', '.', 'env'],
    instead: 'take it from the configuration, which src/cli and src/base read',
    within: shippedOutside('src/cli', 'src/base'),
  },
  { call: ['eval', '('], instead: 'there is no replacement: input is never run', within: everywhere },
  { call: ['new', 'Function', '('], instead: 'there is no replacement: input is never run', within: everywhere },
];

/** Comments that silence a checker or leave work behind. Spelt in parts, so that this table is not its own finding. */
const FORBIDDEN_COMMENTS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/@ts-(ignore|nocheck|expect-error)/, 'give the value its type'],
  [/biome-ignore/, 'write it so that Biome has nothing to say'],
  [new RegExp(`\\b(${['TO', 'FIX'].join('DO|')}ME)\\b`), 'finish it, or say in the docs what is missing'],
];

/** Forbidden calls and comments, in code only: words in strings and comments about them are free. */
export function checkForbidden(project: Project): readonly Finding[] {
  const findings: Finding[] = [];
  for (const source of project.sources.values()) {
    findings.push(...forbiddenCalls(source), ...forbiddenComments(source));
  }
  return findings;
}

function forbiddenCalls(source: SourceFile): readonly Finding[] {
  const rules = FORBIDDEN.filter((rule) => rule.within(source.path));
  if (rules.length === 0) return [];
  const code = codeOf(source.tokens);
  const findings: Finding[] = [];
  for (let at = 0; at < code.length; at++) {
    for (const { call, instead } of rules) {
      if (!matches(code, at, call)) continue;
      const problem = `${nameOf(call)} is not used here`;
      findings.push({ file: source.path, line: code[at].line, rule: 'forbidden-call', problem, instead });
    }
  }
  return findings;
}

/** The call as people name it: `Math.random`, `new Date()`, `console`, `fetch`. */
export function nameOf(call: readonly string[]): string {
  return call
    .join('')
    .replace('new', 'new ')
    .replace(/[.(]+$/, '');
}

/** True if the call begins at `at`, and is not a property of something else (`timers.setTimeout`, `{ console: … }`). */
function matches(code: readonly Token[], at: number, call: readonly string[]): boolean {
  for (let part = 0; part < call.length; part++) {
    const token = code[at + part];
    if (token === undefined || token.text !== call[part]) return false;
    if (token.kind !== 'word' && token.kind !== 'punct') return false;
  }
  const before = code[at - 1];
  const isProperty = before?.kind === 'punct' && before.text === '.' && code[at - 2]?.text !== 'globalThis';
  return !isProperty;
}

function forbiddenComments(source: SourceFile): readonly Finding[] {
  const findings: Finding[] = [];
  for (const token of source.tokens) {
    if (token.kind !== 'comment') continue;
    for (const [pattern, instead] of FORBIDDEN_COMMENTS) {
      const found = pattern.exec(token.text);
      if (found === null) continue;
      const line = token.line + token.text.slice(0, found.index).split('\n').length - 1;
      findings.push({
        file: source.path,
        line,
        rule: 'forbidden-comment',
        problem: `${found[0]} in a comment`,
        instead,
      });
    }
  }
  return findings;
}

/** A file fits a sitting: about 400 lines, measured with some grace. */
export const FILE_LINES_MAX = 450;

/** Files of `src/` that have grown past one sitting. */
export function checkLength(project: Project, exempt: ReadonlySet<string> = new Set()): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of project.sources.values()) {
    if (!path.startsWith('src/') || isTest(path) || exempt.has(path)) continue;
    const lines = text.split('\n').length;
    if (lines <= FILE_LINES_MAX) continue;
    findings.push({
      file: path,
      line: FILE_LINES_MAX,
      rule: 'file-length',
      problem: `${lines} lines are more than one sitting`,
      instead: 'look for the second thing inside and give it a file',
    });
  }
  return findings;
}
