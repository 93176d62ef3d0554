import { VECTORS_KO, VECTORS_UK } from '../../assess/sentence/vectors.ts';
import type { Language, SiteState } from '../../model/incident.ts';
import { type AttackVector, VECTOR_TITLES } from '../../model/vector.ts';

type Told = Readonly<Record<Language, string>>;

/** What messages say, in three languages; `{name}` stands for what is told. */
const WORDS = {
  'attack-began': {
    en: 'Attack on {target}: {vector}',
    ko: '{target} 공격 감지: {vector}',
    uk: 'Атака на {target}: {vector}',
  },
  'attack-ended': {
    en: 'The attack on {target} is over',
    ko: '{target} 공격 종료',
    uk: 'Атака на {target} завершилася',
  },
  'attack-joined': {
    en: 'The attack on {target} is one with {into}',
    ko: '{target} 공격은 {into}와(과) 같은 공격입니다',
    uk: 'Атака на {target} — та сама, що й {into}',
  },
  'incident-began': { en: 'Incident: {title}', ko: '사고: {title}', uk: 'Інцидент: {title}' },
  'incident-worse': { en: 'Incident is worse: {title}', ko: '사고 악화: {title}', uk: 'Інцидент погіршився: {title}' },
  'incident-ended': { en: 'Incident closed: {title}', ko: '사고 종결: {title}', uk: 'Інцидент закрито: {title}' },
  'site-began': { en: '{site} is {state}', ko: '{site} {state}', uk: 'Сайт {site} {state}' },
  'site-ended': { en: '{site} is back', ko: '{site} 복구', uk: '{site} знову працює' },
  'exporter-began': { en: 'An exporter needs a look', ko: '익스포터 점검 필요', uk: 'Експортер потребує уваги' },
  'exporter-ended': { en: 'An exporter is all right again', ko: '익스포터 정상화', uk: 'Експортер знову в нормі' },
  'station-began': { en: 'The station needs a look', ko: '스테이션 점검 필요', uk: 'Станція потребує уваги' },
  'station-ended': { en: 'The station is all right again', ko: '스테이션 정상화', uk: 'Станція знову в нормі' },
  test: {
    en: 'A test: this is how you will be told',
    ko: '시험 메시지: 이와 같이 알려 드립니다',
    uk: 'Перевірка: так вас буде сповіщено',
  },
  more: { en: 'and {count} more', ko: '외 {count}건', uk: 'і ще {count}' },
  several: { en: '{count} events', ko: '사건 {count}건', uk: 'Подій: {count}' },
} as const satisfies Record<string, Told>;

/** States of a site as a sentence about it has them. */
const STATES: Readonly<Record<SiteState, Told>> = {
  up: { en: 'up', ko: '정상', uk: 'працює' },
  degraded: { en: 'degraded', ko: '성능 저하', uk: 'працює з перебоями' },
  partial: { en: 'down for some', ko: '일부 접속 중단', uk: 'частково недоступний' },
  'geo-fenced': { en: 'down abroad', ko: '해외 접속 중단', uk: 'недоступний з-за кордону' },
  down: { en: 'down', ko: '접속 중단', uk: 'недоступний' },
  flapping: { en: 'unsteady', ko: '불안정', uk: 'нестійкий' },
  unknown: { en: 'not known', ko: '상태 알 수 없음', uk: 'у невідомому стані' },
  maintenance: { en: 'under maintenance', ko: '점검 중', uk: 'на обслуговуванні' },
};

export const stateWords = (state: SiteState): Told => STATES[state];

export const vectorWords = (vector: AttackVector): Told => ({
  en: VECTOR_TITLES[vector],
  ko: VECTORS_KO[vector],
  uk: VECTORS_UK[vector],
});

export type WordKey = keyof typeof WORDS;

/** The text in each language, with what it tells of put in. */
export function words(key: WordKey, told: Readonly<Record<string, string | number | Told>>): Record<Language, string> {
  const filled = (language: Language): string =>
    WORDS[key][language].replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = told[name] ?? '';
      return String(typeof value === 'object' ? value[language] : value);
    });
  return { en: filled('en'), ko: filled('ko'), uk: filled('uk') };
}
