import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** Where this user's programs keep what they can make anew (XDG Base Directory); `undefined` where there is no such place. */
export function cacheDirectory(): string | undefined {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return isAbsolute(caches) ? join(caches, 'bonghwa') : undefined;
}

/** The same, made where it was missing; `undefined` where this user may not write there. */
export function writableCacheDirectory(): string | undefined {
  const directory = cacheDirectory();
  if (directory === undefined) return undefined;
  try {
    // One level at a time: where a directory cannot be, as below /proc, Node's own recursive mkdir does not come to an end.
    for (const each of [dirname(directory), directory]) if (!existsSync(each)) mkdirSync(each, { mode: 0o700 });
    accessSync(directory, constants.W_OK | constants.X_OK);
    return directory;
  } catch {
    return undefined;
  }
}
