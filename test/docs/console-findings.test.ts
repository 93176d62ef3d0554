import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Catalogue, fill, type Key } from '../../console/src/text/catalogue.ts';
import { en } from '../../console/src/text/en.ts';
import { enFindings } from '../../console/src/text/en-findings.ts';
import { ko } from '../../console/src/text/ko.ts';
import { formsOf, say } from '../../console/src/text/told.ts';
import { uk } from '../../console/src/text/uk.ts';
import { diagnose, type Expectation, FINDING_CODES, type StationContext } from '../../src/detect/exporter/diagnose.ts';
import { type ExporterCounters, noCounters } from '../../src/detect/exporter/facts.ts';
import { binOf, HISTOGRAM_BINS } from '../../src/detect/exporter/log-histogram.ts';
import type { ExporterSummary } from '../../src/detect/exporter/summary.ts';

const NOW = 1_750_000_000_000;

type Partly = Omit<Partial<ExporterSummary>, 'recent' | 'total'> & { readonly recent?: Partial<ExporterCounters> } & {
  readonly total?: Partial<ExporterCounters>;
};
interface Case {
  readonly partly?: Partly;
  readonly expectation?: Expectation;
  readonly duplicate?: StationContext['duplicate'];
}

function histogram(durationMs: number): Uint32Array {
  const counts = new Uint32Array(HISTOGRAM_BINS);
  counts[binOf(durationMs)] = 1000;
  return counts;
}

/** What is said of an exporter with nothing wrong, changed so. */
function saidOf({ partly = {}, expectation = {}, duplicate }: Case) {
  const counters = { ...noCounters(), datagrams: 1000, records: 30_000, looked: 1000, towards: 600, from: 400 };
  const summary: ExporterSummary = {
    ...{ key: '192.0.2.1 netflow-v9 0', address: '192.0.2.1', observationDomain: 0, protocol: 'netflow-v9' },
    ...{ durations: histogram(4000), delays: histogram(15_000), templates: 2, samplingRates: [1000] },
    ...{ interfaces: new Map([[3, { input: 600, output: 400 }]]), samplingRate: 1000, samplingChange: undefined },
    ...{ activeTimeoutSeconds: undefined, inactiveTimeoutSeconds: undefined, firstSeenMs: NOW - 600_000 },
    ...{ lastSeenMs: NOW - 500, usualSilenceMs: 900, clockOffsetMs: 400, clockMoved: undefined },
    ...partly,
    total: { ...counters, ...partly.total },
    recent: { ...counters, ...partly.recent },
  };
  return diagnose(summary, expectation, NOW, { others: { towards: 0, from: 0 }, duplicate });
}

const duplicate = { key: 'a', keeper: '2001:db8::1 ipfix 0', compared: 1800, found: 1792, sampled: false };
/** Every code, and every way in which it is said. */
const CASES: readonly Case[] = [
  { partly: { lastSeenMs: NOW - 7_500_000 } },
  { partly: { recent: { sequenceLost: 1, recordsLost: 30 } } },
  { partly: { protocol: 'ipfix', recent: { sequenceLost: 3330, recordsLost: 3330 } } },
  ...[0, 2].flatMap((templates) =>
    [0, 240].map((recordsUndecoded) => ({
      partly: { templates, recent: { unknownTemplateSets: 1, recordsLost: recordsUndecoded, recordsUndecoded } },
    })),
  ),
  { partly: { samplingRates: [1000, 16_384] }, expectation: { samplingRate: 500 } },
  { partly: { samplingRates: [], recent: { rateUnknown: 1000 } } },
  { partly: { recent: { rateUnknown: 900 } } },
  { partly: { samplingRates: [1000, 2000, 100], samplingChange: { atMs: NOW - 300_000, rate: 100 } } },
  { partly: { durations: histogram(1_800_000) } },
  { partly: { activeTimeoutSeconds: 1800 } },
  { partly: { delays: histogram(62_000) } },
  { partly: { inactiveTimeoutSeconds: 60 } },
  { partly: { clockOffsetMs: 3_600_000 } },
  { partly: { clockOffsetMs: -12_345 } },
  { partly: { clockMoved: { atMs: NOW - 300_000, byMs: 8100 } } },
  { partly: { clockMoved: { atMs: NOW, byMs: -120_000 } } },
  { duplicate },
  { duplicate: { ...duplicate, sampled: true } },
  { expectation: { outsideInterfaces: [3, 7] } },
  { expectation: { outsideInterfaces: [7, 8] } },
  { partly: { recent: { towards: 5000, from: 1 } } },
  { partly: { recent: { towards: 1, from: 5000 } } },
  { partly: { total: { missedWhileDown: 9000.4 } } },
];

describe('what is wrong with an exporter', () => {
  const said = CASES.map((one) => {
    const found = saidOf(one);
    assert.equal(found.length, 1, JSON.stringify(found));
    return found[0];
  });

  it('is tried here by every code', () => {
    assert.deepEqual([...new Set(said.map(({ code }) => code))].sort(), [...FINDING_CODES].sort());
  });

  it('is understood, however it is said', () => {
    const names = new Set<string>(['form.ofExporter']);
    for (const { code, message } of said) {
      const forms = formsOf(message);
      assert.equal(forms?.length, 1, `${code} has no words of its own: ${message}`);
      names.add(`form.${forms?.[0].name}`);
    }
    assert.deepEqual([...names].sort(), Object.keys(enFindings).sort());
  });

  const catalogues: Readonly<Record<string, Catalogue>> = { en, ko, uk };
  for (const [language, catalogue] of Object.entries(catalogues)) {
    it(`is said with all its numbers (${language})`, () => {
      const rules = new Intl.PluralRules(language);
      for (const { message } of said) {
        const own = say(formsOf(message) ?? [], {
          text: (name, values) => fill(catalogue[`form.${name}` satisfies Key], values, rules, String),
          number: String,
          share: (value) => `${value * 100} %`,
          duration: (ms) => `${ms} ms`,
          word: (key) => key,
        });
        assert.doesNotMatch(own, /[{}]/, message);
        if (language !== 'en') assert.doesNotMatch(own, /\b(the|its|is|of|it)\b/, own);
      }
    });
  }
});
