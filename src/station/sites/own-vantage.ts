import { randomInt } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import type { ProberCounts, ProbeSite } from '../../input/probe/prober.ts';
import type { CheckResult } from '../../model/vantage.ts';
import { type FromProber, type ProbeSetup, startProbeThread, type ToProber } from './probe-thread.ts';

export interface OwnVantageOptions {
  readonly onResults: (results: readonly CheckResult[]) => void;
  readonly onProblem: (error: Error) => void;
}

/** A thread that dies is started again after this, and after twice as long each time, ms. */
const RESTART_MS = 500;
const RESTART_MS_MAX = 60_000;
const STOP_MS_MAX = 2000;

/** The vantage that the station itself is: a thread while there are sites with URLs, started again when it dies. */
export class OwnVantage {
  readonly #options: OwnVantageOptions;
  #setup: Omit<ProbeSetup, 'sites' | 'seed'> | undefined;
  #sites: readonly ProbeSite[] = [];
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = RESTART_MS;
  #counts: ProberCounts | undefined;

  constructor(options: OwnVantageOptions) {
    this.#options = options;
  }

  get counts(): ProberCounts | undefined {
    return this.#counts;
  }

  /** Checks in this way from now on; `undefined` checks nothing. */
  async configure(setup: Omit<ProbeSetup, 'sites' | 'seed'> | undefined): Promise<void> {
    await this.stop();
    this.#setup = setup;
    this.#begin();
  }

  setSites(sites: readonly ProbeSite[]): void {
    this.#sites = sites.filter(({ urls }) => urls.length > 0);
    if (this.#worker === undefined) this.#begin();
    else this.#worker.postMessage({ kind: 'sites', sites: this.#sites } satisfies ToProber);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#setup = undefined;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
    });
    worker.postMessage({ kind: 'stop' } satisfies ToProber);
    const late = setTimeout(() => void worker.terminate(), STOP_MS_MAX);
    await ended;
    clearTimeout(late);
  }

  #begin(): void {
    if (this.#setup === undefined || this.#sites.length === 0 || this.#worker !== undefined) return;
    if (this.#timer !== undefined) return;
    const worker = startProbeThread({ ...this.#setup, sites: this.#sites, seed: randomInt(2 ** 32) });
    this.#worker = worker;
    let fault: Error | undefined;
    worker.on('message', ({ results, counts }: FromProber) => {
      this.#counts = counts;
      this.#pauseMs = RESTART_MS;
      this.#options.onResults(results);
    });
    worker.on('error', (error: Error) => {
      fault = error;
    });
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#options.onProblem(fault ?? new Error('the prober ended'));
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#begin();
      }, this.#pauseMs);
      this.#pauseMs = Math.min(RESTART_MS_MAX, 2 * this.#pauseMs);
    });
  }
}
