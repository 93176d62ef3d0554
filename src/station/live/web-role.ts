import { restoreWeb, snapshotWeb } from '../../detect/web/snapshot.ts';
import { WebDetector } from '../../detect/web/web-detector.ts';
import { LogInputs } from '../../input/log/log-inputs.ts';
import { PositionFile } from '../../input/log/positions.ts';
import type { RequestBatch } from '../../model/request-batch.ts';
import type { ServerStatus } from '../../model/server-status.ts';
import type { SiteSecond } from '../../model/site-second.ts';
import { isGood, type KnownSites } from '../site-hosts.ts';
import { KeptRequests } from './kept-requests.ts';
import { Lateness } from './lateness.ts';
import type { FromWeb, WebSetup } from './web-messages.ts';

/** Logs whose clock is off by more than this from that of this machine are followed by their own, ms. */
const SKEW_MS_MAX = 3000;
/** Seconds of sites that wait to be posted; the oldest go. */
const SECONDS_MAX = 10_000;

export interface WebRoleOptions {
  readonly setup: WebSetup;
  readonly post: (message: FromWeb) => void;
  readonly now: () => number;
}

/**
 * What the thread does that reads logs: lines to requests, requests to attacks. It decides a second as soon as it is over by the clock
 * of the log, lines or not.
 */
export class WebRole {
  readonly #options: WebRoleOptions;
  readonly #detector: WebDetector;
  readonly #inputs: LogInputs;
  readonly #kept: KeptRequests | undefined;
  #sites: KnownSites;
  #seconds: SiteSecond[] = [];
  #told = { requests: 0, rejected: 0 };
  /** By how much the clock of the logs is behind that of this machine, ms. */
  #skewMs = 0;
  readonly #lateness = new Lateness();
  #latenessSecond = Number.NaN;

  /** Throws CONFIG_INVALID where the format of a log is none. */
  constructor(options: WebRoleOptions) {
    this.#options = options;
    const { setup, post, now } = options;
    this.#sites = setup.sites;
    const siteOf = (source: number): string => this.#inputs.sources[source] ?? 'log';
    const nameOf = (host: string): string => this.#sites.hosts.get(host) ?? host;
    this.#kept = setup.keepsRequests ? new KeptRequests({ seed: setup.seed, siteOf, nameOf }) : undefined;
    for (const { id, target } of setup.attacks) this.#kept?.attacked(target.value, id);
    this.#detector = new WebDetector({
      seed: setup.seed,
      siteOf,
      nameOf,
      isGood: (site, words, at) => isGood(this.#sites, site, words, at),
      live: true,
      onAttack: (attack, state) => {
        this.#kept?.attacked(attack.target.value, state === 'closed' ? undefined : attack.id);
        post({ kind: 'attack', attack, state, sources: this.#detector.sourcesOf(attack.id) });
      },
      onSecond: (second) => {
        if (this.#seconds.length < SECONDS_MAX) this.#seconds.push(second);
      },
    });
    this.#inputs = new LogInputs(setup.inputs, {
      sink: { take: (batch) => this.#take(batch, now()) },
      positions: new PositionFile(setup.positions),
      onStatus: (status) => this.#sample(status),
      onFault: (where, fault) => {
        if (fault !== undefined) post({ kind: 'fault', where, fault });
      },
    });
  }

  /** Throws LISTEN_FAILED where an address for syslog cannot be had. */
  async start(): Promise<void> {
    const { setup, post } = this.#options;
    const restored = setup.snapshot === undefined ? { sites: 0 } : restoreWeb(this.#detector.counter, setup.snapshot);
    this.#detector.adopt(setup.attacks);
    await this.#inputs.start();
    post({ kind: 'ready', ...restored });
  }

  /** Names sites so from now on. */
  setSites(sites: KnownSites): void {
    this.#sites = sites;
    this.#detector.counter.forgetNames();
    this.#kept?.forgetNames();
  }

  tick(): void {
    const kept = this.#kept?.endSecond(this.#options.now());
    if (kept !== undefined) this.#options.post({ kind: 'requests', record: kept });
    const { counter } = this.#detector;
    const target = Math.floor((this.#options.now() - this.#skewMs - this.#lateness.graceMs) / 1000);
    if (target !== this.#latenessSecond) this.#lateness.endSecond();
    this.#latenessSecond = target;
    if (Number.isNaN(counter.second)) {
      // Status pages and attacks of an earlier run need a clock before the first line.
      if (this.#options.setup.attacks.length > 0) this.#detector.passTo(target);
    } else this.#detector.passTo(target);
    this.#report();
  }

  snapshot(): Uint8Array {
    return snapshotWeb(this.#detector.counter, this.#options.setup.seed);
  }

  async stop(): Promise<void> {
    await this.#inputs.stop();
    const kept = this.#kept?.finish(this.#options.now());
    if (kept !== undefined) this.#options.post({ kind: 'requests', record: kept });
    this.#report();
  }

  #take(batch: RequestBatch, nowMs: number): void {
    if (batch.length > 0) {
      let newestMs = Number.NEGATIVE_INFINITY;
      for (let row = 0; row < batch.length; row++) newestMs = Math.max(newestMs, batch.timeMs[row]);
      const behindMs = nowMs - newestMs;
      // Times are told to the second: up to one of it is no skew.
      this.#skewMs = Math.abs(behindMs) <= SKEW_MS_MAX ? 0 : behindMs;
      this.#lateness.take(batch, nowMs - this.#skewMs);
    }
    this.#kept?.take(batch);
    this.#detector.take(batch);
  }

  #sample({ source, atMs, ...status }: ServerStatus): void {
    this.#detector.sample({ site: source, timeMs: atMs - this.#skewMs, ...status });
  }

  #report(): void {
    const { post } = this.#options;
    if (this.#seconds.length > 0) {
      post({ kind: 'seconds', seconds: this.#seconds });
      this.#seconds = [];
    }
    const { counter } = this.#detector;
    const lines = this.#inputs.rejections;
    const rejected = lines.total() + counter.outOfTime;
    if (counter.requests === this.#told.requests && rejected === this.#told.rejected) return;
    this.#told = { requests: counter.requests, rejected };
    post({
      kind: 'report',
      requests: counter.requests,
      rejected: {
        ...lines.toRecord(),
        ...(counter.outOfTime > 0 ? { 'time-far-behind': counter.outOfTime } : {}),
      },
      clientsEvicted: counter.clients.evicted,
    });
  }
}
