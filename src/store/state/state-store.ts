import type { Attack, ExporterReport } from '../../model/attack.ts';
import type { StoreStatus } from '../../model/station-view.ts';

/** Attacks on one page, unless fewer were asked for. */
export const ATTACKS_PAGE_MAX = 1000;

/** Which attacks are wanted; every field narrows. */
export interface AttackQuery {
  /** Those that were not over at this time, ms since 1970. */
  readonly since?: number | undefined;
  /** Those that began before this time, ms since 1970. */
  readonly until?: number | undefined;
  /** An address or a prefix: attacks on it, on part of it, or on a prefix round it. Anything else: the name of a site or organisation. */
  readonly target?: string | undefined;
  readonly ongoing?: boolean | undefined;
  /** 1 … `ATTACKS_PAGE_MAX`; 100 where absent. */
  readonly limit?: number | undefined;
  /** `next` of the page before this one. */
  readonly before?: string | undefined;
}

/** Attacks, the latest start first. */
export interface AttackPage {
  readonly attacks: readonly Attack[];
  /** Given back as `before`, asks for the next page; absent on the last one. */
  readonly next?: string;
  /** True where the database could not be asked: only attacks that the journal still holds are here. */
  readonly partial?: true;
}

/**
 * The durable memory of a station. Writes go to a journal in the data directory and are acknowledged when they are on disk;
 * the database follows. Nothing here waits for a database longer than `DATABASE_ANSWER_MS_MAX`.
 */
export interface StateStore {
  /**
   * Keeps an attack in place of what was kept under its id before. Resolves when it is durable. Rejects with `STATE_NOT_KEPT` when
   * it cannot be written now (a full disk): it is then kept in memory, bounded, and written when that is possible again.
   */
  saveAttack(attack: Attack): Promise<void>;
  attacks(query: AttackQuery): Promise<AttackPage>;
  /** Rejects with `STATE_DOWN` where only the database could know it and does not answer. */
  attack(id: string): Promise<Attack | undefined>;
  /** Keeps reports in place of those of the same exporter, observation domain and protocol. As durable as `saveAttack`. */
  saveExporters(reports: readonly ExporterReport[]): Promise<void>;
  exporters(): Promise<readonly ExporterReport[]>;
  /** Keeps bytes under a name (letters, digits, `-`, `_`), in place of what was there. Resolves when they are durable. */
  saveBlob(name: string, bytes: Uint8Array): Promise<void>;
  loadBlob(name: string): Promise<Uint8Array | undefined>;
  setting(key: string): Promise<unknown>;
  /** Keeps a value that JSON can hold; `undefined` removes it. As durable as `saveAttack`. */
  setSetting(key: string, value: unknown): Promise<void>;
  /** Forgets attacks that ended before this time, ms since 1970; how many. Rejects with `STATE_DOWN` where the database does not answer. */
  prune(attacksBeforeMs: number): Promise<number>;
  status(): StoreStatus;
  /** Writes what waits, as far as that takes less than `CLOSE_MS_MAX`, and lets go of everything. */
  close(): Promise<void>;
}

export interface StateOptions {
  /** The station's data directory. It is made where it is missing; the caller holds its lock. */
  readonly directory: string;
  /** A PostgreSQL database; without it PGlite keeps the state in `directory`/state. */
  readonly url?: string | undefined;
  /** Told of every fault once when it begins, and of what was set aside. */
  readonly onProblem?: ((error: Error) => void) | undefined;
}
