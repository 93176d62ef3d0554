#!/usr/bin/env node
// Starts the command line: from the sources in a checkout, from the built files in a published package.
// A machine's own Node may be too old to run either; then the Node that the package pins is used instead.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 24;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  keepCompiledCode();
  const source = here('../src/cli/main.ts');
  await import(existsSync(source) ? source : here('../dist/cli/main.js'));
} else {
  let pinned;
  try {
    pinned = createRequire(import.meta.url).resolve('node/bin/node');
  } catch {
    process.stderr.write(
      `bonghwa: this is Node ${process.versions.node}; Node ${NODE_MAJOR_MIN} or newer is needed. Install it, or run 'npm ci' here to get the pinned one.\n`,
    );
    process.exit(2);
  }
  const child = spawn(pinned, process.argv.slice(1), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 2 : 128 + 15)));
}

/**
 * Keeps what Node makes of the modules (types stripped, byte code) for the next start, which then takes a third of the time; for
 * threads and processes of our own too, which look for it in the environment.
 * In a directory of this user, not in one that others may write to: what lies there is run. Without such a directory it is
 * only slower. NODE_DISABLE_COMPILE_CACHE=1 turns it off.
 */
function keepCompiledCode() {
  try {
    const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
    if (!isAbsolute(caches)) return;
    const own = join(caches, 'bonghwa');
    // One level at a time: where a directory cannot be, as below /proc, Node's own recursive mkdir does not come to an end.
    for (const directory of [caches, own]) if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
    accessSync(own, constants.W_OK | constants.X_OK);
    if (module.enableCompileCache(own).directory !== undefined) process.env.NODE_COMPILE_CACHE ??= own;
  } catch {
    // No home directory, or one that this user may not write to.
  }
}
