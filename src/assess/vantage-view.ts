import { CHECK_KINDS, type CheckResult } from '../model/vantage.ts';
import { LatencyBaseline } from './latency.ts';
import { ASSESS } from './parameters.ts';

/** What one check says of the service: well; slow or by a detour (a challenge page); not there. */
export type Service = 'good' | 'slow' | 'failed';

export interface RecentCheck {
  readonly service: Service;
  /** When it began and ended, ms since 1970; `firstMs` is when its first attempt was over. */
  readonly startMs: number;
  readonly endMs: number;
  readonly firstMs: number;
  readonly answerMs: number;
}

/** A run of checks without a good one between: how long, since when, and the last good moment before it. */
export interface FailedRun {
  readonly checks: number;
  readonly startMs: number;
  /** The end of the first failed attempt: service had failed by then. */
  readonly failedByMs: number;
  /** The last good answer before; -Infinity where there was none. */
  readonly goodMs: number;
}

/** Counts of `LatencyBaseline` by the kind of check. */
export type VantageLatency = { readonly [kind in CheckResult['kind']]?: readonly number[] | undefined };

interface Subject {
  /** Failed checks in a row. */
  failed: number;
  atMs: number;
}

/** One site as one vantage sees it. Bounded; all times are those of the checks. */
export class VantageView {
  readonly name: string;
  /** What is usual of its time to answer, by the kind of check. */
  readonly #latency = new Map<CheckResult['kind'], LatencyBaseline>();
  /** The last checks, the latest last. */
  readonly recent: RecentCheck[] = [];
  readonly #subjects = new Map<string, Subject>();
  /** Why its last check failed, in words. */
  failure = '';
  outcome: CheckResult['outcome'] = 'ok';
  lastMs = Number.NEGATIVE_INFINITY;
  /** True where the last check says nothing of the site: its own way out failed. */
  blind = false;
  certificateNotAfter: string | undefined;
  certificateBad = false;
  /** Attempts of the last check. */
  #attempts = 1;
  #run: FailedRun | undefined;
  #goodMs = Number.NEGATIVE_INFINITY;
  /** Start of the run of good checks that it is in. */
  #goodFromMs: number | undefined;
  /** Since when it gets answers, fast or slow. */
  answersFromMs: number | undefined;
  /** Start of the last failed check. */
  failedMs = Number.NEGATIVE_INFINITY;

  readonly #staleMs: number;
  #kind: CheckResult['kind'] = 'http';

  /** What was not checked for `staleMs` counts no more. */
  constructor(name: string, staleMs: number, latency: VantageLatency = {}) {
    this.name = name;
    this.#staleMs = staleMs;
    for (const kind of CHECK_KINDS) {
      const counts = latency[kind];
      if (counts !== undefined) this.#latency.set(kind, new LatencyBaseline(counts));
    }
  }

  /** Takes a check in; false where it is older than what was taken before. */
  take(check: CheckResult): boolean {
    const startMs = Date.parse(check.at);
    const endMs = startMs + check.totalMs;
    if (endMs < this.lastMs) return false;
    this.lastMs = endMs;
    this.blind = check.outcome === 'no-way-out';
    if (this.blind) return true;
    const firstMs = startMs + attemptMs(check);
    const answerMs = answerTime(check);
    const service = this.#service(check, answerMs);
    this.recent.push({ service, startMs, endMs, firstMs, answerMs });
    if (this.recent.length > ASSESS.recentChecks) this.recent.shift();
    this.#attempts = check.attempts;
    this.#kind = check.kind;
    if (check.certificate !== undefined) this.certificateNotAfter = check.certificate.notAfter;
    this.certificateBad = check.certificate?.valid === false;
    const failed = service === 'failed';
    this.#follow(check, failed, startMs);
    if (failed) this.#fail(check, startMs, firstMs);
    else this.#succeed(endMs, service);
    return true;
  }

