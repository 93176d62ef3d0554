import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WebDetector } from '../../src/detect/web/web-detector.ts';
import { feed } from '../../src/evaluate/web/feed.ts';
import { MADE_SITE, makeLog, WEB_SCENARIOS } from '../../src/evaluate/web/generate.ts';
import { scoreLog, type WebCaseScore } from '../../src/evaluate/web/score.ts';

/** Small tables: a made log has few clients. */
const LIMITS = { clientsMax: 1 << 16, valuesBits: 22, visitorsBits: 20 };

function score(scenario: string, seed: number): WebCaseScore {
  const log = makeLog({ scenario, seed });
  const detector = new WebDetector({ seed: 1, siteOf: () => MADE_SITE, limits: LIMITS });
  feed(log.events, log.format, detector);
  detector.finish();
  return scoreLog(seed, log, detector.attacks());
}

describe('made logs', () => {
  for (const { name, what } of WEB_SCENARIOS) {
    test(`${name}: ${what}`, () => {
      const seed = 100;
      const { attacks, falseAlarms, innocentsNamed } = score(name, seed);
      assert.deepEqual(falseAlarms, []);
      for (const attack of attacks) {
        assert.ok(attack.found, 'found');
        assert.equal(attack.fragments, 1);
        assert.ok(attack.named >= 0.95, `${attack.named} of its sources are named`);
        assert.ok(attack.vectorRight, attack.told);
      }
      assert.ok(innocentsNamed <= 1, `${innocentsNamed} readers are named`);
    });
  }

  test('the same seed makes the same log, and the same log gives the same attacks', () => {
    assert.deepEqual(score('web-search-flood', 3), score('web-search-flood', 3));
  });
});
