import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** State is for the station's own user alone. */
export const FILE_MODE = 0o600;
export const DIRECTORY_MODE = 0o700;

/** Makes names in a directory durable: files that were made, renamed or removed there. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file: whoever reads it, whenever the power fails, sees all of the old bytes or all of the new ones. */
export async function replaceFile(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const written = `${path}.new`;
  try {
    const handle = await open(written, 'w', FILE_MODE);
    try {
      for (const chunk of chunks) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(written, path);
  } catch (error) {
    // Half a file would only take room, of which there may be none.
    await rm(written, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** The `code` of a fault of the operating system, such as `ENOSPC`. */
export function codeOfFault(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
