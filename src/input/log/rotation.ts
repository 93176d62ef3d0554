import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openCapture } from '../capture-file.ts';
import { beginsAs, FollowedFile, hashOf, tellsCopies } from './followed-file.ts';
import type { LogPosition } from './positions.ts';

/**
 * Where the bytes of a log went when it was rotated: to another name (rename), or as a copy beside it (copytruncate), and then maybe
 * into a compressed file. What was not read yet is read from there.
 */

/** Names in a directory that are looked at. */
const NAMES_MAX = 4096;
/** Bytes of a compressed file that are inflated to find where it was read to. */
const INFLATED_BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** The file that holds what a position was in, under whatever name it has now; undefined where it is nowhere beside it. */
export function findMoved(position: LogPosition): FollowedFile | undefined {
  const here = siblings(position.path);
  const same = here.find(({ dev, ino }) => dev === position.dev && ino === position.ino);
  if (same !== undefined && beginsAs(same.path, position)) return openAt(same.path, position);
  if (!tellsCopies(position)) return undefined;
  const copy = here.find(
    ({ path, size }) => path !== position.path && size >= position.offset && beginsAs(path, position),
  );
  return copy === undefined ? undefined : openAt(copy.path, position);
}

/** Chunks of what was not read of a position, from the compressed file that it became; nothing where there is none. */
export async function* readCompressed(position: LogPosition): AsyncGenerator<Uint8Array, void, undefined> {
  if (!tellsCopies(position)) return;
  for (const { path } of siblings(position.path)) {
    if (!/\.(gz|zst)$/.test(path)) continue;
    const file = await openCapture(path);
    try {
      let head = new Uint8Array(0);
      let at = 0;
      for await (const chunk of file.chunks) {
        if (head.length < position.headBytes) {
          const more = chunk.subarray(0, position.headBytes - head.length);
          head = Uint8Array.from([...head, ...more]);
          if (head.length === position.headBytes && hashOf(head) !== position.headHash) break;
        }
        const skipped = Math.min(chunk.length, Math.max(0, position.offset - at));
        at += chunk.length;
        if (at > INFLATED_BYTES_MAX) return;
        if (skipped < chunk.length) yield chunk.subarray(skipped);
      }
      if (at >= position.offset && hashOf(head) === position.headHash) return;
    } finally {
      await file.close();
    }
  }
}

interface Sibling {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
}

/** Files whose names begin as that of the log does, the newest first: `access.log.1` and `access.log-20261126`, and `access-….log`. */
function siblings(path: string): readonly Sibling[] {
  const directory = dirname(path);
  const stem = basename(path).replace(/\.\w+$/, '');
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  const found: (Sibling & { readonly mtimeMs: number })[] = [];
  for (const name of names.slice(0, NAMES_MAX)) {
    if (!name.startsWith(stem)) continue;
    const sibling = join(directory, name);
    try {
      const { dev, ino, size, mtimeMs } = statSync(sibling);
      found.push({ path: sibling, dev, ino, size, mtimeMs });
    } catch {
      // It went between the listing and the look.
    }
  }
  return found.sort((left, right) => right.mtimeMs - left.mtimeMs);
}

/** It goes on under the name that its log has: after a restart it is looked for by that. */
function openAt(path: string, position: LogPosition): FollowedFile | undefined {
  const file = FollowedFile.open(path, () => position.offset);
  if (file !== undefined) file.path = position.path;
  return file;
}
