import { fileURLToPath } from 'node:url';
import { StateDatabase } from './database.ts';
import type { DatabaseCalls, DatabaseSetup } from './database-thread.ts';
import { drizzlePglite, drizzlePostgres, type StateDrizzle, sql } from './drizzle.ts';
import * as schema from './schema.ts';

const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));
/** A server that does not answer to a connection within this is down, ms. */
const CONNECT_MS_MAX = 5000;
/** Any text names a lock of PostgreSQL by its hash; this one is held by the station that uses the database. */
const STATION_LOCK = 'bonghwa station';

/** What PGlite and PostgreSQL do differently. */
interface Engine {
  readonly db: StateDrizzle;
  maintain(): Promise<void>;
  sizeBytes(database: StateDatabase): Promise<number>;
  close(): Promise<void>;
}

/** The calls of one connection, in the order in which they come. */
export function openConnection(setup: DatabaseSetup, migrations = MIGRATIONS): DatabaseCalls {
  let engine: Engine | undefined;
  let database: StateDatabase | undefined;
  const opened = (): StateDatabase => {
    if (database === undefined) throw new Error('the database is not open');
    return database;
  };
  return {
    async open() {
      engine = setup.kind === 'pglite' ? await openPgliteEngine(setup) : await openPostgresqlEngine(setup);
      const found = new StateDatabase(engine.db);
      await found.migrate(migrations);
      database = found;
      return await found.hello(setup.journal);
    },
    apply: (entries) => opened().apply(setup.journal, entries),
    attacks: (filter) => opened().attacks(filter),
    attack: (id) => opened().attack(id),
    documents: (filter) => opened().documents.page(filter),
    document: (kind, id) => opened().documents.one(kind, id),
    pruneDocuments: (kind, time) => opened().documents.prune(kind, time),
    saveBlob: (name, version, bytes) => opened().saveBlob(name, version, bytes),
    loadBlob: (name) => opened().loadBlob(name),
    prune: (time) => opened().prune(time),
    async maintain() {
      await engine?.maintain();
    },
    sizeBytes: async () => (engine === undefined ? 0 : await engine.sizeBytes(opened())),
    async close() {
      database = undefined;
      await engine?.close();
    },
  };
}

async function openPgliteEngine({ directory }: DatabaseSetup): Promise<Engine> {
  const { bytesBelow, openPglite } = await import('./pglite.ts');
  const { client } = await openPglite(directory);
  return {
    db: drizzlePglite(client, schema),
    async maintain() {
      // PGlite has no process of its own that would do either.
      await client.exec('vacuum (analyze)');
      await client.exec('checkpoint');
    },
    sizeBytes: () => bytesBelow(directory),
    close: () => client.close(),
  };
}

async function openPostgresqlEngine({ url, journal }: DatabaseSetup): Promise<Engine> {
  const { Client } = (await import('pg')).default;
  const name = `bonghwa ${journal}`;
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    application_name: name,
    keepAlive: true,
  });
  let lost: Error | undefined;
  // Calls in flight are told of a lost connection by their own rejection, later ones by the client.
  client.on('error', (error) => {
    lost = error;
  });
  await client.connect();
  const db = drizzlePostgres(client, schema);
  // An acknowledgement of this database lets the journal forget.
  await db.execute(sql`set synchronous_commit = on`);
  // What is left of this very station's earlier connection, on a server that has not noticed its end.
  await db.execute(
    sql`select pg_terminate_backend(pid, 1000) from pg_stat_activity
        where application_name = ${name} and usename = current_user and pid <> pg_backend_pid()`,
  );
  if (!(await lockStation(db))) {
    await client.end();
    throw new Error('another station uses this database: give each its own');
  }
  return {
    db,
    maintain: () => (lost === undefined ? Promise.resolve() : Promise.reject(lost)),
    sizeBytes: (database) => database.sizeBytes(),
    close: () => client.end(),
  };
}

async function lockStation(db: StateDrizzle): Promise<boolean> {
  const { rows } = (await db.execute(
    sql`select pg_try_advisory_lock(hashtextextended(${STATION_LOCK}, 0)) as held`,
  )) as unknown as { readonly rows: readonly [{ readonly held: boolean }] };
  return rows[0].held;
}
