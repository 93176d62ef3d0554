import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SiteDays } from '../api/contract/sites.ts';
import { availability, renderDays, shareText } from './render-days.ts';

type Day = SiteDays['days'][number];
const DAY = 86_400_000;

function site(name: string, count: number, at: (daysAgo: number) => Partial<Day>): SiteDays {
  const last = Date.UTC(2026, 10, 26);
  const days = Array.from({ length: count }, (_, index) => {
    const daysAgo = count - 1 - index;
    const day = new Date(last - daysAgo * DAY).toISOString().slice(0, 10);
    return { day, worst: 'up', outMinutes: 0, degradedMinutes: 0, knownMinutes: 1440, ...at(daysAgo) } as const;
  });
  return { site: name, days };
}

const SITES = [
  site('대법원', 90, (ago) => (ago === 0 ? { worst: 'down', outMinutes: 7, knownMinutes: 600 } : {})),
  site('ministry', 90, (ago) =>
    ago === 40 ? { worst: 'down', outMinutes: 200 } : ago === 2 ? { worst: 'partial' } : {},
  ),
  site('new', 90, (ago) => (ago > 3 ? { worst: 'unknown', knownMinutes: 0 } : {})),
  site('never', 90, () => ({ worst: 'unknown', knownMinutes: 0 })),
];

describe('the days of sites', () => {
  it('are a mark a day where there is room', () => {
    const lines = renderDays(SITES, { width: 140, colour: false });
    assert.deepEqual(lines, [
      `site${' '.repeat(22)}90 days${' '.repeat(85)}available          out`,
      `대법원${' '.repeat(20)}${'▇'.repeat(89)}▃    99.99 %        7 min`,
      `ministry${' '.repeat(18)}${'▇'.repeat(49)}▁${'▇'.repeat(37)}▅▇▇    99.84 %   3 h 20 min`,
      `new${' '.repeat(23)}${'·'.repeat(86)}▇▇▇▇      100 %            –`,
      `never${' '.repeat(21)}${'·'.repeat(90)}  not known            –`,
      'a mark a day, UTC: ▇ up  ▅ worse  ▃ out  ▁ over 30 min  · not known',
    ]);
  });

  it('are the worst of a few days a mark in 80 columns', () => {
    const lines = renderDays(SITES, { width: 80, colour: false });
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.match(lines[1], /대법원 +▇{29}▃ +99\.99 % +7 min$/);
    assert.match(lines[2], /▇{16}▁▇{12}▅ /);
    assert.match(lines[5], /^worst of 3 days a mark/);
  });

  it('are never rounded up to all of the time', () => {
    assert.equal(
      shareText(availability(site('a', 90, (ago) => (ago === 9 ? { outMinutes: 0.4 } : {})).days)),
      '99.99 %',
    );
    assert.equal(shareText(1), '100 %');
    assert.equal(shareText(undefined), 'not known');
    assert.equal(availability(site('a', 2, () => ({ outMinutes: 1440 })).days), 0);
  });
});
