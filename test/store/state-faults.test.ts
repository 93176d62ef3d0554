import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BonghwaError } from '../../src/base/errors.ts';
import { writableCacheDirectory } from '../../src/cli/cache-directory.ts';
import { openState } from '../../src/store/state/open.ts';
import type { StateStore } from '../../src/store/state/state-store.ts';
import { PostgresServer, SKIP_WITHOUT_POSTGRES } from '../support/postgres.ts';
import { allAttacks, attackOf, caughtUp, EmptyPglite, temporaryDirectory, until } from '../support/state.ts';

const cacheDirectory = writableCacheDirectory();
const pglite = new EmptyPglite();
before(() => pglite.make());
after(() => pglite.remove());

const isFault = (code: string) => (error: unknown) => error instanceof BonghwaError && error.code === code;

/** A small file system in memory, mounted where only this test looks. */
const canMount = (): boolean => {
  if (process.getuid?.() !== 0) return false;
  const directory = temporaryDirectory('mount');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory.path]).status === 0;
  if (mounted) spawnSync('umount', [directory.path]);
  directory.remove();
  return mounted;
};

describe('files of PGlite that are damaged', () => {
  const damages: Readonly<Record<string, (state: string) => void>> = {
    'the control file is noise': (state) =>
      writeFileSync(join(state, 'global', 'pg_control'), Buffer.alloc(8192, 0xa5)),
    'the log is noise': (state) => {
      for (const name of readdirSync(join(state, 'pg_wal')).filter((file) => /^[0-9A-F]{24}$/.test(file))) {
        writeFileSync(join(state, 'pg_wal', name), Buffer.alloc(16 * 1024 * 1024, 0xa5));
      }
    },
    'the global tables are gone': (state) => rmSync(join(state, 'global'), { recursive: true }),
    'every table is cut short': (state) => {
      for (const base of readdirSync(join(state, 'base'))) {
        for (const file of readdirSync(join(state, 'base', base))) truncateSync(join(state, 'base', base, file), 100);
      }
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(`are set aside, and a new database has what the journal holds: ${what}`, async () => {
      const directory = temporaryDirectory('damaged');
      pglite.copyTo(directory.path);
      const problems: Error[] = [];
      const options = { directory: directory.path, cacheDirectory, onProblem: (error: Error) => problems.push(error) };
      let store = await openState(options);
      try {
        for (let n = 0; n < 20; n++) await store.saveAttack(attackOf(n));
        await store.saveBlob('detector', new Uint8Array([1]));
        await caughtUp(store);
        await store.close();
        damage(join(directory.path, 'state'));
        store = await openState(options);
        await store.saveAttack(attackOf(20));
        assert.equal((await allAttacks(store)).length, 21);
        await caughtUp(store);
        assert.equal((await allAttacks(store)).length, 21);
        assert.deepEqual(await store.loadBlob('detector'), new Uint8Array([1]));
        assert.ok(existsSync(join(directory.path, 'state.broken-1', 'PG_VERSION')));
        assert.ok(problems.some(isFault('STATE_DAMAGED')));
        assert.equal(store.status().error, undefined);
      } finally {
        await store.close();
        directory.remove();
      }
    });
  }
});

describe('a snapshot or a journal that is damaged', () => {
  it('is told of; the journal gives what is whole, the database the snapshot as it was', async () => {
    const directory = temporaryDirectory('damaged');
    pglite.copyTo(directory.path);
    const problems: Error[] = [];
    const options = { directory: directory.path, cacheDirectory, onProblem: (error: Error) => problems.push(error) };
    let store = await openState(options);
    try {
      for (let n = 0; n < 20; n++) await store.saveAttack(attackOf(n));
      await store.saveBlob('detector', new Uint8Array([1, 2, 3]));
      await caughtUp(store);
      await store.close();
      const journal = join(directory.path, 'journal');
      const snapshot = join(directory.path, 'snapshots', 'detector');
      for (const file of [journal, snapshot]) {
        const bytes = readFileSync(file);
        bytes[Math.floor(bytes.length / 2)] ^= 1;
        bytes[bytes.length - 1] ^= file === snapshot ? 1 : 0;
        writeFileSync(file, bytes);
      }
      store = await openState(options);
      assert.equal((await allAttacks(store)).length, 19);
      assert.ok(existsSync(join(directory.path, 'journal.damaged')));
      await until('the database answers', () => store.status().state === 'ready');
      assert.deepEqual(await store.loadBlob('detector'), new Uint8Array([1, 2, 3]));
      await caughtUp(store);
      assert.equal((await allAttacks(store)).length, 20);
      assert.equal(problems.filter(isFault('STATE_DAMAGED')).length, 2);
    } finally {
      await store.close();
      directory.remove();
    }
  });
});

describe('a full disk', { skip: canMount() ? false : 'mounting a small disk needs root' }, () => {
  const directory = temporaryDirectory('full');
  before(() => assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', directory.path]).status, 0));
  after(() => {
    spawnSync('umount', ['-l', directory.path]);
    directory.remove();
  });

  it('refuses writes with an error that is told once, and takes all of them when there is room', async () => {
    const data = join(directory.path, 'data');
    mkdirSync(data);
    pglite.copyTo(data);
    const problems: Error[] = [];
    const store = await openState({ directory: data, onProblem: (error) => problems.push(error) });
    try {
      await store.saveAttack(attackOf(0));
      await caughtUp(store);
      const ballast = join(directory.path, 'ballast');
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096']);
      // What is left of the journal's last page takes the first ones.
      let refused = 0;
      for (let n = 1; n <= 10; n++) {
        await store.saveAttack(attackOf(n)).catch((error: unknown) => {
          assert.ok(isFault('STATE_NOT_KEPT')(error));
          refused++;
        });
      }
      assert.ok(refused >= 8, `${refused} of 10 were refused`);
      await assert.rejects(store.saveBlob('detector', new Uint8Array(100_000)), isFault('STATE_NOT_KEPT'));
      assert.equal(store.status().state, 'down');
      assert.match(store.status().error ?? '', /ENOSPC|no space/i);
      // What could not be written is known as long as the station runs.
      assert.equal((await allAttacks(store)).length, 11);
      assert.ok(problems.some(isFault('STATE_NOT_KEPT')));
      const told = problems.length;
      await sleep(2500);
      assert.ok(problems.length <= told + 1, 'the same fault is not told again and again');
      rmSync(ballast);
      await until('everything was written', () => store.status().state !== 'down' && store.status().waiting === 0);
      await store.saveBlob('detector', new Uint8Array(100_000));
      await caughtUp(store);
      assert.equal(store.status().error, undefined);
      await store.close();
      const again = await openState({ directory: data });
      assert.equal((await allAttacks(again)).length, 11);
      await again.close();
    } finally {
      await store.close();
    }
  });

  it('does not stop a start', async () => {
    const data = join(directory.path, 'fresh');
    mkdirSync(data);
    spawnSync('dd', ['if=/dev/zero', `of=${join(directory.path, 'ballast')}`, 'bs=4096']);
    const store = await openState({ directory: data, cacheDirectory });
    try {
      await assert.rejects(store.saveAttack(attackOf(1)), isFault('STATE_NOT_KEPT'));
      await until('the database was tried', () => store.status().state === 'down');
      assert.deepEqual((await store.attacks({})).attacks, [attackOf(1)]);
      rmSync(join(directory.path, 'ballast'));
      rmSync(join(directory.path, 'data'), { recursive: true, force: true });
      await caughtUp(store);
      assert.equal((await allAttacks(store)).length, 1);
      assert.ok(!readdirSync(data).some((name) => name.includes('broken')));
    } finally {
      await store.close();
    }
  });
});

describe('a PostgreSQL that goes away', { skip: SKIP_WITHOUT_POSTGRES }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await PostgresServer.start();
  });
  after(() => server.stop());

  async function timed<T>(msMax: number, what: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    const value = await what();
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < msMax, `took ${tookMs} ms`);
    return value;
  }

  it('by hanging, blocks nobody, and has everything when it goes on', async () => {
    const directory = temporaryDirectory('hang');
    const url = server.url(await server.newDatabase());
    const store = await openState({ directory: directory.path, url });
    try {
      await store.saveAttack(attackOf(0));
      await caughtUp(store);
      server.pause();
      for (let n = 1; n <= 20; n++) await timed(2000, () => store.saveAttack(attackOf(n)));
      const page = await timed(4000, () => store.attacks({}));
      assert.equal(page.partial, true);
      assert.equal(page.attacks.length, 21);
      await timed(4000, () => assert.rejects(store.attack('nobody'), isFault('STATE_DOWN')));
      // Once it is known to hang, nobody waits for it any more.
      await timed(1000, () => store.attacks({}));
      assert.ok(store.status().waiting > 0);
      server.resume();
      await caughtUp(store);
      assert.equal((await allAttacks(store)).length, 21);
    } finally {
      server.resume();
      await store.close();
      directory.remove();
    }
  });

  it('while it hangs, does not hold up the end of a station', async () => {
    const directory = temporaryDirectory('hang');
    const url = server.url(await server.newDatabase());
    const store: StateStore = await openState({ directory: directory.path, url });
    try {
      await caughtUp(store);
      server.pause();
      await store.saveAttack(attackOf(1));
      await timed(4500, () => store.close());
    } finally {
      server.resume();
      directory.remove();
    }
  });

  it('by ending every connection, is come back to', async () => {
    const directory = temporaryDirectory('cut');
    const database = await server.newDatabase();
    const problems: Error[] = [];
    const store = await openState({
      directory: directory.path,
      url: server.url(database),
      onProblem: (error) => problems.push(error),
    });
    try {
      await caughtUp(store);
      await server.query(
        'postgres',
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`,
      );
      for (let n = 0; n < 10; n++) await store.saveAttack(attackOf(n));
      await caughtUp(store);
      assert.deepEqual(await server.query(database, 'select count(*)::int as count from bonghwa.attacks'), [
        { count: 10 },
      ]);
      assert.deepEqual(
        problems.filter((error) => !isFault('STATE_DOWN')(error)),
        [],
      );
    } finally {
      await store.close();
      directory.remove();
    }
  });

  it('by not being there from the start, costs nothing but the wait', async () => {
    const directory = temporaryDirectory('nobody');
    const url = 'postgresql://nobody:secret@127.0.0.1:1/nothing';
    const problems: Error[] = [];
    const store = await openState({ directory: directory.path, url, onProblem: (error) => problems.push(error) });
    try {
      await timed(1000, () => store.saveAttack(attackOf(1)));
      await until('it is known to be down', () => store.status().state === 'down');
      assert.equal((await store.attacks({})).partial, true);
      assert.equal(store.status().waiting, 1);
      await assert.rejects(store.prune(0), isFault('STATE_DOWN'));
      assert.equal(problems.length, 1);
      assert.ok(!JSON.stringify([problems[0].message, store.status()]).includes('secret'));
      assert.ok(statSync(join(directory.path, 'journal')).size > 1000);
    } finally {
      await store.close();
      directory.remove();
    }
  });
});
