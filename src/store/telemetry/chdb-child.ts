import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@clickhouse/client';
import { ClientSql } from './client-sql.ts';
import { type Lane, type SqlParameters, SqlRefused, type SqlRows } from './sql.ts';

/**
 * The embedded engine, in a process of its own: its memory, its locks and its faults are not the station's. This file is the
 * program of that process; the station imports it for its name and its messages only, and loads nothing of the engine.
 *
 * The pipe to the station is the tie between the two: when it closes, the station is gone, and the process ends at once.
 */
export const CHDB_CHILD = fileURLToPath(import.meta.url);

export type ChdbRequest =
  | {
      readonly kind: 'query';
      readonly id: number;
      readonly lane: Lane;
      readonly sql: string;
      readonly parameters: SqlParameters;
    }
  | { readonly kind: 'command'; readonly id: number; readonly lane: Lane; readonly sql: string }
  | {
      readonly kind: 'insert';
      readonly id: number;
      readonly lane: Lane;
      readonly sql: string;
      readonly bytes: Uint8Array;
    };

export type ChdbReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'done'; readonly id: number; readonly rows?: SqlRows }
  | { readonly kind: 'refused'; readonly id: number; readonly message: string; readonly code: number };

/** Detection goes first where both want the processor. */
const NICE = 10;
/** Memory that the engine keeps for what it has read, bytes each; its own bounds are made for a server with nothing else on it. */
const CACHES: Readonly<Record<string, number>> = {
  mark_cache_size: 64 << 20,
  primary_index_cache_size: 64 << 20,
  query_condition_cache_size: 16 << 20,
  compiled_expression_cache_size: 16 << 20,
};

/**
 * The engine gives a question a thread for each GiB that it may still take, which is a single one here; a question's own limit of
 * memory is what bounds it (`QUESTION_SETTINGS`).
 */
const ALL_PROCESSORS = 'max_threads_min_free_memory_per_thread = 0';

async function serve(directory: string, memoryBytes: string): Promise<void> {
  process.on('disconnect', end);
  // The station stops its engine itself, when what waits has been handed over.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  yieldToDetection();
  const send = (reply: ChdbReply): void => {
    if (process.connected) process.send?.(reply);
  };
  let lanes: Readonly<Record<Lane, LaneRunner>>;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    lanes = await openLanes(directory, memoryBytes);
  } catch (error) {
    send({ kind: 'failed', message: (error as Error).message });
    return;
  }
  process.on('message', (request: ChdbRequest) => {
    void lanes[request.lane].run(request).then(send);
  });
  send({ kind: 'ready' });
}

/** A service may not be allowed to change priorities, and does without. */
function yieldToDetection(): void {
  try {
    setPriority(NICE);
  } catch {
    // The same engine, at the same rank as detection.
  }
}

/** Leaves without taking the engine down in order: what it has acknowledged is on disk, and it may hang. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function openLanes(directory: string, memoryBytes: string): Promise<Readonly<Record<Lane, LaneRunner>>> {
  const [{ Session }, { createChdbConnection }] = await Promise.all([import('chdb'), import('chdb/connection')]);
  const caches = Object.entries(CACHES).map(([name, bytes]) => `--${name}=${bytes}`);
  // The first connection sets the engine up; those that follow on the same directory share it.
  const first = new Session(directory, { connectionArgs: [`--max_server_memory_usage=${memoryBytes}`, ...caches] });
  const inbox = await openInbox(directory);
  const lane = async (...settings: readonly string[]): Promise<LaneRunner> => {
    // The client and chDB each bring a declaration of one and the same interface.
    const connection = createChdbConnection({ path: directory }) as unknown as ClientConnection;
    const client = createClient({ connection: withBinaryInserts(connection, inbox), log: { level: 127 } });
    const sql = new ClientSql(client);
    for (const setting of settings) await sql.command(`SET ${setting}`);
    return new LaneRunner(sql, first);
  };
  return { write: await lane(), read: await lane(ALL_PROCESSORS), upkeep: await lane() };
}

type ClientConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

/** One call at a time. */
class LaneRunner {
  readonly #sql: ClientSql;
  /** The connection that holds the engine: it must not be collected. */
  readonly engine: unknown;
  #last: Promise<unknown> = Promise.resolve();

  constructor(sql: ClientSql, engine: unknown) {
    this.#sql = sql;
    this.engine = engine;
  }

  run(request: ChdbRequest): Promise<ChdbReply> {
    const next = this.#last.then(() => this.#runNow(request));
    this.#last = next;
    return next;
  }

  async #runNow(request: ChdbRequest): Promise<ChdbReply> {
    const { id } = request;
    try {
      switch (request.kind) {
        case 'query':
          return { kind: 'done', id, rows: await this.#sql.query(request.sql, request.parameters) };
        case 'command':
          await this.#sql.command(request.sql);
          return { kind: 'done', id };
        case 'insert':
          await this.#sql.insert(request.sql, request.bytes);
          return { kind: 'done', id };
      }
    } catch (error) {
      // chDB 26.7 puts what a failed question had written before the answer of the next one on that connection.
      await this.#sql.command('SELECT 1').catch(() => {});
      const code = error instanceof SqlRefused ? error.code : 0;
      return { kind: 'refused', id, message: (error as Error).message, code };
    }
  }
}

/** Where blocks lie while the engine reads them. A path with wildcards would be read as a pattern. */
async function openInbox(directory: string): Promise<string> {
  if (/[*?{}]/.test(directory)) return await mkdtemp(join(tmpdir(), 'bonghwa-inbox-'));
  const inbox = join(directory, 'inbox');
  await rm(inbox, { recursive: true, force: true });
  await mkdir(inbox, { mode: 0o700 });
  return inbox;
}

/**
 * The connection, taking blocks in binary formats: chDB's own makes text of what it inserts. A block is written to a file, which
 * the engine reads as a table.
 */
function withBinaryInserts(connection: ClientConnection, inbox: string): ClientConnection {
  let count = 0;
  return {
    query: (parameters) => connection.query(parameters),
    command: (parameters) => connection.command(parameters),
    insert: (parameters) => connection.insert(parameters),
    ping: (parameters) => connection.ping(parameters),
    close: () => connection.close(),
    exec: async (parameters) => {
      const { values, query, ...rest } = parameters;
      const format = / FORMAT Native$/;
      if (values === undefined || !format.test(query)) return await connection.exec(parameters);
      const file = join(inbox, `${count++}.native`);
      try {
        await writeFile(file, values, { mode: 0o600 });
        const table = ` SELECT * FROM file('${file.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}', 'Native')`;
        return await connection.exec({ ...rest, query: query.replace(format, () => table) });
      } finally {
        await rm(file, { force: true });
      }
    },
  };
}

if (import.meta.main) await serve(process.argv[2], process.argv[3]);
