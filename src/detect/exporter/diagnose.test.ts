import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { exporterReportSchema } from '../../model/attack.ts';
import { EXPORTER_VENDORS } from '../../model/config-schema.ts';
import { adviceFor } from './advice.ts';
import { ExporterBook } from './book.ts';
import { type Expectation, FINDING_CODES } from './diagnose.ts';
import type { Duplicate } from './duplicates.ts';
import { type ExporterCounters, type ExporterFacts, exporterKey, noCounters } from './facts.ts';
import { NO_KEYS } from './key-sample.ts';
import { binOf, HISTOGRAM_BINS } from './log-histogram.ts';

const START = 1_750_000_000_000;
const MINUTE = 60_000;
const ADDRESS = '192.0.2.1';

type Partly = Omit<Partial<ExporterFacts>, 'counters'> & { readonly counters?: Partial<ExporterCounters> };

/** The facts of minute `minute` of an exporter with nothing wrong, changed by `partly`. */
function facts(minute: number, partly: Partly = {}): ExporterFacts {
  const address = partly.address ?? ADDRESS;
  const protocol = partly.protocol ?? 'netflow-v9';
  const durations = new Uint32Array(HISTOGRAM_BINS);
  const delays = new Uint32Array(HISTOGRAM_BINS);
  durations[binOf(4000)] = 950;
  durations[binOf(60_500)] = 50;
  delays[binOf(15_000)] = 1000;
  return {
    key: exporterKey(address, protocol, 0),
    address,
    observationDomain: 0,
    protocol,
    untilMs: START + MINUTE * (minute + 1),
    templates: 2,
    samplingRates: [1000],
    samplingRate: 1000,
    firstSeenMs: START,
    lastSeenMs: START + MINUTE * (minute + 1) - 500,
    silenceMaxMs: 900,
    clockOffsetMs: 400,
    durations,
    delays,
    interfaces: [
      { index: 3, input: 600, output: 400 },
      { index: 4, input: 400, output: 600 },
    ],
    keys: NO_KEYS,
    ...partly,
    counters: {
      ...noCounters(),
      datagrams: 1000,
      records: 30_000,
      looked: 1000,
      towards: 600,
      from: 400,
      ...partly.counters,
    },
  };
}

const document = (): string => readFileSync(new URL('../../../docs/exporters.md', import.meta.url), 'utf8');

interface Case {
  readonly minutes?: readonly Partly[];
  readonly expectation?: Expectation;
  readonly duplicates?: readonly Duplicate[];
  /** After the last of the minutes. */
  readonly afterMs?: number;
}

function findingsOf({ minutes = [{}], expectation, duplicates = [], afterMs = 0 }: Case): Record<string, string> {
  const book = new ExporterBook();
  if (expectation !== undefined) book.expect(new Map([[ADDRESS, expectation]]));
  minutes.forEach((partly, minute) => {
    book.take([facts(minute, partly)], duplicates, START + MINUTE * (minute + 1));
  });
  const report = book.reports(START + MINUTE * minutes.length + afterMs)[0];
  exporterReportSchema.parse(report);
  assert.deepEqual(
    report.diagnosis,
    report.findings?.map((finding) => finding.message),
  );
  return Object.fromEntries(
    (report.findings ?? []).map(({ code, severity, message }) => [code, `${severity}: ${message}`]),
  );
}

function histogram(...durationsMs: readonly number[]): Uint32Array {
  const counts = new Uint32Array(HISTOGRAM_BINS);
  for (const durationMs of durationsMs) counts[binOf(durationMs)]++;
  return counts;
}

