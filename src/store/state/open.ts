import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BonghwaError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import { BlobFiles } from './blob-files.ts';
import { DIRECTORY_MODE } from './durable-file.ts';
import { Journal } from './journal.ts';
import type { StateOptions, StateStore } from './state-store.ts';
import { StationState } from './station-state.ts';

/**
 * Opens the state of a station from its journal, in milliseconds; the database is opened behind it. The caller holds the lock of
 * the directory (src/store/lock.ts). Rejects with `FILE_UNREADABLE` where the directory cannot be read; a full disk is no reason.
 */
export async function openState(options: StateOptions): Promise<StateStore> {
  const { directory, onProblem } = options;
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    const { journal, found } = await Journal.open(join(directory, 'journal'));
    const blobs = await BlobFiles.open(join(directory, 'snapshots'));
    if (found.damagedBytes > 0) {
      onProblem?.(
        new BonghwaError(
          'STATE_DAMAGED',
          `${formatBytes(found.damagedBytes)} of the journal were damaged on disk and are left out`,
          {
            hint: `The file as it was is ${join(directory, 'journal.damaged')}; look after the disk.`,
          },
        ),
      );
    }
    return new StationState(options, journal, found, blobs);
  } catch (error) {
    throw new BonghwaError('FILE_UNREADABLE', `the data directory ${directory} cannot be opened: ${reasonOf(error)}`, {
      hint: 'Check that the user of the station owns it.',
      cause: error,
    });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
