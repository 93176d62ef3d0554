import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { compileInThread } from './geo-compile.ts';
import { type GeoKind, GeoTable } from './geo-table.ts';

/** Where addresses are: from tables on this machine, never asked over the network. */
export interface Geo {
  /** Country of the address at `words[at .. at+3]` by ISO 3166-1 alpha-2; `undefined` where the tables do not say. Does not allocate. */
  countryOf(words: Uint32Array, at: number): string | undefined;
  /** Number of the autonomous system that announces it; 0 where the tables do not say. Does not allocate. */
  asnOf(words: Uint32Array, at: number): number;
  /** Who that is. */
  asName(asn: number): string | undefined;
  /** What is in use, and what was refused, in words. */
  readonly tables: readonly GeoTableInfo[];
  readonly problems: readonly string[];
}

export interface GeoTableInfo {
  readonly kind: GeoKind;
  readonly from: 'packaged' | 'directory';
  readonly ranges: number;
}

export interface GeoOptions {
  /** Tables that an operator put here (`*.csv`, `*.mmdb`) take the place of the packaged ones of their kind. */
  readonly directory?: string | undefined;
  /** What was made of the sources is kept here for the next time; without it they are read anew. */
  readonly cacheDirectory?: string | undefined;
}

const PACKAGED: Readonly<Record<GeoKind, readonly string[]>> = {
  country: ['@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'],
  asn: ['@ip-location-db/asn/asn-ipv4.csv', '@ip-location-db/asn/asn-ipv6.csv'],
};
const KINDS: readonly GeoKind[] = ['country', 'asn'];
const FILES_MAX = 64;
const FILE_BYTES_MAX = 512 * 1024 * 1024;
/** Changes with what is made of the sources. */
const CACHE_VERSION = 1;

/** All that is known where there is no table. */
export const NO_GEO: Geo = {
  countryOf: () => undefined,
  asnOf: () => 0,
  asName: () => undefined,
  tables: [],
  problems: [],
};

/**
 * Opens the tables of countries and autonomous systems, 12 MB each in memory. The first time they are made of their sources in a thread of
 * their own, which takes seconds; from the cache it takes milliseconds. Never rejects: what cannot be used is told in `problems`,
 * and left unknown. Open again to take over changed files; lookups under way keep the tables they have.
 */
export async function openGeo(options: GeoOptions = {}): Promise<Geo> {
  const problems: string[] = [];
  const tables: GeoTableInfo[] = [];
  const opened = new Map<GeoKind, GeoTable>();
  const own = await filesIn(options.directory, problems);
  // One after the other: what it takes to make one is not held twice.
  for (const kind of KINDS) {
    const { table, from, faults } = await openKind(kind, own, options.cacheDirectory);
    problems.push(...faults);
    if (table === undefined) continue;
    opened.set(table.kind, table);
    tables.push({ kind: table.kind, from, ranges: table.ranges });
  }
  const countries = opened.get('country');
  const systems = opened.get('asn');
  return {
    countryOf: (words, at) => COUNTRY_CODES[countries?.find(words, at) ?? 0],
    asnOf: (words, at) => systems?.find(words, at) ?? 0,
    asName: (asn) => systems?.nameOf(asn),
    tables,
    problems,
  };
}

interface Opened {
  readonly table: GeoTable | undefined;
  readonly from: GeoTableInfo['from'];
  readonly faults: readonly string[];
}

/** An operator's files first; the packaged ones where those tell nothing of the kind, or cannot be used. */
async function openKind(kind: GeoKind, own: readonly string[], cacheDirectory: string | undefined): Promise<Opened> {
  const faults: string[] = [];
  for (const [from, title, paths] of [
    ['directory', 'own tables', own],
    ['packaged', 'packaged tables', packaged(kind)],
  ] as const) {
    const table = await open(kind, paths, cacheDirectory);
    if (typeof table === 'string') faults.push(`${title}: ${table}`);
    if (table instanceof GeoTable) return { table, from, faults };
  }
  return { table: undefined, from: 'packaged', faults };
}

/** `undefined` where the files tell nothing of the kind; a string where they cannot be used. */
async function open(
  kind: GeoKind,
  paths: readonly string[],
  cacheDirectory: string | undefined,
): Promise<GeoTable | string | undefined> {
  if (paths.length === 0) return undefined;
  try {
    const cached = cacheDirectory === undefined ? undefined : join(cacheDirectory, await cacheName(kind, paths));
    const known = cached === undefined ? undefined : GeoTable.open(await readFile(cached).catch(() => NOTHING));
    if (known?.kind === kind) return known;
    const compiled = await compileInThread(kind, paths);
    if (compiled.state === 'absent') return undefined;
    if (compiled.state === 'refused') return compiled.reason;
    if (cacheDirectory !== undefined && cached !== undefined) await keep(kind, cacheDirectory, cached, compiled.bytes);
    return GeoTable.open(compiled.bytes) ?? 'a table that cannot be read';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const NOTHING = new Uint8Array(0);

/** A name that changes with the sources: their places, sizes and times. */
async function cacheName(kind: GeoKind, paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(`${CACHE_VERSION}`);
  for (const path of paths) {
    const { size, mtimeMs } = await stat(path);
    hash.update(`\n${path} ${size} ${mtimeMs}`);
  }
  return `geo-${kind}-${hash.digest('hex').slice(0, 24)}.bin`;
}

/** Keeps a table whole or not at all, and removes what was kept of other sources. A cache that cannot be written is none. */
async function keep(kind: GeoKind, directory: string, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const written = `${path}.${process.pid}-${threadId}.tmp`;
    await writeFile(written, bytes, { mode: 0o600 });
    await rename(written, path);
    const others = (await readdir(directory)).filter((name) => CACHED.test(name) && name.startsWith(`geo-${kind}-`));
    for (const name of others) if (!path.endsWith(name)) await rm(join(directory, name), { force: true });
  } catch {
    // Without a cache the next start takes longer, and no more.
  }
}

const CACHED = /^geo-(country|asn)-[0-9a-f]{24}\.bin$/;

/** The operator's files, in the order of their names. */
async function filesIn(directory: string | undefined, problems: string[]): Promise<string[]> {
  if (directory === undefined) return [];
  const names = await readdir(directory).catch(() => []);
  const paths: string[] = [];
  for (const name of names.filter((each) => /\.(csv|mmdb)$/.test(each)).sort()) {
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    if (found.size > FILE_BYTES_MAX || paths.length >= FILES_MAX)
      problems.push(`own tables: ${name} is one too many, or too large`);
    else paths.push(path);
  }
  return paths;
}

function packaged(kind: GeoKind): string[] {
  try {
    return PACKAGED[kind].map((path) => createRequire(import.meta.url).resolve(path));
  } catch {
    return [];
  }
}

/** Texts of countries by the number that tables keep, made once. */
const COUNTRY_CODES: (string | undefined)[] = [];
for (let first = 65; first <= 90; first++) {
  for (let second = 65; second <= 90; second++) {
    COUNTRY_CODES[(first << 8) | second] = String.fromCharCode(first, second);
  }
}
