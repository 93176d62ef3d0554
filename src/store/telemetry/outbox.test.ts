import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Block } from './block.ts';
import { Outbox } from './outbox.ts';

let top: string;

before(async () => {
  top = await mkdtemp(join(tmpdir(), 'bonghwa-outbox-'));
});

after(async () => {
  await rm(top, { recursive: true, force: true });
});

let seconds = 0;

function block(rows: number, bytes: number): Block {
  const from = seconds++;
  return { table: 'flows', run: 7, from, to: from, rows, bytes: new Uint8Array(bytes).fill(rows), uncertain: false };
}

async function open(limits = { memoryBytesMax: 1000, spoolBytesMax: 5000 }, directory?: string) {
  const own = directory ?? (await mkdtemp(join(top, 'spool-')));
  const problems: Error[] = [];
  const outbox = new Outbox(own, limits, (error) => problems.push(error));
  await outbox.open();
  return { outbox, problems, directory: own };
}

test('blocks come in the order they were given, each until it is done', async () => {
  const { outbox, directory } = await open();
  const [first, second] = [block(1, 10), block(2, 10)];
  outbox.push(first);
  outbox.push(second);
  const taken = await outbox.take();
  assert.equal(taken?.block, first);
  outbox.putBack(taken);
  assert.equal(outbox.rows, 3);
  const again = await outbox.take();
  assert.deepEqual([again?.block, again?.block.uncertain], [first, true]);
  await outbox.done(again!);
  const last = await outbox.take();
  assert.deepEqual([last?.block, last?.block.uncertain], [second, false]);
  await outbox.done(last!);
  assert.equal(await outbox.take(), undefined);
  assert.deepEqual([outbox.rows, outbox.blocks, outbox.lost], [0, 0, 0]);
  assert.deepEqual(await readdir(directory), []);
});

test('what a run left on disk is found by the next, as uncertain; what it did not finish is not', async () => {
  const { outbox, directory } = await open();
  const given = [block(3, 100), block(4, 100)];
  for (const one of given) outbox.push(one);
  await outbox.flush();
  outbox.abandon();
  assert.equal(outbox.lost, 0);
  await writeFile(join(directory, 'flows-1-2-3-4.block.unfinished'), 'half');
  await writeFile(join(directory, 'notes.txt'), 'of somebody else');
  const next = await open(undefined, directory);
  assert.deepEqual([next.outbox.rows, next.outbox.spooling], [7, true]);
  for (const one of given) {
    const taken = await next.outbox.take();
    assert.deepEqual(
      { ...taken?.block, bytes: [...taken!.block.bytes] },
      { ...one, bytes: [...one.bytes], uncertain: true },
    );
    await next.outbox.done(taken!);
  }
  assert.deepEqual(await readdir(directory), ['notes.txt']);
});

test('a file that is gone is counted, and the next one comes', async () => {
  const { outbox, directory } = await open();
  for (const one of [block(5, 100), block(6, 100)]) outbox.push(one);
  await outbox.flush();
  const [first, second] = (await readdir(directory)).sort();
  await unlink(join(directory, first));
  await truncate(join(directory, second), 3);
  const taken = await outbox.take();
  assert.equal(taken?.block.rows, 6);
  // A file that was cut is for the engine to refuse: its bytes say themselves how many there must be.
  assert.equal(taken.block.bytes.length, 3);
  assert.equal(outbox.lost, 5);
});

test('whatever comes and goes, every row waits, is handed over once, or is counted as lost', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), bytes: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ kind: fc.constantFrom('done' as const, 'fail' as const, 'pause' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { outbox, directory } = await open();
      let given = 0;
      const handed = new Set<number>();
      let handedRows = 0;
      for (const one of steps) {
        if (one.kind === 'push') {
          const made = block(1 + (one.bytes % 7), one.bytes);
          given += made.rows;
          outbox.push(made);
        } else if (one.kind === 'pause') await new Promise((resolve) => setImmediate(resolve));
        else {
          const taken = await outbox.take();
          if (taken === undefined) continue;
          if (one.kind === 'fail') {
            outbox.putBack(taken);
            continue;
          }
          assert.ok(!handed.has(taken.block.from), 'handed over twice');
          handed.add(taken.block.from);
          handedRows += taken.block.rows;
          await outbox.done(taken);
        }
      }
      await outbox.flush();
      assert.equal(handedRows + outbox.rows + outbox.lost, given);
      const next = await open(undefined, directory);
      assert.equal(next.outbox.rows, outbox.rows);
      await rm(directory, { recursive: true });
    }),
    { numRuns: 40 },
  );
});
