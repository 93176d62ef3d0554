import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { PgliteTemplate } from './pglite-template.ts';

const top = mkdtempSync(join(tmpdir(), 'bonghwa-template-'));
after(() => rmSync(top, { recursive: true, force: true }));

/** A directory of its own with the files of a database in it, or of none. */
function directoryOf(name: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = join(top, name);
  mkdirSync(directory, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

describe('an empty database in the cache', () => {
  const files = { PG_VERSION: '17', 'base/1/112': 'a table' };

  it('is copied whole, with directories in which nothing is', async () => {
    const made = directoryOf('made', files);
    mkdirSync(join(made, 'pg_notify'));
    const cache = join(top, 'cache');
    assert.equal(await new PgliteTemplate(cache).copyTo(directoryOf('before')), false);
    await new PgliteTemplate(cache).keep(made);
    const copy = directoryOf('copy');
    assert.equal(await new PgliteTemplate(cache).copyTo(copy), true);
    assert.deepEqual(readdirSync(copy, { recursive: true }).sort(), [
      'PG_VERSION',
      'base',
      'base/1',
      'base/1/112',
      'pg_notify',
    ]);
    assert.equal(readFileSync(join(copy, 'base/1/112'), 'utf8'), 'a table');
  });

  it('is not used when it is not what was kept, and goes', async () => {
    const cache = join(top, 'damaged');
    await new PgliteTemplate(cache).keep(directoryOf('whole', files));
    const [name] = readdirSync(cache);
    writeFileSync(join(cache, name, 'base/1/112'), '');
    const copy = directoryOf('of-damaged');
    assert.equal(await new PgliteTemplate(cache).copyTo(copy), false);
    assert.deepEqual(readdirSync(copy), []);
    assert.deepEqual(readdirSync(cache), []);
  });

  it('takes the place of that of another version', async () => {
    const cache = directoryOf('versions');
    mkdirSync(join(cache, `pglite-0.0.1-${'0'.repeat(64)}`));
    writeFileSync(join(cache, 'geo-asn.bin'), 'of others');
    await new PgliteTemplate(cache).keep(directoryOf('newer', files));
    const names = readdirSync(cache);
    assert.equal(names.length, 2);
    assert.ok(names.includes('geo-asn.bin'));
    assert.ok(!names.some((name) => name.startsWith('pglite-0.0.1-')));
  });

  it('is none where there can be no cache', async () => {
    const cache = join(directoryOf('not', { file: '' }), 'file');
    await new PgliteTemplate(cache).keep(directoryOf('kept-nowhere', files));
    assert.equal(await new PgliteTemplate(cache).copyTo(directoryOf('from-nowhere')), false);
  });
});
