import type { Attack, ExporterReport } from '../../model/attack.ts';
import { type AttackFilter, compareAttacks, matches, overAt } from './attack-query.ts';
import {
  compareDocuments,
  type DocumentEntry,
  type DocumentFilter,
  matchesDocument,
  shownDocument,
} from './document-query.ts';
import { attackKey, documentKey, type StateEntry, settingKey } from './journal-frame.ts';
import type { StoredDocument } from './state-store.ts';

/** Attacks that are over and in the database, and still kept in memory and journal. */
export const RECENT_ATTACKS_MAX = 1000;
/** Exporters that are remembered; those reported longest ago go first. */
export const EXPORTERS_MAX = 4096;
/** Documents of one kind that are in the database, and still kept in memory and journal; those written longest ago go first. */
export const RECENT_DOCUMENTS_MAX = 1000;
/** What these take in the journal, of each kind. */
export const RECENT_DOCUMENT_BYTES_MAX = 4 * 1024 * 1024;

interface Held {
  readonly entry: StateEntry;
  readonly bytes: number;
}

/**
 * What the station knows without its database: the newest write of every key that waits for the database, every attack that goes
 * on, the last ones that are over, exporters, settings, the last documents of each kind. The journal holds the same, and is made anew from here.
 */
export class StateMemory {
  /** The newest of every key, durable or not: what readers see. */
  readonly #current = new Map<string, StateEntry>();
  /** What the journal holds; in the order in which it was last written. */
  readonly #durable = new Map<string, Held>();
  /** What of that the database does not have yet, in the order of the numbers. */
  readonly #waiting = new Map<string, Held>();
  #waitingBytes = 0;
  #durableBytes = 0;

