import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enForms } from './en-forms.ts';
import { formOf, shownValues } from './told.ts';

describe('sentences of the station', () => {
  const f = (sentence: string): unknown => {
    const form = formOf(sentence);
    if (form === undefined) return undefined;
    const say = { number: (value: number) => `<${value}>`, share: (value: number) => `<${value}>`, word: String };
    return [form.name, shownValues(form.values, say)];
  };

  it('are understood by their form, with their numbers', () => {
    assert.deepEqual(f('38 packets on answered connections for 19.7 k SYN'), ['answered', { a: '<38>', b: '<19700>' }]);
    assert.deepEqual(f('100 % for something never asked for before (usually 36 %)'), [
      'novelUsual',
      { a: '<1>', b: '<0.36>' },
    ]);
    assert.deepEqual(f('100 % for something never asked for before'), ['novel', { a: '<1>' }]);
    assert.deepEqual(f('DNS answers of 1400 bytes with their fragments'), [
      'answersFragments',
      { service: 'DNS', a: '<1400>' },
    ]);
    assert.deepEqual(f('Search flood on www.ministry.example'), [
      'on',
      { vector: 'vector.search-flood', target: 'www.ministry.example' },
    ]);
    assert.deepEqual(f('Still going on; closes after 60 s below 50 % of the limit that opened it.'), [
      'goesOn',
      { a: '<60>', b: '<0.5>' },
    ]);
    assert.deepEqual(f('open → recovered'), [
      'change',
      { state: 'incidentState.open', next: 'incidentState.recovered' },
    ]);
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
    const sample = { a: '2', b: '3', c: '4', at: '10:00:00', service: 'NTP', state: 'open', next: 'closed' };
    const words: Readonly<Record<string, string>> = { ...sample, vector: 'SYN flood', target: '192.0.2.1' };
    for (const [key, template] of Object.entries(enForms)) {
      const said = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => words[name]);
      assert.equal(formOf(said)?.name, key.slice('form.'.length), said);
    }
  });
});
