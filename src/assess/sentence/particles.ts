/** Korean particles, which follow the last sound of the word before them. */
export type Particle = '은/는' | '이/가' | '을/를' | '과/와' | '으로/로';

const HANGUL_FIRST = 0xac00;
const HANGUL_LAST = 0xd7a3;
/** Final consonants of a syllable; 0 is none, 8 is ㄹ. */
const FINALS = 28;
const RIEUL = 8;

type Final = 'none' | 'rieul' | 'other' | 'unsure';

/** Digits as they are read: 영 일 이 삼 사 오 육 칠 팔 구. */
const DIGITS: readonly Final[] = ['other', 'rieul', 'none', 'other', 'none', 'none', 'other', 'rieul', 'rieul', 'none'];

/** The word with its particle. Where a foreign word may be read in two ways, both are written: `은(는)`. */
export function withParticle(word: string, particle: Particle): string {
  const [after, open] = particle.split('/');
  switch (finalOf(word)) {
    case 'none':
      return word + open;
    case 'rieul':
      return word + (particle === '으로/로' ? open : after);
    case 'other':
      return word + after;
    case 'unsure':
      return `${word}${particle === '으로/로' ? '(으)로' : `${after}(${open})`}`;
  }
}

/** How the last sound of a word ends. Brackets and quotes after it are not spoken. */
function finalOf(word: string): Final {
  const spoken = word.replace(/\s*\([^()]*\)\s*$/u, '').replace(/[^\p{L}\p{N}]+$/u, '');
  const last = spoken.at(-1);
  if (last === undefined) return 'unsure';
  const code = last.charCodeAt(0);
  if (code >= HANGUL_FIRST && code <= HANGUL_LAST) {
    const final = (code - HANGUL_FIRST) % FINALS;
    return final === 0 ? 'none' : final === RIEUL ? 'rieul' : 'other';
  }
  if (/[0-9]/.test(last)) return digitFinal(spoken);
  // Letters of an abbreviation are read by their names: 엘, 엠, 엔, 알 have a final consonant.
  const letters = /[A-Z]+$/.exec(spoken)?.[0];
  if (letters !== undefined) return /[LR]$/.test(letters) ? 'rieul' : /[MN]$/.test(letters) ? 'other' : 'none';
  if (/[aeiouy]$/.test(last)) return /[aiouy]$/.test(last) ? 'none' : 'unsure';
  if (/[lmn]$/.test(last)) return last === 'l' ? 'rieul' : 'other';
  return 'unsure';
}

/** 십, 백, 천 after round numbers: all end in a consonant. */
function digitFinal(spoken: string): Final {
  const digits = /[0-9]+$/.exec(spoken)?.[0] ?? '';
  const last = Number(digits.at(-1));
  if (last !== 0 || !/[1-9]/.test(digits)) return DIGITS[last];
  // From ten thousand on a round number ends in 만, and 억 beyond: consonants too.
  return 'other';
}
