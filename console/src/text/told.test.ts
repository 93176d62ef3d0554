import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enFindings } from './en-findings.ts';
import { enForms } from './en-forms.ts';
import { formsOf, say } from './told.ts';

describe('sentences of the station', () => {
  const f = (sentence: string): string | undefined => {
    const forms = formsOf(sentence);
    if (forms === undefined) return undefined;
    return say(forms, {
      text: (name, values) => `${name}(${Object.values(values).join(', ')})`,
      number: String,
      share: (value) => `${value * 100}%`,
      duration: (ms) => `${ms} ms`,
      word: (key) => key,
    });
  };

  it('are understood by their form, with their numbers', () => {
    const cases: Readonly<Record<string, string>> = {
      '38 packets on answered connections for 19.7 k SYN': 'answered(38, 19700)',
      '100 % for something never asked for before (usually 36 %)': 'novelUsual(100%, 36%)',
      '100 % for something never asked for before': 'novel(100%)',
      'DNS answers of 1400 bytes with their fragments': 'answersFragments(DNS, 1400)',
      'Search flood on www.ministry.example': 'on(vector.search-flood, www.ministry.example)',
      'Still going on; closes after 60 s below 50 % of the limit that opened it.': 'goesOn(60, 50%)',
      'open → recovered': 'change(incidentState.open, incidentState.recovered)',
      'a certificate that browsers refuse (it cannot be verified (UNABLE_TO_VERIFY_LEAF_SIGNATURE))':
        'certificate(certUnverified(UNABLE_TO_VERIFY_LEAF_SIGNATURE))',
      'no connection (refused)': 'phaseConnect(fault.refused)',
      'no connection (of-tomorrow)': 'phaseConnect(of-tomorrow)',
      "its clock, or the station's, jumped back by 60 s 5 min 3 s ago.": 'clockBack(60000 ms, 303000 ms)',
      'seoul (2001:db8::1): about 9.00 k records came while the station was down, and were not seen.':
        'ofExporter(seoul (2001:db8::1), missedWhileDown(9000))',
      'the sampling rate changed to 1 in 100 2 h 5 min ago; before it was 1 in 1000 and 1 in 16384.':
        'samplingChanged(1:100, 7500000 ms, 1:1000, 1:16384)',
    };
    for (const [sentence, understood] of Object.entries(cases)) assert.equal(f(sentence), understood);
  });

  it('are understood one in the other, and one after the other', () => {
    assert.equal(
      f(
        'www.ministry.example is down: 3 of 3 vantages in 3 networks cannot reach it: an unexpected answer (status 503) at seoul, busan and frankfurt; 96 % of 1994 requests in the log failed, 80 answered where 438 are usual',
      ),
      'siteIs(www.ministry.example, state.down, cannotReachNetworks(3, 3, 3, causeAt(unexpectedStatus(503), seoul, busan, frankfurt)); logFailedUsual(96%, 1994, 80, 438))',
    );
    assert.equal(f('the vantages reach it, but 42 % of 638 requests in the log failed'), 'butLog(logFailed(42%, 638))');
    assert.equal(
      f('3 of 9 vantages cannot reach it: no answer at seoul, oslo and 2 more, a block page at busan'),
      'cannotReach(3, 9, causeAt(noAnswer(), seoul, oslo, + 2); causeAt(blockPage(), busan))',
    );
    assert.equal(f('2 of 3 vantages cannot reach it: no answer at seoul, something else at busan'), undefined);
    assert.equal(
      f(
        'all 2 vantages at home reach it, the only one abroad does not: no answer at frankfurt, during a SYN flood: closing a site towards abroad is a common defence',
      ),
      'fencedDuring(homeReach(2), abroadDoesNot(), causeAt(noAnswer(), frankfurt), vector.syn-flood)',
    );
  });

  it('are left as they are where they have another form, or where a stranger wrote them', () => {
    for (const sentence of [
      'Meeting on www.ministry.example',
      'many sources',
      'open → <script>',
      '38 packets on answered connections for 19.7 x SYN',
      `1 source${' '.repeat(500)}`,
    ])
      assert.equal(f(sentence), undefined, sentence);
  });

  it('are each known by its own form', () => {
    const words: Readonly<Record<string, string>> = {
      ...{ a: '2', b: '3', c: '4', d: '5', at: '10:00:00', service: 'NTP', state: 'open', next: 'closed' },
      ...{ vector: 'SYN flood', target: '192.0.2.1', siteState: 'down', why: 'answers are slow' },
      ...{ causes: 'no answer at seoul, a block page at busan', home: 'all 2 vantages at home reach it' },
      ...{ abroad: 'the only one abroad does not', attack: 'a SYN flood' },
      ...{ failure: 'no answer', names: 'seoul', code: 'timeout', quoted: 'Welcome', reason: 'UNKNOWN' },
      ...{ time: '2 h 5 min', pause: '0.88 s', datagrams: '1 datagram', sets: '2 sets', ratio: '1 in 10' },
      ...{ ratios: '1 in 10, 1 in 20', keeper: '2001:db8::1', missing: '3, 4', seen: '5', heard: 'seoul (192.0.2.1)' },
      finding: 'its active timeout is 5 min 0 s: a long flow is told of only that late; set it to 60 s or less.',
    };
    for (const [key, template] of Object.entries({ ...enForms, ...enFindings })) {
      const said = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => words[name]);
      assert.equal(formsOf(said)?.[0].name, key.slice('form.'.length), said);
    }
  });
});
