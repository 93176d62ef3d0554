import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { CheckResult, Vantage } from '../model/vantage.ts';
import { type ChecksRead, holdsChecks, readChecks } from './check-file.ts';

const CHECK = {
  site: 'ministry',
  vantage: 'seoul',
  subject: 'x',
  kind: 'http',
  at: '2026-11-26T05:00:00.000Z',
  totalMs: 10,
  outcome: 'ok',
  attempts: 1,
};
const VANTAGE = { name: 'seoul', country: 'KR', network: 'kt' };

describe('files of checks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bonghwa-checks-'));
  after(() => rmSync(directory, { recursive: true }));
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const read = async (path: string, max = 100): Promise<ChecksRead & { vantages: Vantage[]; sites: string[] }> => {
    const checks: CheckResult[] = [];
    const vantages: Vantage[] = [];
    const counts = await readChecks(path, max, {
      onCheck: (check) => checks.push(check),
      onVantage: (one) => vantages.push(one),
    });
    return { ...counts, vantages, sites: checks.map(({ site }) => site) };
  };

  it('are told by their first line, compressed or not', async () => {
    const text = `${JSON.stringify(CHECK)}\n`;
    assert.equal(await holdsChecks(file('a.ndjson', text)), true);
    assert.equal(await holdsChecks(file('a.gz', gzipSync(text))), true);
    assert.equal(await holdsChecks(file('b', `${JSON.stringify(VANTAGE)}\n${text}`)), true);
    for (const other of [
      '',
      '{}\n',
      '{"name":"x"}',
      '203.0.113.1 - - [',
      '{"time":"2026-11-26T05:00:00Z","host":"www"}\n',
    ])
      assert.equal(await holdsChecks(file('c', other)), false, other);
    assert.equal(await holdsChecks(file('d.pcap', Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1))), false);
    assert.equal(await holdsChecks('-'), false);
  });

  it('give checks and vantages, and count what is neither', async () => {
    const lines = [VANTAGE, CHECK, { ...CHECK, site: '법원' }, { ...CHECK, outcome: 'no such' }, 7].map((line) =>
      JSON.stringify(line),
    );
    const broken = [...lines, '{"site":', '', `{"long":"${'x'.repeat(70_000)}"}`, JSON.stringify(CHECK)].join('\n');
    const { checks, refused, cut, vantages, sites } = await read(file('e', broken));
    assert.deepEqual([checks, refused, cut], [3, 4, false]);
    assert.deepEqual([vantages, sites], [[VANTAGE], ['ministry', '법원', 'ministry']]);
  });

  it('are bounded', async () => {
    const { checks, cut } = await read(file('f', `${JSON.stringify(CHECK)}\n`.repeat(20)), 5);
    assert.deepEqual([checks, cut], [5, true]);
  });
});
