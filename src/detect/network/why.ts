import { formatBps, formatCount, formatPps } from '../../base/units.ts';
import type { Attack, Evidence } from '../../model/attack.ts';
import { VECTOR_TITLES } from '../../model/vector.ts';
import { PARAMETERS } from './parameters.ts';

/** One sentence: what it is, what was exceeded by how much, and the tests of shape that it met. */
export function explain(attack: Attack): string {
  const { evidence } = attack;
  const title = VECTOR_TITLES[attack.vectors[0].name];
  const text = attack.vectors[0].name === 'slowloris' ? connectionsText : rateText;
  const observed = text(evidence.measure, evidence.observed);
  const limit = text(evidence.measure, evidence.limit);
  const times = evidence.observed / evidence.limit;
  const against =
    evidence.limitFrom === 'baseline'
      ? `the ${limit} that this target's own past allows`
      : evidence.limitFrom === 'configured'
        ? `the configured ${limit}`
        : `the floor of ${limit}${usualText(attack, evidence.measure)}`;
  const how =
    evidence.cusum && times < 1
      ? 'rose steadily towards'
      : `was ${times >= 10 ? times.toFixed(0) : times.toFixed(1)} times`;
  const others = attack.vectors.slice(1).map((vector) => VECTOR_TITLES[vector.name]);
  const shape = evidence.shape.length === 0 ? '' : `; ${evidence.shape.join('; ')}`;
  const sampling =
    evidence.samplingError > 0 ? `; sampling leaves ±${(evidence.samplingError * 100).toFixed(0)} %` : '';
  const carpet = evidence.addresses === undefined ? '' : `, spread over ${formatCount(evidence.addresses)} addresses`;
  return `${capital(title)}${others.length > 0 ? ` with ${others.join(', ')}` : ''}${carpet}: ${observed} in the second from ${clock(evidence.at)} ${how} ${against}${shape}${sampling}.`;
}

/** When it was, or will be, closed. */
export function explainClosing(attack: Attack): string {
  const quiet = `${PARAMETERS.closeAfterSeconds} s below ${PARAMETERS.holdShare * 100} % of the limit that opened it`;
  if (attack.ongoing) return `Still going on; closes after ${quiet}.`;
  return `Last seen ${attack.end === undefined ? '' : clock(attack.end)}; an attack is closed after ${quiet}.`;
}

function usualText(attack: Attack, measure: Evidence['measure']): string {
  const usual = measure === 'connections' ? undefined : attack.baseline[measure];
  if (usual === undefined) return ' for a target without a past';
  return ` (all that is usual here is ${rateText(measure, usual)})`;
}

function connectionsText(_measure: Evidence['measure'], value: number): string {
  return `${formatCount(value)} slow connections`;
}

function rateText(measure: Evidence['measure'], value: number): string {
  if (measure === 'bps') return formatBps(value);
  return measure === 'pps' ? formatPps(value) : `${formatCount(value)} connections/s`;
}

function clock(time: string): string {
  return `${time.slice(11, 19)} UTC`;
}

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
