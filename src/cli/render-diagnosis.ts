import type { Check, Diagnosis, Verdict } from '../station/doctor/check.ts';
import { wrapText } from './layout.ts';
import { type Look, type Paint, paintOf } from './terminal.ts';

const VERDICT_WIDTH = 9;
const TITLE_WIDTH_MAX = 28;

/** What `bonghwa doctor` prints: one check a paragraph, its verdict first, what to type on lines of its own. */
export function renderDiagnosis({ checks }: Diagnosis, at: string, look: Look): string {
  const paint = paintOf(look.colour);
  const widest = Math.max(...checks.map(({ title }) => title.length));
  const titleWidth = Math.min(TITLE_WIDTH_MAX, widest) + 2;
  const lines = [`${paint.bold('Examination')} ${at}`, ''];
  for (const check of checks) lines.push(...checkLines(check, titleWidth, look.width, paint));
  lines.push('', summary(checks, paint));
  return `${lines.join('\n')}\n`;
}

function checkLines(check: Check, titleWidth: number, width: number, paint: Paint): string[] {
  const indent = VERDICT_WIDTH + titleWidth;
  const textWidth = Math.max(20, width - indent);
  const text = [
    ...wrapText(check.found, textWidth),
    ...(check.advice === undefined ? [] : wrapText(check.advice, textWidth)),
  ];
  const title = check.title.length + 2 > titleWidth ? `${check.title}  ` : check.title.padEnd(titleWidth);
  const head = `${painted(check.verdict, paint)}${title}`;
  const lines =
    title.length > titleWidth
      ? [head.trimEnd(), ...text.map((line) => `${' '.repeat(indent)}${line}`)]
      : text.map((line, at) => `${at === 0 ? head : ' '.repeat(indent)}${line}`);
  // Commands are never broken: they are there to be copied.
  for (const command of check.commands ?? []) lines.push(`${' '.repeat(indent)}${paint.bold(`$ ${command}`)}`);
  return lines;
}

function painted(verdict: Verdict, paint: Paint): string {
  const word = verdict.padEnd(VERDICT_WIDTH);
  if (verdict === 'fault') return paint.alarm(word);
  return verdict === 'ok' ? paint.good(word) : paint.bold(word);
}

function summary(checks: readonly Check[], paint: Paint): string {
  const count = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  const [faults, warnings] = [count('fault'), count('warning')];
  const words = (number: number, one: string, many: string): string =>
    number === 0 ? `no ${one}` : number === 1 ? `one ${one}` : `${number} ${many}`;
  const text = `${words(faults, 'fault', 'faults')}, ${words(warnings, 'warning', 'warnings')}, ${count('ok')} ok.`;
  const sentence = `${text[0].toUpperCase()}${text.slice(1)}`;
  return faults > 0 ? paint.alarm(sentence) : paint.bold(sentence);
}
