import type { SQL } from 'drizzle-orm';
import type { MigrationMeta } from 'drizzle-orm/migrator';
import type { Attack } from '../../model/attack.ts';
import type { AttackFilter } from './attack-query.ts';
import { netOf } from './attack-query.ts';
import { DocumentRows, writeDocuments } from './database-documents.ts';
import {
  and,
  asc,
  desc,
  eq,
  excluded,
  gte,
  lt,
  or,
  readMigrationFiles,
  type StateDrizzle,
  sql,
  type Transaction,
} from './drizzle.ts';
import { exporterKey, type StateEntry, settingKey } from './journal-frame.ts';
import { attacks, blobs, documents, exporters, journals, settings } from './schema.ts';

/** Bytes of a blob in one row: a statement in PGlite takes a multiple of this as memory that is never given back. */
const PART_BYTES = 256 * 1024;
/** Exporters that the database keeps; those reported longest ago go first. */
const EXPORTERS_MAX = 4096;
export const MIGRATIONS_TABLE = '__migrations';

/** What the database knew when it was opened. */
export interface Hello {
  /** Number of the last write that it has from this journal; 0 where it has none. */
  readonly position: number;
  /** Largest number of any write that it has. */
  readonly version: number;
  readonly blobs: readonly { readonly name: string; readonly version: number }[];
  readonly exporters: readonly StateEntry[];
  readonly settings: readonly StateEntry[];
}

export interface Refusal {
  readonly key: string;
  readonly message: string;
}

/** Tables of a later version, which this one could only spoil. */
class NewerDatabase extends Error {
  /** SQLSTATE object_not_in_prerequisite_state. */
  readonly code = '55000';

  constructor() {
    super('the database was written by a newer version of Bonghwa: start that version');
  }
}

/** The state in PGlite or PostgreSQL: one implementation over the one schema. Every write may come twice. */
export class StateDatabase {
  readonly #db: StateDrizzle;
  readonly documents: DocumentRows;

  constructor(db: StateDrizzle) {
    this.#db = db;
    this.documents = new DocumentRows(db);
  }

