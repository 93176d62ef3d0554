import { formatAddress, parseAddress } from '../base/ip.ts';
import { parsePrefix, prefixContains } from '../base/prefix.ts';
import type { Attack } from '../model/attack.ts';

/** Addresses and prefixes of a site, where they are known. */
export type AddressesOf = (site: string) => readonly string[];

/** Flows are told late, and lines when a request ends: so far apart two views of one attack may begin and end, ms. */
const SLACK_MS = 90_000;
/** Share of the largest sources of the flows that the log names too, from which on it is the same attack without a word about addresses. */
const COMMON_MIN = 0.5;
/** Sources of the flows that there must be for that. */
const SOURCES_MIN = 3;

/**
 * Attacks that flows saw and attacks that a log saw, with each pair that is one and the same as one attack with both kinds of evidence.
 * It is the same where they overlap in time and the flows went to an address of the site, or came from those whom the log names.
 */
export function joinAttacks(
  flows: readonly Attack[],
  logs: readonly Attack[],
  addressesOf: AddressesOf = () => [],
): Attack[] {
  const joined: Attack[] = [];
  const left = [...flows];
  for (const log of logs) {
    const at = left.findIndex((flow) => isSameAttack(flow, log, addressesOf));
    if (at < 0) joined.push(log);
    else joined.push(joinTwo(left.splice(at, 1)[0], log));
  }
  return [...joined, ...left].sort(
    (one, other) => one.start.localeCompare(other.start) || one.id.localeCompare(other.id),
  );
}

/** True where the attack that flows saw is the one that a log saw. */
export function isSameAttack(flow: Attack, log: Attack, addressesOf: AddressesOf): boolean {
  if (flow.direction !== log.direction || flow.evidence.web !== undefined || log.evidence.web === undefined)
    return false;
  if (!overlap(flow, log)) return false;
  if (flow.target.kind === 'site') return flow.target.value === log.target.value;
  if (addressesOf(log.target.value).some((address) => isIn(flow, address))) return true;
  return fromSame(flow, log);
}

function overlap(flow: Attack, log: Attack): boolean {
  const endOf = (attack: Attack): number =>
    attack.ongoing || attack.end === undefined ? Number.POSITIVE_INFINITY : Date.parse(attack.end);
  return Date.parse(flow.start) <= endOf(log) + SLACK_MS && Date.parse(log.start) <= endOf(flow) + SLACK_MS;
}

function isIn({ target }: Attack, address: string): boolean {
  const words = parseAddress(address);
  if (words === undefined) {
    const network = parsePrefix(address);
    const attacked = target.kind === 'address' ? parseAddress(target.value) : undefined;
    return network !== undefined && attacked !== undefined && prefixContains(network, attacked);
  }
  if (target.kind === 'address') return target.value === formatAddress(words);
  const prefix = target.kind === 'prefix' ? parsePrefix(target.value) : undefined;
  return prefix !== undefined && prefixContains(prefix, words);
}

function fromSame(flow: Attack, log: Attack): boolean {
  if (flow.sources.spoofed === 'likely' || flow.sources.top.length < SOURCES_MIN) return false;
  const named = new Set((log.attackers ?? []).map(({ addr }) => addr));
  let all = 0;
  let common = 0;
  for (const { addr, share } of flow.sources.top) {
    all += share;
    if (named.has(addr)) common += share;
  }
  return all > 0 && common >= COMMON_MIN * all;
}

/** One attack of two views: flows tell its volume, the log what it asks for and who does; told under the id of the one told first. */
export function joinTwo(flow: Attack, log: Attack): Attack {
  const first = flow.detectedAt <= log.detectedAt ? flow : log;
  const ongoing = flow.ongoing || log.ongoing;
  const ends = [flow.end, log.end].filter((end) => end !== undefined).sort();
  const vectors = [...log.vectors, ...flow.vectors.filter(({ name }) => log.vectors.every((of) => of.name !== name))];
  const all = vectors.reduce((sum, { share }) => sum + share, 0);
  const { end: _flowEnd, ...flowRest } = flow;
  return {
    ...flowRest,
    id: first.id,
    target: log.target,
    vectors: vectors.map(({ name, share }) => ({ name, share: all > 0 ? share / all : share })),
    rhythm: flow.rhythm === 'steady' ? log.rhythm : flow.rhythm,
    start: flow.start < log.start ? flow.start : log.start,
    detectedAt: first.detectedAt,
    ...(ongoing || ends.length === 0 ? {} : { end: ends[ends.length - 1] }),
    ongoing,
    peak: { ...flow.peak, ...(log.peak.rps === undefined ? {} : { rps: log.peak.rps }) },
    baseline: { ...flow.baseline, ...(log.baseline.rps === undefined ? {} : { rps: log.baseline.rps }) },
    // A log tells who finished a handshake and asked: these are real.
    sources: (log.attackersTotal ?? 0) > 0 ? { ...flow.sources, ...log.sources } : flow.sources,
    ...(log.attackers === undefined ? {} : { attackers: log.attackers }),
    ...(log.attackersTotal === undefined ? {} : { attackersTotal: log.attackersTotal }),
    ...(log.template === undefined ? {} : { template: log.template }),
    why: `In the log: ${log.why} In the flows: ${flow.why}`,
    closing: ongoing && !flow.ongoing ? log.closing : flow.closing,
    evidence: {
      ...flow.evidence,
      shape: [...log.evidence.shape, ...flow.evidence.shape],
      ...(log.evidence.web === undefined ? {} : { web: log.evidence.web }),
    },
    timeline: { ...flow.timeline, rps: resampled(log, flow) },
  };
}

/** Requests a second of the log, at the times of the picture of the flows. */
function resampled(log: Attack, flow: Attack): number[] {
  const rates = log.timeline.rps ?? [];
  const fromMs = Date.parse(flow.timeline.from);
  const logMs = Date.parse(log.timeline.from);
  return flow.timeline.pps.map((_, at) => {
    const place = Math.floor((fromMs + at * flow.timeline.stepMs - logMs) / log.timeline.stepMs);
    return rates[place] ?? 0;
  });
}
