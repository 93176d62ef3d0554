import type {
  DocumentOptions,
  DocumentPage,
  DocumentQuery,
  StateStore,
  StoredDocument,
} from '../../src/store/state/state-store.ts';

type Documents = Pick<StateStore, 'saveDocument' | 'document' | 'documents' | 'removeDocument' | 'settled'>;

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

  async documents(kind: string, { since, until, tag, limit = 100, before }: DocumentQuery = {}): Promise<DocumentPage> {
    if (this.down) return { documents: [], partial: true };
    const all = [...this.#of(kind).values()]
      .filter(
        ({ at }) => (since === undefined || Date.parse(at) >= since) && (until === undefined || Date.parse(at) < until),
      )
      .filter(({ tags }) => tag === undefined || tags.includes(tag))
      .sort((left, right) => (left.at === right.at ? (left.id < right.id ? 1 : -1) : left.at < right.at ? 1 : -1));
    const from = Number(before ?? 0);
    const next = from + limit < all.length ? { next: String(from + limit) } : {};
    return { documents: all.slice(from, from + limit), ...next };
  }

  async removeDocument(kind: string, id: string): Promise<void> {
    this.#of(kind).delete(id);
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }
}
