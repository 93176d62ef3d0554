import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DatabaseFault } from './database-thread.ts';

/** What a process may say of its failure, characters. */
const SAID_MAX = 2000;

/**
 * Makes PGlite's files in a process of its own: the hundreds of megabytes that this takes are given back to the machine when it
 * ends, and those of a thread are not.
 */
export async function makePglite(
  directory: string,
  cacheDirectory: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const cache = cacheDirectory === undefined ? [] : [cacheDirectory];
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), directory, ...cache], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_MAX);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new DatabaseFault(`PGlite's files could not be made: ${said.trim() || `exit code ${code}`}`);
}

if (import.meta.main) {
  const { createPglite } = await import('./pglite.ts');
  await createPglite(process.argv[2], process.argv.at(3));
}
