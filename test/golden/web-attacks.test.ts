import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { cacheDirectory } from '../../src/cli/cache-directory.ts';
import type { ReplayReport } from '../../src/model/attack.ts';
import { replay } from '../../src/station/replay.ts';
import { SKIP_WITHOUT_SHARED_DATA, sharedData } from '../support/shared-data.ts';

const LOGS = `${sharedData() ?? '.'}/access-logs`;

function found(...files: string[]): Promise<ReplayReport> {
  return replay({
    ...{ files, networks: [], as: 'auto', telemetryPorts: [], allVerdicts: false },
    cacheDirectory: cacheDirectory(),
  });
}

describe('attacks in real logs', { skip: SKIP_WITHOUT_SHARED_DATA }, () => {
  for (const name of ['bypass-cache', 'random-uri']) {
    test(`the HTTP flood http-dos-${name} is found with its sources`, async () => {
      const folder = `${LOGS}/crowdsec/http-dos-${name}`;
      const [file] = globSync(`${folder}/*.log`);
      const report = await found(file);
      assert.equal(report.attacks.length, 1);
      const [attack] = report.attacks;
      assert.equal(attack.target.kind, 'site');
      assert.match(attack.vectors[0].name, name === 'bypass-cache' ? /^cache-busting$/ : /^http-flood$/);
      const sources = new Set(
        readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split(' ')[0]),
      );
      assert.deepEqual(new Set(attack.attackers?.map(({ addr }) => addr)), sources);
      assert.equal(attack.attackersTotal, sources.size);
      assert.equal(attack.evidence.web?.requests, report.requests);
    });
  }

  test('no log without an attack raises an alarm', async () => {
    const logs = globSync(`${LOGS}/**/*`, { withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && !/json$|assert$|yaml$/.test(entry.name) && !entry.parentPath.includes('http-dos'),
      )
      .map((entry) => `${entry.parentPath}/${entry.name}`);
    assert.ok(logs.length >= 20, `${logs.length} logs`);
    let requests = 0;
    for (const log of logs) {
      const report = await found(log);
      requests += report.requests ?? 0;
      assert.deepEqual(
        report.attacks.map(({ why }) => why),
        [],
        log,
      );
    }
    assert.ok(requests > 20_000, `${requests} requests`);
  });

  test('the same log gives the same report', async () => {
    const [file] = globSync(`${LOGS}/crowdsec/http-dos-bypass-cache/*.log`);
    assert.deepEqual(await found(file), await found(file));
  });
});
