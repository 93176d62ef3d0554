import { setTimeout as delay } from 'node:timers/promises';
import { BonghwaError } from '../../base/errors.ts';
import type { Journal } from './journal.ts';
import { encodeEntry, PAYLOAD_BYTES_MAX, type StateEntry } from './journal-frame.ts';

/** After a write that failed, the next one is tried so much later. */
const RETRY_MS = 1000;
/** The file is made anew when it is larger than this, and twice as large as what is worth keeping. */
const COMPACT_BYTES_MIN = 4 * 1024 * 1024;
/** What waited for the database makes a large file; when the database has it, the file is made anew if it is so much too large. */
const TIDY_TIMES = 4;
/** Bytes that may wait for a disk that takes nothing. */
const QUEUE_BYTES_MAX = 32 * 1024 * 1024;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Queued {
  readonly entry: StateEntry;
  readonly frame: Buffer;
  waiters: Waiter[];
}

export interface WriterOptions {
  readonly journal: Journal;
  /** What a file that is made anew must hold. */
  readonly durable: () => readonly StateEntry[];
  /** Told when writes are on disk, in their order. */
  readonly onDurable: (entry: StateEntry, bytes: number) => void;
  /** Told when the disk begins to refuse, and with `undefined` when it takes writes again. */
  readonly onFault: (error: Error | undefined) => void;
}

/** Brings writes into the journal, all that wait with one sync. Of several under one key only the newest is written. */
export class JournalWriter {
  readonly #options: WriterOptions;
  /** In the order of their numbers, which is the order in which they become durable. */
  #queue = new Map<string, Queued>();
  #queueBytes = 0;
  #running: Promise<void> | undefined;
  #compactAt = COMPACT_BYTES_MIN;
  #sequence: number;
  #failed = false;
  #forgets = false;
  readonly #closing = new AbortController();

  constructor(options: WriterOptions, sequence: number) {
    this.#options = options;
    this.#sequence = sequence;
  }

  get queued(): number {
    return this.#queue.size;
  }

  queues(key: string): boolean {
    return this.#queue.has(key);
  }

  /** Resolves when the write is on disk. After a rejection it stays queued, in so far as there is room for it. */
  write(entry: StateEntry): Promise<void> {
    const frame = encodeEntry(entry);
    const replaced = this.#queue.get(entry.key);
    const bytes = this.#queueBytes + frame.length - (replaced?.frame.length ?? 0);
    if (frame.length > PAYLOAD_BYTES_MAX || bytes > QUEUE_BYTES_MAX) {
      return Promise.reject(notKept('it is too large, or too much waits for the disk', undefined));
    }
    this.#queueBytes = bytes;
    this.#sequence = entry.sequence;
    return new Promise((resolve, reject) => {
      this.#queue.delete(entry.key);
      this.#queue.set(entry.key, { entry, frame, waiters: [...(replaced?.waiters ?? []), { resolve, reject }] });
      this.#running ??= this.#run();
    });
  }

  /** Makes the file anew, without what is not worth keeping any more. */
  forget(): void {
    this.#forgets = true;
    this.#running ??= this.#run();
  }

  /** Makes the file anew if little of it is worth keeping: `durableBytes` as far as is known. */
  tidy(durableBytes: number): void {
    const { bytes } = this.#options.journal;
    if (bytes > COMPACT_BYTES_MIN && bytes > TIDY_TIMES * durableBytes && !this.#failed) this.forget();
  }

  async #run(): Promise<void> {
    // Writes of one turn of the event loop share a sync.
    await Promise.resolve();
    while (this.#queue.size > 0 || this.#forgets) {
      const batch = this.#queue;
      this.#queue = new Map();
      this.#queueBytes = 0;
      try {
        await this.#flush([...batch.values()]);
      } catch (error) {
        this.#giveBack(batch, error);
        if (this.#closing.signal.aborted) break;
        await delay(RETRY_MS, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
        continue;
      }
      if (this.#failed) this.#options.onFault(undefined);
      this.#failed = false;
    }
    this.#running = undefined;
  }

  async #flush(batch: readonly Queued[]): Promise<void> {
    const { journal } = this.#options;
    if (journal.stale || this.#forgets) await this.#compact();
    else if (journal.bytes > this.#compactAt) {
      // Where there is no room for a second file, the first one is written on.
      await this.#compact().catch(() => {
        this.#compactAt = journal.bytes + COMPACT_BYTES_MIN;
      });
    }
    if (batch.length === 0) return;
    await journal.append(Buffer.concat(batch.map(({ frame }) => frame)));
    for (const { entry, frame, waiters } of batch) {
      this.#options.onDurable(entry, frame.length);
      for (const { resolve } of waiters) resolve();
    }
  }

  async #compact(): Promise<void> {
    const { journal, durable } = this.#options;
    await journal.replace(durable(), this.#sequence);
    this.#compactAt = Math.max(COMPACT_BYTES_MIN, 2 * journal.bytes);
    this.#forgets = false;
  }

  /** Says that nothing of a batch is durable, and queues it before what came since. */
  #giveBack(batch: Map<string, Queued>, error: unknown): void {
    const since = this.#queue;
    this.#queue = new Map();
    for (const [key, queued] of batch) {
      for (const { reject } of queued.waiters) reject(notKept('the disk does not take it', error));
      queued.waiters = [];
      if (!since.has(key)) this.#queue.set(key, queued);
    }
    for (const [key, queued] of since) this.#queue.set(key, queued);
    this.#queueBytes = 0;
    for (const { frame } of this.#queue.values()) this.#queueBytes += frame.length;
    if (!this.#failed) this.#options.onFault(error instanceof Error ? error : new Error(String(error)));
    this.#failed = true;
  }

  /** Writes what is queued, and does not try again what fails. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#options.journal.close();
  }
}

export function notKept(reason: string, cause: unknown): BonghwaError {
  const told = cause instanceof Error ? `${reason}: ${cause.message}` : reason;
  return new BonghwaError('STATE_NOT_KEPT', `state could not be written (${told})`, {
    hint: 'Make room on the disk of the data directory; what waits is written then.',
    cause,
  });
}
