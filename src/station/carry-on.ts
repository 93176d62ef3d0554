import type { Attack, Attacker, WebEvidence } from '../model/attack.ts';

/** Attackers that one attack names, and points of its picture. */
const ATTACKERS_MAX = 1000;
const TIMELINE_MAX = 600;

/**
 * An attack that a log told of before a start (`before`), with what was counted of it since (`now`): sums go on, and what opened it
 * stays as it was. Where `now` is what was told before, since nothing of it was seen again, it is told as it is.
 */
export function carryOn(before: Attack, now: Attack): Attack {
  const [was, is] = [before.evidence.web, now.evidence.web];
  if (was === undefined || is === undefined || now.evidence.at === before.evidence.at) return now;
  const attackers = joinAttackers(before.attackers ?? [], now.attackers ?? []);
  const told = Math.max(before.attackersTotal ?? 0, now.attackersTotal ?? 0, attackers.length);
  const rps = Math.max(before.peak.rps ?? 0, now.peak.rps ?? 0);
  return {
    ...now,
    peak: { ...now.peak, bps: Math.max(before.peak.bps, now.peak.bps), rps },
    baseline: before.baseline.learnedSeconds > now.baseline.learnedSeconds ? before.baseline : now.baseline,
    sources: { ...now.sources, distinct: told },
    attackers: attackers.slice(0, ATTACKERS_MAX),
    attackersTotal: told,
    why: before.why,
    evidence: { ...before.evidence, bytes: before.evidence.bytes + now.evidence.bytes, web: joinEvidence(was, is) },
    timeline: joinTimelines(before.timeline, now.timeline),
  };
}

/** Shares and times are those of now; what is counted is the sum. */
function joinEvidence(was: WebEvidence, is: WebEvidence): WebEvidence {
  const { failedShareBefore, p95MsBefore } = was;
  return {
    ...is,
    requests: was.requests + is.requests,
    failed: was.failed + is.failed,
    bytes: was.bytes + is.bytes,
    otherRequests: was.otherRequests + is.otherRequests,
    ...(failedShareBefore === undefined ? {} : { failedShareBefore }),
    ...(p95MsBefore === undefined ? {} : { p95MsBefore }),
    ...(is.lines.length === 0 ? { lines: was.lines } : {}),
  };
}

/** Most requests first. */
function joinAttackers(was: readonly Attacker[], is: readonly Attacker[]): Attacker[] {
  const all = new Map(was.map((attacker) => [attacker.addr, attacker]));
  for (const attacker of is) {
    const known = all.get(attacker.addr);
    all.set(
      attacker.addr,
      known === undefined
        ? attacker
        : { ...attacker, requests: known.requests + attacker.requests, firstSeen: known.firstSeen },
    );
  }
  return [...all.values()].sort((left, right) => right.requests - left.requests || (left.addr < right.addr ? -1 : 1));
}

/** The first picture, and behind it the second where it lies later. */
function joinTimelines(was: Attack['timeline'], is: Attack['timeline']): Attack['timeline'] {
  const rps = [...(was.rps ?? [])];
  const offset = Math.round((Date.parse(is.from) - Date.parse(was.from)) / was.stepMs);
  for (const [at, rate] of (is.rps ?? []).entries()) {
    const place = offset + at;
    if (place < rps.length || place >= TIMELINE_MAX) continue;
    while (rps.length < place) rps.push(0);
    rps.push(rate);
  }
  return { ...was, rps };
}
