import { randomInt } from 'node:crypto';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { BonghwaError } from '../../base/errors.ts';
import type { StoreStatus } from '../../model/station-view.ts';
import { answerRequests } from './answer-requests.ts';
import { answerFlows, answerSeconds } from './answers.ts';
import { CHDB_LIMITS, type ChdbLimits, ChdbSql } from './chdb-sql.ts';
import { ServerSql } from './client-sql.ts';
import type { FlowsAnswer, FlowsQuery } from './flows-query.ts';
import { Keeper } from './keeper.ts';
import { OUTBOX_LIMITS, type OutboxLimits } from './outbox.ts';
import type { RequestsAnswer, RequestsQuery } from './requests-query.ts';
import { DATABASE } from './schema.ts';
import type { SecondsAnswer, SecondsQuery } from './seconds-query.ts';
import { questionError, type Sql } from './sql.ts';
import type { TelemetryOptions, TelemetryStore } from './telemetry-store.ts';

/** Memory of the embedded engine: a quarter of the machine's or container's, within these bounds, bytes. */
const ENGINE_BYTES_MIN = 512 << 20;
const ENGINE_BYTES_MAX = 2 ** 31;

/** Bounds that tests have tighter. */
export interface TelemetryLimits {
  readonly outbox?: OutboxLimits;
  readonly chdb?: ChdbLimits;
}

/**
 * Opens the store and returns at once; the engine starts behind it. Rejects with CONFIG_INVALID for an address that names no server.
 */
export async function openTelemetry(options: TelemetryOptions, limits: TelemetryLimits = {}): Promise<TelemetryStore> {
  if (options.url === 'off') return new NoTelemetry();
  const { sql, database } = engineOf(options, limits);
  const keeper = new Keeper({
    sql,
    database,
    spoolDirectory: join(options.directory, 'spool'),
    limits: limits.outbox ?? OUTBOX_LIMITS,
    retention: options.retention,
    enrich: options.enrich,
    newRun: () => randomInt(1, 2 ** 32),
    onProblem: options.onProblem ?? (() => {}),
  });
  keeper.start();
  return new KeptTelemetry(keeper, sql, database);
}

function engineOf(options: TelemetryOptions, limits: TelemetryLimits): { sql: Sql; database: string } {
  if (options.url === undefined) {
    const bytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
    const memoryBytes = Math.max(ENGINE_BYTES_MIN, Math.min(ENGINE_BYTES_MAX, Math.floor(bytes / 4)));
    const directory = join(options.directory, 'telemetry');
    return { sql: new ChdbSql(directory, memoryBytes, limits.chdb ?? CHDB_LIMITS), database: DATABASE };
  }
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  const database = url === undefined || url.pathname.length <= 1 ? DATABASE : url.pathname.slice(1);
  // The name stands in statements as it is; anything that would need quotes is no name for a database.
  if (url === undefined || !/^https?:$/.test(url.protocol) || !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(database)) {
    throw new BonghwaError('CONFIG_INVALID', 'storage.telemetry is no address of a ClickHouse server', {
      hint: 'Write it as http://host:8123/bonghwa, in a file or variable where it holds a password',
    });
  }
  return { sql: new ServerSql(url), database };
}

class KeptTelemetry implements TelemetryStore {
  readonly #keeper: Keeper;
  readonly #sql: Sql;
  readonly #database: string;

  constructor(keeper: Keeper, sql: Sql, database: string) {
    this.#keeper = keeper;
    this.#sql = sql;
    this.#database = database;
  }

  offer(record: Parameters<TelemetryStore['offer']>[0]): void {
    this.#keeper.offer(record);
  }

  offerRequests(record: Parameters<TelemetryStore['offerRequests']>[0]): void {
    this.#keeper.offerRequests(record);
  }

  flows(query: FlowsQuery, signal?: AbortSignal): Promise<FlowsAnswer> {
    return this.#ask(() => answerFlows(this.#sql, this.#database, query, signal));
  }

  seconds(query: SecondsQuery, signal?: AbortSignal): Promise<SecondsAnswer> {
    return this.#ask(() => answerSeconds(this.#sql, this.#database, query, signal));
  }

  requests(query: RequestsQuery, signal?: AbortSignal): Promise<RequestsAnswer> {
    return this.#ask(() => answerRequests(this.#sql, this.#database, query, signal));
  }

  setRetention(retention: TelemetryOptions['retention']): void {
    this.#keeper.retention = retention;
  }

  status(): StoreStatus {
    return this.#keeper.status();
  }

  close(): Promise<void> {
    return this.#keeper.close();
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    const { up, error } = this.#keeper;
    if (!up) {
      throw new BonghwaError('TELEMETRY_DOWN', `the telemetry store cannot be asked: ${error ?? 'it is starting'}`, {
        hint: 'Detection goes on; ask again in a moment',
      });
    }
    try {
      return await question();
    } catch (fault) {
      throw questionError(fault);
    }
  }
}

/** `storage.telemetry: off`: nothing is kept. */
class NoTelemetry implements TelemetryStore {
  offer(): void {}

  offerRequests(): void {}

  flows(): Promise<FlowsAnswer> {
    return Promise.reject(offError());
  }

  seconds(): Promise<SecondsAnswer> {
    return Promise.reject(offError());
  }

  requests(): Promise<RequestsAnswer> {
    return Promise.reject(offError());
  }

  setRetention(): void {}

  status(): StoreStatus {
    return { kind: 'off', state: 'ready', waiting: 0, written: 0, lost: 0 };
  }

  async close(): Promise<void> {}
}

function offError(): BonghwaError {
  return new BonghwaError('TELEMETRY_DOWN', 'this station keeps no seconds, flows and requests', {
    hint: 'storage.telemetry in the configuration is off',
  });
}
