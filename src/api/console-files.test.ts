import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { ConsoleFiles, type ConsoleLook } from './console-files.ts';

const INDEX = '<!doctype html><title>Bonghwa</title>';
const SCRIPT = 'export const beacon = 1;\n'.repeat(100);

describe('the files of the console', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bonghwa-console-'));
  let look: ConsoleLook = { kind: 'built', directory, version: '1' };
  let server: Server;

  before(async () => {
    mkdirSync(join(directory, 'assets'));
    writeFileSync(join(directory, 'index.html'), INDEX);
    writeFileSync(join(directory, 'assets', 'a-1.js'), SCRIPT);
    writeFileSync(join(directory, 'assets', 'a-1.js.br'), brotliCompressSync(SCRIPT));
    writeFileSync(join(directory, 'assets', 'a-1.js.gz'), gzipSync(SCRIPT));
    writeFileSync(join(directory, 'assets', 'secret.key'), 'of no known type');
    const files = new ConsoleFiles(() => look);
    server = createServer((asked, response) => {
      if (!files.answer(asked, response)) response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  });
  after(() => {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function ask(
    path: string,
    headers: Record<string, string> = { accept: 'text/html' },
    method = 'GET',
  ): Promise<{ status: number; headers: Record<string, unknown>; bytes: Buffer }> {
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, headers, method, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes: Buffer.concat(chunks) }),
        );
      })
        .on('error', reject)
        .end();
    });
  }

  it('answers every page of the console with its one page, which may run nothing but what comes from here', async () => {
    for (const path of ['/', '/attacks', '/attacks/20261126T2-in', '/docs/docs/api.md', '/sites/a?b=c']) {
      const { status, headers, bytes } = await ask(path);
      assert.equal(status, 200, path);
      assert.equal(bytes.toString(), INDEX);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.equal(headers['cache-control'], 'no-cache');
    }
  });

  it('leaves to the interface what is its own', async () => {
    for (const [path, headers] of [
      ['/api/status', { accept: 'text/html' }],
      ['/', { accept: '*/*' }],
      ['/metrics', { accept: 'text/html' }],
      ['/assets/../index.html', { accept: 'text/html' }],
      ['/assets/%2e%2e/index.html', { accept: 'text/html' }],
      ['/assets/secret.key', { accept: 'text/html' }],
      ['/assets/none.js', {}],
    ] as const)
      assert.equal((await ask(path, headers)).status, 204, path);
    assert.equal((await ask('/attacks', { accept: 'text/html' }, 'POST')).status, 204);
  });

  it('gives a file in the smallest form that is taken, for ever', async () => {
    const brotli = await ask('/assets/a-1.js', { 'accept-encoding': 'gzip, br' });
    assert.equal(brotli.headers['content-encoding'], 'br');
    assert.equal(brotli.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(brotliDecompressSync(brotli.bytes).toString(), SCRIPT);
    const gzip = await ask('/assets/a-1.js', { 'accept-encoding': 'gzip, br;q=0' });
    assert.equal(gunzipSync(gzip.bytes).toString(), SCRIPT);
    const plain = await ask('/assets/a-1.js', {});
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(plain.bytes.toString(), SCRIPT);
    assert.equal(plain.headers['content-type'], 'text/javascript; charset=utf-8');
  });

  it('says when nothing has changed, and sends no body for HEAD', async () => {
    const first = await ask('/');
    const again = await ask('/', { accept: 'text/html', 'if-none-match': String(first.headers.etag) });
    assert.equal(again.status, 304);
    assert.equal((await ask('/', { accept: 'text/html' }, 'HEAD')).bytes.length, 0);
  });

  it('says what is missing, and goes on by itself while it is built', async () => {
    look = { kind: 'building' };
    const building = await ask('/attacks');
    assert.equal(building.status, 503);
    assert.match(building.bytes.toString(), /http-equiv="refresh"/);
    look = { kind: 'missing', reason: '<b>not there</b>', hint: 'npm ci' };
    const missing = await ask('/');
    assert.equal(missing.status, 503);
    assert.match(missing.bytes.toString(), /&lt;b&gt;not there&lt;\/b&gt;/);
    look = { kind: 'built', directory, version: '2' };
    assert.equal((await ask('/')).status, 200);
  });
});
