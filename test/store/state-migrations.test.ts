import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { MIGRATIONS_TABLE, StateDatabase } from '../../src/store/state/database.ts';
import { drizzlePglite, drizzlePostgres, type StateDrizzle } from '../../src/store/state/drizzle.ts';
import { openPglite } from '../../src/store/state/pglite.ts';
import * as schema from '../../src/store/state/schema.ts';
import { PostgresServer, SKIP_WITHOUT_POSTGRES } from '../support/postgres.ts';
import { attackOf, EmptyPglite, temporaryDirectory } from '../support/state.ts';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const MIGRATIONS = join(TOP, 'src/store/state/migrations');

interface MigrationJournal {
  readonly entries: readonly { readonly tag: string }[];
}

const journal = JSON.parse(readFileSync(join(MIGRATIONS, 'meta', '_journal.json'), 'utf8')) as MigrationJournal;
const temporary = temporaryDirectory('migrations');
const pglite = new EmptyPglite();
before(() => pglite.make());
after(() => {
  pglite.remove();
  temporary.remove();
});

/** The migrations as a version had them that knew only the first ones. */
function migrationsOf(count: number): string {
  const folder = join(temporary.path, `first-${count}`);
  cpSync(MIGRATIONS, folder, { recursive: true });
  const earlier = { ...journal, entries: journal.entries.slice(0, count) };
  writeFileSync(join(folder, 'meta', '_journal.json'), JSON.stringify(earlier));
  return folder;
}

interface Connection {
  readonly db: StateDrizzle;
  query(statement: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

let server: PostgresServer | undefined;
let directories = 0;

const ENGINES: Readonly<Record<string, { skip: string | false; connect: () => Promise<Connection> }>> = {
  pglite: {
    skip: false,
    async connect() {
      const directory = join(temporary.path, `pglite-${++directories}`);
      mkdirSync(directory);
      pglite.copyTo(directory);
      const { client } = await openPglite(join(directory, 'state'));
      await client.exec('drop schema bonghwa cascade');
      return {
        db: drizzlePglite(client, schema),
        query: async (statement) => (await client.query<Record<string, unknown>>(statement)).rows,
        close: () => client.close(),
      };
    },
  },
  postgresql: {
    skip: SKIP_WITHOUT_POSTGRES,
    async connect() {
      server ??= await PostgresServer.start();
      const client = new pg.Client({ connectionString: server.url(await server.newDatabase()) });
      await client.connect();
      return {
        db: drizzlePostgres(client, schema),
        query: async (statement) => (await client.query<Record<string, unknown>>(statement)).rows,
        close: () => client.end(),
      };
    },
  },
};
after(() => server?.stop());

/** Everything that a migration can make, in words. */
const CATALOGUE = `
  select table_name, column_name, data_type, collation_name, is_nullable, column_default
    from information_schema.columns where table_schema = 'bonghwa'
  union all
  select tablename, indexname, indexdef, null, null, null from pg_indexes where schemaname = 'bonghwa'
  order by 1, 2`;

for (const [name, { skip, connect }] of Object.entries(ENGINES)) {
  describe(`migrations in ${name}`, { skip }, () => {
    for (let count = 0; count <= journal.entries.length; count++) {
      it(`lead from ${count} of ${journal.entries.length} to the tables that this version knows`, async () => {
        const [early, empty] = [await connect(), await connect()];
        try {
          await new StateDatabase(early.db).migrate(migrationsOf(count));
          await new StateDatabase(early.db).migrate(MIGRATIONS);
          await new StateDatabase(empty.db).migrate(MIGRATIONS);
          const found = await early.query(CATALOGUE);
          assert.ok(found.length > 20);
          assert.deepEqual(found, await empty.query(CATALOGUE));
          const database = new StateDatabase(early.db);
          const entry = { kind: 'attack', key: 'attack 1', sequence: 1, value: attackOf(1) } as const;
          assert.deepEqual(await database.apply('journal', [entry]), []);
          assert.deepEqual(await database.attack(attackOf(1).id), attackOf(1));
          // A second time they find nothing to do.
          await database.migrate(MIGRATIONS);
          assert.equal((await early.query(`select * from bonghwa.${MIGRATIONS_TABLE}`)).length, journal.entries.length);
        } finally {
          await early.close();
          await empty.close();
        }
      });
    }

    it('leave the tables of a later version alone', async () => {
      const connection = await connect();
      try {
        const database = new StateDatabase(connection.db);
        await database.migrate(MIGRATIONS);
        await connection.query(`insert into bonghwa.${MIGRATIONS_TABLE} values (9000000000000, 'later')`);
        await assert.rejects(database.migrate(MIGRATIONS), /newer version of Bonghwa/);
      } finally {
        await connection.close();
      }
    });

    it('take an older write for what it is, whenever it comes', async () => {
      const connection = await connect();
      try {
        const database = new StateDatabase(connection.db);
        await database.migrate(MIGRATIONS);
        const write = (sequence: number) =>
          database.apply('journal', [
            { kind: 'attack', key: 'attack 1', sequence, value: attackOf(1, sequence) },
            { kind: 'setting', key: 'setting a', sequence: sequence + 1, name: 'a', value: sequence },
            {
              kind: 'document',
              key: 'document incident i1',
              sequence: sequence + 2,
              of: 'incident',
              id: 'i1',
              at: '2026-01-01T00:00:00.000Z',
              tags: [],
              body: sequence,
              removed: false,
            },
          ]);
        for (const sequence of [10, 30, 20, 30]) await write(sequence);
        assert.deepEqual((await database.documents.one('incident', 'i1'))?.body, 30);
        assert.equal((await database.attack(attackOf(1).id))?.evidence.packets, 30);
        const hello = await database.hello('journal');
        assert.deepEqual(
          hello.settings.map((entry) => (entry.kind === 'setting' ? entry.value : undefined)),
          [30],
        );
        assert.equal(hello.version, 32);
      } finally {
        await connection.close();
      }
    });
  });
}

it('the migrations make the tables of schema.ts: drizzle-kit finds nothing to add', () => {
  const folder = join(temporary.path, 'generated');
  cpSync(MIGRATIONS, folder, { recursive: true });
  const told = execFileSync(
    process.execPath,
    [
      join(TOP, 'node_modules/drizzle-kit/bin.cjs'),
      'generate',
      '--dialect=postgresql',
      '--schema=src/store/state/schema.ts',
      `--out=${relative(TOP, folder)}`,
    ],
    { cwd: TOP, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  assert.match(told, /No schema changes/);
});

it('PGlite syncs its files when it commits, which it does not by itself', async () => {
  const directory = join(temporary.path, 'synced');
  mkdirSync(directory);
  pglite.copyTo(directory);
  const { client, syncs } = await openPglite(join(directory, 'state'));
  try {
    assert.deepEqual((await client.query('show fsync')).rows, [{ fsync: 'on' }]);
    assert.deepEqual((await client.query('show full_page_writes')).rows, [{ full_page_writes: 'on' }]);
    for (let commit = 0; commit < 10; commit++) {
      const before = syncs();
      await client.query(`insert into bonghwa.journals values ('a${commit}', 1)`);
      assert.ok(syncs() > before, `commit ${commit} was not synced`);
    }
    const before = syncs();
    await client.exec('checkpoint');
    assert.ok(syncs() >= before + 2, 'a checkpoint syncs tables and control file');
  } finally {
    await client.close();
  }
});