  /** Brings the tables to the form that this version knows. */
  async migrate(folder: string): Promise<void> {
    const known = readMigrationFiles({ migrationsFolder: folder });
    await this.#db.execute(sql`create schema if not exists bonghwa`);
    await this.#db.execute(
      sql`create table if not exists bonghwa.${sql.identifier(MIGRATIONS_TABLE)} (made_at bigint primary key, hash text not null)`,
    );
    await this.#db.transaction(async (tx) => {
      // Another process that does the same waits here, and then finds nothing left to do.
      await tx.execute(sql`lock table bonghwa.${sql.identifier(MIGRATIONS_TABLE)} in exclusive mode`);
      const done = await this.#migrationsDone(tx);
      const last = Math.max(0, ...done);
      const lastKnown = known.at(-1)?.folderMillis ?? 0;
      if (last > lastKnown) throw new NewerDatabase();
      for (const migration of known) if (!done.has(migration.folderMillis)) await runMigration(tx, migration);
    });
  }

  async #migrationsDone(tx: Transaction): Promise<ReadonlySet<number>> {
    const { rows } = (await tx.execute(
      sql`select made_at from bonghwa.${sql.identifier(MIGRATIONS_TABLE)}`,
    )) as unknown as {
      readonly rows: readonly { readonly made_at: string | number }[];
    };
    return new Set(rows.map(({ made_at }) => Number(made_at)));
  }

  async hello(journal: string): Promise<Hello> {
    const [position] = await this.#db.select().from(journals).where(eq(journals.journal, journal));
    const held = await this.#db
      .select({ name: blobs.name, version: blobs.version })
      .from(blobs)
      .where(eq(blobs.part, 0));
    const reported = await this.#db.select().from(exporters).orderBy(asc(exporters.version));
    const set = await this.#db.select().from(settings).orderBy(asc(settings.version));
    const [{ version }] = await this.#db
      .select({ version: sql<string | number>`coalesce(max(${attacks.version}), 0)` })
      .from(attacks);
    const [document] = await this.#db
      .select({ version: sql<string | number>`coalesce(max(${documents.version}), 0)` })
      .from(documents);
    const versions = [reported, set, held].flatMap((rows) => rows.map((row) => row.version));
    return {
      position: position?.sequence ?? 0,
      version: versions.reduce(
        (largest, one) => Math.max(largest, one),
        Math.max(Number(version), Number(document.version)),
      ),
      blobs: held,
      exporters: reported.map(({ version: sequence, report }) => ({
        kind: 'exporter',
        key: exporterKey(report),
        sequence,
        value: report,
      })),
      settings: set.map(({ key: name, version: sequence, held: { value } }) => ({
        kind: 'setting',
        key: settingKey(name),
        sequence,
        name,
        value,
      })),
    };
  }

  /**
   * Takes writes over, in the order of their numbers and at most one of a key, all or none of them, and remembers how far it came.
   * What the database will never take (a text with a zero in it) is passed over and told.
   */
  async apply(journal: string, entries: readonly StateEntry[]): Promise<readonly Refusal[]> {
    const sequence = entries.at(-1)?.sequence ?? 0;
    const write = (taken: readonly StateEntry[]): Promise<void> =>
      this.#db.transaction(async (tx) => {
        await upsertAll(tx, taken);
        await tx
          .insert(journals)
          .values({ journal, sequence })
          .onConflictDoUpdate({ target: journals.journal, set: { sequence } });
      });
    try {
      await write(entries);
      return [];
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    const taken: StateEntry[] = [];
    const refused: Refusal[] = [];
    for (const entry of entries) {
      try {
        await this.#db.transaction((tx) => upsertAll(tx, [entry]));
        taken.push(entry);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.push({ key: entry.key, message: messageOf(error) });
      }
    }
    await write(taken);
    return refused;
  }

  async attacks(filter: AttackFilter): Promise<{ readonly attacks: readonly Attack[]; readonly more: boolean }> {
    const rows = await this.#db
      .select({ attack: attacks.attack })
      .from(attacks)
      .where(conditionOf(filter))
      .orderBy(desc(attacks.startedAt), desc(attacks.id))
      .limit(filter.limit + 1);
    return { attacks: rows.slice(0, filter.limit).map((row) => row.attack), more: rows.length > filter.limit };
  }

  async attack(id: string): Promise<Attack | undefined> {
    const [row] = await this.#db.select({ attack: attacks.attack }).from(attacks).where(eq(attacks.id, id));
    return row?.attack;
  }

  async saveBlob(name: string, version: number, bytes: Uint8Array): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await tx.delete(blobs).where(eq(blobs.name, name));
      for (let part = 0; part === 0 || part * PART_BYTES < bytes.length; part++) {
        const from = part * PART_BYTES;
        // As base64 they take a tenth of the time that PGlite needs for bytes.
        const text = Buffer.from(bytes.subarray(from, from + PART_BYTES)).toString('base64');
        await tx.insert(blobs).values({ name, part, version, bytes: sql`decode(${text}, 'base64')` });
      }
    });
  }

  async loadBlob(name: string): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const [row] = await this.#db
        .select({ text: sql<string>`encode(${blobs.bytes}, 'base64')` })
        .from(blobs)
        .where(and(eq(blobs.name, name), eq(blobs.part, parts.length)));
      if (row === undefined) break;
      parts.push(Buffer.from(row.text, 'base64'));
    }
    return parts.length === 0 ? undefined : new Uint8Array(Buffer.concat(parts));
  }

  /** Forgets attacks that were over before `time` (ISO 8601); how many. */
  async prune(time: string): Promise<number> {
    const gone = await this.#db
      .delete(attacks)
      .where(and(eq(attacks.ongoing, false), lt(over, time)))
      .returning({ id: attacks.id });
    return gone.length;
  }

  async sizeBytes(): Promise<number> {
    const { rows } = (await this.#db.execute(sql`select pg_database_size(current_database()) as size`)) as unknown as {
      readonly rows: readonly [{ readonly size: string | number }];
    };
    return Number(rows[0].size);
  }
}

async function runMigration(tx: Transaction, { sql: statements, folderMillis, hash }: MigrationMeta): Promise<void> {
  for (const statement of statements) await tx.execute(sql.raw(statement));
  await tx.execute(
    sql`insert into bonghwa.${sql.identifier(MIGRATIONS_TABLE)} (made_at, hash) values (${folderMillis}, ${hash})`,
  );
}

