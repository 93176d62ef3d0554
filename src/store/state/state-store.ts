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

/** Documents on one page, unless fewer were asked for. */
export const DOCUMENTS_PAGE_MAX = 1000;
/** A document as JSON takes at most so many bytes; a larger one is refused. */
export const DOCUMENT_BYTES_MAX = 256 * 1024;
export const DOCUMENT_ID_CHARS_MAX = 300;
export const DOCUMENT_TAGS_MAX = 64;
export const DOCUMENT_TAG_CHARS_MAX = 300;

/** What a document is kept with. */
export interface DocumentOptions {
  /** Its place in time, ms since 1970: the order of answers, and what `pruneDocuments` looks at. Now where absent. */
  readonly at?: number | undefined;
  /** What it is found by beside its id, such as `state:open` or `site:www.ministry.example`; at most `DOCUMENT_TAGS_MAX`. */
  readonly tags?: readonly string[] | undefined;
}

/** Which documents of a kind are wanted; every field narrows. */
export interface DocumentQuery {
  /** Those whose time is not before this one, ms since 1970. */
  readonly since?: number | undefined;
  /** Those whose time is before this one, ms since 1970. */
  readonly until?: number | undefined;
  /** Those that have this tag. */
  readonly tag?: string | undefined;
  /** 1 … `DOCUMENTS_PAGE_MAX`; 100 where absent. */
  readonly limit?: number | undefined;
  /** `next` of the page before this one. */
  readonly before?: string | undefined;
}

/** A document as it was saved. Whoever reads the body parses it: the store does not know what it holds. */
export interface StoredDocument {
  readonly id: string;
  /** ISO 8601 in UTC with milliseconds. */
  readonly at: string;
  readonly tags: readonly string[];
  readonly body: unknown;
}

/** Documents, the latest time first, the largest id first among those of one time. */
export interface DocumentPage {
  readonly documents: readonly StoredDocument[];
  /** Given back as `before`, asks for the next page; absent on the last one. */
  readonly next?: string;
  /** True where the database could not be asked: only documents that the journal still holds are here. */
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
  /**
   * Keeps a document in place of what was kept under its kind and id before. `kind` is a word of the program (`incident`); `body` is
   * what JSON can hold, and is not changed afterwards. As durable as `saveAttack`, and rejects like it; rejects with
   * `DOCUMENT_INVALID` where a name, time or tag cannot be kept or the body is too large.
   */
  saveDocument(kind: string, id: string, body: unknown, options?: DocumentOptions): Promise<void>;
  /** Rejects with `STATE_DOWN` where only the database could know it and does not answer. */
  document(kind: string, id: string): Promise<StoredDocument | undefined>;
  documents(kind: string, query?: DocumentQuery): Promise<DocumentPage>;
  /** As durable as `saveDocument`. There need not have been such a document. */
  removeDocument(kind: string, id: string): Promise<void>;
  /** Forgets documents of a kind whose time is before this one, ms since 1970; how many. Rejects like `prune`. */
  pruneDocuments(kind: string, beforeMs: number): Promise<number>;
  /** Resolves when the database has answered once since the start, or was found down: before, pages may be partial. */
  settled(): Promise<void>;
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
  /** Where an empty database may be kept for the next that is made; nowhere when absent. */
  readonly cacheDirectory?: string | undefined;
  /** The database is opened after this, unless it has to be asked before: starting to detect has the processor first. */
  readonly after?: Promise<void> | undefined;
  /** Told of every fault once when it begins, and of what was set aside. */
  readonly onProblem?: ((error: Error) => void) | undefined;
}
