import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { BlobFiles } from './blob-files.ts';
import type { Hello, Refusal } from './database.ts';
import { type DatabaseCalls, DatabaseFault, type DatabaseSetup, DatabaseThread } from './database-thread.ts';
import { makePglite } from './make-pglite.ts';
import { looksDamaged, setAside } from './set-aside.ts';
import type { StateMemory } from './state-memory.ts';

/** A reader waits for the database no longer than this, ms. */
export const DATABASE_ANSWER_MS_MAX = 2000;
/** Opening replays the log of the last run; making PGlite's files takes seconds. */
const OPEN_MS_MAX = 120_000;
/** A database that does not take writes for so long hangs: its connection is given up. */
const APPLY_MS_MAX = 20_000;
const BATCH_MAX = 256;
/** Writes of this time share a transaction, ms. */
const GATHER_MS = 100;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 30_000;
const LOOK_MS = 1000;
/** Blobs are on disk already; the database follows so much later. */
const BLOB_MS = 15 * 60_000;
/** PGlite's log grows until a checkpoint: one is made after so much time, or so many writes. */
const MAINTAIN_MS = 10 * 60_000;
const MAINTAIN_WRITES = 5000;
const SIZE_MS = 60_000;
/** PGlite's files are set aside when they could not be opened so many times in a row. */
const DAMAGED_TIMES = 3;

export interface FollowerOptions {
  readonly setup: DatabaseSetup;
  /** Where an empty database may be kept for the next that is made. */
  readonly cacheDirectory: string | undefined;
  /** It begins when this is there, or when it is told to. */
  readonly after: Promise<void>;
  readonly memory: StateMemory;
  readonly blobs: BlobFiles;
  readonly onOpen: (hello: Hello) => void;
  /** Told when the database is lost, and with `undefined` when it is there again. */
  readonly onFault: (error: Error | undefined) => void;
  /** Told when nothing waits any more. */
  readonly onCaughtUp: () => void;
  readonly onRefused: (refused: readonly Refusal[]) => void;
  readonly onSetAside: (path: string, cause: Error) => void;
}

