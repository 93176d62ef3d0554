import { Random } from '../../src/base/random.ts';
import type { CheckResult } from '../../src/model/vantage.ts';

/** How a site answers an attempt at a moment: in so many ms; `refused`; not at all; or with a status that is none of its own. */
export type Answer =
  | { readonly kind: 'ok'; readonly ms: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'maintenance' }
  | { readonly kind: 'no-way-out' };

export interface SimulatedVantage {
  readonly name: string;
  /** Share of packets that are lost on its way. */
  readonly loss: number;
}

export interface SimulationOptions {
  readonly site: string;
  readonly vantages: readonly SimulatedVantage[];
  readonly seed: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
  /** What the site does to an attempt that begins at `ms`. */
  readonly answer: (ms: number, vantage: string) => Answer;
}

const TIMEOUT_MS = 10_000;
const RETRIES_MS = [2000, 10_000];
/** A check ends before the next one is due. */
const CHECK_MS = 28_000;
/** Round trips of a check: connect, TLS, question and answer. */
const ROUND_TRIPS = 4;

/** What a prober at each vantage would report, in the order in which it reports: 10 s an attempt and 28 s a check, retries after 2 s and 10 s, jitter of a tenth. */
export function* simulateChecks(options: SimulationOptions): Generator<CheckResult> {
  const random = new Random(options.seed);
  const chance = (): number => random.uint32() / 2 ** 32;
  const queue = options.vantages.map((vantage) => ({
    vantage,
    nextMs: options.fromMs + chance() * options.intervalMs,
  }));
  const waiting: { readonly endMs: number; readonly result: CheckResult }[] = [];
  for (;;) {
    queue.sort((left, right) => left.nextMs - right.nextMs);
    const [next] = queue;
    while (waiting.length > 0 && (waiting[0].endMs <= next.nextMs || next.nextMs >= options.toMs)) {
      const first = waiting.shift();
      if (first !== undefined) yield first.result;
    }
    if (next.nextMs >= options.toMs) return;
    const result = check(options, next.vantage, next.nextMs, chance);
    waiting.push({ endMs: next.nextMs + result.totalMs, result });
    waiting.sort((left, right) => left.endMs - right.endMs);
    next.nextMs += Math.max(options.intervalMs * (0.95 + 0.1 * chance()), result.totalMs);
  }
}

function check(options: SimulationOptions, vantage: SimulatedVantage, atMs: number, chance: () => number): CheckResult {
  const base = {
    site: options.site,
    vantage: vantage.name,
    subject: 'https://www.example/',
    kind: 'http' as const,
    at: new Date(atMs).toISOString(),
  };
  let ms = atMs;
  for (let attempts = 1; ; attempts++) {
    const answer = options.answer(ms, vantage.name);
    const took = attempt(answer, vantage.loss, chance);
    ms += took;
    const totalMs = ms - atMs;
    const told = { ...base, totalMs, attempts };
    if (answer.kind === 'no-way-out') return { ...told, outcome: 'no-way-out' };
    if (answer.kind === 'ok' && took < TIMEOUT_MS)
      return { ...told, outcome: 'ok', status: 200, phasesMs: { firstByte: took } };
    if (attempts <= RETRIES_MS.length && ms + RETRIES_MS[attempts - 1] < atMs + CHECK_MS) {
      ms += RETRIES_MS[attempts - 1];
      continue;
    }
    if (answer.kind === 'status') return { ...told, outcome: 'unexpected', status: answer.status };
    if (answer.kind === 'maintenance') return { ...told, outcome: 'maintenance', status: 200 };
    const code = answer.kind === 'refused' ? 'refused' : 'timeout';
    return { ...told, outcome: 'failed', failure: { phase: 'connect', code, message: code } };
  }
}

/** How long an attempt takes, ms: a lost packet is sent again after 1 s, 2 s, 4 s while connecting, after 0.2 s … later. */
function attempt(answer: Answer, loss: number, chance: () => number): number {
  if (answer.kind === 'silent') return TIMEOUT_MS;
  if (answer.kind === 'refused' || answer.kind === 'no-way-out') return 5;
  let took = answer.kind === 'ok' ? answer.ms * (0.8 + 0.4 * chance()) : 30;
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    for (let wait = trip === 0 ? 1000 : 200; chance() < 1 - (1 - loss) ** 2; wait *= 2) took += wait;
  }
  return Math.min(TIMEOUT_MS, took);
}
