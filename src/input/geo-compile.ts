import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { compileGeo, type GeoFile, kindOf } from './geo-source.ts';
import type { GeoKind } from './geo-table.ts';

/** Heap for what is thrown away at once, MB: there is much of it, and the larger it is the more memory the process holds for good. */
const YOUNG_MB = 8;

interface Task {
  readonly kind: GeoKind;
  readonly paths: readonly string[];
}

/** `absent`: none of the files tells what was asked for. */
export type Compiled =
  | { readonly state: 'compiled'; readonly bytes: Uint8Array }
  | { readonly state: 'absent' }
  | { readonly state: 'refused'; readonly reason: string };

/** Makes a table of files in a thread of its own, since that takes a second or two. Rejects where there can be no thread. */
export async function compileInThread(kind: GeoKind, paths: readonly string[]): Promise<Compiled> {
  const worker = new Worker(new URL(import.meta.url), {
    name: 'bonghwa-geo',
    workerData: { geo: { kind, paths } },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  try {
    return await new Promise<Compiled>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread ended without an answer')));
    });
  } finally {
    await worker.terminate();
  }
}

function compile({ kind, paths }: Task): Compiled {
  stepBack();
  const files = paths.map((path) => new DiskFile(path));
  try {
    const ofKind = files.filter((file) => kindOf(file) === kind);
    if (ofKind.length === 0) return { state: 'absent' };
    const table = compileGeo(kind, ofKind);
    return typeof table === 'string' ? { state: 'refused', reason: table } : { state: 'compiled', bytes: table.bytes };
  } finally {
    for (const file of files) file.close();
  }
}

/** A file that is read piece by piece where that will do: it may be larger than all that is made of it. */
class DiskFile implements GeoFile {
  readonly name: string;
  readonly #fd: number;
  #whole: Uint8Array | undefined;

  constructor(path: string) {
    this.name = basename(path);
    this.#fd = openSync(path, 'r');
  }

  whole(): Uint8Array {
    this.#whole ??= readFileSync(this.#fd);
    return this.#whole;
  }

  read(into: Uint8Array, at: number): number {
    return readSync(this.#fd, into, 0, into.length, at);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/**
 * Whatever receives and decides at the first start comes before this thread, which takes seconds of a processor then. Where a thread has no
 * number of its own (Linux gives it one), or may not be put behind, nothing changes.
 */
function stepBack(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_LOW);
  } catch {
    return;
  }
}

function run(task: Task, port: MessagePort): void {
  let compiled: Compiled;
  try {
    compiled = compile(task);
  } catch (error) {
    compiled = { state: 'refused', reason: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(compiled, compiled.state === 'compiled' ? [compiled.bytes.buffer as ArrayBuffer] : []);
}

const given = workerData as { readonly geo?: Task } | null;
if (!isMainThread && parentPort !== null && given?.geo !== undefined) run(given.geo, parentPort);
