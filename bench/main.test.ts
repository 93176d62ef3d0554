import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CaseReport } from './harness.ts';
import type { Comparison } from './peers/compare.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const execute = promisify(execFile);

interface Output {
  readonly machine: string;
  readonly cases: readonly CaseReport[];
  readonly comparisons: readonly Comparison[];
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
    for (const folder of ['wire/netflow', 'wire/packet', 'wire/capture', 'detect/', 'replay/']) {
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

  it('says which case does not exist', async () => {
    await assert.rejects(bench('--only', 'absent'), /no case has absent in its name/);
  });
});
