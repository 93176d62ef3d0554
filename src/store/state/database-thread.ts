import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Attack } from '../../model/attack.ts';
import type { AttackFilter } from './attack-query.ts';
import type { Hello, Refusal } from './database.ts';
import type { DocumentFilter } from './document-query.ts';
import type { StateEntry } from './journal-frame.ts';
import type { StoredDocument } from './state-store.ts';

/** Which database a thread of its own serves: the files of PGlite, or a server. */
export interface DatabaseSetup {
  readonly kind: 'pglite' | 'postgresql';
  /** Directory of PGlite's files. */
  readonly directory: string;
  readonly url: string | undefined;
  /** Tells the station's connections from those of others. */
  readonly journal: string;
}

/** What can be asked of the thread; each is answered once. */
export interface DatabaseCalls {
  open(): Promise<Hello>;
  apply(entries: readonly StateEntry[]): Promise<readonly Refusal[]>;
  attacks(filter: AttackFilter): Promise<{ readonly attacks: readonly Attack[]; readonly more: boolean }>;
  attack(id: string): Promise<Attack | undefined>;
  documents(filter: DocumentFilter): Promise<{ readonly documents: readonly StoredDocument[]; readonly more: boolean }>;
  document(kind: string, id: string): Promise<StoredDocument | undefined>;
  pruneDocuments(kind: string, time: string): Promise<number>;
  saveBlob(name: string, version: number, bytes: Uint8Array): Promise<void>;
  loadBlob(name: string): Promise<Uint8Array | undefined>;
  prune(time: string): Promise<number>;
  /** Checkpoint and vacuum, where nobody else does it. */
  maintain(): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

export interface DatabaseRequest {
  readonly id: number;
  readonly call: keyof DatabaseCalls;
  readonly args: readonly unknown[];
}

export type DatabaseAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly message: string; readonly sqlState: string | undefined };

interface Setup {
  readonly database?: DatabaseSetup;
}

interface Asked {
  readonly call: keyof DatabaseCalls;
  readonly sinceMs: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A fault that the database told of itself; without `sqlState` it came from the way there. */
export class DatabaseFault extends Error {
  readonly sqlState: string | undefined;

  constructor(message: string, sqlState?: string) {
    super(message);
    this.name = 'DatabaseFault';
    this.sqlState = sqlState;
  }
}

/**
 * A thread with a database in it. What it serves is loaded there: drivers take longer to load than a station to start, PGlite
 * computes for seconds, and a thread that hangs can be given up.
 */
export class DatabaseThread {
  readonly #worker: Worker;
  readonly #asked = new Map<number, Asked>();
  #nextId = 1;
  #over: Error | undefined;

  constructor(setup: DatabaseSetup) {
    this.#worker = new Worker(new URL(import.meta.url), { name: 'bonghwa-state', workerData: { database: setup } });
    this.#worker.unref();
    this.#worker.on('message', (answer: DatabaseAnswer) => this.#answered(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', (code) => this.#end(new DatabaseFault(`the thread of the database ended (${code})`)));
  }

  /** What stopped it; `undefined` while it runs. */
  get over(): Error | undefined {
    return this.#over;
  }

  /** For how long the oldest question has waited for its answer, ms. */
  waitsMs(): number {
    for (const { sinceMs } of this.#asked.values()) return performance.now() - sinceMs;
    return 0;
  }

  /** Asks, and rejects when there is no answer in time; the thread may then still be at it. */
  ask<Call extends keyof DatabaseCalls>(
    call: Call,
    args: Parameters<DatabaseCalls[Call]>,
    answerMsMax: number,
  ): ReturnType<DatabaseCalls[Call]> {
    const answer = new Promise<never>((resolve, reject) => {
      if (this.#over !== undefined) {
        reject(this.#over);
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(
        () => reject(new DatabaseFault(`the database does not answer (${call}, ${answerMsMax} ms)`)),
        answerMsMax,
      );
      timer.unref();
      const settled = (): void => clearTimeout(timer);
      this.#asked.set(id, {
        call,
        sinceMs: performance.now(),
        resolve: (value) => {
          settled();
          resolve(value);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      const request: DatabaseRequest = { id, call, args };
      this.#worker.postMessage(request);
    });
    // The thread answers every call with what `DatabaseCalls` says of it.
    return answer as unknown as ReturnType<DatabaseCalls[Call]>;
  }

  #answered(answer: DatabaseAnswer): void {
    const asked = this.#asked.get(answer.id);
    if (asked === undefined) return;
    this.#asked.delete(answer.id);
    if ('message' in answer) asked.reject(new DatabaseFault(answer.message, answer.sqlState));
    else asked.resolve(answer.value as never);
  }

  #end(error: Error): void {
    this.#over ??= error;
    for (const { reject } of this.#asked.values()) reject(this.#over);
    this.#asked.clear();
  }

  /** Ends the thread, whatever it does. A thread that the kernel holds may end later. */
  stop(): void {
    this.#end(new DatabaseFault('the thread of the database was ended'));
    this.#worker.terminate().catch(() => undefined);
  }
}

async function serve(setup: DatabaseSetup, main: MessagePort): Promise<void> {
  const [{ openConnection }, { messageOf, sqlStateOf }] = await Promise.all([
    import('./connection.ts'),
    import('./database.ts'),
  ]);
  const calls = openConnection(setup);
  const answer = async ({ id, call, args }: DatabaseRequest): Promise<DatabaseAnswer> => {
    try {
      // The arguments are those of `DatabaseThread.ask`, which types them by the same interface.
      const run = calls[call] as (...given: readonly unknown[]) => Promise<unknown>;
      return { id, value: await Reflect.apply(run, calls, args) };
    } catch (error) {
      return { id, message: messageOf(error), sqlState: sqlStateOf(error) };
    }
  };
  // One after the other: a connection has one transaction at a time, and what comes meanwhile is not part of it.
  let last: Promise<void> = Promise.resolve();
  main.on('message', (request: DatabaseRequest) => {
    last = last.then(async () => main.postMessage(await answer(request)));
  });
}

const given = (workerData as Setup | null)?.database;
if (given !== undefined && parentPort !== null) await serve(given, parentPort);
