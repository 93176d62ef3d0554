import {
  compareDocuments,
  documentCursorOf,
  documentFilterOf,
  matchesDocument,
} from '../../src/store/state/document-query.ts';
import type {
  DocumentOptions,
  DocumentPage,
  DocumentQuery,
  StateStore,
  StoredDocument,
} from '../../src/store/state/state-store.ts';

type Documents = Pick<
  StateStore,
  'saveDocument' | 'document' | 'documents' | 'removeDocument' | 'pruneDocuments' | 'settled'
>;

/** Documents in memory: for tests of what is made of them. That they are durable is tested with the store itself. */
export class MemoryDocuments implements Documents {
  readonly kinds = new Map<string, Map<string, StoredDocument>>();
  /** Set: the database does not answer. */
  down = false;

  #of(kind: string): Map<string, StoredDocument> {
    const held = this.kinds.get(kind) ?? new Map<string, StoredDocument>();
    this.kinds.set(kind, held);
    return held;
  }

  async saveDocument(kind: string, id: string, body: unknown, { at, tags = [] }: DocumentOptions = {}): Promise<void> {
    const time = new Date(at ?? Date.now()).toISOString();
    this.#of(kind).set(id, { id, at: time, tags, body: JSON.parse(JSON.stringify(body)) });
  }

  async document(kind: string, id: string): Promise<StoredDocument | undefined> {
    return this.#of(kind).get(id);
  }

  async documents(kind: string, query: DocumentQuery = {}): Promise<DocumentPage> {
    if (this.down) return { documents: [], partial: true };
    const filter = documentFilterOf(kind, query);
    const found = [...this.#of(kind).values()]
      .filter((one) =>
        matchesDocument(filter, { ...one, kind: 'document', key: '', sequence: 0, of: kind, removed: false }),
      )
      .sort(compareDocuments);
    const documents = found.slice(0, filter.limit);
    const last = documents.at(-1);
    return found.length > documents.length && last !== undefined
      ? { documents, next: documentCursorOf(last) }
      : { documents };
  }

  async removeDocument(kind: string, id: string): Promise<void> {
    this.#of(kind).delete(id);
  }

  async pruneDocuments(kind: string, beforeMs: number): Promise<number> {
    const old = [...this.#of(kind).values()].filter(({ at }) => Date.parse(at) < beforeMs);
    for (const { id } of old) this.#of(kind).delete(id);
    return old.length;
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }
}
