import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openTelemetry } from '../../src/store/telemetry/open.ts';
import { RecordMaker } from '../support/telemetry-records.ts';
import { question, RETENTION, until } from './telemetry-suite.ts';

/** A disk of its own, in memory, for which the test needs to be root. */
const DISK_BYTES = 96 << 20;
const FROM = Math.floor(Date.now() / 86_400_000) * 86_400 - 86_400;
const SHAPE = { targets: 2, peaceRows: 100, attackRows: 900 };
const ROWS = SHAPE.targets + 1 + SHAPE.peaceRows + SHAPE.attackRows;

const probe = spawnSync('unshare', ['--mount', 'true']);
const SKIP = probe.status === 0 ? false : 'a disk of its own cannot be mounted here';

describe('a full disk', { skip: SKIP }, () => {
  let directory: string;
  let mounted = false;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bonghwa-disk-'));
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', directory]);
    mounted = status === 0;
    assert.ok(mounted, String(stderr));
  });

  after(async () => {
    if (mounted) spawnSync('umount', ['--lazy', directory]);
    await rm(directory, { recursive: true, force: true });
  });

  test('is told of, what does not fit is counted, and when there is room it goes on', async (t) => {
    const problems: Error[] = [];
    const store = await openTelemetry(
      { directory, retention: RETENTION, onProblem: (error) => problems.push(error) },
      { outbox: { memoryBytesMax: 4 << 20, spoolBytesMax: 1 << 30 } },
    );
    t.after(() => store.close());
    const maker = new RecordMaker(2, SHAPE);
    let second = FROM;
    let offered = 0;
    const offer = (seconds: number): void => {
      for (let at = 0; at < seconds; at++) store.offer(maker.make(second++));
      offered += seconds * ROWS;
    };
    offer(5);
    await until('the first block is kept', () => store.status().waiting === 0);
    const filler = join(directory, 'filler');
    const { bavail, bsize } = await statfs(directory);
    await writeFile(filler, new Uint8Array(bavail * bsize - (64 << 10)));
    // Three times what fits into memory, on a disk that takes nothing.
    for (let at = 0; at < 30; at++) {
      offer(5);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await until('the store is down', () => store.status().state === 'down');
    await until('rows are counted as lost', () => store.status().lost > 0);
    assert.ok(problems.length >= 1);
    const { waiting, written, lost } = store.status();
    assert.equal(waiting + written + lost, offered);
    await rm(filler);
    await until('what waited is kept', () => store.status().waiting === 0);
    const after = store.status();
    assert.equal(after.written + after.lost, offered);
    const answer = await store.flows(question({ since: FROM * 1000, until: second * 1000, by: 'flows', stepMs: 1000 }));
    const whole = answer.series?.total.filter((value) => value > 0) ?? [];
    assert.ok(whole.length > 5);
    assert.equal(new Set(whole).size, 1, 'a second is there whole and once, or not at all');
  });
});
