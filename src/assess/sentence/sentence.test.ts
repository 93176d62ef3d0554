import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DAMAGES, type Estimate } from '../../model/incident.ts';
import type { SentenceFacts } from './facts.ts';
import { withParticle } from './particles.ts';
import { sentences } from './sentence.ts';
import { counted } from './ukrainian.ts';

const START = Date.parse('2026-11-26T05:02:00Z');
const END = Date.parse('2026-11-26T05:09:00Z');
const estimate = (value: number, low: number, high: number): Estimate => ({ value, low, high });
const NONE = estimate(0, 0, 0);

const OUT: SentenceFacts = {
  sites: ['기상청'],
  registered: true,
  effect: 'out',
  attack: 'search-flood',
  startMs: START,
  endMs: END,
  outMinutes: estimate(7, 6, 8),
  degradedMinutes: NONE,
  grade: 'D2',
  lostRequests: estimate(1234, 1010, 1420),
  usersAffected: undefined,
  unknown: [{ kind: 'people' }],
  zone: 'Asia/Seoul',
};

describe('sentences', () => {
  it('state a temporary outage without serious damage as a finding', () => {
    const { ko } = sentences(OUT);
    assert.equal(
      ko,
      '2026년 11월 26일 14:02부터 14:09까지(한국 시각, UTC 05:02~05:09) 기상청 누리집에서 서비스 거부 공격(DDoS, 검색 요청 폭주)이 있는 동안 약 7분간(6~8분) 일시적인 접속 장애가 있었으나 심각한 피해는 없었습니다. 이 동안 요청 약 1,200건(1,000~1,400건)이 처리되지 못한 것으로 추정됩니다. 영향을 받은 이용자 수는 확인되지 않았습니다.',
    );
    const ministry = { ...OUT, sites: ['Ministry of Examples'] };
    assert.equal(
      sentences(ministry).en,
      'On 26 November 2026, from 14:02 to 14:09 Korea Standard Time (05:02 to 05:09 UTC), the website of Ministry of Examples was temporarily unreachable for about 7 minutes (6 to 8 minutes), during a denial-of-service attack (search flood). An estimated 1,200 (between 1,000 and 1,400) requests went unanswered. It was a temporary outage; there was no serious damage. How many people were affected is not known.',
    );
    const kyiv = { ...OUT, sites: ['Міністерство культури'], zone: 'Europe/Kyiv' };
    assert.equal(
      sentences(kyiv).uk.replaceAll('\u00a0', ' '),
      '26 листопада 2026 року з 07:02 до 07:09 за київським часом (05:02–05:09 UTC) вебсайт «Міністерство культури» був тимчасово недоступний близько 7 хвилин (від 6 до 8 хвилин) під час атаки на відмову в обслуговуванні (потік пошукових запитів). За оцінкою, без відповіді залишилося близько 1 200 запитів (від 1 000 до 1 400). Це тимчасовий збій; серйозної шкоди не завдано. Скільки людей це зачепило, невідомо.',
    );
  });

  it('say what goes on as such, and several sites with their count', () => {
    const { en, ko, uk } = sentences({
      ...OUT,
      sites: ['대법원', '기상청', '국세청', '법제처', '통계청'],
      endMs: undefined,
      unknown: [{ kind: 'ongoing' }],
    });
    assert.match(
      en,
      /^Since 14:02 Korea Standard Time \(05:02 UTC\) on 26 November 2026, the websites of .* and 2 more have been unreachable for .* There has been no serious damage so far\./,
    );
    assert.match(
      ko,
      /부터 현재까지 대법원, 기상청, 국세청 등 5개 누리집에서 .*약 7분째.*이어지고 있으나 현재까지 심각한 피해는 없습니다\./,
    );
    assert.match(
      uk,
      /5 вебсайтів \(«대법원», «기상청», «국세청» та інші\) недоступні близько .* Наразі серйозної шкоди не завдано\./,
    );
  });

  it('call a host by its name, and an office as the one whose website it is', () => {
    const named = (...sites: string[]): string => sentences({ ...OUT, sites }).en;
    assert.match(named('www.moj.go.kr'), /, the website www\.moj\.go\.kr was temporarily/);
    assert.match(named('суд.укр', 'court.example'), /, the websites суд\.укр and court\.example were/);
    assert.match(
      named('www.moj.go.kr', 'District court'),
      /, the websites of www\.moj\.go\.kr and District court were/,
    );
  });

  it('let a Ukrainian verb follow the count that is written', () => {
    const said = (count: number, more: Partial<SentenceFacts> = {}): string =>
      sentences({ ...OUT, ...more, sites: Array.from({ length: count }, (_, at) => `С${at}`) }).uk;
    assert.match(said(1), /вебсайт «С0» був тимчасово недоступний/);
    assert.match(said(2), /вебсайти «С0» та «С1» були тимчасово недоступні/);
    assert.match(said(21), /21 вебсайт \(«С0», «С1», «С2» та інші\) був тимчасово недоступний/);
    assert.match(said(22), /22 вебсайти \(.*\) були тимчасово недоступні/);
    const alone = { unknown: [{ kind: 'one-vantage', sites: ['Суд'] }] } as const;
    assert.match(said(1, alone), /Вебсайт «Суд» перевірявся лише з однієї точки; іншого підтвердження немає\.$/);
  });

  it('hold for every grade, effect, count and name', () => {
    const effects = ['unseen', 'none', 'degraded', 'fenced', 'out'] as const;
    const amount = fc
      .record({
        value: fc.double({ min: 0, max: 1e5, noNaN: true }),
        spread: fc.double({ min: 0, max: 1, noNaN: true }),
      })
      .map(({ value, spread }) => estimate(value, value * (1 - spread), value * (1 + spread)));
    const arbitrary = fc.record({
      sites: fc.array(fc.string({ minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 8 }),
      registered: fc.boolean(),
      effect: fc.constantFrom(...effects),
      attack: fc.constantFrom('search-flood' as const, undefined),
      endMs: fc.constantFrom(END, END + 86_400_000, undefined),
      outMinutes: amount,
      degradedMinutes: amount,
      grade: fc.constantFrom(...DAMAGES),
      lostRequests: fc.option(amount, { nil: undefined }),
      usersAffected: fc.option(amount, { nil: undefined }),
      zone: fc.constantFrom('Asia/Seoul', 'Europe/Kyiv', 'UTC', 'America/St_Johns', 'no/such'),
    });
    fc.assert(
      fc.property(arbitrary, (some) => {
        const said = sentences({ ...OUT, ...some });
        for (const text of Object.values(said)) {
          assert.ok(text.length > 20);
          assert.doesNotMatch(text.replace(some.sites.join('|'), ''), /undefined|NaN|Infinity/);
          for (const name of some.sites.slice(0, 3)) assert.ok(text.includes(name), text);
        }
        // A finding of serious damage is never said to be none, and the other way round.
        const mild = some.grade === 'D1' || some.grade === 'D2';
        if (some.effect === 'out') assert.equal(/심각한 피해는 없/.test(said.ko), mild || some.grade === 'D0');
      }),
      { numRuns: 300 },
    );
  });
});

describe('withParticle', () => {
  it('follows the last sound', () => {
    const said = [
      '대법원',
      '국토교통부',
      '서울',
      '포털 2',
      '포털 3',
      '제1',
      '100',
      'KBS',
      'MBN',
      'SQL',
      "'기상청'",
      '법원(서울)',
      'gov.kr',
    ];
    assert.deepEqual(
      said.map((word) => withParticle(word, '은/는').slice(word.length)),
      ['은', '는', '은', '는', '은', '은', '은', '는', '은', '은', '은', '은', '은(는)'],
    );
    assert.deepEqual(
      ['서울', '부산', '대구', '1', '6'].map((word) => withParticle(word, '으로/로')),
      ['서울로', '부산으로', '대구로', '1로', '6으로'],
    );
    assert.deepEqual(
      [withParticle('법원', '과/와'), withParticle('검찰청', '이/가'), withParticle('국회', '을/를')],
      ['법원과', '검찰청이', '국회를'],
    );
  });

  it('knows every syllable of Hangul', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xd7a3 - 0xac00 }), (at) => {
        const word = String.fromCharCode(0xac00 + at);
        // Decomposed, a syllable with a final consonant has three parts.
        const closed = [...word.normalize('NFD')].length === 3;
        assert.equal(withParticle(word, '은/는'), word + (closed ? '은' : '는'));
      }),
    );
  });
});

describe('counted', () => {
  it('has one, few and many', () => {
    const forms = ['запит', 'запити', 'запитів'] as const;
    for (const [count, form] of [
      [1, 'запит'],
      [2, 'запити'],
      [4, 'запити'],
      [5, 'запитів'],
      [11, 'запитів'],
      [12, 'запитів'],
      [21, 'запит'],
      [22, 'запити'],
      [111, 'запитів'],
      [101, 'запит'],
    ] as const)
      assert.equal(counted(count, forms), `${count} ${form}`);
  });
});
