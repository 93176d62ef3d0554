import type { SQL } from 'drizzle-orm';
import type { DocumentEntry, DocumentFilter } from './document-query.ts';
import { and, desc, eq, excluded, gte, lt, or, type StateDrizzle, sql, type Transaction } from './drizzle.ts';
import type { StateEntry } from './journal-frame.ts';
import { documents } from './schema.ts';
import type { StoredDocument } from './state-store.ts';

/** The documents of the state in PGlite or PostgreSQL. */
export class DocumentRows {
  readonly #db: StateDrizzle;

  constructor(db: StateDrizzle) {
    this.#db = db;
  }

  async page(
    filter: DocumentFilter,
  ): Promise<{ readonly documents: readonly StoredDocument[]; readonly more: boolean }> {
    const rows = await this.#db
      .select(COLUMNS)
      .from(documents)
      .where(conditionOf(filter))
      .orderBy(desc(documents.at), desc(documents.id))
      .limit(filter.limit + 1);
    return { documents: rows.slice(0, filter.limit).map(documentOf), more: rows.length > filter.limit };
  }

  async one(kind: string, id: string): Promise<StoredDocument | undefined> {
    const [row] = await this.#db
      .select(COLUMNS)
      .from(documents)
      .where(and(eq(documents.kind, kind), eq(documents.id, id)));
    return row === undefined ? undefined : documentOf(row);
  }

  /** Forgets documents of a kind whose time is before this one (ISO 8601); how many. */
  async prune(kind: string, time: string): Promise<number> {
    const gone = await this.#db
      .delete(documents)
      .where(and(eq(documents.kind, kind), lt(documents.at, time)))
      .returning({ id: documents.id });
    return gone.length;
  }
}

/**
 * Takes documents of one batch over. A removed one leaves no row behind, which could tell an older write that comes later: writes of
 * one journal come in the order of their numbers, and again only from the last number on that was taken over.
 */
export async function writeDocuments(tx: Transaction, entries: readonly StateEntry[]): Promise<void> {
  const written = entries.filter((entry): entry is DocumentEntry => entry.kind === 'document');
  const rows = written.filter(({ removed }) => !removed).map(rowOf);
  if (rows.length > 0) {
    await tx
      .insert(documents)
      .values(rows)
      .onConflictDoUpdate({
        target: [documents.kind, documents.id],
        set: excluded(rows[0], 'kind', 'id'),
        setWhere: sql`${documents.version} < excluded.version`,
      });
  }
  for (const { of, id, sequence } of written.filter(({ removed }) => removed)) {
    await tx
      .delete(documents)
      .where(and(eq(documents.kind, of), eq(documents.id, id), lt(documents.version, sequence)));
  }
}

const rowOf = ({ of, id, sequence, at, tags, body }: DocumentEntry): typeof documents.$inferInsert => ({
  kind: of,
  id,
  version: sequence,
  at,
  tags: [...tags],
  body: JSON.stringify(body ?? null),
});

const COLUMNS = { id: documents.id, at: documents.at, tags: documents.tags, body: documents.body };

function documentOf({ id, at, tags, body }: { id: string; at: string; tags: string[]; body: string }): StoredDocument {
  return { id, at: new Date(at).toISOString(), tags, body: JSON.parse(body) };
}

function conditionOf({ kind, since, until, tag, before }: DocumentFilter): SQL | undefined {
  return and(
    eq(documents.kind, kind),
    since === undefined ? undefined : gte(documents.at, since),
    until === undefined ? undefined : lt(documents.at, until),
    tag === undefined ? undefined : sql`${documents.tags} @> array[${tag}]::text[]`,
    before === undefined
      ? undefined
      : // The first part alone bounds the walk over the index.
        and(
          sql`${documents.at} <= ${before.at}::timestamptz`,
          or(lt(documents.at, before.at), and(eq(documents.at, before.at), lt(documents.id, before.id))),
        ),
  );
}
