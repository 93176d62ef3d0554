import { setTimeout as sleep } from 'node:timers/promises';
import { judgePage } from '../../assess/page/expect.ts';
import type { CheckFailureCode } from '../../model/check-failure.ts';
import { type CheckSubject, literalFamily } from '../../model/check-subject.ts';
import type { Expectation } from '../../model/site.ts';
import type { CheckOutcome, CheckResult } from '../../model/vantage.ts';
import { Attempt, type ProbeTools } from './attempt.ts';
import { secureContext } from './connect.ts';
import { header, textOf } from './content.ts';
import { brief, CheckFault } from './fault.ts';
import { httpAttempt } from './http-attempt.ts';
import type { ProbeSettings } from './limits.ts';
import { type Family, Names } from './names.ts';
import { dnsAttempt, icmpAttempt, tcpAttempt } from './other-attempts.ts';
import { WayOut } from './way-out.ts';

/** What is to be checked for a site. */
export interface CheckTask {
  readonly site: string;
  readonly subject: CheckSubject;
  readonly expect: Expectation;
}

/** What an attempt came to. */
interface Ending {
  readonly outcome: CheckOutcome;
  readonly failure?: CheckResult['failure'];
}

/** Lets the checker go on when a connection to the host may be made; `release` when it is over. */
export type Turnstile = (host: string, signal: AbortSignal) => Promise<() => void>;

/** Trying again changes nothing about these. */
const FINAL: ReadonlySet<CheckFailureCode> = new Set([
  'private-address',
  'bad-url',
  'not-supported',
  'redirect-invalid',
]);
const FAMILIES: readonly Family[] = [4, 6];
/** Failures that a broken way out of the vantage can be the reason of: who connected, or was refused, had a way. */
const MAYBE_OURS: ReadonlySet<CheckFailureCode> = new Set(['timeout', 'unreachable', 'dns-failed', 'connect-failed']);
/** The families of so many hosts are remembered, for so long, ms. */
const FAMILIES_HOSTS_MAX = 20_000;
const FAMILIES_MS = 300_000;

/** Makes single checks with all their attempts. When they are due is not known here. */
export class Checker {
  readonly #tools: ProbeTools;
  readonly #wayOut: WayOut;
  readonly #turnstile: Turnstile;
  readonly #stopped = new AbortController();
  readonly #familiesOf = new Map<string, { readonly families: readonly Family[]; readonly untilMs: number }>();

