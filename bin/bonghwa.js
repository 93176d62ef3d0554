#!/usr/bin/env node
// Starts the command line: from the sources in a checkout, from the built files in a published package.
// A machine's own Node may be too old to run either; then the Node that the package pins is used instead.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 24;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
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
