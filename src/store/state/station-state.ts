import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BonghwaError } from '../../base/errors.ts';
import type { Attack, ExporterReport } from '../../model/attack.ts';
import type { StoreStatus } from '../../model/station-view.ts';
import { type AttackFilter, compareAttacks, cursorOf, filterOf } from './attack-query.ts';
import type { BlobFiles } from './blob-files.ts';
import {
  checkedBody,
  checkedId,
  checkedKind,
  checkedOptions,
  compareDocuments,
  type DocumentFilter,
  documentCursorOf,
  documentFilterOf,
  isoOf,
} from './document-query.ts';
import { Follower } from './follower.ts';
import type { Journal, JournalFound } from './journal.ts';
import { attackKey, documentKey, exporterKey, type StateEntry, settingKey } from './journal-frame.ts';
import { JournalWriter, notKept } from './journal-writer.ts';
import { StateMemory } from './state-memory.ts';
import type {
  AttackPage,
  AttackQuery,
  DocumentOptions,
  DocumentPage,
  DocumentQuery,
  StateOptions,
  StateStore,
  StoredDocument,
} from './state-store.ts';

/** What may wait for the database, in memory and journal. */
export const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** A station stops within 5 s; the rest of that belongs to others. */
export const CLOSE_MS_MAX = 3000;
/** How long a start waits for a database that alone may know something, ms. */
const FIRST_ANSWER_MS_MAX = 5000;
/** Pruning may take many rows. */
const PRUNE_MS_MAX = 20_000;
/** What waits for longer than this is told of, ms. */
const BEHIND_MS = 10_000;
/** Numbers a millisecond: writes are numbered by the clock, so that those of a new data directory are larger than those of an old one. */
const NUMBERS_PER_MS = 1000;

/** The state of a station: a journal that acknowledges, a memory that answers, a database that follows. */
export class StationState implements StateStore {
  readonly #memory = new StateMemory();
  readonly #journal: Journal;
  readonly #writer: JournalWriter;
  readonly #blobs: BlobFiles;
  readonly #follower: Follower;
  readonly #kind: 'pglite' | 'postgresql';
  readonly #onProblem: (error: Error) => void;
  /** True where the database may know what journal and snapshots do not. */
  readonly #askFirst: boolean;
  #sequence: number;
  #lost = 0;
  #journalFault: Error | undefined;
  #databaseFault: Error | undefined;
  #snapshotFault: Error | undefined;
  #waitsSinceMs: number | undefined;

