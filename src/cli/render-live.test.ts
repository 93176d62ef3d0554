import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fixedStatus, quietStatus } from '../../test/support/fixed-station.ts';
import type { StationStatus } from '../model/station-view.ts';
import { LiveHistory } from './live-history.ts';
import { type LiveLook, renderLive } from './render-live.ts';
import { textWidth } from './text-width.ts';

const ESCAPE = String.fromCharCode(0x1b);
const FOOT = 'q quit   p hold   s order by rate';

/** Half a minute of a station that gets 48,000 records a second. */
function historyOf(status: StationStatus): LiveHistory {
  const history = new LiveHistory();
  for (let back = 30; back >= 0; back--) {
    history.add({
      ...status,
      now: new Date(Date.parse(status.now) - back * 1000).toISOString(),
      records: status.records - 48_000 * back,
      total: { ...status.total, pps: status.total.pps / (1 + (back % 8)) },
      exporters: status.exporters.map((exporter) => ({ ...exporter, records: exporter.records - 100 * back })),
    });
  }
  return history;
}

function render(status: StationStatus, look: LiveLook, history = historyOf(status)): string[] {
  return renderLive(status, look, history);
}

function golden(name: string): string[] {
  const text = readFileSync(new URL(`../../test/golden/${name}.txt`, import.meta.url), 'utf8');
  return text.replace(/\n$/, '').split('\n');
}

describe('the live view', () => {
  it('shows on 80 and on 140 columns what the golden texts hold', () => {
    assert.deepEqual(render(fixedStatus(), { width: 80, colour: false, height: 26, foot: FOOT }), golden('live-80'));
    assert.deepEqual(render(fixedStatus(), { width: 140, colour: false, height: 40, foot: FOOT }), golden('live-140'));
  });

  it('tells a station to which nobody exports how somebody can', () => {
    const status = quietStatus();
    const history = new LiveHistory();
    history.add(status);
    const look = { width: 80, colour: false, height: 24, foot: FOOT };
    assert.deepEqual(render(status, look, history), golden('live-quiet-80'));
  });

  it('fits any screen, and keeps the sentence and the foot', () => {
    for (const width of [40, 57, 80, 100, 123, 200]) {
      for (const height of [6, 10, 16, 24, 50, 100]) {
        const lines = render(fixedStatus(), { width, colour: false, height, foot: FOOT });
        assert.ok(lines.length <= height, `${lines.length} lines of ${height}`);
        for (const line of lines) assert.ok(textWidth(line) <= width, `'${line}' is wider than ${width}`);
        assert.match(lines[0], /^2 attacks in/);
        assert.equal(lines.at(-1), FOOT);
      }
    }
  });

  it('shows attacks before anything else where there are very many', () => {
    const status = fixedStatus();
    const [attack] = status.attacksOngoing;
    const many = Array.from({ length: 300 }, (_, at) => ({ ...attack, id: `a${at}` }));
    const lines = render({ ...status, attacksOngoing: many }, { width: 100, colour: false, height: 40 });
    const text = lines.join('\n');
    assert.ok(lines.length <= 40);
    assert.match(text, /attacks \(\d\d of 300\)/);
    assert.match(text, /192\.0\.2\.80/, 'targets keep some room');
    assert.match(text, /silent/, 'and so do exporters');
  });

  it('is without colour while all is well, and red only where something is not', () => {
    const status = fixedStatus();
    const calm = {
      ...status,
      attacksOngoing: [],
      warnings: [],
      targets: status.targets.filter(({ excess }) => excess < 1),
      exporters: status.exporters.filter(({ exporter }) => exporter === '203.0.113.2'),
    };
    const red = new RegExp(`${ESCAPE}\\[31m *[^${ESCAPE} ]`);
    assert.doesNotMatch(render(calm, { width: 100, colour: true, height: 30 }).join('\n'), red);
    assert.match(render(status, { width: 100, colour: true, height: 30 }).join('\n'), red);
  });

  it('says when it decides nothing any more', () => {
    const stuck = { ...fixedStatus(), decidedAt: '2024-03-05T11:59:00.000Z' };
    assert.match(render(stuck, { width: 80, colour: false })[0], /^No second was decided for 95 s/);
    const quiet = { ...fixedStatus(), attacksOngoing: [] };
    assert.match(render(quiet, { width: 80, colour: false })[0], /^No attack in progress/);
  });

  it('orders targets by what they get, if that is wanted', () => {
    const lines = render(fixedStatus(), { width: 100, colour: false, sort: 'rate' });
    const first = lines[lines.findIndex((line) => line.includes('targets')) + 1];
    assert.match(first, /2001:db8:1234:5678::\/64/);
  });

  it('lets nothing from outside move the cursor', () => {
    const status = { ...fixedStatus(), warnings: ['a\x1b[2Jb\nc'] };
    assert.match(render(status, { width: 80, colour: false }).join('\n'), /! a\ufffd\[2Jb\ufffdc/);
  });

  it('keeps columns in line for names in Korean', () => {
    const status = fixedStatus();
    const [target, ...rest] = status.targets;
    const named = {
      ...status,
      targets: [{ ...target, target: { kind: 'site' as const, value: '행정안전부 대표누리집' } }, ...rest],
    };
    const lines = render(named, { width: 80, colour: false });
    const widths = lines
      .filter((line) => line.includes('packets/s ') && line.includes('×'))
      .map((line) => textWidth(line));
    assert.equal(new Set(widths).size, 1);
  });
});
