import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixedReport } from '../../../test/support/report.ts';
import { SITE_STATES, type SiteState } from '../../model/incident.ts';
import type { StationEvent } from '../../model/station-event.ts';
import { Newsroom } from './news.ts';

const AT = '2026-03-05T12:00:00.000Z';
const status = (state: SiteState): StationEvent => ({
  kind: 'site-state',
  at: AT,
  status: { site: 'www.court.example', state, since: AT, at: AT, why: 'no answer', evidence: [], vantages: [] },
});

describe('news', () => {
  it('says in the language of the receiver how a site is', () => {
    const room = new Newsroom();
    assert.deepEqual(room.newsOf(status('geo-fenced'))?.title, {
      en: 'www.court.example is down abroad',
      ko: 'www.court.example 해외 접속 중단',
      uk: 'Сайт www.court.example недоступний з-за кордону',
    });
    assert.deepEqual(room.newsOf(status('up'))?.title.ko, 'www.court.example 복구');
  });

  it('says no state as programs write it', () => {
    for (const state of SITE_STATES) {
      const title = new Newsroom().newsOf(status(state))?.title;
      if (title === undefined) continue;
      assert.doesNotMatch(title.ko, /[a-z]+-|down|partial/, title.ko);
      assert.doesNotMatch(title.uk, /down|partial|geo/, title.uk);
    }
  });

  it('calls vectors by their names', () => {
    const [attack] = fixedReport().attacks;
    const title = new Newsroom().newsOf({ kind: 'attack', state: 'opened', at: AT, attack })?.title;
    assert.deepEqual(title, {
      en: `Attack on ${attack.target.value}: SYN flood`,
      ko: `${attack.target.value} 공격 감지: SYN 플러드`,
      uk: `Атака на ${attack.target.value}: SYN-флуд`,
    });
  });
});
