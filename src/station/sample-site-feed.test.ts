import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CheckResult } from '../model/vantage.ts';
import { lineLater, readSite, SiteFeed } from './sample-site-feed.ts';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const HOUR_MS = 3_600_000;

describe('the recorded site as if it happened now', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bonghwa-site-feed-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('has every line and every check of the recording, in order', async () => {
    const { lines, checks, vantages } = await readSite(
      `${SAMPLES}search-flood-on-a-ministry.access.log.gz`,
      `${SAMPLES}search-flood-on-a-ministry.checks.ndjson.gz`,
    );
    assert.equal(lines.length, 16_508);
    assert.equal(checks.length, 51);
    assert.deepEqual(
      vantages.map(({ name }) => name),
      ['seoul', 'busan', 'frankfurt'],
    );
    for (const list of [lines, checks])
      for (let at = 1; at < list.length; at++) assert.ok(list[at].atMs >= list[at - 1].atMs);
  });

  it('is moved in time, over the end of a year too, and nothing else of a line changes', () => {
    const line = '192.0.2.5 - - [31/Dec/2026:23:59:30 +0000] "GET /[1] HTTP/1.1" 200 5 "-" "x"';
    assert.equal(
      lineLater(line, 60_000),
      '192.0.2.5 - - [01/Jan/2027:00:00:30 +0000] "GET /[1] HTTP/1.1" 200 5 "-" "x"',
    );
    assert.equal(lineLater('no line of a log', 60_000), 'no line of a log');
  });

  it('has what lies before the start at once, and the rest when it is due', () => {
    const atMs = Date.UTC(2026, 10, 26, 12);
    const file = join(folder, 'access.log');
    const told: CheckResult[] = [];
    const check = (at: number): { atMs: number; check: CheckResult } => ({
      atMs: at,
      check: {
        site: 's',
        vantage: 'v',
        subject: 'http://s/',
        kind: 'http',
        at: new Date(at).toISOString(),
        totalMs: 0,
        outcome: 'ok',
        attempts: 1,
      },
    });
    const lines = [0, 1, HOUR_MS / 1000].map((second) => ({
      atMs: atMs + second * 1000,
      text: lineLater('[26/Nov/2026:12:00:00 +0000] x', second * 1000),
    }));
    const feed = new SiteFeed(
      { lines, checks: [check(atMs), check(atMs + HOUR_MS)], vantages: [] },
      { file, deliver: (result) => told.push(result) },
    );
    const nowMs = Date.UTC(2030, 0, 1);
    feed.start(nowMs, 60_000);
    feed.stop();
    assert.equal(readFileSync(file, 'utf8'), '[31/Dec/2029:23:59:00 +0000] x\n[31/Dec/2029:23:59:01 +0000] x\n');
    assert.deepEqual(
      told.map(({ at }) => at),
      ['2029-12-31T23:59:00.000Z'],
    );
  });
});
