import type { RequestsRecord } from '../../model/kept-request.ts';
import type { SecondRecord } from '../../model/second-record.ts';
import type { StoreStatus } from '../../model/station-view.ts';
import type { Block } from './block.ts';
import { BLOCK_SECONDS } from './block-span.ts';
import { isRefusal } from './client-sql.ts';
import { keepBlock } from './keep-block.ts';
import { Outbox, type OutboxLimits } from './outbox.ts';
import { RecordEncoder } from './record-encoder.ts';
import { RequestEncoder } from './request-encoder.ts';
import { migrate } from './schema.ts';
import { type Sql, SqlLost } from './sql.ts';
import type { Enrichment, TelemetryRetention } from './telemetry-store.ts';
import { bytesOnDisk, dropExpired, makeMinutes } from './upkeep.ts';
import { within } from './within.ts';

/** Milliseconds from one try to reach the engine to the next; doubled up to the second. */
export const RETRY_MS_MIN = 250;
export const RETRY_MS_MAX = 30_000;
/** How often minutes are made and old data goes. */
const UPKEEP_MS = 60_000;
/** Seconds that every upkeep looks back on; the whole of them on the first, and then hourly. */
const UPKEEP_LOOK_BACK_MS = 900_000;
const UPKEEP_WHOLE_EVERY = 60;
/** Blocks that may wait before the store is said to be behind: half a minute of three tables. */
const BLOCKS_BEHIND = 18;

/** Milliseconds of a close: to hand over what waits, and to write what is left to the spool. */
const CLOSE_DELIVER_MS = 2000;
const CLOSE_ENGINE_MS = 500;
const CLOSE_SPOOL_MS = 1000;
/** What a close takes at most, milliseconds. */
export const CLOSE_MS_MAX = CLOSE_DELIVER_MS + CLOSE_ENGINE_MS + CLOSE_SPOOL_MS;

export interface KeeperOptions {
  readonly sql: Sql;
  readonly database: string;
  /** Where blocks wait on disk. */
  readonly spoolDirectory: string;
  readonly limits: OutboxLimits;
  readonly retention: TelemetryRetention;
  readonly enrich: Enrichment | undefined;
  /** A number that no other run has, below 2^32. */
  readonly newRun: () => number;
  readonly onProblem: (error: Error) => void;
}

/**
 * Brings seconds and requests to the engine:
 *
 *   offer ──►      Encoder ──block──► Outbox ──► keepBlock ──► engine
 *             (BLOCK_SECONDS)          (memory, then spool)
 *
 * One loop opens the engine, brings its tables up to this release, and hands over block after block. Any fault but a block that is
 * refused ends the round: the block waits on as uncertain, and the loop begins anew after a while.
 */
