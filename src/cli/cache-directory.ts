import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where this user's programs keep what they can make anew (XDG Base Directory); `undefined` where there is no such place. */
export function cacheDirectory(): string | undefined {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return isAbsolute(caches) ? join(caches, 'bonghwa') : undefined;
}
