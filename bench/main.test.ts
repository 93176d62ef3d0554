import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CaseReport } from './harness.ts';
import type { Comparison } from './peers/compare.ts';
import type { DetectTimes } from './peers/detect-time.ts';
import type { LiveRun } from './peers/live.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const execute = promisify(execFile);

interface Output {
  readonly machine: string;
  readonly cases: readonly CaseReport[];
  readonly comparisons: readonly Comparison[];
  readonly live: readonly LiveRun[];
  readonly times: readonly DetectTimes[];
}

async function bench(...args: string[]): Promise<Output> {
  const { stdout } = await execute(process.execPath, [MAIN, '--json', '--size', 'small', ...args]);
  return JSON.parse(stdout);
}

describe('npm run bench', () => {
  it('runs every case small, each of them measured', async () => {
    const { cases, machine } = await bench('--no-peers');
    assert.match(machine, /cores .* Node v\d+/);
    const names = cases.map(({ name }) => name);
    for (const folder of ['wire/netflow', 'wire/packet', 'wire/capture', 'detect/', 'replay/', 'live/']) {
      assert.ok(
        names.some((name) => name.startsWith(folder)),
        `no case of ${folder} among ${names.join(', ')}`,
      );
    }
    assert.equal(new Set(names).size, names.length);
    for (const { name, items, itemsPerCpuSecond, hash } of cases) {
      assert.ok(items > 0 && itemsPerCpuSecond > 0 && Number.isInteger(hash), name);
    }
  });

  it('puts the peers beside Bonghwa, or says that they are not installed', async () => {
    const { comparisons, cases } = await bench('--only', 'wire/netflow-v5', '--peers');
    assert.equal(cases.length, 1);
    assert.deepEqual(
      comparisons.map(({ results }) => results.map(({ program }) => program)),
      [
        ['bonghwa replay', 'nfpcapd, nfdump', 'softflowd'],
        ['bonghwa replay', 'nfcapd, nfdump'],
      ],
    );
    for (const { results } of comparisons) {
      assert.equal(results[0].run?.note, '1 attack found');
      for (const { program, run } of results) {
        if (run !== undefined) assert.ok(run.items > 0 && run.wallSeconds > 0, program);
      }
    }
  });

  it('puts a listening station beside a listening peer, each with every record accounted for', async () => {
    const { live, times, comparisons } = await bench('--only', 'live/netflow9-decode', '--peers');
    assert.deepEqual(comparisons, []);
    assert.ok(live.length >= 2 && times.length >= 1);
    for (const run of live.filter(({ program }) => program === 'bonghwa serve')) {
      assert.ok(run.sent > 0 && Math.abs(run.received + run.lostTold - run.sent) < 1, JSON.stringify(run));
      assert.ok(run.detectedAfterMs !== undefined && run.detectedAfterMs > 0, JSON.stringify(run));
    }
    const [station] = times;
    assert.equal(station.program, 'bonghwa serve');
    assert.equal(station.afterMs.length, station.floods, JSON.stringify(times));
  });

  it('says which case does not exist', async () => {
    await assert.rejects(bench('--only', 'absent'), /no case has absent in its name/);
  });
});
