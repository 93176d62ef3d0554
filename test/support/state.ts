import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writableCacheDirectory } from '../../src/cli/cache-directory.ts';
import type { Attack, ExporterReport } from '../../src/model/attack.ts';
import { openState } from '../../src/store/state/open.ts';
import type { AttackQuery, DocumentQuery, StateStore, StoredDocument } from '../../src/store/state/state-store.ts';
import { fixedReport } from './report.ts';

const READY_MS_MAX = 120_000;
const [flood] = fixedReport().attacks;
const [report] = fixedReport().exporters;

/** Attack number `n`: it begins `n` seconds after the first, lasts a minute, and its `evidence.packets` say which version it is. */
export function attackOf(n: number, version = 0, changed: Partial<Attack> = {}): Attack {
  const startMs = Date.UTC(2026, 0, 1) + n * 1000;
  return {
    ...flood,
    id: `attack-${String(n).padStart(6, '0')}`,
    target: { kind: 'address', value: `198.51.${(n >> 8) & 255}.${n & 255}` },
    start: new Date(startMs).toISOString(),
    detectedAt: new Date(startMs + 1000).toISOString(),
    end: new Date(startMs + 60_000).toISOString(),
    evidence: { ...flood.evidence, packets: version },
    ...changed,
  };
}

export const exporterOf = (n: number, datagrams = 1): ExporterReport => ({
  ...report,
  exporter: `203.0.${(n >> 8) & 255}.${n & 255}`,
  datagrams,
});

/** A directory that is removed with everything in it. */
export function temporaryDirectory(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `bonghwa-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Waits until it holds; fails after two minutes, which even a busy machine needs not. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startMs > READY_MS_MAX) throw new Error(`waited in vain until ${what}`);
    await sleep(20);
  }
}

/** Waits until the database has everything. */
export async function caughtUp(store: StateStore): Promise<void> {
  await until('the database has everything', () => {
    const { state, waiting } = store.status();
    return state === 'ready' && waiting === 0;
  });
}

/** All pages of an answer. */
export async function allAttacks(store: StateStore, query: AttackQuery = {}): Promise<readonly Attack[]> {
  const found: Attack[] = [];
  let before: string | undefined;
  do {
    const page = await store.attacks({ ...query, before });
    found.push(...page.attacks);
    before = page.next;
  } while (before !== undefined);
  return found;
}

/** All pages of documents. */
export async function allDocuments(
  store: StateStore,
  kind: string,
  query: DocumentQuery = {},
): Promise<readonly StoredDocument[]> {
  const found: StoredDocument[] = [];
  let before: string | undefined;
  do {
    const page = await store.documents(kind, { ...query, before });
    found.push(...page.documents);
    before = page.next;
  } while (before !== undefined);
  return found;
}

/** PGlite's files as they are when nothing was written: making them takes seconds, copying them does not. */
export class EmptyPglite {
  readonly #made = temporaryDirectory('pglite');

  async make(): Promise<void> {
    const store = await openState({ directory: this.#made.path, cacheDirectory: writableCacheDirectory() });
    await caughtUp(store);
    await store.close();
  }

  /** Puts a copy where a station with this data directory looks for its database. */
  copyTo(directory: string): void {
    if (!existsSync(join(directory, 'state'))) {
      cpSync(join(this.#made.path, 'state'), join(directory, 'state'), { recursive: true });
    }
  }

  remove(): void {
    this.#made.remove();
  }
}
