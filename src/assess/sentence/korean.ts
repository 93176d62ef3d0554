import type { Estimate } from '../../model/incident.ts';
import { clockIn, offsetOf, sameDay } from './clock.ts';
import { boundsOf, NAMES_MAX, rounded, type SentenceFacts, spanOf, type UnknownFact } from './facts.ts';
import { withParticle } from './particles.ts';
import { VECTORS_KO } from './vectors.ts';

const ZONES: Readonly<Record<string, string>> = {
  'Asia/Seoul': '한국 시각',
  'Europe/Kyiv': '키이우 시각',
  UTC: 'UTC',
};

/** The statement in Korean, in the style of an office. */
export function koreanSentence(facts: SentenceFacts): string {
  return [effect(facts), ...lost(facts), ...facts.unknown.map(unknown)].join(' ');
}

/** Who it is, and what happened, with the finding in the same breath as offices say it. */
function effect(facts: SentenceFacts): string {
  const where = names(facts.sites, facts.registered);
  const under = attacked(facts);
  const going = facts.endMs === undefined;
  const lead = `${when(facts)} ${where}`;
  switch (facts.effect) {
    case 'out':
      if (facts.grade === 'D3' || facts.grade === 'D4')
        return `${lead}에서 ${under}${about(facts.outMinutes, going)} 접속 장애가 ${going ? '이어지고 있으며' : '있었으며'}, ${serious(facts)}`;
      return going
        ? `${lead}에서 ${under}${about(facts.outMinutes, going)} 접속 장애가 이어지고 있으나 현재까지 심각한 피해는 없습니다.`
        : `${lead}에서 ${under}${about(facts.outMinutes, going)} 일시적인 접속 장애가 있었으나 심각한 피해는 없었습니다.`;
    case 'degraded':
      return `${lead}에서 ${under}${about(facts.degradedMinutes, going)} 응답 지연이나 오류가 ${going ? '이어지고 있으나' : '있었으나'} ${
        facts.grade === 'D3' || facts.grade === 'D4'
          ? `접속은 가능${going ? '합니다' : '했습니다'}. ${serious(facts)}`
          : going
            ? '현재까지 심각한 피해는 없습니다.'
            : '심각한 피해는 없었습니다.'
      }`;
    case 'fenced':
      return `${withParticle(lead, '은/는')} ${under}국내에서는 정상적으로 접속${going ? '되고 있으며' : '되었으며'}, 국외에서의 접속은 차단${going ? '되고 있습니다' : '되었습니다'}. 심각한 피해는 ${going ? '현재까지 없습니다' : '없었습니다'}.`;
    case 'none':
      return `${withParticle(lead, '은/는')} ${kind(facts)}을 ${going ? '받고 있으나 정상적으로 접속되고 있으며, 현재까지 피해는 없습니다' : '받았으나 정상적으로 접속되었으며, 피해는 없었습니다'}.`;
    case 'unseen':
      return `${withParticle(lead, '은/는')} ${kind(facts)}을 ${going ? '받고 있습니다' : '받았습니다'}. 서비스에 미친 영향은 측정되지 않았습니다.`;
  }
}

function serious({ grade, endMs }: SentenceFacts): string {
  const size = grade === 'D4' ? '심각한' : '상당한';
  return endMs === undefined ? `현재까지 ${size} 지장이 발생하고 있습니다.` : `${size} 지장이 있었습니다.`;
}

/** `서비스 거부 공격(DDoS, 검색 요청 폭주)`. */
function kind({ attack }: SentenceFacts): string {
  return `서비스 거부 공격(DDoS${attack === undefined ? '' : `, ${VECTORS_KO[attack]}`})`;
}

function attacked(facts: SentenceFacts): string {
  if (facts.attack === undefined) return '';
  return `${kind(facts)}이 있는 동안 `;
}

