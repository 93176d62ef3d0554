import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DiskFacts } from './facts.ts';

/** What is written to measure the disk, and for how long at most. */
const BLOCK_BYTES = 1 << 20;
const BLOCKS_MAX = 32;
const SYNC_BYTES = 4096;
const SYNCS_MAX = 11;
const MEASURE_MS_MAX = 2000;
/** Files that are counted in the data directory. */
const FILES_MAX = 100_000;

/** Looks at the data directory, or where it will be made, and writes a file there for a moment to see how fast that is. */
export async function diskFacts(directory: string, nowMs: number): Promise<DiskFacts> {
  const absolute = resolve(directory);
  const place = await nearestDirectory(absolute);
  const exists = place === absolute;
  const base = { directory: absolute, exists };
  const space = await statfs(place).catch(() => undefined);
  const room =
    space === undefined ? {} : { freeBytes: space.bavail * space.bsize, totalBytes: space.blocks * space.bsize };
  const unwritable = await whyUnwritable(absolute, place);
  if (unwritable !== undefined) return { ...base, ...room, unwritable };
  const kept = exists ? await usedIn(absolute, nowMs) : { usedBytes: 0 };
  // A nearly full disk is not filled for a measurement.
  const measurable = room.freeBytes === undefined || room.freeBytes > 4 * BLOCKS_MAX * BLOCK_BYTES;
  return { ...base, ...room, ...kept, ...(measurable ? await speedOf(place) : {}) };
}

async function nearestDirectory(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const there = await stat(at).catch(() => undefined);
    if (there?.isDirectory() === true || at === dirname(at)) return at;
  }
}

async function whyUnwritable(directory: string, place: string): Promise<string | undefined> {
  const there = await stat(directory).catch(() => undefined);
  if (there !== undefined && !there.isDirectory()) return 'it is not a directory';
  try {
    await access(place, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const words = code === 'EROFS' ? 'the file system is read-only' : 'permission is denied';
    return place === directory ? words : `it is not there, and in ${place} ${words}`;
  }
}

/** Bytes of all files below, and how long the directory is there. */
async function usedIn(directory: string, nowMs: number): Promise<{ usedBytes?: number; ageMs?: number }> {
  const { birthtimeMs } = await stat(directory);
  const age = birthtimeMs > 0 && birthtimeMs <= nowMs ? { ageMs: nowMs - birthtimeMs } : {};
  let usedBytes = 0;
  let files = 0;
  const waiting = [directory];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    // Files come and go while a station runs.
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (++files > FILES_MAX) return age;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else usedBytes += (await stat(path).catch(() => undefined))?.size ?? 0;
    }
  }
  return { usedBytes, ...age };
}

/** Writes blocks and makes them durable, then small pieces each made durable by itself, as an acknowledgement is. */
async function speedOf(place: string): Promise<{ writeBytesPerSecond?: number; fsyncMs?: number }> {
  const path = join(place, `.bonghwa-doctor-${process.pid}-${randomBytes(4).toString('hex')}`);
  const file = await open(path, 'wx').catch(() => undefined);
  if (file === undefined) return {};
  try {
    return { writeBytesPerSecond: await writeSpeed(file), fsyncMs: await syncTime(file) };
  } catch {
    return {};
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

async function writeSpeed(file: FileHandle): Promise<number> {
  // Bytes that no file system can press together.
  const block = randomBytes(BLOCK_BYTES);
  const startedMs = performance.now();
  let blocks = 0;
  while (blocks < BLOCKS_MAX && performance.now() - startedMs < MEASURE_MS_MAX) {
    await file.write(block);
    blocks++;
  }
  await file.datasync();
  return (blocks * BLOCK_BYTES * 1000) / Math.max(0.1, performance.now() - startedMs);
}

async function syncTime(file: FileHandle): Promise<number> {
  const piece = randomBytes(SYNC_BYTES);
  const times: number[] = [];
  const startedMs = performance.now();
  while (times.length < SYNCS_MAX && performance.now() - startedMs < MEASURE_MS_MAX) {
    const beganMs = performance.now();
    await file.write(piece);
    await file.datasync();
    times.push(performance.now() - beganMs);
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}
