import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Check, Verdict } from '../../src/station/doctor/check.ts';
import { StationProcess } from '../support/station.ts';

const BIN = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'bonghwa-doctor-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function doctor(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const options = { cwd: directory, encoding: 'utf8', timeout: 60_000 } as const;
  return spawnSync(process.execPath, [BIN, 'doctor', ...args], options);
}

function diagnosisOf(stdout: string): { verdict: Verdict; checks: Check[] } {
  return JSON.parse(stdout) as { verdict: Verdict; checks: Check[] };
}

/** Ports that the system chooses: whatever else runs on this machine is in nobody's way. */
const ANYWHERE = 'inputs: { netflow: [127.0.0.1:0], sflow: [] }\nhttp: { listen: 127.0.0.1:0 }\n';

describe('doctor', () => {
  test('faults of the configuration are findings, and make the exit code 1', () => {
    writeFileSync(join(directory, 'bad.yaml'), 'network: [192.0.2.0/24]\n');
    const { status, stdout, stderr } = doctor(['--config', 'bad.yaml', '--json']);
    assert.equal(stderr, '');
    assert.equal(status, 1);
    const { verdict, checks } = diagnosisOf(stdout);
    assert.equal(verdict, 'fault');
    assert.match(checks[0].found, /^bad\.yaml has one fault: line 1: network: unknown key; did you mean 'networks'\?/);
    assert.deepEqual(checks[0].commands, ['bonghwa check bad.yaml']);
  });

  test('text for people ends with the counts, which are its exit code', () => {
    writeFileSync(join(directory, 'bonghwa.yaml'), `networks: [192.0.2.0/24]\n${ANYWHERE}`);
    const text = doctor([]);
    assert.match(text.stdout, /^Examination \d{4}-.*\n\n(ok|warning|fault) +configuration +bonghwa\.yaml is right\n/);
    assert.match(text.stdout, /\n(No fault|One fault|\d+ faults), [^\n]+ ok\.\n$/);
    assert.ok(!text.stdout.includes('\x1b'));
    assert.equal(text.status, /\nNo fault, /.test(text.stdout) ? 0 : 1);
    const { status, stdout } = doctor(['--json', '--data', 'elsewhere']);
    const { verdict, checks } = diagnosisOf(stdout);
    assert.equal(status, verdict === 'fault' ? 1 : 0);
    const disk = checks.find(({ id }) => id === 'data-directory');
    assert.match(disk?.found ?? '', /elsewhere will be made$/);
  });

  test('a data directory that cannot be written to is a fault, with what to type', () => {
    writeFileSync(join(directory, 'file'), '');
    const { status, stdout } = doctor(['--json', '--data', 'file']);
    assert.equal(status, 1);
    const disk = diagnosisOf(stdout).checks.find(({ id }) => id === 'data-directory');
    assert.equal(disk?.verdict, 'fault');
    assert.match(disk?.found ?? '', /it is not a directory/);
    assert.match(disk?.commands?.[0] ?? '', /^sudo install -d /);
  });

  test('a running station is found by its data directory, and examined with its own limits', async () => {
    const data = join(directory, 'data');
    const station = await StationProcess.start(['--data', data]);
    try {
      const { checks } = diagnosisOf(doctor(['--json', '--data', data]).stdout);
      const found = checks.find(({ id }) => id === 'station');
      assert.equal(found?.verdict, 'ok', JSON.stringify(checks));
      assert.match(found.found, new RegExp(`^runs \\(pid ${station.child.pid}\\) for `));
      assert.match(checks.find(({ id }) => id === 'open-files')?.found ?? '', /allowed to the station/);
      for (const id of ['input-netflow', 'records-lost', 'station-state', 'station-telemetry'])
        assert.ok(
          checks.some((check) => check.id === id),
          id,
        );
    } finally {
      await station.end('SIGKILL');
    }
    const { checks } = diagnosisOf(doctor(['--json', '--data', data]).stdout);
    assert.equal(checks.find(({ id }) => id === 'station')?.found, 'none runs on this data directory');
  });
});
