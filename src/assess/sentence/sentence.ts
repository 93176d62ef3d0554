import type { Damage } from '../../model/incident.ts';
import { englishSentence } from './english.ts';
import type { SentenceFacts } from './facts.ts';
import { koreanSentence } from './korean.ts';
import { ukrainianSentence } from './ukrainian.ts';

/** The statement for a press office: which sites, from when to when, how serious, what is not known. */
export function sentences(facts: SentenceFacts): Damage['sentence'] {
  return { en: englishSentence(facts), ko: koreanSentence(facts), uk: ukrainianSentence(facts) };
}
