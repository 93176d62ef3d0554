import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { type CheckResult, checkResultSchema } from '../../model/vantage.ts';
import type { StateStore } from '../../store/state/state-store.ts';

const BLOB = 'checks';
/** Bytes of what is kept, decompressed. */
const BYTES_MAX = 64 << 20;
/** Checks are many and alike: the fastest level takes them to a twentieth. */
const LEVEL = 1;

/** Keeps the latest checks over a restart. */
export async function keepChecks(state: StateStore, checks: readonly CheckResult[]): Promise<void> {
  await state.saveBlob(BLOB, await promisify(gzip)(JSON.stringify(checks), { level: LEVEL }));
}

/** What the last run kept; nothing where it cannot be read. */
export async function keptChecks(state: StateStore): Promise<readonly CheckResult[]> {
  const bytes = await state.loadBlob(BLOB);
  if (bytes === undefined) return [];
  try {
    const text = await promisify(gunzip)(bytes, { maxOutputLength: BYTES_MAX });
    return z.array(checkResultSchema).parse(JSON.parse(text.toString('utf8')));
  } catch {
    return [];
  }
}
