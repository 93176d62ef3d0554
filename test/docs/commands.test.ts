import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examplesOf } from '../../scripts/house/commands.ts';
import { readProject } from '../../scripts/house/project.ts';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND_MS_MAX = 120_000;

/** Commands that are not run here, each with the reason and where it is run. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'installs packages; npm ci is run by .ci/run, and npm start below on its own',
  'npm ci && npm test': 'would start this test again; both are run by .ci/run',
  'npm ci': 'installs packages; run by .ci/run',
  'npm test': 'would start this test again; run by .ci/run',
  'npm test -- wire': 'would start the runner inside itself; scripts/house/test-plan.test.ts tests the filter',
  'npm run check': 'run by .ci/run; test/style/house.test.ts runs its rules',
  'npm run bench': 'takes minutes and the whole machine; bench/ has small sizes that the tests run',
  'npm run bench -- --peers --only live/':
    'takes minutes and the whole machine; bench/main.test.ts runs the small size',
  'npm run bench -- --peers --only logs':
    'takes minutes: CrowdSec and fail2ban read a few thousand lines a second; bench/peers/logs.ts makes its input',
  'npx biome check --write': 'changes files; npm run check runs Biome without writing',
  'node scripts/docs.ts': 'changes files; test/docs/tables.test.ts compares what it would write',
  'npx bonghwa serve --network 198.51.100.0/24 --data ./bonghwa-data':
    'watches until it is stopped; test/e2e/serve.test.ts and test/e2e/station.test.ts start stations',
  'npx bonghwa attacks --since 1h': 'asks a running station; test/e2e/serve.test.ts and test/docs/api.test.ts do',
  'npx bonghwa flows --since 1h --target 198.51.100.10 --top srcAsn':
    'asks a running station; test/e2e/serve.test.ts and test/docs/api.test.ts do',
  'npx bonghwa exporters': 'asks a running station; test/e2e/serve.test.ts and test/docs/api.test.ts do',
  'npx bonghwa demo': 'shows the sample until it is stopped; test/e2e/console-live.test.ts runs it',
  'npx bonghwa site import sites.csv --dry-run': 'asks a running station; test/e2e/vantages.test.ts does',
  'npx bonghwa site import sites.csv': 'asks a running station; test/e2e/vantages.test.ts does',
  'npx bonghwa site list': 'asks a running station; test/e2e/vantages.test.ts does',
  'npx bonghwa site check': 'asks a running station; test/e2e/vantages.test.ts does',
  'npx bonghwa vantage add berlin --country DE --network AS64511 > berlin.key':
    'asks a running station; test/e2e/vantages.test.ts does',
  'npx bonghwa vantage list': 'asks a running station; test/e2e/vantages.test.ts does',
  'npx bonghwa vantage --station https://station.example:8481 --key berlin.key':
    'checks until it is stopped; test/e2e/vantages.test.ts runs one',
  'npx bonghwa doctor': 'ends as this machine is: 0 or 1; test/e2e/doctor.test.ts runs it',
  'bash .ci/run': 'is what runs this test on a fresh machine',
};

const documents = [...readProject(TOP).documents].filter(
  ([path]) => ['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].includes(path) || path.startsWith('docs/'),
);
const examples = documents.map(([path, text]) => ({ path, ...examplesOf(path, text) }));

describe('commands of the documents', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bonghwa-docs-'));
  const programs = join(temporary, '.programs');

  before(() => {
    cpSync(join(TOP, 'samples'), join(temporary, 'samples'), { recursive: true });
    mkdirSync(programs);
    // `npx bonghwa` and `npm start` as in a checkout, without npm, which would look into the network first.
    const bonghwa = `exec '${process.execPath}' '${join(TOP, 'bin', 'bonghwa.js')}'`;
    writeFileSync(join(programs, 'npx'), `#!/bin/sh\n[ "$1" = bonghwa ] || exit 99\nshift\n${bonghwa} "$@"\n`);
    writeFileSync(join(programs, 'npm'), `#!/bin/sh\n[ "$*" = start ] || exit 99\n${bonghwa} start\n`);
    for (const name of ['npx', 'npm']) chmodSync(join(programs, name), 0o755);
  });
  after(() => rmSync(temporary, { recursive: true, force: true }));

  it('are there', () => {
    assert.ok(examples.flatMap(({ commands }) => commands).length >= 10);
  });

  it('name nothing in the table above that no document has any more', () => {
    const named = new Set(examples.flatMap(({ commands }) => commands.map(({ command }) => command)));
    assert.deepEqual(
      Object.keys(RUN_ELSEWHERE).filter((command) => !named.has(command)),
      [],
    );
  });

  for (const { path, commands, files } of examples) {
    const wanted = commands.filter(({ command }) => !(command in RUN_ELSEWHERE));
    if (wanted.length === 0) continue;
    describe(path, () => {
      // Every document gets a directory of its own, with the files it shows, as its reader has at the top of a checkout.
      const cwd = join(temporary, path.replaceAll('/', '-'));
      before(() => {
        mkdirSync(cwd);
        cpSync(join(temporary, 'samples'), join(cwd, 'samples'), { recursive: true });
        for (const { name, text } of files) writeFileSync(join(cwd, name), text);
      });

      for (const { line, command, exitCode } of wanted) {
        it(`line ${line}: ${command}`, () => {
          const ran = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
            cwd,
            encoding: 'utf8',
            timeout: COMMAND_MS_MAX,
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` },
          });
          assert.equal(ran.status, exitCode, `${ran.stdout.slice(-2000)}\n${ran.stderr.slice(-2000)}`);
        });
      }
    });
  }
});