  constructor(settings: ProbeSettings, turnstile: Turnstile = async () => () => undefined) {
    const { hosts, nameServers, allowed } = settings;
    this.#tools = {
      settings,
      names: new Names({ hosts, allowed, ...(nameServers === undefined ? {} : { nameServers }) }),
      secureContext: secureContext(settings.authorities),
    };
    this.#wayOut = new WayOut(settings.anchors);
    this.#turnstile = turnstile;
  }

  /** Ends what is being checked; the checks that were under way give no results. */
  stop(): void {
    this.#stopped.abort();
  }

  /**
   * Checks, in each family that the host has addresses of, apart. Never rejects; calls `onResult` once a family, as soon as its outcome is
   * known.
   */
  async check(task: CheckTask, onResult: (result: CheckResult) => void): Promise<void> {
    const families = await this.#families(task);
    await Promise.all(
      families.map(async (family) => {
        const result = await this.#inFamily(task, family);
        if (!this.#stopped.signal.aborted) onResult(result);
      }),
    );
  }

  /** The families that this check is made in; 4 where nothing is known, so that the attempt tells what is wrong. */
  async #families({ subject }: CheckTask): Promise<readonly Family[]> {
    const { family } = this.#tools.settings;
    if (family !== undefined) return [family];
    const { host } = subject;
    // What a name server says is asked for one family: a name is there or is not.
    if (subject.kind === 'dns' && subject.subject !== host) return [4];
    const literal = literalFamily(host);
    if (literal !== undefined) return [literal];
    const known = this.#familiesOf.get(host);
    if (known !== undefined && performance.now() < known.untilMs) return known.families;
    const families = await this.#askFamilies(host);
    if (families === undefined) return [4];
    if (this.#familiesOf.size >= FAMILIES_HOSTS_MAX) this.#familiesOf.clear();
    this.#familiesOf.set(host, { families, untilMs: performance.now() + FAMILIES_MS });
    return families;
  }

  async #askFamilies(host: string): Promise<readonly Family[] | undefined> {
    const { names, settings } = this.#tools;
    const signal = AbortSignal.any([AbortSignal.timeout(settings.times.attemptMs), this.#stopped.signal]);
    const answers = await Promise.allSettled(FAMILIES.map((wanted) => names.addresses(host, wanted, signal)));
    const [four, six] = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (six.length === 0) return four.length === 0 ? undefined : [4];
    // Without an IPv6 address of its own a vantage can say nothing of IPv6; inside there may be one all the same.
    const canSix = this.#wayOut.has(6) || names.inside(six[0]) !== undefined;
    if (four.length === 0) return [6];
    return canSix ? FAMILIES : [4];
  }

  async #inFamily(task: CheckTask, family: Family): Promise<CheckResult> {
    const { times, vantage } = this.#tools.settings;
    // Waiting for its turn at a host is no slowness of the host: a check begins with its first attempt.
    let release = await this.#turnstile(task.subject.host, this.#stopped.signal);
    const atMs = Date.now();
    const began = performance.now();
    const sinceMs = (): number => performance.now() - began;
    let attempts = 0;
    let attempt: Attempt;
    let ending: Ending;
    let firstFailedMs = 0;
    for (;;) {
      const limitMs = Math.max(1, Math.min(times.attemptMs, times.checkMs - sinceMs()));
      const startedMs = performance.now();
      ({ attempt, ending } = await this.#attempt(task, family, attempts++, limitMs));
      release();
      if (ending.outcome === 'ok') this.#wayOut.note(family);
      if (!worthAnother(ending)) break;
      if (await this.#isOurs(ending, attempt, family, startedMs)) {
        ending = { outcome: 'no-way-out', failure: fault('no-way-out', ending, 'the way out of this vantage failed') };
        break;
      }
      if (attempts === 1) firstFailedMs = sinceMs();
      const retryMs = times.retriesMs[attempts - 1];
      if (retryMs === undefined) break;
      const waitMs = Math.max(0, firstFailedMs + retryMs - sinceMs());
      // An attempt that would have no time to be one is left out.
      if (sinceMs() + waitMs + times.attemptMs / 4 > times.checkMs || !(await this.#sleep(waitMs))) break;
      release = await this.#turnstile(task.subject.host, this.#stopped.signal);
    }
    return {
      site: task.site,
      vantage,
      subject: task.subject.subject,
      kind: task.subject.kind,
      at: new Date(atMs).toISOString(),
      totalMs: rounded(sinceMs()),
      outcome: ending.outcome,
      attempts,
      family,
      ...factsOf(attempt),
      ...(ending.failure === undefined ? {} : { failure: ending.failure }),
    };
  }

  async #attempt(
    task: CheckTask,
    family: Family,
    turn: number,
    limitMs: number,
  ): Promise<{ attempt: Attempt; ending: Ending }> {
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    const { signal: stopped } = this.#stopped;
    const timer = setTimeout(stop, limitMs);
    stopped.addEventListener('abort', stop, { once: true });
    const attempt = new Attempt(family, turn, ended.signal);
    try {
      return { attempt, ending: await this.#run(task, attempt) };
    } catch (error) {
      const told = error instanceof CheckFault ? error : unforeseen(error);
      const { phase, code, message } = told;
      return { attempt, ending: { outcome: 'failed', failure: { phase, code, message } } };
    } finally {
      clearTimeout(timer);
      stopped.removeEventListener('abort', stop);
    }
  }

  async #run({ subject, expect }: CheckTask, attempt: Attempt): Promise<Ending> {
    const tools = this.#tools;
    switch (subject.kind) {
      case 'tcp':
        await tcpAttempt(subject, attempt, tools);
        return { outcome: 'ok' };
      case 'dns':
        await dnsAttempt(subject, attempt, tools);
        return { outcome: 'ok' };
      case 'icmp':
        await icmpAttempt(subject, attempt, tools);
        return { outcome: 'ok' };
      case 'http': {
        const answer = await httpAttempt(subject.url, attempt, tools);
        const text = await textOf(answer);
        const { status, headers } = answer;
        const { outcome, failure } = judgePage({ status, text, header: (name) => header(headers, name) }, expect);
        return failure === undefined ? { outcome } : { outcome, failure: { phase: 'content', ...failure } };
      }
    }
  }

  /** Whether the failure is one of our own way out, which has to be known before it is put on the site. */
  async #isOurs(ending: Ending, attempt: Attempt, family: Family, startedMs: number): Promise<boolean> {
    const { failure } = ending;
    if (failure === undefined || !MAYBE_OURS.has(failure.code as CheckFailureCode)) return false;
    if ((failure.phase !== 'dns' && failure.phase !== 'connect') || !this.#wayOut.concerns(attempt.address))
      return false;
    return !(await this.#wayOut.held(family, startedMs));
  }

  async #sleep(ms: number): Promise<boolean> {
    return sleep(ms, true, { signal: this.#stopped.signal }).catch(() => false);
  }
}

/** An answer that says what it is needs no second one; what failed may have been the moment's. */
function worthAnother({ outcome, failure }: Ending): boolean {
  if (outcome !== 'failed' && outcome !== 'unexpected') return false;
  return failure === undefined || !FINAL.has(failure.code as CheckFailureCode);
}

function fault(code: CheckFailureCode, ending: Ending, message: string): NonNullable<CheckResult['failure']> {
  const before = ending.failure === undefined ? '' : `: ${ending.failure.message}`;
  return { phase: ending.failure?.phase ?? 'connect', code, message: `${message}${before}` };
}

function unforeseen(error: unknown): CheckFault {
  return new CheckFault(
    'connect',
    'connect-failed',
    brief(error instanceof Error ? error.message : String(error)),
    error,
  );
}

function factsOf(attempt: Attempt): Partial<CheckResult> {
  const { address, httpVersion, status, bytes, certificate } = attempt;
  const phasesMs = Object.fromEntries(Object.entries(attempt.phasesMs).map(([name, ms]) => [name, rounded(ms)]));
  return {
    ...(address === undefined ? {} : { address }),
    ...(httpVersion === undefined ? {} : { httpVersion }),
    ...(status === undefined ? {} : { status }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(Object.keys(phasesMs).length === 0 ? {} : { phasesMs }),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

/** Tenths of a millisecond: what is beyond is noise of this machine. */
function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
