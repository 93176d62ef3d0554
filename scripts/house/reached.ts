import { posix } from 'node:path';
import type { Finding } from './finding.ts';
import { isTest, type Project, resolveRelative } from './project.ts';

const MAIN = 'src/cli/main.ts';

/**
 * Files that nothing uses. What is shipped must be reached from the command line, or from a test, bench or script outside
 * `src/` that needs it; the unit test beside a file does not count, or dead code with a test would live for ever. What stands
 * outside `src/` must be reached from a test, a command of package.json, or a script of its own.
 */
export function checkReached(project: Project): readonly Finding[] {
  const starts = [...project.sources.keys()].filter((path) => isStart(path, project));
  const used = reachable(project, starts);
  const usedByAny = reachable(project, [...starts, ...[...project.sources.keys()].filter(isTest)]);
  const findings: Finding[] = [];
  for (const path of project.sources.keys()) {
    // Declarations are for the compiler alone.
    if (isTest(path) || path.endsWith('.d.ts') || (path.startsWith('src/') ? used : usedByAny).has(path)) continue;
    findings.push({
      file: path,
      line: 1,
      rule: 'unreached',
      problem: path.startsWith('src/')
        ? `neither ${MAIN} nor a test, bench or script outside src/ reaches this file`
        : 'no test, bench or command reaches this file',
      instead: 'use it where it belongs, or remove it together with its test',
    });
  }
  return findings;
}

/** Where execution can begin: the command line, tests outside `src/`, what package.json or a shell script runs, scripts, benches. */
function isStart(path: string, project: Project): boolean {
  if (path.startsWith('src/')) return path === MAIN;
  if (isTest(path) || /^scripts\/[^/]+\.ts$/.test(path)) return true;
  // A bench runs alone, and is found by its place when all are run; a main.ts is for people.
  if (path.endsWith('/main.ts') || /^#!|\bimport\.meta\.main\b/.test(project.sources.get(path)?.text ?? ''))
    return true;
  return project.commands.some((command) => command.split(' ').includes(path)) || isInShellScript(path, project);
}

/** True where a shell script of the same folder names the file. */
function isInShellScript(path: string, project: Project): boolean {
  for (const [script, text] of project.shellScripts) {
    if (posix.dirname(script) === posix.dirname(path) && text.split(/[\s"'/]+/).includes(posix.basename(path)))
      return true;
  }
  return false;
}

function reachable(project: Project, starts: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...starts];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const source = project.sources.get(path);
    if (source === undefined || seen.has(path)) continue;
    seen.add(path);
    for (const found of source.imports) {
      const target = resolveRelative(path, found.specifier);
      if (target !== undefined) open.push(target);
      // A script may also be named from the top of the checkout, or beside the file that starts it.
      if (found.kind === 'path') {
        open.push(found.specifier);
        open.push(resolveRelative(path, `./${found.specifier}`) ?? '');
      }
    }
  }
  return seen;
}
