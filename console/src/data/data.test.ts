import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fixedReport } from '../../../test/support/report.ts';
import { routersIn } from '../../plugins/routers.ts';
import { amount, duration, percent, scaleOf } from '../text/format.ts';
import { changesSince } from './changes.ts';
import { envelope, thin } from './downsample.ts';
import { toCsv } from './export.ts';
import { addCondition, completions, readFilter } from './flow-filter.ts';
import { axisOf } from './lanes.ts';
import { hrefOf, PAGES, routeOf } from './route.ts';
import { settingsFor } from './router-settings.ts';
import { find } from './search.ts';
import { pathOf } from './spark.ts';

describe('what a chart keeps of a series', () => {
  it('has the smallest and the largest value of every series, in order, and no more than was asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constant(null)), { maxLength: 500 }), (values) => {
        const kept = envelope(values, 40);
        assert.ok(kept.length <= 40);
        const there = values.filter((value) => value !== null);
        if (there.length === 0) return assert.deepEqual(kept, []);
        assert.equal(Math.max(...kept.map(({ value }) => value)), Math.max(...there));
        assert.equal(Math.min(...kept.map(({ value }) => value)), Math.min(...there));
        for (let at = 1; at < kept.length; at++) assert.ok(kept[at].at > kept[at - 1].at);
      }),
    );
  });

  it('thins a day of seconds with its one peak in place', () => {
    const x = Float64Array.from({ length: 86_400 }, (_, at) => at);
    const values = Float64Array.from(x, (at) => (at === 40_000 ? 1e6 : at % 100));
    const { x: times, lines } = thin(x, [values, values.map(() => 50)], 2000);
    assert.ok(times.length <= 2002);
    assert.equal(lines[0][times.indexOf(40_000)], 1e6);
    assert.equal(lines[1].length, times.length);
    assert.equal(thin([1, 2], [[3, 4]], 10).lines[0].length, 2);
  });

  it('draws a path from left to right', () => {
    assert.equal(pathOf([0, 10], 10, 100, 20), 'M0.0 19.0L100.0 1.0');
    assert.equal(pathOf([1], 10, 100, 20), '');
  });
});

describe('addresses', () => {
  it('lead to their page and back', () => {
    for (const page of PAGES) assert.equal(routeOf(hrefOf(page)).page, page);
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (subject) => {
        // What a browser takes for this folder and the one above.
        if (/^\.{1,2}$/.test(subject)) return;
        assert.equal(routeOf(new URL(hrefOf('sites', subject), 'http://station').pathname).subject, subject);
      }),
      { examples: [['<script>'], ['../../etc'], ['a b/ü?x#y'], ['/']] },
    );
  });

  it('that cannot be read lead nowhere', () => {
    for (const path of ['/nothing', '/attacks/%E0%A4%A', '/now']) assert.equal(routeOf(path).page, 'lost');
  });
});

describe('the flow filter', () => {
  it('reads conditions, and tells what is none', () => {
    assert.deepEqual(readFilter('srcCountry=UA  dstport=443 src=192.0.2.1 src=192.0.2.2 x=1 =2 proto='), {
      params: { srcCountry: 'UA', dstPort: '443', src: ['192.0.2.1', '192.0.2.2'] },
      faults: ['x=1', '=2', 'proto='],
    });
  });

  it('takes a value that was pressed: another address beside the first, another port in its place', () => {
    assert.equal(addCondition('src=192.0.2.1 proto=6', 'src', '192.0.2.2'), 'src=192.0.2.1 proto=6 src=192.0.2.2');
    assert.equal(addCondition('dstPort=80 proto=6', 'dstPort', 443), 'proto=6 dstPort=443');
    assert.equal(addCondition('proto=6', 'proto', 6), 'proto=6');
  });

  it('goes on what is typed', () => {
    assert.deepEqual(completions('proto=6 srcC'), ['proto=6 srcCountry=']);
    assert.deepEqual(completions('proto=6'), []);
  });
});

describe('a table for a spreadsheet', () => {
  it('quotes as RFC 4180 has it, and makes no formula', () => {
    assert.equal(
      toCsv(
        ['a', 'b'],
        [
          ['x,"y"', 1.5],
          ['=1+1', null],
        ],
      ),
      'a,b\r\n"x,""y""",1.5\r\n\'=1+1,\r\n',
    );
  });
});

describe('numbers in words', () => {
  it('have three digits that count, and their unit', () => {
    assert.equal(amount(12_345_678, 'bps', 'en'), '12.3\u00a0Mbit/s');
    assert.equal(amount(999.6, 'pps', 'en'), '1.00\u00a0k pkt/s');
    assert.equal(amount(0, 'count', 'en'), '0');
    assert.deepEqual(scaleOf(2_500_000, 'bytes'), { factor: 1e6, unit: 'MB' });
    assert.equal(percent(0.0001, 'en'), '< 0.1%');
    assert.equal(percent(0, 'en'), '0%');
    assert.equal(duration(125_000, 'en'), '2 min 5 sec');
  });
});

describe('search', () => {
  it('finds what has all words, sites and attacks before documents', () => {
    const { attacks } = fixedReport();
    const found = find(attacks[0].target.value, {
      attacks,
      sites: [],
      incidents: [],
      exporters: [],
      documents: { 'docs/a.md': `how ${attacks[0].target.value} was attacked` },
    });
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ['attack', 'document'],
    );
    assert.deepEqual(find('  ', { attacks, sites: [], incidents: [], exporters: [], documents: {} }), []);
  });
});

describe('what changed', () => {
  it('is told latest first, of attacks and of warnings', () => {
    const { attacks } = fixedReport();
    const changes = changesSince(0, {
      attacks,
      outages: [],
      events: [
        {
          kind: 'warning',
          state: 'began',
          about: 'station',
          at: '2030-01-01T00:00:00.000Z',
          warning: 'the disk is full',
        },
      ],
    });
    assert.equal(changes[0].kind, 'warningBegan');
    assert.deepEqual(
      changes.map(({ at }) => at),
      changes.map(({ at }) => at).sort((left, right) => right.localeCompare(left)),
    );
    assert.deepEqual(changesSince(Date.parse('2031-01-01T00:00:00.000Z'), { attacks, outages: [], events: [] }), []);
  });
});

describe('a time axis', () => {
  it('has round moments inside, and about as many as asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 0, max: 90 * 86_400_000 }),
        (fromMs, lengthMs) => {
          const axis = axisOf(fromMs, fromMs + lengthMs, 8);
          assert.ok(axis.fromMs < fromMs && axis.toMs > fromMs + lengthMs);
          assert.ok(axis.ticks.length <= 9);
          for (const at of axis.ticks) assert.ok(at >= axis.fromMs && at <= axis.toMs);
        },
      ),
    );
  });
});

describe('what to type on a router', () => {
  it('comes from the document, with the address and the ports of this station', () => {
    const markdown =
      '## Cisco\n\n```\nflow exporter X\n destination STATION\n transport udp 2055\n```\n\n```sh\nother\n```\n';
    assert.deepEqual(routersIn(markdown), [
      { title: 'Cisco', lines: 'flow exporter X\n destination STATION\n transport udp 2055' },
    ]);
    assert.equal(settingsFor('STATION:2055 6343', '192.0.2.9', '0.0.0.0:9995', undefined), '192.0.2.9:9995 6343');
  });
});
