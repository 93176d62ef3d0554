import { createHash } from 'node:crypto';
import { constants, cpSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What was begun so long ago was left by a process that was killed, ms. */
const OLD_MS = 10 * 60_000;

/**
 * An empty database of PGlite as this user's cache keeps it, for the next that is made: copying its files takes a seventh of the
 * processor time of making them. The name holds what they must hash to, so that files which a power cut left half written are never used.
 * A cache that cannot be read or written is none.
 */
export class PgliteTemplate {
  readonly #cacheDirectory: string;

  constructor(cacheDirectory: string) {
    this.#cacheDirectory = cacheDirectory;
  }

  /** Copies into an empty directory. False, and the directory is empty still, where there is nothing to copy. */
  async copyTo(directory: string): Promise<boolean> {
    try {
      const prefix = await prefixOfVersion();
      const name = (await readdir(this.#cacheDirectory)).find((each) => each.startsWith(prefix) && TEMPLATE.test(each));
      if (name === undefined) return false;
      const template = join(this.#cacheDirectory, name);
      copyTree(template, directory);
      if (name === `${prefix}${hashOf(directory)}`) return true;
      await rm(template, { recursive: true, force: true });
    } catch {
      // Made anew then, whatever was wrong with the cache.
    }
    for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
    return false;
  }

  /** Keeps a copy of a database that was just made, and removes those of other versions. */
  async keep(directory: string): Promise<void> {
    let made: string | undefined;
    try {
      await mkdir(this.#cacheDirectory, { mode: 0o700 }).catch(() => undefined);
      made = await mkdtemp(join(this.#cacheDirectory, BEGUN));
      copyTree(directory, made);
      const name = `${await prefixOfVersion()}${hashOf(made)}`;
      await rename(made, join(this.#cacheDirectory, name));
      made = undefined;
      await this.#tidy(name);
    } catch {
      if (made !== undefined) await rm(made, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  async #tidy(kept: string): Promise<void> {
    for (const name of await readdir(this.#cacheDirectory)) {
      const path = join(this.#cacheDirectory, name);
      const begunLongAgo = name.startsWith(BEGUN) && Date.now() - (await stat(path)).mtimeMs > OLD_MS;
      if (begunLongAgo || (TEMPLATE.test(name) && name !== kept)) await rm(path, { recursive: true, force: true });
    }
  }
}

const BEGUN = 'pglite.new-';
const TEMPLATE = /^pglite-.+-[0-9a-f]{64}$/;

/** Another version of PGlite may be another version of PostgreSQL, which does not open these files. */
async function prefixOfVersion(): Promise<string> {
  const package_ = join(dirname(fileURLToPath(import.meta.resolve('@electric-sql/pglite'))), '..', 'package.json');
  const { version } = JSON.parse(await readFile(package_, 'utf8')) as { readonly version: string };
  return `pglite-${version}-`;
}

/** A thousand small files: one call after the other takes a quarter of the processor time of as many promises. */
function copyTree(from: string, to: string): void {
  cpSync(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

/** SHA-256 of the names of everything below a directory and of the bytes of its files, in hexadecimal. */
function hashOf(directory: string): string {
  const hash = createHash('sha256');
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => ({ path: join(entry.parentPath, entry.name), isFile: entry.isFile() }));
  paths.sort((left, right) => (left.path < right.path ? -1 : 1));
  for (const { path, isFile } of paths) {
    hash.update(`${path.slice(directory.length)}\n`);
    if (isFile) hash.update(createHash('sha256').update(readFileSync(path)).digest());
  }
  return hash.digest('hex');
}
