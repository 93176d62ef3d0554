import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NowAnswer } from '../api/contract/incidents.ts';
import type { SiteStatus } from '../model/incident.ts';
import { renderSituation, situationSentence } from './render-situation.ts';
import { textWidth } from './text-width.ts';

const NOW = '2026-11-26T14:09:00.000Z';
const calm: NowAnswer = {
  now: NOW,
  sitesTotal: 214,
  sitesOut: 0,
  sitesDegraded: 0,
  sitesByState: { up: 214 },
  sites: [],
  attacksOngoing: [],
  changes: [],
  waiting: [],
  incidentsOpen: [],
  warnings: [],
};
const down = (site: string): SiteStatus => ({
  site,
  state: 'down',
  since: '2026-11-26T14:02:00.000Z',
  at: NOW,
  why: '2 of 3 vantages in 2 networks cannot reach it: no answer (timeout) at seoul and frankfurt',
  evidence: ['probed', 'logged'],
  vantages: [],
});

describe('the status page', () => {
  it('says in one sentence how the sites do', () => {
    assert.equal(situationSentence(calm), 'all 214 sites up, no attack in progress');
    const out = { ...calm, sitesOut: 2, sitesByState: { up: 212, down: 2 }, since: '2026-11-26T14:02:00.000Z' };
    assert.equal(situationSentence(out), '2 of 214 sites out, no attack in progress, since 14:02 UTC');
    assert.equal(
      situationSentence({ ...calm, sitesDegraded: 1, sitesByState: { up: 213, degraded: 1 } }),
      '1 of 214 sites slow or unsteady, no attack in progress',
    );
    assert.equal(
      situationSentence({ ...calm, sitesByState: { up: 200, unknown: 14 } }),
      '200 of 214 sites up, none known to be out, no attack in progress',
    );
    assert.equal(
      situationSentence({ ...calm, sitesTotal: 1, sitesByState: { up: 1 } }),
      'the site is up, no attack in progress',
    );
  });

  it('lists what is not as it should be, with why, within the width', () => {
    const sites = ['기상청 누리집', 'court'].map(down);
    const lines = renderSituation(
      { ...calm, sitesOut: 2, sites, sitesByState: { up: 212, down: 2 } },
      { width: 80, colour: false },
    );
    const text = lines.join('\n');
    assert.match(text, /^2 of 214 sites out/);
    assert.match(text, /기상청 누리집 +down +7 min 0 s/);
    assert.match(text, /no answer \(timeout\)/);
    for (const line of lines) assert.ok(textWidth(line) <= 80, line);
  });
});
