import { Random } from '../../base/random.ts';
import { parseSubject } from '../../model/check-subject.ts';
import type { Expectation } from '../../model/site.ts';
import type { CheckResult } from '../../model/vantage.ts';
import { Checker, type CheckTask } from './check.ts';
import type { ProbeSettings } from './limits.ts';
import { HostTurnstile, TURNSTILE_LIMITS, type TurnstileLimits } from './turnstile.ts';

/** What a prober has to know of a site. */
export interface ProbeSite {
  readonly name: string;
  readonly urls: readonly string[];
  readonly expect: Expectation;
}

export interface ProberOptions {
  readonly settings: ProbeSettings;
  /** Pause between the beginnings of two checks of one URL, ms. */
  readonly everyMs: number;
  /** Draws when in the interval each URL is checked. */
  readonly seed: number;
  readonly limits?: TurnstileLimits;
  readonly onResult: (result: CheckResult) => void;
}

export interface ProberCounts {
  readonly urls: number;
  /** Checks whose results were told, by family. */
  readonly results: number;
  /** Checks that are being made. */
  readonly running: number;
  /** Checks that were left out since the one before them still went on. */
  readonly late: number;
  /** URLs that cannot be checked as they are written. */
  readonly invalid: number;
}

/** URLs that are checked at most; further ones are counted as `invalid`. */
export const URLS_MAX = 50_000;
/** How often it is looked what is due, ms. */
const LOOK_MS = 100;
/** The share of an interval by which a check may come early: no two sites are in step for long. */
const JITTER = 0.05;
/** Few URLs need not wait for a whole interval before they are checked first: each takes so much of it, ms. */
const SPREAD_MS = 50;

interface Due {
  readonly task: CheckTask;
  /** On the clock of `performance.now()`. */
  baseMs: number;
  dueMs: number;
  running: boolean;
}

/** Checks the URLs of many sites over and over, spread evenly over the interval. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #random: Random;
  readonly #checker: Checker;
  #due = new Map<string, Due>();
  #timer: NodeJS.Timeout | undefined;
  #results = 0;
  #running = 0;
  #late = 0;
  #invalid = 0;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    const turnstile = new HostTurnstile(options.limits ?? TURNSTILE_LIMITS);
    this.#checker = new Checker(options.settings, turnstile.pass);
  }

  /** Takes the sites that are to be checked from now on. What stays the same keeps its place in the interval. */
  setSites(sites: readonly ProbeSite[]): void {
    const before = this.#due;
    this.#due = new Map();
    this.#invalid = 0;
    const nowMs = performance.now();
    const urls = sites.reduce((sum, site) => sum + site.urls.length, 0);
    const spreadMs = Math.min(this.#options.everyMs, urls * SPREAD_MS);
    for (const { name, urls, expect } of sites) {
      for (const url of urls) {
        const parsed = parseSubject(url);
        if (parsed.kind === 'invalid' || this.#due.size >= URLS_MAX) {
          this.#invalid++;
          continue;
        }
        const key = JSON.stringify([name, url, expect]);
        const dueMs = nowMs + this.#random.unit() * spreadMs;
        const task: CheckTask = { site: name, subject: parsed.subject, expect };
        this.#due.set(key, before.get(key) ?? { task, baseMs: dueMs, dueMs, running: false });
      }
    }
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  /** Stops at once; checks that are under way give no results. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#checker.stop();
  }

  counts(): ProberCounts {
    return {
      urls: this.#due.size,
      results: this.#results,
      running: this.#running,
      late: this.#late,
      invalid: this.#invalid,
    };
  }

  /** Checks every URL once, and resolves when all are done. */
  async once(): Promise<void> {
    await Promise.all([...this.#due].map(([key, due]) => this.#check(key, due)));
  }

  #look(): void {
    const nowMs = performance.now();
    const { everyMs } = this.#options;
    for (const [key, due] of this.#due) {
      if (due.dueMs > nowMs) continue;
      // After a pause of this machine the missed ones are not made up for.
      due.baseMs += Math.max(1, Math.floor((nowMs - due.baseMs) / everyMs) + 1) * everyMs;
      due.dueMs = due.baseMs - this.#random.unit() * JITTER * everyMs;
      if (due.running) this.#late++;
      else void this.#check(key, due);
    }
  }

  async #check(key: string, due: Due): Promise<void> {
    due.running = true;
    this.#running++;
    await this.#checker.check(due.task, (result) => {
      // What was taken out meanwhile is not told any more.
      if (!this.#due.has(key)) return;
      this.#results++;
      this.#options.onResult(result);
    });
    due.running = false;
    this.#running--;
  }
}