  #service(check: CheckResult, answerMs: number): Service {
    if (check.outcome === 'challenge') return 'slow';
    if (check.outcome !== 'ok') return 'failed';
    const slowMs = this.#latency.get(check.kind)?.slowMs();
    return slowMs !== undefined && answerMs > slowMs ? 'slow' : 'good';
  }

  #follow(check: CheckResult, failed: boolean, atMs: number): void {
    const key = `${check.kind} ${check.subject} ${check.family ?? ''}`;
    const known = this.#subjects.get(key);
    if (known === undefined && this.#subjects.size >= ASSESS.subjectsPerVantageMax) return;
    const subject = known ?? { failed: 0, atMs };
    subject.failed = failed ? subject.failed + 1 : 0;
    subject.atMs = atMs;
    this.#subjects.set(key, subject);
  }

  #fail(check: CheckResult, startMs: number, firstMs: number): void {
    this.outcome = check.outcome;
    this.failure = failureText(check);
    this.failedMs = startMs;
    this.#goodFromMs = undefined;
    this.answersFromMs = undefined;
    const run = this.#run;
    this.#run =
      run === undefined
        ? { checks: 1, startMs, failedByMs: firstMs, goodMs: this.#goodMs }
        : { ...run, checks: run.checks + 1 };
  }

  #succeed(endMs: number, service: Service): void {
    this.outcome = 'ok';
    this.#run = undefined;
    this.#goodMs = endMs;
    this.answersFromMs ??= endMs;
    if (service === 'good') this.#goodFromMs ??= endMs;
    else this.#goodFromMs = undefined;
  }

  /** The run of failed checks that it is in: nothing that is checked there answers, and that was tried more than once. */
  failing(): FailedRun | undefined {
    const run = this.#run;
    if (run === undefined) return undefined;
    let checks = run.checks;
    for (const subject of this.#checked()) {
      if (subject.failed === 0) return undefined;
      checks = Math.min(checks, subject.failed);
    }
    return { ...run, checks };
  }

  /** True where a failure is no chance: tried again, or an answer that says so itself. */
  get confirmed(): boolean {
    const run = this.#run;
    return (
      run !== undefined && (run.checks > 1 || this.#attempts > 1 || this.outcome !== 'failed' || this.certificateBad)
    );
  }

  /** Since when all its checks were good; undefined where the last one was not. */
  get goodFromMs(): number | undefined {
    return this.#goodFromMs;
  }

  get goodMs(): number {
    return this.#goodMs;
  }

  /** What is still checked; what is not any more neither fails nor answers. */
  #checked(): Subject[] {
    return [...this.#subjects.values()].filter(({ atMs }) => atMs >= this.lastMs - this.#staleMs);
  }

  /** Rounds of failed checks that began after a moment. */
  failedSince(ms: number): number {
    const failed = this.recent.filter(({ service, startMs }) => service === 'failed' && startMs > ms).length;
    return Math.floor(failed / Math.max(1, this.#checked().length));
  }

  /** Learns the time to answer of the last check as usual. */
  learn(): void {
    const last = this.recent.at(-1);
    if (last === undefined || last.service !== 'good') return;
    const known = this.#latency.get(this.#kind) ?? new LatencyBaseline();
    this.#latency.set(this.#kind, known);
    known.add(last.answerMs);
  }

  /** What 95 of 100 checks usually stay below, ms. */
  usualP95Ms(): number | undefined {
    return this.#latency.get(this.#kind)?.quantileMs(0.95);
  }

  latency(): VantageLatency {
    return Object.fromEntries(Array.from(this.#latency, ([kind, baseline]) => [kind, baseline.counts()]));
  }

  p95Ms(): number | undefined {
    const times = this.recent.filter(({ service }) => service !== 'failed').map(({ answerMs }) => answerMs);
    if (times.length === 0) return undefined;
    times.sort((left, right) => left - right);
    return times[Math.min(times.length - 1, Math.floor(0.95 * times.length))];
  }
}

/** How long one attempt took: that of the phases where they are told. */
function attemptMs(check: CheckResult): number {
  return check.attempts === 1 ? check.totalMs : Math.min(answerTime(check), check.totalMs);
}

/** Time of the attempt that told the outcome, ms. */
function answerTime(check: CheckResult): number {
  const phases = check.phasesMs;
  if (phases === undefined) return check.totalMs / check.attempts;
  const { dns = 0, connect = 0, tls = 0, firstByte = 0, content = 0 } = phases;
  const sum = dns + connect + tls + firstByte + content;
  return sum > 0 ? sum : check.totalMs / check.attempts;
}

const PHASE_WORDS = {
  dns: 'the name was not found',
  connect: 'no connection',
  tls: 'no TLS',
  'first-byte': 'no answer',
  content: 'the answer broke off',
} as const;

/** Why a check failed, in a few words: `no answer (timeout)`, `status 502`, `a block page`. */
function failureText(check: CheckResult): string {
  const { outcome, failure, status, certificate } = check;
  if (certificate?.valid === false) return `a certificate that browsers refuse (${certificate.reason ?? 'invalid'})`;
  if (outcome === 'blocked') return `a block page${status === undefined ? '' : ` (status ${status})`}`;
  if (outcome === 'maintenance') return 'a maintenance page';
  if (outcome === 'unexpected')
    return status === undefined ? 'an unexpected answer' : `an unexpected answer (status ${status})`;
  if (failure === undefined) return 'no answer';
  return `${PHASE_WORDS[failure.phase]} (${failure.code})`;
}
