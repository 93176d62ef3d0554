import { BonghwaError } from '../../base/errors.ts';

/** What a question brings back: rows of values in the order of its columns. */
export interface SqlRows {
  readonly data: readonly (readonly unknown[])[];
}

/** Calls of one lane follow each other; lanes do not wait for each other: an insert never waits for a question. */
export type Lane = 'write' | 'read' | 'upkeep';
export type OwnLane = Exclude<Lane, 'read'>;

export type SqlParameters = Readonly<Record<string, string | number | readonly (string | number)[]>>;

/** How long an answer may take before the engine is taken to hang, milliseconds. */
export const QUESTION_MS_MAX = 30_000;
export const INSERT_MS_MAX = 30_000;
export const UPKEEP_MS_MAX = 120_000;

/**
 * An engine that speaks ClickHouse's SQL. Every call ends in bounded time: with an answer, with a `SqlRefused` by the engine, or with
 * a `SqlLost` where it is not known what became of it.
 */
export interface Sql {
  readonly kind: 'chdb' | 'clickhouse';
  /** Resolves when the engine can be asked; starts it where it does not run. */
  open(): Promise<void>;
  /** Asks, with values as parameters of the engine (`{name:Type}`). */
  query(sql: string, parameters?: SqlParameters, signal?: AbortSignal): Promise<SqlRows>;
  /** Asks what the store itself wants to know: never behind a person's question. Nothing in `sql` is from outside. */
  ask(sql: string, lane: OwnLane): Promise<SqlRows>;
  /** Runs a statement without rows. */
  command(sql: string): Promise<void>;
  /** `sql` ends before FORMAT; `bytes` are one block in Native format. */
  insert(sql: string, bytes: Uint8Array): Promise<void>;
  /** Calls back when an engine that was open is gone. */
  onLost(callback: (error: Error) => void): void;
  /** Lets go of the engine, within `withinMs`. */
  close(withinMs: number): Promise<void>;
}

/** The engine has understood and says no. `code` is ClickHouse's number of the error. */
export class SqlRefused extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.name = 'SqlRefused';
    this.code = code;
  }
}

/** No answer: the engine is gone, cannot be reached, or takes too long. */
export class SqlLost extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SqlLost';
  }
}

/** Numbers of errors, as ClickHouse's src/Common/ErrorCodes.cpp has them. */
export const CODE = {
  CANNOT_PARSE_TEXT: 6,
  NO_SUCH_COLUMN_IN_TABLE: 16,
  NUMBER_OF_COLUMNS_DOESNT_MATCH: 20,
  CANNOT_PARSE_INPUT_ASSERTION_FAILED: 27,
  ATTEMPT_TO_READ_AFTER_EOF: 32,
  CANNOT_READ_ALL_DATA: 33,
  TYPE_MISMATCH: 53,
  CANNOT_CONVERT_TYPE: 70,
  INCORRECT_DATA: 117,
  TOO_MANY_ROWS: 158,
  TIMEOUT_EXCEEDED: 159,
  TOO_SLOW: 160,
  MEMORY_LIMIT_EXCEEDED: 241,
  UNKNOWN_ELEMENT_OF_ENUM: 691,
} as const;

/** A fault of the engine as a person reads it who asked a question. */
export function questionError(error: unknown): unknown {
  if (error instanceof SqlLost) {
    return new BonghwaError('TELEMETRY_DOWN', `the telemetry store does not answer: ${error.message}`, {
      hint: 'Detection goes on; bonghwa doctor says how the store does',
      cause: error,
    });
  }
  if (!(error instanceof SqlRefused)) return error;
  const tooMuch: readonly number[] = [CODE.TIMEOUT_EXCEEDED, CODE.TOO_SLOW, CODE.MEMORY_LIMIT_EXCEEDED];
  return new BonghwaError('TELEMETRY_QUERY', `the telemetry store refuses the question: ${error.message}`, {
    ...(tooMuch.includes(error.code) ? { hint: 'Ask for a shorter time, a narrower filter or fewer dimensions' } : {}),
    cause: error,
  });
}
