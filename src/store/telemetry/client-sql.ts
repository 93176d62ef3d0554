import { Readable } from 'node:stream';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import {
  CODE,
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

/** Requests under way at one server. */
const REQUESTS_MAX = 8;
/** Longer than any call may take: each has its own limit. */
const REQUEST_MS_MAX = UPKEEP_MS_MAX + 10_000;

/** Statements through `@clickhouse/client`, over whatever connection it was made with. */
export class ClientSql {
  readonly #client: ClickHouseClient;

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  async query(sql: string, parameters: SqlParameters = {}, signal?: AbortSignal): Promise<SqlRows> {
    try {
      const answer = await this.#client.query({
        query: sql,
        query_params: { ...parameters },
        format: 'JSONCompact',
        ...(signal === undefined ? {} : { abort_signal: signal }),
      });
      const { data } = await answer.json<unknown[]>();
      return { data };
    } catch (error) {
      throw faultOf(error);
    }
  }

  async command(sql: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#client.command({ query: sql, ...(signal === undefined ? {} : { abort_signal: signal }) });
    } catch (error) {
      throw faultOf(error);
    }
  }

  async insert(sql: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    try {
      const { stream } = await this.#client.exec({
        query: `${sql} FORMAT Native`,
        values: Readable.from([bytes], { objectMode: false }),
        ...(signal === undefined ? {} : { abort_signal: signal }),
      });
      // The answer is empty; read to its end it lets the socket be used again.
      for await (const _ of stream);
    } catch (error) {
      throw faultOf(error);
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** What a fault of the client means: the engine's own word has a number, everything else is the way to it. */
function faultOf(error: unknown): Error {
  if (error instanceof SqlRefused || error instanceof SqlLost) return error;
  if (isEngineError(error)) return new SqlRefused(error.message, Number(error.code));
  return new SqlLost(wordsOf(error), error);
}

/** chDB brings a declaration of its own of the client's error, so that its class does not tell. */
function isEngineError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'type' in error && 'code' in error && /^\d+$/.test(String(error.code));
}

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return wordsOf(error.errors[0]);
  return error instanceof Error ? (error.message.split('\n')[0] || error.name).slice(0, 300) : String(error);
}

/** A ClickHouse server, over HTTP. */
export class ServerSql implements Sql {
  readonly kind = 'clickhouse';
  readonly #client: ClientSql;
  readonly #closing = new AbortController();

  /** `url` names the server, the user and the password; the database in its path is the caller's to use. */
  constructor(url: URL) {
    const server = new URL(url);
    // Every statement names its database, so that the database can be made where it is missing.
    server.pathname = '';
    this.#client = new ClientSql(
      createClient({
        url: server,
        application: 'bonghwa',
        max_open_connections: REQUESTS_MAX,
        request_timeout: REQUEST_MS_MAX,
        // A server that goes away is told of by the store, in its own words and once.
        log: { level: 127 },
      }),
    );
  }

  async open(): Promise<void> {
    await this.#within(QUESTION_MS_MAX, (signal) => this.#client.query('SELECT 1', {}, signal));
  }

  query(sql: string, parameters?: SqlParameters, signal?: AbortSignal): Promise<SqlRows> {
    return this.#within(QUESTION_MS_MAX, (limit) => this.#client.query(sql, parameters, limit), signal);
  }

  ask(sql: string, lane: OwnLane): Promise<SqlRows> {
    const limitMs = lane === 'write' ? INSERT_MS_MAX : UPKEEP_MS_MAX;
    return this.#within(limitMs, (limit) => this.#client.query(sql, {}, limit));
  }

  command(sql: string): Promise<void> {
    return this.#within(UPKEEP_MS_MAX, (limit) => this.#client.command(sql, limit));
  }

  insert(sql: string, bytes: Uint8Array): Promise<void> {
    return this.#within(INSERT_MS_MAX, (limit) => this.#client.insert(sql, bytes, limit));
  }

  /** A connection that is gone shows with the next call. */
  onLost(): void {}

  async close(withinMs: number): Promise<void> {
    this.#closing.abort();
    await within(withinMs, this.#client.close());
  }

  async #within<T>(ms: number, call: (signal: AbortSignal) => Promise<T>, asked?: AbortSignal): Promise<T> {
    asked?.throwIfAborted();
    const limit = AbortSignal.timeout(ms);
    const signals = [limit, this.#closing.signal, ...(asked === undefined ? [] : [asked])];
    try {
      return await call(AbortSignal.any(signals));
    } catch (error) {
      if (asked?.aborted === true) throw asked.reason;
      if (limit.aborted) throw new SqlLost(`no answer in ${ms / 1000} s`, error);
      throw error;
    }
  }
}

/** True where the engine says that the block itself is at fault: sent again, it would be refused again. */
export function isRefusal(error: unknown): boolean {
  return error instanceof SqlRefused && REFUSALS.includes(error.code);
}

const REFUSALS: readonly number[] = [
  CODE.CANNOT_PARSE_TEXT,
  CODE.NO_SUCH_COLUMN_IN_TABLE,
  CODE.NUMBER_OF_COLUMNS_DOESNT_MATCH,
  CODE.CANNOT_PARSE_INPUT_ASSERTION_FAILED,
  CODE.ATTEMPT_TO_READ_AFTER_EOF,
  CODE.CANNOT_READ_ALL_DATA,
  CODE.TYPE_MISMATCH,
  CODE.CANNOT_CONVERT_TYPE,
  CODE.INCORRECT_DATA,
  CODE.UNKNOWN_ELEMENT_OF_ENUM,
];
