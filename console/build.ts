/**
 * Builds the console into `console/dist`: `node console/build.ts`. The station runs this in a checkout, `npm run build` for the
 * package. What is built replaces what was there in one step, so that a station that serves it never sees half of it.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';
import { documentsPlugin } from './plugins/documents.ts';
import { routersPlugin } from './plugins/routers.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const ROOT = join(TOP, 'console');
const BUILT = join(ROOT, 'dist');
/** What is smaller does not gain by being compressed. */
const COMPRESS_BYTES_MIN = 600;
/** What the issue allows for the console, compressed. */
const BYTES_MAX = 300_000;

const fresh = join(ROOT, `.build-${process.pid}`);
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
        output: {
          // Documents are loaded one by one when they are read; they grow, and are counted apart.
          chunkFileNames: ({ moduleIds }) =>
            moduleIds.some((id) => id.includes('virtual:document'))
              ? 'assets/document-[hash].js'
              : 'assets/[name]-[hash].js',
        },
      },
    },
  });
  const { bytes, documents } = compress(fresh);
  rmSync(BUILT, { recursive: true, force: true });
  renameSync(fresh, BUILT);
  console.log(
    `console: ${Math.round(bytes / 1000)} KB compressed in console/dist, and ${Math.round(documents / 1000)} KB of documents`,
  );
  if (bytes > BYTES_MAX) {
    console.error(`console: more than ${BYTES_MAX / 1000} KB; load less, or load it when it is asked for`);
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/** Puts `.br` and `.gz` beside every file; returns the bytes of the smallest forms, those of documents apart. */
function compress(directory: string): { readonly bytes: number; readonly documents: number } {
  let bytes = 0;
  let documents = 0;
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
    if (entry.name.startsWith('document-')) documents += smallest;
    else bytes += smallest;
  }
  return { bytes, documents };
}
