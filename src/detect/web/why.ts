import { formatCount, formatShare } from '../../base/units.ts';
import type { Attack } from '../../model/attack.ts';
import { VECTOR_TITLES } from '../../model/vector.ts';
import { WEB } from './parameters.ts';

/** One sentence: what it is, from how many, on what, against what is usual, and what tells it from people. */
export function explainWeb(attack: Attack, usual: number): string {
  const { evidence } = attack;
  const title = VECTOR_TITLES[attack.vectors[0].name];
  const total = attack.attackersTotal ?? 0;
  const from = total === 0 ? '' : ` from ${formatCount(total)} ${total === 1 ? 'client' : 'clients'}`;
  const on = attack.template === undefined || evidence.measure === 'connections' ? '' : ` on ${attack.template}`;
  const shape = evidence.shape.length === 0 ? '' : `: ${evidence.shape.join('; ')}`;
  const head = `${title[0].toUpperCase()}${title.slice(1)}${from}${on}`;
  if (evidence.measure === 'connections') {
    return `${head}: ${formatCount(evidence.observed)} slow connections where ${formatCount(evidence.limit)} are the limit${shape.replace(/^: /, '; ')}.`;
  }
  const learned =
    attack.baseline.learnedSeconds < WEB.learnedSecondsMin
      ? 'in a log that tells no past'
      : `where ${rate(usual)} is usual and ${rate(evidence.limit)} the limit`;
  const parts = attack.vectors.slice(1).map(({ name, share }) => `${VECTOR_TITLES[name]} ${formatShare(share)}`);
  return `${head}${parts.length === 0 ? '' : ` with ${parts.join(', ')}`}, ${rate(evidence.observed)} ${learned}${shape}.`;
}

/** When it was, or will be, closed. */
export function explainClosing(attack: Attack): string {
  const quiet = `${WEB.closeAfterSeconds} s below ${WEB.holdShare * 100} % of the limit that opened it`;
  if (attack.ongoing) return `Still going on; closes after ${quiet}.`;
  const end = attack.end === undefined ? '' : ` ${attack.end.slice(11, 19)} UTC`;
  return `Last seen${end}; an attack is closed after ${quiet}.`;
}

function rate(value: number): string {
  return `${value >= 100 ? formatCount(value) : Number(value.toPrecision(2))} requests/s`;
}
