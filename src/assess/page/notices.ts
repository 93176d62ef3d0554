import type { PageKind } from './recognise.ts';

/** Words of a notice in one language. They are looked for in lower case. */
export interface Notice {
  readonly kind: PageKind;
  readonly language: 'English' | 'Korean' | 'Ukrainian' | 'Russian';
  readonly words: RegExp;
  /** True where an ordinary error page says the same: it counts only under a status that claims success. */
  readonly onlyUnderSuccess?: true;
}

/**
 * What sites say when they are closed, and what those in front of them say when they turn somebody away. Taken from the words that
 * pages use, not from single sites.
 */
export const NOTICES: readonly Notice[] = [
  {
    kind: 'challenge',
    language: 'English',
    words:
      /checking your browser|verify(ing)? (that )?you are (a )?human|are you (a )?(human|robot)|not a (ro)?bot\b|prove (that )?you are human|complete the (captcha|security check)|one more step|security check to access|enable javascript and cookies to continue/,
  },
  {
    kind: 'challenge',
    language: 'Korean',
    words:
      /브라우저(를|를 )? ?(확인|검사|검증)|사람인지 확인|로봇이 아닙니다|자동 ?(접속|입력) ?방지|보안문자를 입력|보안 확인을 완료/,
  },
  {
    kind: 'challenge',
    language: 'Ukrainian',
    words:
      /перевірк[аи] (вашого )?браузера|перевіряємо ваш браузер|підтвердьте,? що ви (не робот|людина)|я не робот|введіть (капчу|символи з картинки)/,
  },
  {
    kind: 'challenge',
    language: 'Russian',
    words:
      /проверк[аи] (вашего )?браузера|проверяем ваш браузер|подтвердите,? что (вы|запросы).{0,40}(не робот|человек)|я не робот|введите (капчу|символы с картинки)/,
  },
  {
    kind: 'blocked',
    language: 'English',
    words:
      /access (has been |is )?(denied|blocked|restricted)|you (have been|are|were) blocked|(your )?ip( address)? (has been|is|was) (blocked|banned|blacklisted)|request (has been |was |is )?(blocked|rejected)|not available (in|from) your (country|region|location)|blocked (in|from|for) your (country|region|network)|requested url was rejected/,
  },
  {
    kind: 'blocked',
    language: 'Korean',
    words:
      /(접근|접속|요청)[이을]? ?(차단|제한|거부) ?(되었습니다|됐습니다|됩니다|안내)?|차단되었습니다|해외(에서|에서의| ?ip)[^.]{0,20}(접속|접근|차단|제한)|비정상적인 (접근|접속|트래픽)|유해 ?정보.{0,12}차단|허용되지 않은 ?(ip|접근|접속)/,
  },
  {
    kind: 'blocked',
    language: 'Ukrainian',
    words:
      /доступ (до .{1,40} )?(заборонено|заблоковано|обмежено)|(вашу|ваша|ваш) ip.{0,12}(заблоковано|заблокована|заблокований)|вас (було )?заблоковано|недоступн(ий|о|а) (у|в|для) ваш(ій|ої|ому) (країн|регіон)|запит (було )?(відхилено|заблоковано)/,
  },
  {
    kind: 'blocked',
    language: 'Russian',
    words:
      /доступ (к .{1,40} )?(запрещ[её]н|заблокирован|ограничен)|ваш ip.{0,12}заблокирован|вы (были )?заблокированы|недоступ(ен|на|но) (в|для) ваш(ей|ем|его) (стран|регион)|запрос (был )?(отклон[её]н|заблокирован)/,
  },
  {
    kind: 'maintenance',
    language: 'English',
    words:
      /(under|down for|undergoing|scheduled|planned|emergency|routine|in) maintenance|maintenance (mode|in progress|work)|we('|\u2019)?(ll| will) be (right )?back|be back (soon|shortly)|site is (being updated|under construction)/,
  },
  {
    kind: 'maintenance',
    language: 'Korean',
    words:
      /(시스템|서비스|서버|홈페이지|사이트|정기|긴급|임시|작업으로 인한) ?점검|점검 ?(중|안내|시간)|서비스(가|를|를 )? ?(일시|잠시|임시)적?(으로)? ?중단|(시스템|홈페이지|누리집) ?(작업|개편) ?(중|으로)/,
  },
  {
    kind: 'maintenance',
    language: 'Ukrainian',
    words:
      /(технічн|профілактичн|регламентн|планов)[а-яіїєґ]{1,4} (роб[оі]т|обслуговуванн|перерв)|на (технічному )?обслуговуванні|сайт (на реконструкції|оновлюється)|ведуться роботи/,
  },
  {
    kind: 'maintenance',
    language: 'Russian',
    words:
      /(техническ|профилактическ|регламентн|планов)[а-яё]{1,4} (работ|обслуживан|перерыв)|на (техническом )?обслуживании|сайт (на реконструкции|обновляется)|ведутся работы/,
  },
  {
    kind: 'maintenance',
    language: 'English',
    words:
      /(site|website|page|service|portal)[^.]{0,20} (is )?(temporarily|currently) (unavailable|closed|offline|down)/,
    onlyUnderSuccess: true,
  },
  { kind: 'maintenance', language: 'Korean', words: /일시적으로 (이용|접속|서비스)/, onlyUnderSuccess: true },
  { kind: 'maintenance', language: 'Ukrainian', words: /тимчасово (недоступн|не працю)/, onlyUnderSuccess: true },
  { kind: 'maintenance', language: 'Russian', words: /временно (недоступ|не работа)/, onlyUnderSuccess: true },
];
