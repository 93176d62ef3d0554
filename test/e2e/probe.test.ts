import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CheckResult, checkResultSchema } from '../../src/model/vantage.ts';

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bonghwa-probe-'));

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function probe(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BONGHWA, 'probe', ...args], { cwd: directory, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function linesOf(text: string): CheckResult[] {
  return text
    .trim()
    .split('\n')
    .map((line) => checkResultSchema.parse(JSON.parse(line)));
}

describe('bonghwa probe', () => {
  const server = createServer((request, answer) =>
    answer.end(request.url === '/closed' ? '<title>점검 안내</title>시스템 점검 중입니다.' : 'the site'),
  );
  let at = '';

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('tells a check in a line with its phases, and why it did not end well', async () => {
    const { code, stdout, stderr } = await probe('--allow-private', '--retries', 'none', `${at}/`, `${at}/closed`);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^outcome +what +IP +status +connect +tls +first +total\n/);
    assert.match(stdout, /\nok +127\.0\.0\.1:\d+\/ +v4 +200 /);
    assert.match(stdout, /\nmaintenance .*\n +the page says that the site is under maintenance \(Korean words\)/);
  });

  it('prints JSON lines, appends them to a file, and ends with 1 where it is asked to', async () => {
    const options = ['--allow-private', '--json', '--out', 'checks.ndjson', '--vantage', 'seoul', '--fail'];
    const { code, stdout } = await probe(
      ...options,
      `${at}/`,
      '--contains',
      'nothing of the kind',
      '--retries',
      '20ms',
    );
    assert.equal(code, 1);
    const [result] = linesOf(stdout);
    assert.deepEqual(
      { vantage: result.vantage, outcome: result.outcome, attempts: result.attempts, code: result.failure?.code },
      { vantage: 'seoul', outcome: 'unexpected', attempts: 2, code: 'text-missing' },
    );
    assert.equal(readFileSync(join(directory, 'checks.ndjson'), 'utf8'), stdout);
  });

  it('checks the sites of a configuration over and over, for a time', async () => {
    writeFileSync(join(directory, 'sites.yaml'), `sites:\n  - name: ministry\n    urls: [${at}/]\n`);
    const { code, stdout, stderr } = await probe(
      ...['--sites', 'sites.yaml', '--allow-private', '--json', '--every', '1s', '--for', '2.6s'],
    );
    assert.equal(code, 0, stderr);
    const results = linesOf(stdout);
    assert.ok(results.length >= 2 && results.length <= 4, `${results.length} results`);
    assert.ok(results.every(({ site, outcome }) => site === 'ministry' && outcome === 'ok'));
  });

  it('refuses the inside unless it is allowed', async () => {
    const { stdout } = await probe('--json', `${at}/`);
    assert.equal(linesOf(stdout)[0].failure?.code, 'private-address');
  });

  it('says what is wrong with an option, in one line', async () => {
    const wrong: readonly (readonly [args: string[], says: RegExp])[] = [
      [[], /nothing was named to check\. Give a URL/],
      [['ftp://example.org'], /'ftp:\/\/example\.org' cannot be checked: a URL begins with/],
      [['tcp://example.org'], /a TCP check names its port/],
      [['https://me:secret@example.org'], /leave user and password out/],
      [['--every', '10ms', 'example.org'], /--every 10ms is less than a second/],
      [['--every', 'often', 'example.org'], /--every often is no length of time/],
      [['--resolve', 'example.org', 'example.org'], /--resolve example\.org cannot be/],
      [['--ca', 'missing.pem', 'example.org'], /cannot read the authorities missing\.pem/],
      [['--status', '99', 'example.org'], /--status 99 cannot be/],
      [['--out', 'no/such/place', 'example.org'], /cannot write no\/such\/place/],
    ];
    const ran = await Promise.all(wrong.map(([args]) => probe(...args)));
    for (const [at, { code, stderr }] of ran.entries()) {
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^bonghwa: .*\n$/);
      assert.match(stderr, wrong[at][1]);
    }
  });
});
