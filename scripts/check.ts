/**
 * `npm run check`: types, Biome, and the rules of the house. One line a finding, `file:line: rule: what — what to do instead`;
 * exit code 1 where there is any, 2 where a checker could not run.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Finding, formatFinding } from './house/finding.ts';
import { readProject } from './house/project.ts';
import { checkHouse } from './house/rules.ts';
import { parseBiome, parseTypes } from './house/tools.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of node_modules/.bin at the top of the checkout to its end. */
function run(program: string, args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(`${TOP}/node_modules/.bin/${program}`, args, { cwd: TOP, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}

/** The findings of a tool; a tool that fails without a finding that we can read has failed itself. */
async function findingsOf(
  program: string,
  args: readonly string[],
  parse: (stdout: string) => readonly Finding[],
): Promise<readonly Finding[]> {
  const { code, stdout, stderr } = await run(program, args);
  const findings = parse(stdout);
  if (code !== 0 && findings.length === 0) {
    throw new Error(`${program} ended with ${code}:\n${stdout}${stderr}`.trimEnd());
  }
  return findings;
}

const startMs = performance.now();
const project = readProject(TOP);
const results = await Promise.allSettled([
  findingsOf('tsc', ['--noEmit', '--pretty', 'false', '--project', '.'], parseTypes),
  findingsOf('tsc', ['--noEmit', '--pretty', 'false', '--project', 'console'], parseTypes),
  findingsOf('biome', ['ci', '--reporter=github', '--error-on-warnings', '--max-diagnostics=none', '.'], (stdout) =>
    parseBiome(stdout, TOP),
  ),
  Promise.resolve(checkHouse(project)),
]);

let found = 0;
for (const result of results) {
  if (result.status === 'rejected') {
    console.error(`check: ${result.reason instanceof Error ? result.reason.message : String(result.reason)}`);
    process.exitCode = 2;
    continue;
  }
  for (const finding of result.value) console.log(formatFinding(finding));
  found += result.value.length;
}
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
if (found > 0) {
  console.log(`check: ${found} ${found === 1 ? 'finding' : 'findings'} in ${seconds} s`);
  process.exitCode ??= 1;
} else if (process.exitCode === undefined) {
  const counts = `${project.sources.size} TypeScript files, ${project.documents.size} documents`;
  console.log(`check: clean (types, Biome, house rules; ${counts}; ${seconds} s)`);
}
