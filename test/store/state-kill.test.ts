import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/base/random.ts';
import { openState } from '../../src/store/state/open.ts';
import type { StateStore } from '../../src/store/state/state-store.ts';
import { allAttacks, allDocuments, attackOf, caughtUp, EmptyPglite, temporaryDirectory } from '../support/state.ts';

const CHILD = fileURLToPath(new URL('./state-child.ts', import.meta.url));
const KILLS = 100;
/** Two stations are killed side by side, so that the machine is never idle. */
const STATIONS = 2;
/** Most lives end within this of their first acknowledgement. */
const LIFE_MS_MAX = 60;
/** One life in so many may last until its database opens, and of these every second one until it follows. */
const LONG_LIFE_EVERY = 5;
const LONG_LIFE_MS_MAX = 300;
/** A child that says nothing for so long hangs. */
const SILENT_MS_MAX = 60_000;

/** A version that is above all others: the document is gone. */
const REMOVED = 3;

/** What was acknowledged over all lives of a station. */
class Acknowledged {
  readonly attacks = new Map<number, number>();
  readonly documents = new Map<number, number>();
  setting = -1;
  blob = -1;
  readonly problems: string[] = [];

  take(line: string): void {
    const [what, first, second] = line.split(' ');
    if (what === 'attack')
      this.attacks.set(Number(first), Math.max(this.attacks.get(Number(first)) ?? 0, Number(second)));
    else if (what === 'document')
      this.documents.set(Number(first), Math.max(this.documents.get(Number(first)) ?? 0, Number(second)));
    else if (what === 'removed') this.documents.set(Number(first), REMOVED);
    else if (what === 'setting') this.setting = Number(first);
    else if (what === 'blob') this.blob = Number(first);
    else if (what === 'problem') this.problems.push(line);
  }
}

/** Starts a station and kills it some time after its first acknowledgement, or after its database was ready. */
async function live(
  directory: string,
  round: number,
  killAfter: 'attack' | 'ready',
  lifeMs: number,
  told: Acknowledged,
): Promise<void> {
  const child = spawn(process.execPath, [CHILD, directory, String(round), join(directory, 'attack.json')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let rest = '';
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      told.take(line);
      if (line.startsWith(killAfter)) begin();
    }
  });
  const silent = setTimeout(begin, SILENT_MS_MAX);
  await Promise.race([begun, ended]);
  clearTimeout(silent);
  await sleep(lifeMs);
  assert.equal(child.exitCode, null, 'the station ended by itself');
  child.kill('SIGKILL');
  await ended;
}

async function verify(directory: string, told: Acknowledged): Promise<void> {
  const problems: string[] = [];
  const store = await openState({ directory, onProblem: (error) => problems.push(error.message) });
  try {
    assert.ok(Number(await store.setting('count')) >= told.setting);
    const blob = await store.loadBlob('detector');
    assert.ok(blob);
    const words = new Uint32Array(blob.buffer, blob.byteOffset, blob.byteLength / 4);
    assert.equal(words.length, 5000);
    assert.ok(words[0] >= told.blob);
    assert.ok(words.every((word) => word === words[0]));
    await caughtUp(store);
    const kept = new Map<string, number>();
    for (const { id, evidence } of await allAttacks(store, { limit: 1000 })) {
      assert.ok(!kept.has(id), `${id} is there twice`);
      kept.set(id, evidence.packets);
    }
    for (const [n, version] of told.attacks) {
      const held = kept.get(`attack-${n}`);
      assert.ok(
        held !== undefined && held >= version,
        `attack ${n}: version ${version} was acknowledged, ${held} is there`,
      );
    }
    await verifyDocuments(store, told);
    assert.deepEqual([...problems, ...told.problems], []);
  } finally {
    await store.close();
  }
}

async function verifyDocuments(store: StateStore, told: Acknowledged): Promise<void> {
  const kept = new Map<string, number>();
  for (const { id, body } of await allDocuments(store, 'incident', { limit: 1000 })) {
    assert.ok(!kept.has(id), `${id} is there twice`);
    kept.set(id, (body as { version: number }).version);
  }
  for (const [n, version] of told.documents) {
    const held = kept.get(`incident-${n}`);
    if (version === REMOVED) assert.equal(held, undefined, `document ${n} was removed, and version ${held} is there`);
    // What was removed, and killed before that was told, may be gone.
    else if (held !== undefined || n % 3 !== 0)
      assert.ok(
        held !== undefined && held >= version,
        `document ${n}: version ${version} was acknowledged, not ${held}`,
      );
  }
}

const pglite = new EmptyPglite();
before(() => pglite.make());
after(() => pglite.remove());

it(`loses nothing acknowledged and doubles nothing when it is killed ${KILLS} times`, async (context) => {
  const random = new Random(20261123);
  const startMs = performance.now();
  const directories = Array.from({ length: STATIONS }, () => temporaryDirectory('kill'));
  const acknowledged = directories.map(() => new Acknowledged());
  try {
    const lives = directories.map(async ({ path }, station) => {
      pglite.copyTo(path);
      writeFileSync(join(path, 'attack.json'), JSON.stringify(attackOf(0)));
      for (let round = 0; round < KILLS / STATIONS; round++) {
        const long = round % LONG_LIFE_EVERY === LONG_LIFE_EVERY - 1;
        const follows = long && round % 2 === 0;
        const lifeMs = random.below(long && !follows ? LONG_LIFE_MS_MAX : LIFE_MS_MAX);
        await live(path, round, follows ? 'ready' : 'attack', lifeMs, acknowledged[station]);
      }
      await verify(path, acknowledged[station]);
    });
    await Promise.all(lives);
  } finally {
    for (const directory of directories) directory.remove();
  }
  // Every life acknowledges something, and those of the same second are many.
  const attacks = acknowledged.reduce((sum, { attacks: { size } }) => sum + size, 0);
  assert.ok(attacks > KILLS);
  context.diagnostic(
    `${attacks} attacks acknowledged over ${KILLS} kills, ${Math.round((performance.now() - startMs) / 1000)} s`,
  );
});