/** Brings the database up to what the journal holds, and asks it; comes back from any fault of it. */
export class Follower {
  readonly #options: FollowerOptions;
  #thread: DatabaseThread | undefined;
  #state: 'starting' | 'ready' | 'down' = 'starting';
  #written = 0;
  #sizeBytes: number | undefined;
  readonly #blobVersions = new Map<string, number>();
  #blobsAtMs = performance.now();
  #maintainedAtMs = performance.now();
  #sizedAtMs = Number.NEGATIVE_INFINITY;
  #writtenMaintained = 0;
  #damaged = 0;
  #settled: () => void = () => undefined;
  /** Resolves when the database has answered once, or was found down. */
  readonly settled = new Promise<void>((resolve) => {
    this.#settled = resolve;
  });
  #wake: () => void = () => undefined;
  readonly #begun = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  get state(): 'starting' | 'ready' | 'down' {
    return this.#state;
  }

  get written(): number {
    return this.#written;
  }

  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  start(): void {
    this.#options.after.then(() => this.begin());
    this.#running = this.#run();
  }

  /** Opens the database now, whatever it was to wait for. */
  begin(): void {
    this.#begun.resolve();
  }

  /** There is something to take over. */
  wake(): void {
    this.#wake();
  }

  /** Asks the database, if it can be expected to answer now. */
  async read<Call extends 'attacks' | 'attack' | 'documents' | 'document' | 'pruneDocuments' | 'loadBlob' | 'prune'>(
    call: Call,
    args: Parameters<DatabaseCalls[Call]>,
    answerMsMax = DATABASE_ANSWER_MS_MAX,
  ): Promise<Awaited<ReturnType<DatabaseCalls[Call]>>> {
    const thread = this.#thread;
    if (this.#state !== 'ready' || thread === undefined) throw new DatabaseFault('the database is not there');
    if (thread.waitsMs() > DATABASE_ANSWER_MS_MAX) throw new DatabaseFault('the database does not answer');
    return (await thread.ask(call, args, answerMsMax)) as Awaited<ReturnType<DatabaseCalls[Call]>>;
  }

  async #run(): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    await this.#begun.promise;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#connect();
        this.#state = 'ready';
        this.#options.onFault(undefined);
        this.#settled();
        retryMs = RETRY_MS_MIN;
        await this.#follow();
      } catch (error) {
        this.#lose(error instanceof Error ? error : new Error(String(error)));
        await this.#considerDamage(error);
        await this.#pause(retryMs);
        retryMs = Math.min(2 * retryMs, RETRY_MS_MAX);
      }
    }
  }

  #lose(error: Error): void {
    this.#thread?.stop();
    this.#thread = undefined;
    if (this.#closing.signal.aborted) return;
    this.#state = 'down';
    this.#options.onFault(error);
    this.#settled();
  }

  async #connect(): Promise<void> {
    const { setup, cacheDirectory, memory, onOpen } = this.#options;
    if (setup.kind === 'pglite' && !existsSync(setup.directory)) {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(OPEN_MS_MAX)]);
      await makePglite(setup.directory, cacheDirectory, signal);
    }
    const thread = new DatabaseThread(setup);
    this.#thread = thread;
    const hello = await thread.ask('open', [], OPEN_MS_MAX);
    memory.followedUpTo(hello.position);
    memory.adopt(hello.exporters);
    memory.adopt(hello.settings);
    this.#blobVersions.clear();
    for (const { name, version } of hello.blobs) this.#blobVersions.set(name, version);
    onOpen(hello);
  }

  /** Takes over what comes, until the database fails or the station closes. */
  async #follow(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      while (await this.#applyNext()) {
        this.#damaged = 0;
        if (this.#written - this.#writtenMaintained > MAINTAIN_WRITES) break;
      }
      if (this.#options.memory.waiting === 0) this.#options.onCaughtUp();
      await this.#lookAfter();
      await this.#sleep();
    }
  }

  async #applyNext(): Promise<boolean> {
    const { memory, onRefused } = this.#options;
    const entries = memory.next(BATCH_MAX);
    const thread = this.#thread;
    if (entries.length === 0 || thread === undefined) return false;
    const refused = await thread.ask('apply', [entries], APPLY_MS_MAX);
    memory.confirm(entries);
    this.#written += entries.length - refused.length;
    if (refused.length > 0) onRefused(refused);
    return true;
  }

  /** What is due by the clock. */
  async #lookAfter(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    const nowMs = performance.now();
    if (nowMs - this.#blobsAtMs > BLOB_MS) await this.#copyBlobs(thread);
    const writes = this.#written - this.#writtenMaintained;
    if (writes > MAINTAIN_WRITES || (writes > 0 && nowMs - this.#maintainedAtMs > MAINTAIN_MS)) {
      this.#maintainedAtMs = nowMs;
      this.#writtenMaintained = this.#written;
      await thread.ask('maintain', [], APPLY_MS_MAX);
    }
    if (nowMs - this.#sizedAtMs > SIZE_MS) {
      this.#sizedAtMs = nowMs;
      this.#sizeBytes = await thread.ask('sizeBytes', [], APPLY_MS_MAX);
    }
  }

  async #copyBlobs(thread: DatabaseThread): Promise<void> {
    this.#blobsAtMs = performance.now();
    for (const [name, { sequence }] of [...this.#options.blobs.held()]) {
      if (this.#blobVersions.get(name) === sequence) continue;
      const blob = await this.#options.blobs.load(name);
      if (typeof blob === 'string') continue;
      await thread.ask('saveBlob', [name, blob.sequence, blob.bytes], APPLY_MS_MAX);
      this.#blobVersions.set(name, blob.sequence);
      this.#written++;
    }
  }

  async #considerDamage(error: unknown): Promise<void> {
    const { setup, onSetAside } = this.#options;
    if (setup.kind !== 'pglite' || this.#closing.signal.aborted) return;
    if (!(error instanceof Error) || !looksDamaged(error)) return;
    this.#damaged++;
    if (this.#damaged < DAMAGED_TIMES) return;
    const path = await setAside(setup.directory).catch(() => undefined);
    if (path === undefined) return;
    this.#damaged = 0;
    onSetAside(path, error);
  }

  /** Waits until there is something to do, and a little longer for what comes with it. */
  async #sleep(): Promise<void> {
    const { memory } = this.#options;
    if (memory.waiting === 0 && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS);
        timer.unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = () => undefined;
    }
    if (memory.waiting > 0) await this.#pause(GATHER_MS);
  }

  /** Waits, unless the station closes. */
  async #pause(pauseMs: number): Promise<void> {
    await delay(pauseMs, undefined, { ref: false, signal: this.#closing.signal }).catch(() => undefined);
  }

  /** Takes over what waits, within the given time, and lets go of the database. */
  async close(closeMsMax: number): Promise<void> {
    const connected = this.#state === 'ready';
    this.#closing.abort();
    this.begin();
    this.#wake();
    const timer = setTimeout(() => this.#thread?.stop(), closeMsMax);
    try {
      if (!connected) this.#thread?.stop();
      await this.#running;
      const thread = this.#thread;
      if (thread === undefined || !connected) return;
      while (await this.#applyNext());
      await this.#copyBlobs(thread);
      await thread.ask('close', [], closeMsMax);
    } catch {
      // What the database did not take is in the journal.
    } finally {
      clearTimeout(timer);
      this.#thread?.stop();
    }
  }
}