export class Keeper {
  #retention: TelemetryRetention;
  readonly #options: KeeperOptions;
  #encoder: RecordEncoder;
  #requests: RequestEncoder;
  readonly #outbox: Outbox;
  #started = false;
  #up = false;
  #closing = false;
  #written = 0;
  #lost = 0;
  #bytesOnDisk: number | undefined;
  #error: string | undefined;
  #fault: Error | undefined;
  #wake: () => void = () => {};
  #loop: Promise<void> = Promise.resolve();
  #upkeep: Promise<void> = Promise.resolve();
  #upkeeps = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #upkeepTimer: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS_MIN;
  #offers = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#retention = options.retention;
    this.#encoder = new RecordEncoder(options.newRun, options.enrich);
    this.#requests = new RequestEncoder(options.newRun, options.enrich);
    this.#outbox = new Outbox(options.spoolDirectory, options.limits, options.onProblem);
    options.sql.onLost((error) => {
      this.#fault = error;
      this.#wake();
    });
  }

  /** True while the engine can be asked. */
  get up(): boolean {
    return this.#up;
  }

  get error(): string | undefined {
    return this.#error;
  }

  start(): void {
    this.#loop = this.#run();
    let seen = 0;
    let requests = 0;
    this.#flushTimer = setInterval(() => {
      // Where no more comes, what has begun is not held back.
      if (seen === this.#offers) this.#push(this.#sealed());
      if (requests === this.#requests.rows) this.#push(this.#requests.seal());
      seen = this.#offers;
      requests = this.#requests.rows;
    }, BLOCK_SECONDS * 1000);
    this.#flushTimer.unref();
    this.#upkeepTimer = setInterval(() => this.#startUpkeep(), UPKEEP_MS);
    this.#upkeepTimer.unref();
  }

  offer(record: SecondRecord): void {
    const encoder = this.#encoder;
    this.#take(
      record.flows.length + record.targets.length + 1,
      encoder,
      () => encoder.add(record),
      () => {
        this.#lost += encoder.refused;
        this.#encoder = new RecordEncoder(this.#options.newRun, this.#options.enrich);
      },
    );
  }

  offerRequests(record: RequestsRecord): void {
    const encoder = this.#requests;
    this.#take(
      record.requests.length,
      encoder,
      () => encoder.add(record),
      () => {
        this.#requests = new RequestEncoder(this.#options.newRun, this.#options.enrich);
      },
    );
  }

  #take(rows: number, encoder: { readonly rows: number }, add: () => readonly Block[], renew: () => void): void {
    if (this.#closing) {
      this.#lost += rows;
      return;
    }
    this.#offers++;
    const begun = encoder.rows;
    try {
      this.#push(add());
    } catch (error) {
      // A block that was begun has no end any more: what is in it goes, and detection goes on.
      this.#lost += begun + rows;
      renew();
      this.#tell(error as Error);
    }
  }

  #sealed(): Block[] {
    return [...this.#encoder.seal(), ...this.#requests.seal()];
  }

  status(): StoreStatus {
    const waiting = this.#encoder.rows + this.#requests.rows + this.#outbox.rows;
    const behind = this.#outbox.spooling || this.#outbox.blocks > BLOCKS_BEHIND;
    return {
      kind: this.#options.sql.kind,
      state: this.#up ? (behind ? 'behind' : 'ready') : this.#started ? 'down' : 'starting',
      waiting,
      written: this.#written,
      lost: this.#lost + this.#outbox.lost + this.#encoder.refused,
      ...(this.#bytesOnDisk === undefined ? {} : { bytesOnDisk: this.#bytesOnDisk }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    clearInterval(this.#flushTimer);
    clearInterval(this.#upkeepTimer);
    this.#push(this.#sealed());
    this.#closing = true;
    this.#wake();
    const { sql } = this.#options;
    if (this.#up) await within(CLOSE_DELIVER_MS, this.#loop);
    await sql.close(CLOSE_ENGINE_MS);
    await within(CLOSE_ENGINE_MS, Promise.allSettled([this.#loop, this.#upkeep]));
    await within(CLOSE_SPOOL_MS, this.#outbox.flush());
    this.#outbox.abandon();
  }

  #push(blocks: readonly Block[]): void {
    for (const block of blocks) this.#outbox.push(block);
    if (blocks.length > 0) this.#wake();
  }

  async #run(): Promise<void> {
    const { sql, database } = this.#options;
    await this.#outbox.open();
    while (!this.#closing) {
      try {
        await sql.open();
        await migrate(sql, database);
        this.#fault = undefined;
        this.#up = true;
        this.#started = true;
        this.#error = undefined;
        this.#startUpkeep();
        await this.#deliver();
      } catch (error) {
        if (this.#closing) return;
        this.#started = true;
        this.#up = false;
        this.#tell(error as Error);
        const until = Date.now() + this.#retryMs;
        // New blocks wake the loop, and are no reason to try sooner.
        while (!this.#closing && Date.now() < until) await this.#sleep(until - Date.now());
        this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
      }
    }
  }

  /** Hands over what waits; ends when all is handed over and the store closes. */
  async #deliver(): Promise<void> {
    const { sql, database } = this.#options;
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      const taken = await this.#outbox.take();
      if (taken === undefined) {
        if (this.#closing) return;
        if (this.#outbox.blocks === 0) await this.#sleep(UPKEEP_MS);
        continue;
      }
      try {
        await keepBlock(sql, database, taken.block);
        this.#written += taken.block.rows;
        this.#retryMs = RETRY_MS_MIN;
        this.#error = undefined;
      } catch (error) {
        if (!isRefusal(error)) {
          this.#outbox.putBack(taken);
          throw error;
        }
        // Such a block would be refused for ever, and those behind it would wait for ever.
        this.#lost += taken.block.rows;
        this.#tell(error as Error);
      }
      await this.#outbox.done(taken);
    }
  }

  /** Tells of a fault once when it begins; its words stay in the status until it is over. */
  #tell(error: Error): void {
    const isNew = this.#error === undefined;
    this.#error = error.message;
    if (isNew) this.#options.onProblem(error);
  }

  /** What is kept may change while the station runs. */
  set retention(retention: TelemetryRetention) {
    this.#retention = retention;
  }

  #startUpkeep(): void {
    if (!this.#up || this.#closing) return;
    const whole = this.#upkeeps++ % UPKEEP_WHOLE_EVERY === 0;
    this.#upkeep = this.#upkeep.then(() => this.#runUpkeep(Date.now(), whole));
  }

  async #runUpkeep(nowMs: number, whole: boolean): Promise<void> {
    if (!this.#up || this.#closing) return;
    const { sql, database } = this.#options;
    const fromMs = nowMs - (whole ? this.#retention.secondsDays * 86_400_000 : UPKEEP_LOOK_BACK_MS);
    try {
      await makeMinutes(sql, database, fromMs, nowMs);
      await dropExpired(sql, database, this.#retention, nowMs);
      this.#bytesOnDisk = await bytesOnDisk(sql, database);
    } catch (error) {
      // An engine that is lost is the loop's to tell of; the next upkeep makes up for this one.
      if (!(error instanceof SqlLost) && !this.#closing) this.#tell(error as Error);
    }
  }

  /** Waits until there is something to do, or for `ms`. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
    });
  }
}