const WRONG: Readonly<Record<string, { readonly when: Case; readonly says: RegExp }>> = {
  'exporter-silent': { when: { afterMs: 5 * MINUTE }, says: /^fault: nothing has come for 5 min 1 s; .* 0\.88 s/ },
  'records-lost': {
    when: { minutes: [{ counters: { sequenceLost: 111, recordsLost: 3330 } }] },
    says: /^fault: about 3\.33 k records \(111 datagrams\) are missing .*: 10 % of its traffic is not seen/,
  },
  'template-missing': {
    when: {
      minutes: [{ templates: 0, counters: { unknownTemplateSets: 12, recordsLost: 240, recordsUndecoded: 240 } }],
    },
    says: /^fault: 240 records in 12 sets could not be decoded, .*, and still has not: let it send templates every minute/,
  },
  'sampling-unexpected': {
    when: { expectation: { samplingRate: 500 } },
    says: /^fault: it tells a sampling of 1 in 1000 where the configuration expects 1 in 500/,
  },
  'sampling-unknown': {
    when: { minutes: [{ samplingRates: [], samplingRate: 0, counters: { rateUnknown: 1000 } }] },
    says: /^notice: it tells no sampling rate, .*'samplingRate'/,
  },
  'sampling-changed': {
    when: { minutes: [{}, {}, {}, { samplingRates: [1000, 100], samplingRate: 100 }] },
    says: /^warning: the sampling rate changed to 1 in 100 0 s ago; before it was 1 in 1000\./,
  },
  'active-timeout-long': {
    when: { minutes: [{ durations: histogram(100, 200, 1_800_000, 1_800_000, 1_801_000) }] },
    says: /^warning: its records tell of up to about 29 min at once, .*; set it to 60 s or less/,
  },
  'inactive-timeout-long': {
    when: { minutes: [{ inactiveTimeoutSeconds: 60 }] },
    says: /^warning: its inactive timeout is 60 s: .* set the inactive timeout to 15 s/,
  },
  'clock-off': {
    when: { minutes: [{ clockOffsetMs: -3_600_000 }] },
    says: /^warning: its clock is 1 h 0 min ahead of the station's/,
  },
  'clock-moved': {
    when: { minutes: [{ clockOffsetMs: 100 }, { clockOffsetMs: 8100 }] },
    says: /^notice: its clock, or the station's, jumped back by 8 s 0 s ago/,
  },
  'duplicate-export': {
    when: {
      duplicates: [
        {
          key: exporterKey(ADDRESS, 'netflow-v9', 0),
          keeper: '192.0.2.2 ipfix 0',
          compared: 800,
          found: 792,
          sampled: false,
        },
      ],
    },
    says: /^notice: 99 % of the flows that it tells of are told by 192\.0\.2\.2 too \(800 compared\): its records are left out/,
  },
  'interface-not-exporting': {
    when: { expectation: { outsideInterfaces: [3, 7] } },
    says: /^warning: nothing is told of interface 7, .* but of 3, 4: attacks that come in there are not seen/,
  },
  'one-direction': {
    when: { minutes: [{ counters: { towards: 5000, from: 1 } }] },
    says: /^notice: it tells of traffic to the protected networks and not of their answers/,
  },
  'missed-while-down': {
    when: { minutes: [{ counters: { missedWhileDown: 9000.4 } }] },
    says: /^notice: about 9\.00 k records came while the station was down/,
  },
};

describe('a diagnosis', () => {
  it('finds nothing wrong with an exporter that does well', () => {
    const expectation = { samplingRate: 1000, outsideInterfaces: [3] };
    assert.deepEqual(findingsOf({ minutes: [{}, {}, {}], expectation, afterMs: 3000 }), {});
    const told = { activeTimeoutSeconds: 60, inactiveTimeoutSeconds: 15 };
    assert.deepEqual(findingsOf({ minutes: [told, { counters: { recordsLost: 1, sequenceLost: 1 } }] }), {});
  });

  for (const [code, { when, says }] of Object.entries(WRONG)) {
    it(`says: ${code}`, () => {
      const found = findingsOf(when);
      assert.deepEqual(Object.keys(found), [code]);
      assert.match(found[code], says);
    });
  }

  it('has a case for every finding', () => {
    assert.deepEqual(Object.keys(WRONG).sort(), [...FINDING_CODES].sort());
  });

  it('is explained in the documents, finding by finding', () => {
    const text = document();
    for (const code of FINDING_CODES) assert.ok(text.includes(`\`${code}\``), code);
  });
});

