import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('../..', import.meta.url));

/** Test files of a small project, by what should become of them. */
const FILES: Readonly<Record<string, string>> = {
  'good.test.ts': "test('a', () => {});\ntest('b', () => {});",
  'skips.test.ts': "test('a', () => {});\ntest('b', { skip: 'no data' }, () => {});",
  'fails.test.ts': "test('a', () => {});\ntest('b', () => { throw new Error('wrong'); });",
  'crashes.test.ts': "throw new Error('before any test');",
  'leaves.test.ts': "test('a', () => process.exit(0));",
  'broken.test.ts': 'const a: = 1;',
  // The program that it starts keeps it alive, also when the test itself has been given up.
  'hangs.test.ts': "test('a', { timeout: 100 }, () => new Promise(() => spawn(process.execPath, ['-'])));",
};

describe('npm test', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bonghwa-runner-'));
  const totals = join(temporary, 'totals.json');

  before(() => {
    cpSync(join(TOP, 'scripts'), join(temporary, 'scripts'), { recursive: true });
    cpSync(join(TOP, 'package.json'), join(temporary, 'package.json'));
    symlinkSync(join(TOP, 'node_modules'), join(temporary, 'node_modules'));
    mkdirSync(join(temporary, 'test'));
    for (const [name, text] of Object.entries(FILES)) {
      writeFileSync(
        join(temporary, 'test', name),
        `import { spawn } from 'node:child_process';\nimport { test } from 'node:test';\n${text}\n`,
      );
    }
  });
  after(() => rmSync(temporary, { recursive: true, force: true }));

  const run = (...args: string[]): { readonly code: number | null; readonly last: string } => {
    const { NODE_TEST_CONTEXT: _inner, ...env } = process.env;
    const ran = spawnSync(process.execPath, [join(temporary, 'scripts', 'test.ts'), '--reporter', 'dot', ...args], {
      // From elsewhere, as somebody may.
      cwd: tmpdir(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    return { code: ran.status, last: `${ran.stdout}${ran.stderr}`.trimEnd().split('\n').at(-1) ?? '' };
  };

  it('passes when all pass, and writes the totals', () => {
    assert.deepEqual(run('--totals', totals, 'good', 'skips'), {
      code: 0,
      last: '3 passed, 0 failed, 1 skipped (2 files)',
    });
    assert.deepEqual(JSON.parse(readFileSync(totals, 'utf8')), { passed: 3, failed: 0, skipped: 1 });
  });

  it('runs the tests whose name is asked for', () => {
    assert.deepEqual(run('good', '-t', 'b'), { code: 0, last: '1 passed, 0 failed (1 files)' });
  });

  it('fails when a test fails', () => {
    assert.deepEqual(run('good', 'fails'), { code: 1, last: '3 passed, 1 failed (2 files)' });
  });

  for (const name of ['crashes', 'leaves', 'broken']) {
    it(`fails when a file ${name === 'broken' ? 'is broken' : name === 'leaves' ? 'leaves the process early' : name}`, () => {
      assert.deepEqual(run('good', name), { code: 1, last: '2 passed, 1 failed (2 files)' });
    });
  }

  it('stops a file that hangs', () => {
    const { code, last } = run('good', 'hangs', '--file-seconds', '2');
    assert.equal(code, 1);
    assert.match(last, /^2 passed, [12] failed \(2 files\)$/);
  });

  it('ends with 2 when there is nothing to run', () => {
    assert.deepEqual(run('nowhere'), { code: 2, last: 'test: no test file has nowhere in its path' });
  });
});
