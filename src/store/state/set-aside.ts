import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from './durable-file.ts';

/** More than PostgreSQL writes to come up: one file of its log has 16 MiB. */
const PROBE_BYTES = 20 * 1024 * 1024;

/** What PGlite says when PostgreSQL gives up on its files, or WebAssembly on PostgreSQL. */
const ABORTED = /failed to initialize|Aborted\(|PANIC|FATAL|out of bounds|unreachable|signature mismatch|null function/;

/**
 * True for faults that damaged files give: PostgreSQL aborts over them, or names data or an index as corrupted (XX001, XX002), an
 * inner error (XX000), or a file that is not there (58P01).
 */
export function looksDamaged(error: Error): boolean {
  const sqlState = 'sqlState' in error ? error.sqlState : undefined;
  return typeof sqlState === 'string' ? /^XX|^58P01$/.test(sqlState) : ABORTED.test(error.message);
}

/**
 * Moves files of PGlite out of the way, to `….broken-1` and so on, and says where; `undefined` where it may be the disk and not the
 * files: it is full, cannot be written, or does not let us read.
 */
export async function setAside(directory: string): Promise<string | undefined> {
  if (!(await diskIsFine(directory))) return undefined;
  let number = 1;
  while (existsSync(`${directory}.broken-${number}`)) number++;
  const path = `${directory}.broken-${number}`;
  await rename(directory, path);
  await syncDirectory(dirname(directory));
  return path;
}

async function diskIsFine(directory: string): Promise<boolean> {
  const probe = `${directory}.probe`;
  try {
    const handle = await open(probe, 'w', 0o600);
    try {
      await handle.writeFile(Buffer.alloc(PROBE_BYTES));
      await handle.sync();
    } finally {
      await handle.close();
    }
    for (const file of ['PG_VERSION', join('global', 'pg_control')]) {
      const path = join(directory, file);
      if (existsSync(path)) await (await open(path, 'r+')).close();
    }
    return true;
  } catch {
    return false;
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
