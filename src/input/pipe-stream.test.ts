import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openCapture } from './capture-file.ts';
import { PipeStream } from './pipe-stream.ts';

const folder = mkdtempSync(join(tmpdir(), 'bonghwa-pipe-'));
after(() => rmSync(folder, { recursive: true }));

function makePipe(name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

describe('a named pipe', () => {
  it('is read from its first writer on, who may come late, to its last byte', async () => {
    const path = makePipe('late');
    const file = await openCapture(path);
    const writer = spawn('sh', ['-c', `sleep 0.2; head -c 300000 /dev/zero > ${path}`]);
    let length = 0;
    for await (const chunk of file.chunks) length += chunk.length;
    assert.equal(length, 300_000);
    assert.equal(file.bytesRead, 300_000);
    writer.kill();
  });

  it('that nobody writes to can be closed at any time', async () => {
    const file = await openCapture(makePipe('silent'));
    const first = file.chunks[Symbol.asyncIterator]().next();
    // Who waits for the next bytes is told.
    const told = assert.rejects(first, { code: 'FILE_UNREADABLE' });
    await file.close();
    await told;
  });

  it('that vanishes is a fault, not a wait', async () => {
    await assert.rejects(async () => {
      for await (const chunk of new PipeStream(join(folder, 'gone'))) assert.fail(String(chunk));
    }, /ENOENT/);
  });

  it('can be standard input of a worker thread, a pipe or a socket', async () => {
    const program = `
      import { isMainThread, Worker } from 'node:worker_threads';
      import { openCapture } from ${JSON.stringify(new URL('./capture-file.ts', import.meta.url).href)};
      if (isMainThread) new Worker(new URL(import.meta.url));
      else {
        let length = 0;
        for await (const chunk of (await openCapture('-')).chunks) length += chunk.length;
        console.log(length);
      }`;
    const script = join(folder, 'worker.mjs');
    writeFileSync(script, program);
    const command = `head -c "$1" /dev/zero | "$2" "$3"`;
    for (const bytes of [200_000, 0]) {
      const args = ['-c', command, 'sh', String(bytes), process.execPath, script];
      assert.equal(execFileSync('sh', args, { encoding: 'utf8', timeout: 20_000 }), `${bytes}\n`);
    }
    const input = Buffer.alloc(50_000);
    assert.equal(execFileSync(process.execPath, [script], { input, encoding: 'utf8', timeout: 20_000 }), '50000\n');
  });
});
