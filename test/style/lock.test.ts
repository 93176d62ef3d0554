import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Lock {
  readonly version: string;
  readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const lock = JSON.parse(read('package-lock.json')) as Lock;
const manifest = JSON.parse(read('package.json')) as Readonly<Record<string, unknown>>;

describe('package-lock.json', () => {
  it('names no place of download', () => {
    const withAddress = Object.entries(lock.packages).filter(([, entry]) => 'resolved' in entry && entry.link !== true);
    assert.deepEqual(
      withAddress.map(([name]) => name),
      [],
      'run: npm install --package-lock-only --omit-lockfile-registry-resolved',
    );
    assert.doesNotMatch(read('package-lock.json'), /"(?:https?|git\+\w+|file):[^"]*\.tgz/);
  });

  // The engine for other machines: written into the lock by hand, from a registry that has only the one for this machine.
  const UNSEEN = new Set(
    ['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu'].map((name) => `node_modules/@chdb/lib-${name}`),
  );

  it('has a checksum for every package that is downloaded', () => {
    const without = Object.entries(lock.packages).filter(
      ([path, entry]) =>
        path.includes('node_modules/') && entry.link !== true && !('integrity' in entry) && !UNSEEN.has(path),
    );
    assert.deepEqual(
      without.map(([name]) => name),
      [],
    );
  });

  it('knows every package that another may want, on whatever machine', () => {
    // npm ci refuses a lock in which the package for another processor or system was left out.
    const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys({ ...(entry.dependencies as object), ...(entry.optionalDependencies as object) })
        .filter((name) => !(`${path}/node_modules/${name}` in lock.packages || `node_modules/${name}` in lock.packages))
        .map((name) => `${path} wants ${name}`),
    );
    assert.deepEqual(missing, []);
  });

  it('is in step with package.json', () => {
    const top = lock.packages[''];
    assert.equal(lock.version, manifest.version);
    for (const field of ['name', 'version', 'dependencies', 'devDependencies', 'bin', 'engines'] as const) {
      assert.deepEqual(top[field], manifest[field], field);
    }
  });

  it('stays so for everybody, by the .npmrc of the project', () => {
    assert.match(read('.npmrc'), /^omit-lockfile-registry-resolved=true$/m);
  });
});
