import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cacheDirectory } from '../../src/cli/cache-directory.ts';
import { missedFloors, WEB_MEASURES } from '../../src/cli/evaluate-options.ts';
import { WebDetector } from '../../src/detect/web/web-detector.ts';
import { evaluateWeb } from '../../src/evaluate/web/evaluate.ts';
import { feed } from '../../src/evaluate/web/feed.ts';
import { MADE_SITE, makeLog, WEB_SCENARIOS } from '../../src/evaluate/web/generate.ts';
import { scoreLog, type WebCaseScore } from '../../src/evaluate/web/score.ts';
import { summariesOf } from '../../src/evaluate/web/summary.ts';

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

  test('a file of each is replayed in threads, in the order of the seeds, and what the whole reached is held against floors', async () => {
    const cases = await evaluateWeb({
      ...{ fromSeed: 1, toSeed: 2, only: ['web-search-flood'], threads: 2 },
      cacheDirectory: cacheDirectory(),
    });
    assert.deepEqual(
      cases.map(({ seed, unread, attacks }) => [seed, unread, attacks.length]),
      [
        [1, undefined, 1],
        [2, undefined, 1],
      ],
    );
    const { total } = summariesOf(cases);
    const floor = (name: string, value: number): string[] => missedFloors(total, WEB_MEASURES, [{ name, value }]);
    assert.deepEqual(floor('recall', 1), []);
    assert.deepEqual(floor('readers-named', 0.001), []);
    assert.deepEqual(floor('detect-p95', 0), [`detect-p95 is ${total.p95?.toFixed(4)}, above 0`]);
    assert.throws(() => floor('explained', 1), /knows no 'explained' here/);
  });

  test('the same seed makes the same log, and the same log gives the same attacks', () => {
    assert.deepEqual(score('web-search-flood', 3), score('web-search-flood', 3));
  });
});