function when({ startMs, endMs, zone }: SentenceFacts): string {
  const from = clockIn(startMs, zone);
  const zoneName = ZONES[zone] ?? offsetOf(startMs, zone);
  const utcFrom = clockIn(startMs, 'UTC');
  const date = `${from.year}년 ${from.month}월 ${from.day}일`;
  const utc = (text: string): string => (zoneName === 'UTC' ? '(UTC)' : `(${zoneName}, UTC ${text})`);
  if (endMs === undefined) return `${date} ${from.time}${utc(utcFrom.time)}부터 현재까지`;
  const to = clockIn(endMs, zone);
  const toText = sameDay(from, to) ? to.time : `${to.month}월 ${to.day}일 ${to.time}`;
  return `${date} ${from.time}부터 ${toText}까지${utc(`${utcFrom.time}~${clockIn(endMs, 'UTC').time}`)}`;
}

const IS_SITE = /(누리집|홈페이지|웹사이트|사이트|포털)$/u;

/** `기상청 누리집`; `대법원과 기상청 누리집`; `대법원, 기상청, 국세청 등 12개 누리집`. */
function names(sites: readonly string[], registered = true): string {
  const shown = sites.slice(0, NAMES_MAX);
  const last = shown[shown.length - 1];
  const end = IS_SITE.test(last) || !registered ? '' : ' 누리집';
  if (sites.length > NAMES_MAX)
    return `${shown.join(', ')} 등 ${sites.length.toLocaleString('ko-KR')}개${registered ? ' 누리집' : ' 주소'}`;
  if (shown.length === 1) return `${last}${end}`;
  const before = withParticle(shown[shown.length - 2], '과/와');
  return `${[...shown.slice(0, -2), before].join(', ')} ${last}${end}`;
}

function about(estimate: Estimate, going: boolean): string {
  if (estimate.value < 0.75) return '1분 미만의';
  const { hours, minutes } = spanOf(estimate.value);
  const span = [hours === 0 ? '' : `${hours}시간`, minutes === 0 && hours > 0 ? '' : `${minutes}분`]
    .filter((part) => part !== '')
    .join(' ');
  const bounds = boundsOf(estimate);
  return `약 ${span}${going ? '째' : '간'}${bounds === undefined ? '' : `(${bounds[0]}~${bounds[1]}분)`}`;
}

function lost({ lostRequests, usersAffected }: SentenceFacts): string[] {
  const said: string[] = [];
  if (lostRequests !== undefined && lostRequests.high >= 1)
    said.push(`이 동안 요청 약 ${range(lostRequests, '건')}이 처리되지 못한 것으로 추정됩니다.`);
  if (usersAffected !== undefined && usersAffected.high >= 1)
    said.push(`영향을 받은 이용자는 약 ${range(usersAffected, '명')}으로 추정됩니다.`);
  return said;
}

function range({ value, low, high }: Estimate, unit: string): string {
  const number = (of: number): string => rounded(of).toLocaleString('ko-KR');
  const bounds = number(low) === number(high) ? '' : `(${number(low)}~${number(high)}${unit})`;
  return `${number(value)}${unit}${bounds}`;
}

function unknown(fact: UnknownFact): string {
  switch (fact.kind) {
    case 'people':
      return '영향을 받은 이용자 수는 확인되지 않았습니다.';
    case 'requests':
      return '처리되지 못한 요청 수는 확인되지 않았습니다.';
    case 'unwatched':
      return `${names(fact.sites)}의 접속 가능 여부는 점검 지점과 접속 기록이 없어 확인되지 않았습니다.`;
    case 'unseen': {
      const minutes = Math.max(1, Math.round(fact.minutes));
      return `약 ${minutes}분간은 서비스 상태가 확인되지 않았습니다.`;
    }
    case 'one-vantage':
      return `${withParticle(names(fact.sites), '은/는')} 한 지점에서만 점검되어 다른 지점의 확인이 없습니다.`;
    case 'ongoing':
      return '언제 끝날지는 알 수 없습니다.';
    case 'cause':
      return '원인은 확인되지 않았으며, 같은 시간에 관측된 공격은 없습니다.';
  }
}