  get waiting(): number {
    return this.#waiting.size;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** What a journal made anew would take, but for what the database alone knew before. */
  get durableBytes(): number {
    return this.#durableBytes;
  }

  /** True where a write under this key takes no more room than there is taken. */
  waitsFor(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** A write that is not on disk yet. */
  show(entry: StateEntry): void {
    const shown = this.#current.get(entry.key);
    if (shown === undefined || shown.sequence <= entry.sequence) this.#current.set(entry.key, entry);
  }

  /** A write that is on disk now. Writes become durable in the order of their numbers. */
  keep(entry: StateEntry, bytes: number): void {
    this.show(entry);
    const held = { entry, bytes };
    this.#durableBytes += bytes - (this.#durable.get(entry.key)?.bytes ?? 0);
    this.#durable.delete(entry.key);
    this.#durable.set(entry.key, held);
    this.#waitingBytes += bytes - (this.#waiting.get(entry.key)?.bytes ?? 0);
    this.#waiting.delete(entry.key);
    this.#waiting.set(entry.key, held);
  }

  /** What the database knew of and the journal did not. */
  adopt(entries: readonly StateEntry[]): void {
    for (const entry of entries) {
      if (this.#current.has(entry.key)) continue;
      this.#current.set(entry.key, entry);
      this.#durable.set(entry.key, { entry, bytes: 0 });
    }
    this.#forget();
  }

  /** The oldest writes that wait for the database. */
  next(countMax: number): readonly StateEntry[] {
    const entries: StateEntry[] = [];
    for (const { entry } of this.#waiting.values()) {
      if (entries.length === countMax) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Writes that the database has now, unless newer ones came meanwhile. */
  confirm(entries: readonly StateEntry[]): void {
    for (const entry of entries) this.#confirm(entry);
    this.#forget();
  }

  /** The database says how far it followed this journal: what came after that waits, whatever was thought before. */
  followedUpTo(position: number): void {
    this.#waiting.clear();
    this.#waitingBytes = 0;
    for (const entry of this.durable()) {
      const held = this.#durable.get(entry.key);
      if (held === undefined || entry.sequence <= position) continue;
      this.#waiting.set(entry.key, held);
      this.#waitingBytes += held.bytes;
    }
    this.#forget();
  }

  #confirm(entry: StateEntry): void {
    const held = this.#waiting.get(entry.key);
    if (held?.entry !== entry) return;
    this.#waiting.delete(entry.key);
    this.#waitingBytes -= held.bytes;
  }

  /** What a journal that is made anew must hold, in the order of the numbers. */
  durable(): readonly StateEntry[] {
    return [...this.#durable.values()].map(({ entry }) => entry).sort((left, right) => left.sequence - right.sequence);
  }

  /** Lets go of what the database has and nobody needs fast: the bounds of memory and journal. */
  #forget(): void {
    let over = 0;
    let exporters = 0;
    const documents = new Map<string, Amount>();
    for (const { entry, bytes } of this.#durable.values()) {
      if (entry.kind === 'exporter') exporters++;
      else if (entry.kind === 'attack' && !entry.value.ongoing) over++;
      else if (entry.kind === 'document') addTo(documents, entry.of, 1, bytes);
    }
    for (const [key, { entry, bytes }] of this.#durable) {
      if (this.#waiting.has(key)) continue;
      if (entry.kind === 'document' && (entry.removed || isTooMuch(documents.get(entry.of))))
        addTo(documents, entry.of, -1, -bytes);
      else if (entry.kind === 'exporter' && exporters > EXPORTERS_MAX) exporters--;
      else if (entry.kind === 'attack' && !entry.value.ongoing && over > RECENT_ATTACKS_MAX) over--;
      else continue;
      this.#drop(key, entry);
    }
  }

  #drop(key: string, entry: StateEntry): void {
    this.#durableBytes -= this.#durable.get(key)?.bytes ?? 0;
    this.#durable.delete(key);
    if (this.#current.get(key) === entry) this.#current.delete(key);
  }

  /** Forgets attacks that were over before `time` (ISO 8601), but for those that the database has not seen yet; true if there were any. */
  prune(time: string): boolean {
    let pruned = false;
    for (const [key, entry] of this.#current) {
      if (entry.kind !== 'attack' || this.#waiting.has(key)) continue;
      const over = overAt(entry.value);
      if (over === undefined || over >= time) continue;
      this.#drop(key, entry);
      pruned = true;
    }
    return pruned;
  }

  /** Forgets documents of a kind from before `time` (ISO 8601), as `prune` does attacks. */
  pruneDocuments(kind: string, time: string): boolean {
    let pruned = false;
    for (const [key, entry] of this.#current) {
      if (entry.kind !== 'document' || entry.of !== kind || entry.at >= time || this.#waiting.has(key)) continue;
      this.#drop(key, entry);
      pruned = true;
    }
    return pruned;
  }

  /** `known` is true where the database need not be asked: the document is here, or was removed. */
  document(kind: string, id: string): { readonly known: boolean; readonly document: StoredDocument | undefined } {
    const entry = this.#current.get(documentKey(kind, id));
    if (entry?.kind !== 'document') return { known: false, document: undefined };
    return { known: true, document: entry.removed ? undefined : shownDocument(entry) };
  }

  /** Documents that match, in the order of answers. */
  documents(filter: DocumentFilter): readonly StoredDocument[] {
    const found: DocumentEntry[] = [];
    for (const entry of this.#current.values()) {
      if (entry.kind === 'document' && matchesDocument(filter, entry)) found.push(entry);
    }
    return found.sort(compareDocuments).map(shownDocument);
  }

  attack(id: string): Attack | undefined {
    const entry = this.#current.get(attackKey(id));
    return entry?.kind === 'attack' ? entry.value : undefined;
  }

  hasAttack(id: string): boolean {
    return this.#current.has(attackKey(id));
  }

  /** Attacks that match, in the order of answers. */
  attacks(filter: AttackFilter): readonly Attack[] {
    const found: Attack[] = [];
    for (const entry of this.#current.values()) {
      if (entry.kind === 'attack' && matches(filter, entry.value)) found.push(entry.value);
    }
    return found.sort(compareAttacks);
  }

  exporters(): readonly ExporterReport[] {
    const found: ExporterReport[] = [];
    for (const entry of this.#current.values()) if (entry.kind === 'exporter') found.push(entry.value);
    return found.sort(
      (left, right) =>
        compareText(left.exporter, right.exporter) ||
        left.observationDomain - right.observationDomain ||
        compareText(left.protocol, right.protocol),
    );
  }

  /** `known` is false where nothing was ever said of this setting here. */
  setting(name: string): { readonly known: boolean; readonly value: unknown } {
    const entry = this.#current.get(settingKey(name));
    return entry?.kind === 'setting' ? { known: true, value: entry.value } : { known: false, value: undefined };
  }
}

interface Amount {
  count: number;
  bytes: number;
}

function addTo(amounts: Map<string, Amount>, name: string, count: number, bytes: number): void {
  const amount = amounts.get(name) ?? { count: 0, bytes: 0 };
  amounts.set(name, { count: amount.count + count, bytes: amount.bytes + bytes });
}

const isTooMuch = (amount: Amount | undefined): boolean =>
  amount !== undefined && (amount.count > RECENT_DOCUMENTS_MAX || amount.bytes > RECENT_DOCUMENT_BYTES_MAX);

const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
