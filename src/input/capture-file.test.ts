import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Random } from '../base/random.ts';
import { openCapture } from './capture-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'bonghwa-capture-file-'));
after(() => rmSync(folder, { recursive: true }));

/** Bytes that compress to about two thirds, so that compressed files have many chunks too. */
const random = new Random(7);
const content = Uint8Array.from({ length: 3_000_000 }, () => random.below(40));

function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

interface Whole {
  readonly bytes: Buffer;
  readonly bytesRead: number;
  readonly bytesTotal: number | undefined;
  readonly truncated: boolean;
}

async function readAll(path: string): Promise<Whole> {
  const file = await openCapture(path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.chunks) chunks.push(Uint8Array.from(chunk));
  await file.close();
  const { bytesRead, bytesTotal, truncated } = file;
  return { bytes: Buffer.concat(chunks), bytesRead, bytesTotal, truncated };
}

describe('openCapture', () => {
  const forms: [string, Uint8Array][] = [
    ['plain', content],
    ['gzip', gzipSync(content, { level: 1 })],
    [
      'two gzip members',
      Buffer.concat([gzipSync(content.subarray(0, 1_000_000)), gzipSync(content.subarray(1_000_000))]),
    ],
    ['zstd', zstdCompressSync(content)],
  ];
  for (const [name, bytes] of forms) {
    test(`reads a file: ${name}`, async () => {
      const whole = await readAll(fileOf(name, bytes));
      assert.ok(whole.bytes.equals(content));
      assert.deepEqual([whole.bytesRead, whole.bytesTotal, whole.truncated], [bytes.length, bytes.length, false]);
    });
  }

  test('gives the chunks of one file without reading ahead of what is taken', async () => {
    const file = await openCapture(
      fileOf('ahead', gzipSync(Buffer.concat(Array.from({ length: 8 }, () => content)), { level: 1 })),
    );
    for await (const chunk of file.chunks) {
      assert.ok(chunk.length > 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      break;
    }
    assert.ok(file.bytesRead < 2_000_000, `${file.bytesRead} bytes were read for one chunk`);
    await file.close();
    await file.close();
  });

  test('a plain file that is closed between two chunks gives no more of them', async () => {
    const file = await openCapture(fileOf('closed', content));
    let length = 0;
    for await (const chunk of file.chunks) {
      length += chunk.length;
      await file.close();
    }
    assert.ok(length > 0 && length < content.length, `${length} bytes`);
    assert.equal(file.bytesRead, length);
  });

  test('timers have their turn while a plain file is read without a pause', async () => {
    const file = await openCapture(fileOf('turns', Buffer.concat(Array.from({ length: 8 }, () => content))));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    for await (const chunk of file.chunks) assert.ok(chunk.length > 0);
    clearInterval(timer);
    assert.ok(turns > 0);
  });

  test('an empty file has no chunks', async () => {
    assert.deepEqual(await readAll(fileOf('empty', new Uint8Array(0))), {
      bytes: Buffer.alloc(0),
      bytesRead: 0,
      bytesTotal: 0,
      truncated: false,
    });
  });

  test('compressed data that is cut short is read to its end, and that is told', async () => {
    for (const [name, bytes] of forms.slice(1)) {
      const whole = await readAll(fileOf(`cut ${name}`, bytes.subarray(0, bytes.length - 1000)));
      assert.equal(whole.truncated, true, name);
      assert.ok(whole.bytes.length > content.length - 200_000, `${name}: ${whole.bytes.length}`);
      assert.ok(whole.bytes.equals(content.subarray(0, whole.bytes.length)), name);
    }
  });

  test('compressed data that is broken in the middle is read to there', async () => {
    const bytes = Buffer.from(gzipSync(content, { level: 1 }));
    bytes.fill(0xff, 1_500_000, 1_500_100);
    const whole = await readAll(fileOf('broken', bytes));
    assert.equal(whole.truncated, true);
    assert.ok(whole.bytes.length > 1_000_000);
    const same = whole.bytes.findIndex((byte, at) => byte !== content[at]);
    assert.ok(same < 0 || same > 1_000_000);
  });

  test('faults are one line with what to do', async () => {
    await assert.rejects(openCapture(join(folder, 'missing.pcap')), {
      name: 'BonghwaError',
      code: 'FILE_UNREADABLE',
      message: `there is no file ${join(folder, 'missing.pcap')}`,
      hint: 'Check the path.',
    });
    await assert.rejects(openCapture(folder), { code: 'FILE_UNREADABLE', message: `${folder} is a directory` });
  });

  test('a file without permission says so', async () => {
    const path = fileOf('secret', content);
    chmodSync(path, 0);
    // Root may read all files; nobody may not.
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      await assert.rejects(openCapture(path), { code: 'FILE_UNREADABLE', message: `no permission to read ${path}` });
    } finally {
      if (root) process.seteuid?.(0);
    }
  });

  test('reads standard input, also byte by byte and compressed', async () => {
    const program = `
      import { openCapture } from ${JSON.stringify(fileURLToPath(new URL('./capture-file.ts', import.meta.url)))};
      const file = await openCapture('-');
      let length = 0;
      for await (const chunk of file.chunks) length += chunk.length;
      console.log(length, file.bytesTotal, file.truncated);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const packed = gzipSync(content.subarray(0, 50_000));
    child.stdin.write(packed.subarray(0, 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.stdin.write(packed.subarray(1, 3));
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.stdin.end(packed.subarray(3));
    await new Promise((resolve) => child.on('close', resolve));
    assert.equal(Buffer.concat(output).toString(), '50000 undefined false\n');
  });
});