/** When an attack that is not ongoing was over, as `overAt` of attack-query.ts. */
const over = sql`coalesce(${attacks.endedAt}, ${attacks.startedAt})`;

function conditionOf({ since, until, target, ongoing, before }: AttackFilter): SQL | undefined {
  return and(
    since === undefined ? undefined : or(eq(attacks.ongoing, true), gte(over, since)),
    until === undefined ? undefined : lt(attacks.startedAt, until),
    ongoing === undefined ? undefined : eq(attacks.ongoing, ongoing),
    target === undefined
      ? undefined
      : or(
          eq(attacks.target, target.text),
          target.net === undefined ? undefined : sql`${attacks.targetNet} && ${target.net}::inet`,
        ),
    before === undefined
      ? undefined
      : or(lt(attacks.startedAt, before.start), and(eq(attacks.startedAt, before.start), lt(attacks.id, before.id))),
  );
}

async function upsertAll(tx: Transaction, entries: readonly StateEntry[]): Promise<void> {
  const newer = (table: typeof attacks | typeof exporters | typeof settings): SQL =>
    sql`${table.version} < excluded.version`;
  const attackRows = entries.flatMap((entry) =>
    entry.kind === 'attack' ? [attackRow(entry.sequence, entry.value)] : [],
  );
  if (attackRows.length > 0) {
    await tx
      .insert(attacks)
      .values(attackRows)
      .onConflictDoUpdate({ target: attacks.id, set: excluded(attackRows[0], 'id'), setWhere: newer(attacks) });
  }
  const exporterRows = entries.flatMap((entry) =>
    entry.kind === 'exporter'
      ? [
          {
            exporter: entry.value.exporter,
            observationDomain: entry.value.observationDomain,
            protocol: entry.value.protocol,
            version: entry.sequence,
            lastSeen: entry.value.lastSeen,
            report: entry.value,
          },
        ]
      : [],
  );
  if (exporterRows.length > 0) {
    await tx
      .insert(exporters)
      .values(exporterRows)
      .onConflictDoUpdate({
        target: [exporters.exporter, exporters.observationDomain, exporters.protocol],
        set: excluded(exporterRows[0], 'exporter', 'observationDomain', 'protocol'),
        setWhere: newer(exporters),
      });
    await tx
      .delete(exporters)
      .where(
        lt(
          exporters.version,
          sql`(select min(version) from (select version from ${exporters} order by version desc limit ${EXPORTERS_MAX}) as kept)`,
        ),
      );
  }
  await writeDocuments(tx, entries);
  const settingRows = entries.flatMap((entry) =>
    entry.kind === 'setting' ? [{ key: entry.name, version: entry.sequence, held: { value: entry.value } }] : [],
  );
  if (settingRows.length > 0) {
    await tx
      .insert(settings)
      .values(settingRows)
      .onConflictDoUpdate({ target: settings.key, set: excluded(settingRows[0], 'key'), setWhere: newer(settings) });
  }
}

function attackRow(version: number, attack: Attack): typeof attacks.$inferInsert {
  return {
    id: attack.id,
    version,
    targetKind: attack.target.kind,
    target: attack.target.value,
    targetNet: netOf(attack.target.value) ?? null,
    direction: attack.direction,
    vectors: attack.vectors.map(({ name }) => name),
    startedAt: attack.start,
    detectedAt: attack.detectedAt,
    endedAt: attack.end ?? null,
    ongoing: attack.ongoing,
    peakBps: attack.peak.bps,
    peakPps: attack.peak.pps,
    attack,
  };
}

/** SQLSTATE of a fault, where the database named one. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && /^[0-9A-Z]{5}$/.test(at.code)) return at.code;
  }
  return undefined;
}

/** Data exceptions (class 22) and violated constraints (class 23): trying again gives the same. */
const isRefusal = (error: unknown): boolean => /^2[23]/.test(sqlStateOf(error) ?? '');

/** What the database said itself: the query builder's own message repeats the whole statement. */
export function messageOf(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}
