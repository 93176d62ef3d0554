import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BonghwaError } from '../base/errors.ts';
import { type LockWay, lockDirectory, lockWay, readLock } from './lock.ts';

const top = mkdtempSync(join(tmpdir(), 'bonghwa-lock-'));
after(() => rmSync(top, { recursive: true, force: true }));

/** A process that takes a directory, says so, and stays. */
const HOLDER = `
const [url, directory, way] = process.argv.slice(1);
const { lockDirectory } = await import(url);
await lockDirectory(directory, { pid: process.pid, http: '127.0.0.1:8480' }, way).then(
  () => console.log('held'),
  (error) => { console.log(error.code); process.exit(); },
);
setInterval(() => undefined, 1000);
`;

const WAYS: readonly LockWay[] = (await lockWay()) === 'flock' ? ['flock', 'socket'] : ['socket'];

for (const way of WAYS) {
  describe(`a data directory locked by ${way}`, {
    skip: process.platform === 'linux' ? false : 'made for Linux',
  }, () => {
    const hold = async (directory: string): Promise<{ said: string; pid: number; kill(): Promise<void> }> => {
      const url = new URL('lock.ts', import.meta.url).href;
      const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, url, directory, way]);
      const ended = once(child, 'exit');
      const [bytes] = (await once(child.stdout, 'data')) as [Buffer];
      return {
        said: bytes.toString().trim(),
        pid: child.pid ?? 0,
        async kill() {
          child.kill('SIGKILL');
          await ended;
        },
      };
    };

    it('belongs to one process, which is named to the next', async () => {
      const directory = join(top, way, 'one');
      const holder = await hold(directory);
      try {
        assert.equal(holder.said, 'held');
        await assert.rejects(lockDirectory(directory, { pid: 1 }, way), (error) => {
          assert.ok(error instanceof BonghwaError);
          assert.equal(error.code, 'DATA_IN_USE');
          assert.match(error.message, new RegExp(`process ${holder.pid} since 20.*127\\.0\\.0\\.1:8480`));
          return true;
        });
        const told = await readLock(directory, way);
        assert.equal(told?.pid, holder.pid);
        assert.equal(told?.http, '127.0.0.1:8480');
      } finally {
        await holder.kill();
      }
    });

    it('is free the moment its holder was killed, whatever the file says', async () => {
      const directory = join(top, way, 'killed');
      const holder = await hold(directory);
      await holder.kill();
      assert.equal(await readLock(directory, way), undefined);
      const lock = await lockDirectory(directory, { pid: process.pid }, way);
      await lock.release();
    });

    it('is had by one of many that come at once', async () => {
      const directory = join(top, way, 'many');
      const holders = await Promise.all(Array.from({ length: 4 }, () => hold(directory)));
      for (const holder of holders) await holder.kill();
      assert.deepEqual(holders.map(({ said }) => said).sort(), ['DATA_IN_USE', 'DATA_IN_USE', 'DATA_IN_USE', 'held']);
    });

    it('says where HTTP answers once that is known, and nothing after its release', async () => {
      const directory = join(top, way, 'update');
      assert.equal(await readLock(directory, way), undefined);
      const lock = await lockDirectory(directory, { pid: 7, http: '127.0.0.1:123456' }, way);
      await lock.update({ pid: 7, http: '[::1]:80' });
      const told = await readLock(directory, way);
      assert.deepEqual({ pid: told?.pid, http: told?.http }, { pid: 7, http: '[::1]:80' });
      await assert.rejects(lockDirectory(directory, { pid: 8 }, way), BonghwaError);
      await lock.release();
      assert.equal(await readLock(directory, way), undefined);
    });

    it('is not kept from a station by those who only look', async () => {
      const directory = join(top, way, 'look');
      await (await lockDirectory(directory, { pid: 1 }, way)).release();
      for (let round = 0; round < 20; round++) {
        const looks = Array.from({ length: 5 }, () => readLock(directory, way));
        await (await lockDirectory(directory, { pid: 1 }, way)).release();
        await Promise.all(looks);
      }
    });
  });
}

it('a data directory that cannot be made says so', async () => {
  const file = join(top, 'file');
  writeFileSync(file, '');
  await assert.rejects(lockDirectory(join(file, 'data'), { pid: 1 }), (error) => {
    assert.ok(error instanceof BonghwaError);
    return error.code === 'FILE_UNREADABLE';
  });
});
