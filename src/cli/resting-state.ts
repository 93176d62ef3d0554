import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BonghwaError } from '../base/errors.ts';
import { lockDirectory } from '../store/lock.ts';
import { openState } from '../store/state/open.ts';
import type { StateStore } from '../store/state/state-store.ts';
import { writableCacheDirectory } from './cache-directory.ts';

/**
 * What a data directory remembers while no station runs on it. Its lock is held meanwhile, so that none starts in between. Rejects with
 * STATION_UNREACHABLE where the directory holds no state of its own.
 */
export async function withRestingState<T>(directory: string, ask: (state: StateStore) => Promise<T>): Promise<T> {
  // Asking must not make a data directory of what is none, nor a second memory beside a database elsewhere.
  const there = await Promise.all(['journal', 'state'].map((name) => isThere(join(directory, name))));
  if (there.includes(false)) {
    throw new BonghwaError('STATION_UNREACHABLE', `no station runs on ${directory}, and it holds no attacks itself`, {
      hint: `'bonghwa serve --data ${directory}' starts one.`,
    });
  }
  const lock = await lockDirectory(directory, { pid: process.pid });
  // The thread of the database does not keep the process alive while it opens.
  const alive = setInterval(() => undefined, 1000);
  try {
    const state = await openState({ directory, cacheDirectory: writableCacheDirectory() });
    try {
      return await ask(state);
    } finally {
      await state.close();
    }
  } finally {
    clearInterval(alive);
    await lock.release();
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
