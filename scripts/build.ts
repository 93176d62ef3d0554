/**
 * `npm run build`: the JavaScript that is published, from `src/` into `dist/`, and every other file of `src/` beside it; and the
 * console, from `console/` into `console/dist/`.
 * Development needs no build: Node strips the types when it loads the sources.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsOf } from './house/imports.ts';
import { scan } from './house/scan.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = join(TOP, 'src');
const BUILT = join(TOP, 'dist');

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What the compiler does not rewrite: scripts named by `new URL('./worker.ts', …)` or as plain paths would be missing. */
function namesOfSources(): readonly string[] {
  const found: string[] = [];
  for (const file of filesBelow(BUILT)) {
    if (!file.endsWith('.js')) continue;
    for (const { specifier, line } of importsOf(scan(readFileSync(file, 'utf8')))) {
      if (specifier.startsWith('.') && specifier.endsWith('.ts')) {
        found.push(`${file.slice(TOP.length)}:${line}: names ${specifier}, which is not in dist/`);
      }
    }
  }
  return found;
}

rmSync(BUILT, { recursive: true, force: true });
const compiler = spawnSync(join(TOP, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.build.json'], {
  cwd: TOP,
  stdio: 'inherit',
});
if (compiler.error !== undefined) throw compiler.error;
if (compiler.status !== 0) {
  process.exitCode = 1;
} else {
  for (const file of filesBelow(SOURCES)) {
    if (file.endsWith('.ts')) continue;
    const target = join(BUILT, file.slice(SOURCES.length));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target);
  }
  const missing = namesOfSources();
  for (const line of missing) console.error(line);
  if (missing.length > 0) process.exitCode = 1;
  else console.log(`build: ${filesBelow(BUILT).length} files in dist/`);
  const pages = spawnSync(process.execPath, [join(TOP, 'console/build.ts')], { cwd: TOP, stdio: 'inherit' });
  if (pages.status !== 0) process.exitCode = 1;
}