describe('timeouts', () => {
  it('are inferred from the records where options do not tell them', () => {
    const late = findingsOf({ minutes: [{ delays: histogram(...new Array<number>(10).fill(62_000)) }] });
    assert.match(late['inactive-timeout-long'], /half of its records come about 6\d s or more after the last packet/);
    const long = findingsOf({ minutes: [{ activeTimeoutSeconds: 300 }] });
    assert.match(long['active-timeout-long'], /its active timeout is 5 min 0 s/);
  });

  it('are not those of sFlow, which has none', () => {
    const delays = histogram(...new Array<number>(10).fill(62_000));
    assert.deepEqual(findingsOf({ minutes: [{ protocol: 'sflow-v5', delays }] }), {});
  });
});

describe('one direction', () => {
  it('is enough where another router tells of the other', () => {
    const book = new ExporterBook();
    const inwards = facts(0, { counters: { towards: 5000, from: 0 } });
    const outwards = facts(0, { address: '192.0.2.2', counters: { towards: 0, from: 5000 } });
    book.take([inwards, outwards], [], START + MINUTE);
    assert.deepEqual(
      book.reports(START + MINUTE).flatMap(({ diagnosis }) => diagnosis),
      [],
    );
  });
});

describe('advice', () => {
  it('is that of the vendor where it is known, else that of all that send the protocol', () => {
    const adviceOf = (partly: Partly, expectation?: Expectation): string[] => {
      const book = new ExporterBook();
      if (expectation !== undefined) book.expect(new Map([[ADDRESS, expectation]]));
      book.take([facts(0, partly)], [], START + MINUTE);
      const [finding] = book.reports(START + 10 * MINUTE)[0].findings ?? [];
      assert.equal(finding.code, 'exporter-silent');
      assert.ok(finding.advice?.every(({ lines }) => lines.length > 0 && lines.every((line) => line.length < 240)));
      return finding.advice?.map(({ vendor }) => vendor) ?? [];
    };
    assert.deepEqual(adviceOf({}, { vendor: 'juniper' }), ['juniper']);
    assert.deepEqual(adviceOf({}), [...EXPORTER_VENDORS]);
    assert.deepEqual(adviceOf({ protocol: 'sflow-v5' }), ['juniper', 'arista', 'open-vswitch']);
    assert.deepEqual(adviceOf({ protocol: 'sflow-v5' }, { vendor: 'huawei' }), ['huawei']);
  });
});

it('types what the documents show', () => {
  const shown = new Set(
    document()
      .split('\n')
      .map((line) => line.trim()),
  );
  for (const vendor of EXPORTER_VENDORS) {
    for (const { lines } of adviceFor('set-timeouts', 'netflow-v9', vendor)) {
      for (const line of lines.filter((text) => !/^(#|system-view|\/ip)/.test(text))) {
        assert.ok(shown.has(line.trim()), `${vendor}: ${line}`);
      }
    }
  }
});

describe('the book', () => {
  it('adds what several receivers tell of one exporter, and forgets what is long past', () => {
    const book = new ExporterBook();
    const lossy = { counters: { sequenceLost: 10, recordsLost: 300, records: 700 } };
    book.take([facts(0, lossy), facts(0)], [], START + MINUTE);
    assert.ok((book.reports(START + MINUTE)[0].shareNotSeen ?? 0) > 0.009);
    assert.equal(book.reports(START + MINUTE)[0].records, 30_700);
    for (let minute = 1; minute < 12; minute++) book.take([facts(minute)], [], START + MINUTE * (minute + 1));
    const report = book.reports(START + 12 * MINUTE)[0];
    assert.deepEqual([report.shareNotSeen, report.recordsLost, report.diagnosis], [0, 300, []]);
  });

  it('knows which exporters were named and never heard', () => {
    const book = new ExporterBook();
    book.expect(
      new Map([
        [ADDRESS, {}],
        ['192.0.2.7', { name: 'border' }],
      ]),
    );
    book.take([facts(0)], [], START + MINUTE);
    assert.deepEqual(book.missing(), ['nothing has come from exporter border (192.0.2.7)']);
  });

  it('keeps a bounded number of exporters: the one silent longest goes', () => {
    const book = new ExporterBook();
    const all = Array.from({ length: 4100 }, (_, at) => facts(0, { address: `10.0.${at >> 8}.${at & 255}` }));
    book.take(all, [], START);
    const reports = book.reports(START);
    assert.equal(reports.length, 4096);
    assert.ok(!reports.some(({ exporter }) => exporter === '10.0.0.0'));
  });
});
