import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The directory of real data that stands beside a checkout, or `undefined` where it is absent. */
export function sharedData(): string | undefined {
  const path = fileURLToPath(new URL('../../../shared/data', import.meta.url));
  return existsSync(path) ? path : undefined;
}

/** The reason to give to node:test's `skip` where the real data is absent; `false` where it is there. */
export const SKIP_WITHOUT_SHARED_DATA: string | false =
  sharedData() === undefined ? 'the real data in ../shared/data is not beside this checkout' : false;