  constructor(options: StateOptions, journal: Journal, found: JournalFound, blobs: BlobFiles) {
    const files = join(options.directory, 'state');
    this.#kind = options.url === undefined ? 'pglite' : 'postgresql';
    this.#onProblem = options.onProblem ?? (() => undefined);
    this.#journal = journal;
    this.#blobs = blobs;
    this.#sequence = found.sequence;
    for (const { sequence } of blobs.held().values()) this.#sequence = Math.max(this.#sequence, sequence);
    this.#askFirst =
      (found.sequence === 0 || found.damagedBytes > 0) && (options.url !== undefined || existsSync(files));
    for (const entry of found.entries) this.#memory.keep(entry, found.sizes.get(entry.key) ?? 0);
    this.#writer = new JournalWriter(
      {
        journal,
        durable: () => this.#memory.durable(),
        onDurable: (entry, bytes) => {
          this.#memory.keep(entry, bytes);
          this.#follower.wake();
        },
        onFault: (error) => this.#journalFaulted(error),
      },
      this.#sequence,
    );
    this.#follower = new Follower({
      setup: { kind: this.#kind, directory: files, url: options.url, journal: journal.id },
      cacheDirectory: options.cacheDirectory,
      after: options.after ?? Promise.resolve(),
      memory: this.#memory,
      blobs,
      onOpen: ({ version }) => {
        this.#sequence = Math.max(this.#sequence, version);
      },
      onFault: (error) => this.#databaseFaulted(error),
      onCaughtUp: () => this.#writer.tidy(this.#memory.durableBytes),
      onRefused: (refused) => {
        this.#lost += refused.length;
        for (const { key, message } of refused) {
          this.#onProblem(notKept(`the database refuses ${key}: ${message}`, undefined));
        }
      },
      onSetAside: (path, cause) =>
        this.#onProblem(
          new BonghwaError('STATE_DAMAGED', `the database could not be opened and is set aside as ${path}`, {
            hint: 'A new one is made from the journal, which holds the latest attacks only; keep the old files for a repair.',
            cause,
          }),
        ),
    });
    this.#follower.start();
  }

  #next(): number {
    this.#sequence = Math.max(this.#sequence + 1, Date.now() * NUMBERS_PER_MS);
    return this.#sequence;
  }

  #write(entry: StateEntry): Promise<void> {
    const { key } = entry;
    if (this.#memory.waitingBytes > WAITING_BYTES_MAX && !this.#memory.waitsFor(key) && !this.#writer.queues(key)) {
      this.#lost++;
      return Promise.reject(notKept('the database is down and the journal full', this.#databaseFault));
    }
    const written = this.#writer.write(entry);
    // A write that found no room in the queue is not shown either: nothing would ever bring it to the disk.
    if (this.#writer.queues(key)) this.#memory.show(entry);
    else this.#lost++;
    return written;
  }

  saveAttack(attack: Attack): Promise<void> {
    return this.#write({ kind: 'attack', key: attackKey(attack.id), sequence: this.#next(), value: attack });
  }

  async saveExporters(reports: readonly ExporterReport[]): Promise<void> {
    const written = reports.map((report) =>
      this.#write({ kind: 'exporter', key: exporterKey(report), sequence: this.#next(), value: report }),
    );
    await settleAll(written);
  }

  setSetting(name: string, value: unknown): Promise<void> {
    return this.#write({ kind: 'setting', key: settingKey(name), sequence: this.#next(), name, value });
  }

  async setting(name: string): Promise<unknown> {
    const found = this.#memory.setting(name);
    if (found.known || !this.#askFirst) return found.value;
    await this.#firstAnswer();
    return this.#memory.setting(name).value;
  }

  exporters(): Promise<readonly ExporterReport[]> {
    return Promise.resolve(this.#memory.exporters());
  }

  async attacks(query: AttackQuery): Promise<AttackPage> {
    const filter = filterOf(query);
    try {
      return this.#page(filter, await this.#follower.read('attacks', [filter]));
    } catch {
      return { ...this.#page(filter, { attacks: [], more: false }), partial: true };
    }
  }

  /** The page of an answer of the database with what memory knows better. */
  #page(filter: AttackFilter, { attacks, more }: { attacks: readonly Attack[]; more: boolean }): AttackPage {
    const last = more ? attacks.at(-1) : undefined;
    const found = attacks.filter(({ id }) => !this.#memory.hasAttack(id));
    for (const attack of this.#memory.attacks(filter)) {
      // What lies behind the last row of this page stands among those of the next.
      if (last === undefined || compareAttacks(attack, last) <= 0) found.push(attack);
    }
    found.sort(compareAttacks);
    const page = found.slice(0, filter.limit);
    const next = found.length > filter.limit ? page.at(-1) : last;
    return next === undefined ? { attacks: page } : { attacks: page, next: cursorOf(next) };
  }

  async attack(id: string): Promise<Attack | undefined> {
    const held = this.#memory.attack(id);
    if (held !== undefined) return held;
    try {
      return await this.#follower.read('attack', [id]);
    } catch (error) {
      throw this.#down(error);
    }
  }

  async saveDocument(kind: string, id: string, body: unknown, options: DocumentOptions = {}): Promise<void> {
    const { at, tags } = checkedOptions(options, Date.now());
    await this.#writeDocument(kind, id, { at, tags, body: checkedBody(id, body), removed: false });
  }

  async removeDocument(kind: string, id: string): Promise<void> {
    await this.#writeDocument(kind, id, { at: isoOf(Date.now()), tags: [], body: null, removed: true });
  }

  #writeDocument(
    kind: string,
    id: string,
    held: { readonly at: string; readonly tags: readonly string[]; readonly body: unknown; readonly removed: boolean },
  ): Promise<void> {
    const key = documentKey(checkedKind(kind), checkedId(id));
    return this.#write({ kind: 'document', key, sequence: this.#next(), of: kind, id, ...held });
  }

  async document(kind: string, id: string): Promise<StoredDocument | undefined> {
    const held = this.#memory.document(checkedKind(kind), checkedId(id));
    if (held.known) return held.document;
    try {
      return await this.#follower.read('document', [kind, id]);
    } catch (error) {
      throw this.#down(error);
    }
  }

  async documents(kind: string, query: DocumentQuery = {}): Promise<DocumentPage> {
    const filter = documentFilterOf(kind, query);
    try {
      return this.#documentPage(filter, await this.#follower.read('documents', [filter]));
    } catch {
      return { ...this.#documentPage(filter, { documents: [], more: false }), partial: true };
    }
  }

  /** As `#page`: the answer of the database with what memory knows better. */
  #documentPage(
    filter: DocumentFilter,
    { documents, more }: { documents: readonly StoredDocument[]; more: boolean },
  ): DocumentPage {
    const last = more ? documents.at(-1) : undefined;
    const found = documents.filter(({ id }) => !this.#memory.document(filter.kind, id).known);
    for (const document of this.#memory.documents(filter)) {
      if (last === undefined || compareDocuments(document, last) <= 0) found.push(document);
    }
    found.sort(compareDocuments);
    const page = found.slice(0, filter.limit);
    const next = found.length > filter.limit ? page.at(-1) : last;
    return next === undefined ? { documents: page } : { documents: page, next: documentCursorOf(next) };
  }

  async pruneDocuments(kind: string, beforeMs: number): Promise<number> {
    const time = isoOf(beforeMs);
    try {
      const pruned = await this.#follower.read('pruneDocuments', [checkedKind(kind), time], PRUNE_MS_MAX);
      // Or a restart would show them again.
      if (this.#memory.pruneDocuments(kind, time)) this.#writer.forget();
      return pruned;
    } catch (error) {
      throw this.#down(error);
    }
  }

  settled(): Promise<void> {
    return this.#follower.settled;
  }

  async saveBlob(name: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#blobs.save(name, { sequence: this.#next(), bytes });
      this.#snapshotFault = undefined;
    } catch (error) {
      if (this.#snapshotFault === undefined && error instanceof Error) this.#onProblem(error);
      this.#snapshotFault = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  async loadBlob(name: string): Promise<Uint8Array | undefined> {
    const found = await this.#blobs.load(name);
    if (typeof found !== 'string') return found.bytes;
    if (found === 'damaged') {
      this.#onProblem(
        new BonghwaError('STATE_DAMAGED', `the snapshot ${name} is damaged on disk`, {
          hint: 'An older one is taken from the database if that answers now; look after the disk.',
        }),
      );
    } else if (!this.#askFirst) return undefined;
    await this.#firstAnswer();
    return await this.#follower.read('loadBlob', [name]).catch(() => undefined);
  }

  async #firstAnswer(): Promise<void> {
    this.#follower.begin();
    await Promise.race([this.#follower.settled, delay(FIRST_ANSWER_MS_MAX, undefined, { ref: false })]);
  }

  async prune(attacksBeforeMs: number): Promise<number> {
    const time = new Date(attacksBeforeMs).toISOString();
    try {
      const pruned = await this.#follower.read('prune', [time], PRUNE_MS_MAX);
      // Or a restart would show them again.
      if (this.#memory.prune(time)) this.#writer.forget();
      return pruned;
    } catch (error) {
      throw this.#down(error);
    }
  }

  #down(cause: unknown): BonghwaError {
    return new BonghwaError('STATE_DOWN', `the database of the state does not answer: ${messageOf(cause)}`, {
      hint: 'What is written meanwhile is kept in the journal; ask again when the database is back.',
      cause,
    });
  }

  #journalFaulted(error: Error | undefined): void {
    this.#journalFault = error;
    if (error !== undefined) this.#onProblem(notKept('the disk does not take it', error));
  }

  #databaseFaulted(error: Error | undefined): void {
    // While it stays away it is tried again and again, and told once.
    if (error !== undefined && this.#databaseFault === undefined) this.#onProblem(this.#down(error));
    this.#databaseFault = error;
  }

  status(): StoreStatus {
    const waiting = this.#memory.waiting + this.#writer.queued;
    const nowMs = performance.now();
    this.#waitsSinceMs = waiting === 0 ? undefined : (this.#waitsSinceMs ?? nowMs);
    const fault = this.#journalFault ?? this.#snapshotFault ?? this.#databaseFault;
    const behind = this.#waitsSinceMs !== undefined && nowMs - this.#waitsSinceMs > BEHIND_MS;
    let bytesOnDisk = this.#journal.bytes + (this.#follower.sizeBytes ?? 0);
    for (const { size } of this.#blobs.held().values()) bytesOnDisk += size;
    return {
      kind: this.#kind,
      state:
        this.#journalFault !== undefined
          ? 'down'
          : this.#follower.state === 'ready' && (behind || fault !== undefined)
            ? 'behind'
            : this.#follower.state,
      waiting,
      written: this.#follower.written,
      lost: this.#lost,
      bytesOnDisk,
      ...(fault !== undefined && { error: fault.message }),
    };
  }

  async close(): Promise<void> {
    const closed = (async () => {
      await this.#writer.close();
      await this.#blobs.close();
      await this.#follower.close(CLOSE_MS_MAX / 2);
    })();
    await Promise.race([closed, delay(CLOSE_MS_MAX, undefined, { ref: false })]);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Waits for all; rejects with the first rejection when all are settled. */
async function settleAll(written: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(written)) if (result.status === 'rejected') throw result.reason;
}
