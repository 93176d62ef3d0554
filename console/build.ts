/**
 * Builds the console into `console/dist`: `node console/build.ts`. The station runs this in a checkout, `npm run build` for the
 * package. What is built replaces what was there in one step, so that a station that serves it never sees half of it. Of two that want to
 * build at once the second waits, and has what the first one built.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';
import { BonghwaError } from '../src/base/errors.ts';
import { type Lock, lockDirectory } from '../src/store/lock.ts';
import { documentsPlugin } from './plugins/documents.ts';
import { routersPlugin } from './plugins/routers.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const ROOT = join(TOP, 'console');
const BUILT = join(ROOT, 'dist');
/** What is smaller does not gain by being compressed. */
const COMPRESS_BYTES_MIN = 600;
/** The console with its documents, compressed: what somebody downloads who looks at every page. */
const BYTES_MAX = 300_000;

/** Whoever builds holds this; whoever waits looks again after so long, ms. */
const LOCK = join(ROOT, '.build-lock');
const WAIT_MS = 200;

const startedMs = Date.now();
const lock = await waitForLock();
try {
  const index = join(BUILT, 'index.html');
  if (existsSync(index) && statSync(index).mtimeMs > startedMs) console.log('console: built meanwhile');
  else await buildConsole(join(ROOT, `.build-${process.pid}`));
} finally {
  await lock.release();
}

async function waitForLock(): Promise<Lock> {
  for (;;) {
    try {
      return await lockDirectory(LOCK, { pid: process.pid });
    } catch (error) {
      if (!(error instanceof BonghwaError && error.code === 'DATA_IN_USE')) throw error;
      await delay(WAIT_MS);
    }
  }
}

async function buildConsole(fresh: string): Promise<void> {
  try {
    await build({
      configFile: false,
      root: ROOT,
      logLevel: 'warn',
      plugins: [svelte({ configFile: false }), documentsPlugin(TOP), routersPlugin(TOP)],
      build: {
        outDir: fresh,
        emptyOutDir: true,
        target: 'es2023',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        rolldownOptions: {
          checks: { pluginTimings: false },
          // What the first page needs comes in one file: sixteen small ones cost more than what they hold.
          output: { codeSplitting: { groups: [{ name: 'first', test: /console\/src\/main\.ts$/ }] } },
        },
      },
    });
    const bytes = compress(fresh);
    rmSync(BUILT, { recursive: true, force: true });
    renameSync(fresh, BUILT);
    console.log(`console: ${Math.round(bytes / 1000)} KB compressed in console/dist, the documents among them`);
    if (bytes > BYTES_MAX) {
      console.error(`console: more than ${BYTES_MAX / 1000} KB; load less, or load it when it is asked for`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Puts `.br` and `.gz` beside every file; returns the bytes of the smallest forms. */
function compress(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    let smallest = content.length;
    if (content.length >= COMPRESS_BYTES_MIN) {
      const brotli = brotliCompressSync(content, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
      });
      writeFileSync(`${path}.br`, brotli);
      writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      smallest = brotli.length;
    }
    bytes += smallest;
  }
  return bytes;
}
