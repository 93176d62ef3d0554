import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Api, createApi } from '../../src/api/api.ts';
import { FixedStation } from '../support/fixed-station.ts';

const BONGHWA = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
/** The address that documents speak of, and the attack that they show. */
const DOCUMENTED = 'http://127.0.0.1:8480';
const DOCUMENTED_ATTACK = '20261123T202257Z-in-192.0.2.10-5f3a09c1d2b7';
/** curl ends with this code when its time is up: an event stream has no end of its own. */
const CURL_TIMED_OUT = 28;
const ASKING = /^bonghwa (attacks|flows|requests|exporters|status)\b/;

/** What a document shows behind `$` and can be run against a station with fixed figures. */
function examplesOf(file: string): string[] {
  const text = readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^\$ (.+)$/gm)]
    .map(([, command]) => command)
    .filter((command) => command.startsWith('curl ') || ASKING.test(command));
}

const curl = spawnSync('curl', ['--version']).status === 0;

describe('examples of the documents that ask a station', () => {
  const station = new FixedStation();
  let api: Api;
  let at = '';

  before(async () => {
    station.kept = station.kept.map((attack, index) => (index === 0 ? { ...attack, id: DOCUMENTED_ATTACK } : attack));
    api = createApi(station);
    const { port } = await api.listen({ address: '127.0.0.1', port: 0, family: 4 });
    at = `http://127.0.0.1:${port}`;
  });
  after(() => api.close());

  const run = (command: string): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const child = spawn('bash', ['-c', command], { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });

  it('are there', () => {
    assert.ok(examplesOf('api.md').length >= 10);
    assert.ok(examplesOf('commands.md').length >= 8);
  });

  for (const file of ['api.md', 'commands.md', 'operation.md']) {
    for (const command of examplesOf(file)) {
      const isCurl = command.startsWith('curl ');
      it(`${file}: ${command}`, { skip: isCurl && !curl ? 'curl is not installed' : false }, async () => {
        if (!isCurl) {
          const { code, stdout, stderr } = await run(
            `'${process.execPath}' '${BONGHWA}' ${command.replace('bonghwa ', '')} --station ${at}`,
          );
          assert.equal(code, 0, stderr);
          assert.ok(stdout.length > 0);
          return;
        }
        assert.ok(command.includes(DOCUMENTED));
        const { code, stdout, stderr } = await run(
          `${command.replace(DOCUMENTED, at)} --max-time 2 -w ' %{http_code}'`,
        );
        const stream = command.includes('/api/events');
        assert.equal(code, stream ? CURL_TIMED_OUT : 0, stderr);
        // The one that is wrong on purpose shows what an error looks like.
        assert.equal(Number(/ (\d+)$/.exec(stdout)?.[1]), command.includes('sinse') ? 400 : 200, stdout.slice(0, 500));
      });
    }
  }
});
