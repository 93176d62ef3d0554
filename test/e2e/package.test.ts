import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
};

describe('the published package', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bonghwa-package-'));
  const checkout = join(temporary, 'checkout');
  const modules = join(temporary, 'installed', 'node_modules');
  const installed = join(modules, 'bonghwa');
  let packed: readonly string[] = [];

  const bonghwa = (...args: string[]): string =>
    execFileSync(process.execPath, [join(installed, 'bin', 'bonghwa.js'), ...args], {
      cwd: temporary,
      encoding: 'utf8',
    });

  before(() => {
    // A copy is packed, so that the build of this test never stands in the way of anything that runs beside it.
    const parts = [
      'src',
      'scripts',
      'console/src',
      'console/plugins',
      'console/public',
      'console/index.html',
      'console/build.ts',
      'package.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'CONTRIBUTING.md',
      'SECURITY.md',
      ...manifest.files,
    ];
    for (const part of parts) {
      if (!part.endsWith('dist') && existsSync(join(TOP, part))) {
        cpSync(join(TOP, part), join(checkout, part), { recursive: true });
      }
    }
    symlinkSync(join(TOP, 'node_modules'), join(checkout, 'node_modules'));
    const told = execFileSync('npm', ['pack', '--json', '--silent'], {
      cwd: checkout,
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: `${join(TOP, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
        npm_config_update_notifier: 'false',
      },
    });
    // What the prepack script prints stands before the report.
    const [report] = JSON.parse(told.slice(told.search(/^\[/m))) as [{ filename: string; files: { path: string }[] }];
    packed = report.files.map((file) => file.path);
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(checkout, report.filename), '--strip-components=1', '-C', installed]);
    // Only what a user gets: the dependencies, not what development needs.
    for (const name of Object.keys(manifest.dependencies)) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(TOP, 'node_modules', name), join(modules, name));
    }
  });
  after(() => rmSync(temporary, { recursive: true, force: true }));

  it('holds JavaScript and documents, no TypeScript sources and no tests', () => {
    assert.ok(packed.includes('dist/cli/main.js'));
    assert.ok(packed.includes('dist/store/state/migrations/0000_state.sql'));
    assert.ok(packed.includes('console/dist/index.html'));
    assert.ok(packed.includes('LICENSE'));
    assert.deepEqual(
      packed.filter((path) => /^(src|test|scripts|bench)\//.test(path) || path.endsWith('.test.js')),
      [],
    );
  });

  it('tells its version', () => {
    assert.equal(bonghwa('--version').trim(), manifest.version);
  });

  it('finds in the sample what the sources find', () => {
    const args = ['replay', '--json', '--quiet', join(installed, 'samples', 'flood-on-a-ministry.netflow.pcap.gz')];
    const sources = execFileSync(process.execPath, [join(TOP, 'bin', 'bonghwa.js'), ...args], { encoding: 'utf8' });
    const built = bonghwa(...args);
    assert.ok((JSON.parse(built) as { attacks: unknown[] }).attacks.length > 0);
    assert.equal(built, sources);
  });

  it('tells the story of the sample', () => {
    assert.match(bonghwa('start', '--fast'), /attack: /);
  });

  it('shows its help', () => {
    assert.match(bonghwa('replay', '--help'), /Usage: bonghwa replay/);
  });
});
