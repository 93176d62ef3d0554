import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bonghwa-init-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function bonghwa(args: readonly string[], input = ''): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [BIN, ...args], { cwd: directory, input, encoding: 'utf8', timeout: 60_000 });
}

describe('init', () => {
  test('writes what was answered through a pipe, and check finds it right', () => {
    const { status, stdout, stderr } = bonghwa(['init'], 'Ministry of Examples\n192.0.2.0/24\n');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^bonghwa\.yaml is written;/);
    assert.match(stderr, /^Who runs this station.* Ministry of Examples\nWhich networks/);
    assert.ok(!stderr.includes('\x1b') && !stdout.includes('\x1b'));
    const checked = bonghwa(['check', '--json']);
    assert.equal(checked.status, 0, checked.stderr);
    const { organisation, networks } = JSON.parse(checked.stdout) as Record<string, unknown>;
    assert.deepEqual([organisation, networks], [{ name: 'Ministry of Examples' }, [{ prefix: '192.0.2.0/24' }]]);
  });

  test('refuses to write over a file, before any question, unless told to', () => {
    writeFileSync(join(directory, 'mine.yaml'), 'networks: [198.51.100.0/24]\n');
    const refused = bonghwa(['init', 'mine.yaml'], 'x\n');
    assert.equal(refused.status, 2);
    assert.equal(
      refused.stderr,
      'bonghwa: mine.yaml is there already. Name another file, or write over it with --force.\n',
    );
    assert.equal(readFileSync(join(directory, 'mine.yaml'), 'utf8'), 'networks: [198.51.100.0/24]\n');
    const forced = bonghwa(['init', '--yes', '--force', 'mine.yaml']);
    assert.equal(forced.status, 0, forced.stderr);
    assert.equal(forced.stderr, '');
    assert.equal(bonghwa(['check', 'mine.yaml']).status, 0);
    assert.ok(!existsSync(join(directory, 'mine.yaml.new')));
  });

  test('an answer from a pipe that cannot be ends it, and nothing is written', () => {
    const { status, stderr } = bonghwa(['init', 'other.yaml'], '\n192.0.2.0/99\n');
    assert.equal(status, 2);
    assert.match(stderr, /\nbonghwa: '192\.0\.2\.0\/99' is no prefix such as 192\.0\.2\.0\/24, was answered to/);
    assert.ok(!existsSync(join(directory, 'other.yaml')));
  });

  test('a file that cannot be written is one line', () => {
    const { status, stderr } = bonghwa(['init', '--yes', 'no/such/place.yaml']);
    assert.equal(status, 2);
    assert.match(stderr, /^bonghwa: cannot write no\/such\/place\.yaml: its directory is not there\. [^\n]+\n$/);
  });
});
