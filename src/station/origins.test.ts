import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { run, Traffic } from '../../test/support/scenario.ts';
import { flood, ordinaryDay } from '../../test/support/scenario-traffic.ts';
import { parseAddress } from '../base/ip.ts';
import { type Geo, NO_GEO } from '../input/geo.ts';
import { type Attack, attackSchema } from '../model/attack.ts';
import { withOrigins } from './origins.ts';

/** Even addresses are in Korea, odd ones in the Netherlands; the last octet tells the system. */
const geo: Geo = {
  countryOf: (words, at) => (words[at + 3] % 2 === 0 ? 'KR' : 'NL'),
  asnOf: (words, at) => (words[at + 3] & 3) * 10,
  asName: (asn) => (asn === 10 ? 'Ten' : undefined),
  tables: [{ kind: 'asn', from: 'packaged', ranges: 1 }],
  problems: [],
};

function attackOf(spoofed: Attack['sources']['spoofed'], top: Attack['sources']['top']): Attack {
  const traffic = new Traffic(3);
  ordinaryDay(traffic, 0, 70_000);
  flood(traffic, { vector: 'syn-flood', fromMs: 60_300, toMs: 70_000, pps: 2000 });
  const [attack] = run(traffic, { kind: 'packets', untilMs: 70_000 }).attacks;
  return { ...attack, sources: { ...attack.sources, spoofed, top } };
}

const top = [
  { addr: '198.51.100.1', share: 0.4 },
  { addr: '198.51.100.2', share: 0.2, asn: 64500 },
  { addr: '198.51.100.5', share: 0.1 },
];

describe('where the sources of an attack are', () => {
  it('is told of each, and in sum', () => {
    const attack = withOrigins(attackOf('unlikely', top), geo);
    attackSchema.parse(attack);
    assert.deepEqual(attack.sources.top, [
      { addr: '198.51.100.1', share: 0.4, country: 'NL', asn: 10 },
      { addr: '198.51.100.2', share: 0.2, country: 'KR', asn: 64500 },
      { addr: '198.51.100.5', share: 0.1, country: 'NL', asn: 10 },
    ]);
    assert.deepEqual(attack.sources.countries, [
      { country: 'NL', share: 0.7143 },
      { country: 'KR', share: 0.2857 },
    ]);
    assert.deepEqual(attack.sources.asns, [
      { asn: 10, name: 'Ten', share: 0.7143 },
      { asn: 20, share: 0.2857 },
    ]);
  });

  it('is summed over all sources that are known, not only those that are shown', () => {
    const words = new Uint32Array(4 * 100);
    for (let at = 0; at < 100; at++) words.set(parseAddress(`203.0.113.${at}`) ?? [], 4 * at);
    const attack = withOrigins(attackOf('unknown', top), geo, { words, shares: new Float64Array(100).fill(0.005) });
    assert.deepEqual(attack.sources.countries, [
      { country: 'KR', share: 0.5 },
      { country: 'NL', share: 0.5 },
    ]);
    assert.deepEqual(
      attack.sources.asns?.map(({ asn, share }) => [asn, share]),
      [
        [10, 0.25],
        [20, 0.25],
        [30, 0.25],
      ],
    );
  });

  it('is not told of forged sources, nor without tables', () => {
    const forged = attackOf('likely', top);
    assert.equal(withOrigins(forged, geo), forged);
    const unknown = attackOf('unlikely', top);
    assert.equal(withOrigins(unknown, NO_GEO), unknown);
  });
});

describe('the sources that a detector remembers', () => {
  it('are those of open attacks and of the last that were closed, with shares that sum to no more than all', () => {
    const traffic = new Traffic(3);
    ordinaryDay(traffic, 0, 200_000);
    flood(traffic, { vector: 'dns-amplification', fromMs: 60_300, toMs: 70_000, pps: 2000 });
    let checked = 0;
    run(traffic, {
      kind: 'packets',
      untilMs: 199_000,
      onSecond: (detector) => {
        for (const attack of detector.attacks()) {
          const sources = detector.sourcesOf(attack.id);
          assert.ok(sources !== undefined && sources.shares.length > 10);
          const sum = sources.shares.reduce((total, share) => total + share, 0);
          assert.ok(sum > 0 && sum <= 1.0001, String(sum));
          assert.ok(Math.abs(sources.shares[0] - attack.sources.top[0].share) < 0.0001);
          checked++;
        }
        return undefined;
      },
    });
    assert.ok(checked > 100);
  });
});
