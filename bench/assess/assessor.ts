import { Assessor } from '../../src/assess/assessor.ts';
import { IncidentBook } from '../../src/assess/incident-book.ts';
import type { CheckResult } from '../../src/model/vantage.ts';
import { anAttack } from '../../test/support/attacks.ts';
import { simulateChecks } from '../../test/support/simulated-checks.ts';
import { aSite, VANTAGES } from '../../test/support/sites.ts';
import { type BenchCase, type BenchResult, measure, runCases } from '../harness.ts';

const SITES = 2000;
const INTERVAL_MS = 30_000;
const FROM = Date.UTC(2026, 10, 22);
const LOSS = 0.01;

/** Checks of 2,000 sites from three vantages every 30 s, of which every tenth site goes out for a while. */
function makeChecks(count: number): CheckResult[] {
  const perSite = Math.ceil(count / SITES);
  const toMs = FROM + (perSite / VANTAGES.length) * INTERVAL_MS;
  const checks: { readonly ms: number; readonly check: CheckResult }[] = [];
  for (let at = 0; at < SITES; at++) {
    const goneMs = FROM + ((toMs - FROM) * (at % 7)) / 14 + 120_000;
    const out = (ms: number): boolean => at % 10 === 0 && ms > goneMs && ms < goneMs + 300_000;
    const run = {
      site: `site ${at}`,
      vantages: VANTAGES.map(({ name }) => ({ name, loss: LOSS })),
      seed: at,
      fromMs: FROM,
      toMs,
      intervalMs: INTERVAL_MS,
      answer: (ms: number) => (out(ms) ? ({ kind: 'refused' } as const) : ({ kind: 'ok', ms: 80 } as const)),
    };
    for (const check of simulateChecks(run)) checks.push({ ms: Date.parse(check.at) + check.totalMs, check });
  }
  return checks.sort((left, right) => left.ms - right.ms).map(({ check }) => check);
}

function assess(size: number): BenchResult {
  const checks = makeChecks(size);
  const sites = Array.from({ length: SITES }, (_, at) => aSite(`site ${at}`));
  return measure(checks.length, () => {
    let told = 0;
    const assessor = new Assessor({ intervalMs: INTERVAL_MS, onChange: () => told++ });
    assessor.setSites(sites);
    assessor.setVantages(VANTAGES);
    let tickMs = FROM;
    for (const check of checks) {
      const ms = Date.parse(check.at) + check.totalMs;
      // As a station does, all sites are looked at every five seconds.
      for (; tickMs < ms; tickMs += 5000) assessor.advance(tickMs);
      assessor.check(check);
    }
    return told;
  });
}

/** Attacks on as many sites as a wave has, each told as it begins and as it ends. */
function join(size: number): BenchResult {
  const sites = Array.from({ length: SITES }, (_, at) =>
    aSite(`site ${at}`, { addresses: [`10.0.${at >> 8}.${at & 255}`] }),
  );
  return measure(size, () => {
    let told = 0;
    const book = new IncidentBook({ watched: () => true, onIncident: () => told++ });
    book.setSites(sites);
    for (let at = 0; at < size; at += 2) {
      const startMs = FROM + at * 60_000;
      const attack = { id: `${at}`, startMs, target: { kind: 'site' as const, value: `site ${(at >> 1) % SITES}` } };
      book.takeAttack(anAttack(attack), startMs);
      book.takeAttack(anAttack({ ...attack, endMs: startMs + 30_000 }), startMs + 40_000);
    }
    return told;
  });
}

export const cases: readonly BenchCase[] = [
  // 2,000 sites from three vantages every 30 s are 200 checks a second: a twentieth of a core.
  { name: 'assess/checks', unit: 'checks', goal: 4000, sizes: { small: 18_000, full: 240_000 }, run: assess },
  { name: 'assess/incidents', unit: 'attack events', goal: 500, sizes: { small: 200, full: 4000 }, run: join },
];

if (import.meta.main) await runCases(cases);
