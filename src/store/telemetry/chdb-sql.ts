import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { CHDB_CHILD, type ChdbReply, type ChdbRequest } from './chdb-child.ts';
import {
  INSERT_MS_MAX,
  type OwnLane,
  QUESTION_MS_MAX,
  type Sql,
  SqlLost,
  type SqlParameters,
  SqlRefused,
  type SqlRows,
  UPKEEP_MS_MAX,
} from './sql.ts';
import { within } from './within.ts';

/** The engine's library is half a gigabyte: from a cold disk it takes its time. */
const START_MS_MAX = 60_000;
/** Questions under way; more are refused at once. */
const QUESTIONS_MAX = 32;
/** Bytes kept of what the engine prints before it dies. */
const LAST_WORDS_MAX = 2000;

/** Limits of calls, milliseconds; tests have shorter ones. */
export interface ChdbLimits {
  readonly startMs: number;
  readonly insertMs: number;
  readonly questionMs: number;
  readonly upkeepMs: number;
}

export const CHDB_LIMITS: ChdbLimits = {
  startMs: START_MS_MAX,
  insertMs: INSERT_MS_MAX,
  questionMs: QUESTION_MS_MAX,
  upkeepMs: UPKEEP_MS_MAX,
};

interface Waiting {
  readonly resolve: (rows: SqlRows) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

type RequestBody<T = ChdbRequest> = T extends ChdbRequest ? Omit<T, 'id'> : never;

/**
 * chDB in a child process. A call that takes too long is a child that hangs: it is killed, and every call under way is lost. It
 * starts again with the next `open`.
 */
export class ChdbSql implements Sql {
  readonly kind = 'chdb';
  readonly #directory: string;
  readonly #memoryBytes: number;
  readonly #limits: ChdbLimits;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lostCallbacks: ((error: Error) => void)[] = [];
  #child: ChildProcess | undefined;
  #ready = false;
  #closed = false;
  #nextId = 1;
  #questions = 0;
  #lastWords = '';

  constructor(directory: string, memoryBytes: number, limits: ChdbLimits = CHDB_LIMITS) {
    this.#directory = directory;
    this.#memoryBytes = memoryBytes;
    this.#limits = limits;
  }

  /** Process id of the engine, while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async open(): Promise<void> {
    if (this.#ready) return;
    if (this.#closed) throw new SqlLost('the store is closed');
    this.#kill();
    this.#lastWords = '';
    const child = fork(CHDB_CHILD, [this.#directory, String(this.#memoryBytes)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_MAX);
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new SqlLost(`the engine did not start in ${this.#limits.startMs / 1000} s`));
        child.kill('SIGKILL');
      }, this.#limits.startMs);
      const fail = (message: string): void => {
        clearTimeout(timer);
        reject(new SqlLost(message));
        this.#gone(child, message);
      };
      child.on('message', (reply: ChdbReply) => {
        if (reply.kind === 'ready') {
          clearTimeout(timer);
          this.#ready = true;
          resolve();
        } else if (reply.kind === 'failed') {
          fail(reply.message);
          child.kill('SIGKILL');
        } else this.#take(reply);
      });
      child.on('error', (error) => fail(error.message));
      child.on('exit', (code, signal) => fail(this.#deathOf(code, signal)));
    });
  }

  async query(sql: string, parameters: SqlParameters = {}, signal?: AbortSignal): Promise<SqlRows> {
    signal?.throwIfAborted();
    if (this.#questions >= QUESTIONS_MAX) throw new SqlLost(`${QUESTIONS_MAX} questions are under way already`);
    this.#questions++;
    try {
      // Questions wait for each other in the engine: each has the time of all before it.
      const limitMs = this.#limits.questionMs * this.#questions;
      const answer = this.#call({ kind: 'query', lane: 'read', sql, parameters }, limitMs);
      return await (signal === undefined ? answer : Promise.race([answer, aborted(signal)]));
    } finally {
      this.#questions--;
    }
  }

  ask(sql: string, lane: OwnLane): Promise<SqlRows> {
    const limitMs = lane === 'write' ? this.#limits.insertMs : this.#limits.upkeepMs;
    return this.#call({ kind: 'query', lane, sql, parameters: {} }, limitMs);
  }

  async command(sql: string): Promise<void> {
    await this.#call({ kind: 'command', lane: 'upkeep', sql }, this.#limits.upkeepMs);
  }

  async insert(sql: string, bytes: Uint8Array): Promise<void> {
    await this.#call({ kind: 'insert', lane: 'write', sql, bytes }, this.#limits.insertMs);
  }

  onLost(callback: (error: Error) => void): void {
    this.#lostCallbacks.push(callback);
  }

  async close(withinMs: number): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    // What the engine has acknowledged is on disk, so there is nothing that it must do before it goes.
    child.kill('SIGKILL');
    await within(withinMs, gone);
  }

  #call(request: RequestBody, limitMs: number): Promise<SqlRows> {
    const child = this.#child;
    if (!this.#ready || child === undefined) return Promise.reject(new SqlLost('the engine is not running'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#gone(child, `no answer in ${limitMs / 1000} s`);
        child.kill('SIGKILL');
      }, limitMs);
      this.#waiting.set(id, { resolve, reject, timer });
      child.send({ ...request, id } satisfies ChdbRequest, (error) => {
        if (error !== null) this.#gone(child, error.message);
      });
    });
  }

  #take(reply: Extract<ChdbReply, { id: number }>): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    clearTimeout(waiting.timer);
    if (reply.kind === 'done') waiting.resolve(reply.rows ?? { data: [] });
    // Without a number it is not the engine's word, but that of the way to it: a file that could not be written.
    else if (reply.code === 0) waiting.reject(new SqlLost(reply.message));
    else waiting.reject(new SqlRefused(reply.message, reply.code));
  }

  #kill(): void {
    const child = this.#child;
    if (child === undefined) return;
    this.#gone(child, 'the engine is started again');
    child.kill('SIGKILL');
  }

  #gone(child: ChildProcess, message: string): void {
    if (child !== this.#child) return;
    const wasReady = this.#ready;
    if (!this.#closed) this.#child = undefined;
    this.#ready = false;
    const error = new SqlLost(message);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
    if (wasReady && !this.#closed) for (const callback of this.#lostCallbacks) callback(error);
  }

  #deathOf(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    const words = this.#lastWords.trim().split('\n').at(-1) ?? '';
    return words === '' ? `the engine ${how}` : `the engine ${how}: ${words.slice(0, 300)}`;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
