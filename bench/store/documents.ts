import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writableCacheDirectory } from '../../src/cli/cache-directory.ts';
import { StateDatabase } from '../../src/store/state/database.ts';
import { documentFilterOf } from '../../src/store/state/document-query.ts';
import { drizzlePglite } from '../../src/store/state/drizzle.ts';
import { documentKey, type StateEntry } from '../../src/store/state/journal-frame.ts';
import { makePglite } from '../../src/store/state/make-pglite.ts';
import { openPglite } from '../../src/store/state/pglite.ts';
import * as schema from '../../src/store/state/schema.ts';
import { incidentOf } from '../../test/support/fixed-ports.ts';
import { type BenchCase, type BenchResult, measureAsync, runCases } from '../harness.ts';

/** Pages of 50 of so many incidents in PGlite: the first, those further on, of one site, of one state, of a span. */
const PAGES = 100;
const BATCH = 500;
const PAGE_MS_GOAL = 50;
const MIGRATIONS = fileURLToPath(new URL('../../src/store/state/migrations', import.meta.url));

function entryOf(n: number): StateEntry {
  const incident = incidentOf(n, { id: `incident-${n}` });
  const tags = [`state:${n % 1000 === 0 ? 'open' : 'closed'}`, `site:www.site${n % 1000}.example`];
  return {
    kind: 'document',
    key: documentKey('incident', incident.id),
    sequence: n + 1,
    of: 'incident',
    id: incident.id,
    at: incident.start,
    tags,
    body: incident,
    removed: false,
  };
}

async function pages(size: number): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-bench-'));
  const directory = join(folder, 'state');
  await makePglite(directory, writableCacheDirectory(), AbortSignal.timeout(120_000));
  const { client } = await openPglite(directory);
  try {
    const database = new StateDatabase(drizzlePglite(client, schema));
    await database.migrate(MIGRATIONS);
    for (let from = 0; from < size; from += BATCH)
      await database.apply(
        'bench',
        Array.from({ length: Math.min(BATCH, size - from) }, (_, at) => entryOf(from + at)),
      );
    // As a station does after every 5,000 writes.
    await client.exec('vacuum (analyze)');
    const until = Date.parse(incidentOf(size >> 1).start);
    const queries = [
      {},
      { tag: 'state:open' },
      { tag: 'site:www.site7.example' },
      { until },
      { since: until - 3_600_000, until },
    ];
    const late: number[] = [];
    const result = await measureAsync(
      PAGES,
      async () => {
        let hash = 0;
        for (let page = 0; page < PAGES; page++) {
          const startMs = performance.now();
          const found = await database.documents.page(
            documentFilterOf('incident', { ...queries[page % queries.length], limit: 50 }),
          );
          late.push(performance.now() - startMs);
          hash += found.documents.length;
        }
        return hash;
      },
      { warmups: 1, repeats: 3 },
    );
    late.sort((left, right) => left - right);
    const p95Ms = late[Math.floor(0.95 * late.length)];
    console.error(
      `${size} incidents: a page of 50 in ${late[late.length >> 1].toFixed(1)} ms in the middle, ${p95Ms.toFixed(1)} ms at p95; the goal is ${PAGE_MS_GOAL} ms`,
    );
    return result;
  } finally {
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const cases: readonly BenchCase[] = [
  { name: 'store/documents', unit: 'pages', sizes: { small: 1000, full: 100_000 }, run: pages },
];

if (import.meta.main) await runCases(cases);
