import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../.ci/run', import.meta.url));

/** What the programs that the script calls do in one case. */
interface Case {
  readonly ci?: number;
  readonly check?: number;
  readonly test?: number;
  /** Totals that the test runner leaves; nothing when absent. */
  readonly totals?: string;
  readonly apt?: number;
}

describe('.ci/run', () => {
  // The real npm and apt-get would start this test again, and install packages: small programs stand in their place.
  const temporary = mkdtempSync(join(tmpdir(), 'bonghwa-ci-'));
  const programs = join(temporary, 'programs');

  before(() => {
    mkdirSync(programs);
    const npm = [
      '#!/bin/sh',
      'case "$1 $2" in',
      '  "ci ") exit "$CASE_CI" ;;',
      '  "run check") exit "$CASE_CHECK" ;;',
      '  "test --") [ "$3" = --totals ] || exit 99; [ -z "$CASE_TOTALS" ] || echo "$CASE_TOTALS" >"$4"; exit "$CASE_TEST" ;;',
      'esac',
      'exit 99',
    ];
    writeFileSync(join(programs, 'npm'), `${npm.join('\n')}\n`);
    writeFileSync(join(programs, 'apt-get'), '#!/bin/sh\necho "apt-get $*"\nexit "$CASE_APT"\n');
    writeFileSync(join(programs, 'sudo'), '#!/bin/sh\nexit 1\n');
    for (const name of ['npm', 'apt-get', 'sudo']) chmodSync(join(programs, name), 0o755);
  });
  after(() => rmSync(temporary, { recursive: true, force: true }));

  const run = ({ ci = 0, check = 0, test = 0, totals = '', apt = 0 }: Case): { last: string; code: number | null } => {
    const ran = spawnSync('bash', [SCRIPT], {
      cwd: temporary,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PATH: `${programs}${delimiter}${process.env.PATH}`,
        CASE_CI: String(ci),
        CASE_CHECK: String(check),
        CASE_TEST: String(test),
        CASE_TOTALS: totals,
        CASE_APT: String(apt),
      },
    });
    return { last: ran.stdout.trimEnd().split('\n').at(-1) ?? '', code: ran.status };
  };

  it('is executable', () => {
    accessSync(SCRIPT, constants.X_OK);
  });

  it('ends with the totals of the test runner', () => {
    assert.deepEqual(run({ totals: '{"passed":12,"failed":0,"skipped":0}' }), { last: '12 passed, 0 failed', code: 0 });
  });

  it('tells what was skipped', () => {
    assert.deepEqual(run({ totals: '{"passed":12,"failed":0,"skipped":3}' }), {
      last: '12 passed, 0 failed, 3 skipped',
      code: 0,
    });
  });

  it('fails when a test failed', () => {
    assert.deepEqual(run({ test: 1, totals: '{"passed":11,"failed":2,"skipped":0}' }), {
      last: '11 passed, 2 failed',
      code: 1,
    });
  });

  it('counts a failed check as a failure, and runs the tests all the same', () => {
    assert.deepEqual(run({ check: 1, totals: '{"passed":12,"failed":0,"skipped":0}' }), {
      last: '12 passed, 1 failed',
      code: 1,
    });
  });

  it('fails when the runner dies without totals, or its exit code contradicts them', () => {
    assert.deepEqual(run({ test: 137 }), { last: '0 passed, 1 failed', code: 1 });
    assert.deepEqual(run({ test: 2, totals: '{"passed":5,"failed":0,"skipped":0}' }), {
      last: '5 passed, 1 failed',
      code: 1,
    });
    assert.deepEqual(run({ test: 0 }), { last: '0 passed, 1 failed', code: 1 });
  });

  it('fails when the packages cannot be installed', () => {
    assert.deepEqual(run({ ci: 1 }), { last: '0 passed, 1 failed', code: 1 });
  });

  it('gives a verdict where Debian packages cannot be installed', () => {
    assert.deepEqual(run({ apt: 100, totals: '{"passed":12,"failed":0,"skipped":4}' }), {
      last: '12 passed, 0 failed, 4 skipped',
      code: 0,
    });
  });
});
