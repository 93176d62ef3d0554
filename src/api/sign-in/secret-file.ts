import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

const FILE_MODE = 0o600;
const SECRET_BYTES = 32;

/** Token of whoever may read the data directory: commands on the same machine, and its administrator who is locked out. */
export const LOCAL_TOKEN_FILE = 'local-token';
const COOKIE_SECRET_FILE = 'cookie-secret';

/** A new token at every start, in a file that only the user of the station may read. */
export async function writeLocalToken(directory: string): Promise<string> {
  const token = `bgl_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  await replace(join(directory, LOCAL_TOKEN_FILE), `${token}\n`);
  return token;
}

/** The token of the station on a data directory; undefined where there is none, or it may not be read. */
export async function readLocalToken(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, LOCAL_TOKEN_FILE), 'utf8').catch(() => '');
  return /^bgl_[\w-]{20,}$/.test(text.trim()) ? text.trim() : undefined;
}

/** What signs cookies: the same over restarts, so that nobody has to sign in again. */
export async function cookieSecret(directory: string): Promise<string> {
  const path = join(directory, COOKIE_SECRET_FILE);
  const kept = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (/^[\w-]{40,}$/.test(kept)) return kept;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await replace(path, `${secret}\n`);
  return secret;
}

async function replace(path: string, text: string): Promise<void> {
  const handle = await open(`${path}.new`, 'w', FILE_MODE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // A file that was there before keeps the mode that it had.
  await chmod(`${path}.new`, FILE_MODE);
  await rename(`${path}.new`, path);
}
