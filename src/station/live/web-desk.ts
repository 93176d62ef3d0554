import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { BonghwaError, type ErrorCode } from '../../base/errors.ts';
import type { Attack } from '../../model/attack.ts';
import type { Config } from '../../model/config.ts';
import type { RequestsRecord } from '../../model/kept-request.ts';
import type { Site } from '../../model/site.ts';
import type { SiteSecond } from '../../model/site-second.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import type { SourceShares } from '../origins.ts';
import { type KnownSites, knownSites } from '../site-hosts.ts';
import type { FromWeb, ToWeb, WebReport, WebSetup } from './web-messages.ts';
import { startWebThread } from './web-thread.ts';

/** Name under which the state store keeps what was learned. */
const BLOB = 'web-detector';
/** A thread that dies is started again after this, and after twice as long each time, ms. */
const RESTART_MS = 200;
const RESTART_MS_MAX = 30_000;
/** What does not come in time is done without, ms. */
const WAIT_MS_MAX = 2000;

export interface WebDeskOptions {
  readonly config: Config;
  /** Where what was learned is kept. */
  readonly state: Pick<StateStore, 'loadBlob' | 'saveBlob'>;
  /** Attacks on sites that a thread which starts now has to go on with. */
  readonly ongoing: () => readonly Attack[];
  readonly onAttack: (attack: Attack, state: 'opened' | 'updated' | 'closed', sources?: SourceShares) => void;
  readonly onSecond: (second: SiteSecond) => void;
  /** Gets requests to be kept; none are gathered where it is absent. */
  readonly onRequests?: ((record: RequestsRecord) => void) | undefined;
  readonly onProblem: (part: string, error: Error) => void;
}

/** True where the configuration names logs, syslog, or status pages. */
export function usesLogs({ sites, inputs }: Config): boolean {
  return (
    inputs.logs.length > 0 ||
    inputs.syslog.length > 0 ||
    sites.some(({ logs, serverStatus }) => logs.length > 0 || serverStatus.length > 0)
  );
}

/** The thread that reads logs of web servers: started, asked, and started again where it dies. Nothing where no log is configured. */
export class WebDesk {
  /** What it counted since the start. */
  report: WebReport = { requests: 0, rejected: {}, clientsEvicted: 0 };
  /** Threads that died and were started again. */
  deaths = 0;
  /** What threads counted that have ended. */
  #counted: WebReport = this.report;
  readonly #options: WebDeskOptions;
  #config: Config;
  #sites: KnownSites;
  #changing: Promise<void> = Promise.resolve();
  #seed = randomInt(2 ** 32);
  #worker: Worker | undefined;
  #snapshot: Uint8Array | undefined;
  #pauseMs = RESTART_MS;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #waiting: ((message: FromWeb) => boolean)[] = [];

  constructor(options: WebDeskOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#sites = knownSites(options.config.sites);
  }

  /** Resolves when logs are read. Rejects with what is wrong with the configuration. */
  async start(): Promise<void> {
    if (!usesLogs(this.#config)) return;
    const fault = await this.#begin();
    if (fault === undefined) return;
    await this.stop();
    throw fault;
  }

  /** Starts the thread; why it cannot read, where it cannot. */
  async #begin(): Promise<BonghwaError | undefined> {
    if (this.#snapshot === undefined) await this.#load();
    const ready = this.#next((message) => {
      // Its end, which is no death, may be told before anybody who waits for this has a turn.
      if (message.kind === 'failed') this.#worker = undefined;
      return message.kind === 'ready' || message.kind === 'failed';
    });
    this.#run();
    const message = await ready;
    if (message?.kind !== 'failed') return undefined;
    const { code, message: text, hint } = message;
    return new BonghwaError(code as ErrorCode, text, hint === undefined ? {} : { hint });
  }

  /** Takes up what an earlier run learned. */
  async #load(): Promise<void> {
    this.#snapshot = await this.#options.state.loadBlob(BLOB);
    if (this.#snapshot === undefined) return;
    const { webSnapshotSeed } = await import('../../detect/web/snapshot.ts');
    // User agents are hashed under the seed of the run that learned them.
    this.#seed = webSnapshotSeed(this.#snapshot) ?? this.#seed;
  }

  /**
   * Takes over the sites that are registered now, and what the configuration says now of their logs: names at once; where other logs
   * are to be read, the thread begins anew with what it learned, behind the last line that it read.
   */
  configure(config: Config, sites: readonly Site[]): void {
    const known = knownSites(sites);
    const renamed = !isDeepStrictEqual(known, this.#sites);
    this.#sites = known;
    const before = this.#config;
    this.#config = config;
    if (!isDeepStrictEqual(inputsOf(before), inputsOf(config)))
      this.#changing = this.#changing.then(() => this.#restart(before));
    else if (renamed) this.#worker?.postMessage({ kind: 'sites', sites: known } satisfies ToWeb);
  }

  async #restart(before: Config): Promise<void> {
    const { ongoing, onAttack, onProblem } = this.#options;
    await this.#end();
    if (this.#stopping) return;
    if (!usesLogs(this.#config)) {
      // Nobody can tell any more how they go on.
      for (const attack of ongoing())
        onAttack({ ...attack, ongoing: false, end: attack.end ?? attack.detectedAt }, 'closed');
      return;
    }
    const fault = await this.#begin();
    if (fault === undefined) return;
    onProblem('logs', new Error(`${fault.message}; the logs of before are read on`));
    this.#config = { ...this.#config, sites: before.sites, trustedProxies: before.trustedProxies };
    if (!this.#stopping && usesLogs(this.#config)) await this.#begin();
  }

  /** Keeps what was learned, for the next start. */
  async keep(): Promise<void> {
    if (this.#worker === undefined) return;
    const told = this.#next((message) => message.kind === 'snapshot', WAIT_MS_MAX);
    this.#worker.postMessage({ kind: 'snapshot' } satisfies ToWeb);
    await told;
    await this.#save();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#changing;
    await this.#end();
  }

  /** Ends the thread: what it read is told, and what it learned kept. */
  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker === undefined) return;
    // Its end is no death.
    this.#worker = undefined;
    const told = this.#next((message) => message.kind === 'stopped', WAIT_MS_MAX);
    worker.postMessage({ kind: 'stop' } satisfies ToWeb);
    await told;
    await worker.terminate();
    await this.#save();
  }

  async #save(): Promise<void> {
    if (this.#snapshot === undefined) return;
    const { state, onProblem } = this.#options;
    await state.saveBlob(BLOB, this.#snapshot).catch((error: Error) => onProblem('state', error));
  }

  #run(): void {
    const { onProblem, ongoing } = this.#options;
    const worker = startWebThread({ ...this.#setup(), attacks: ongoing() });
    this.#worker = worker;
    this.#counted = this.report;
    let fault: Error | undefined;
    worker.on('message', (message: FromWeb) => this.#take(message));
    worker.on('error', (error: Error) => {
      fault = error;
    });
    worker.on('exit', () => {
      if (this.#stopping || this.#worker !== worker) return;
      this.#worker = undefined;
      this.deaths++;
      onProblem('logs', fault ?? new Error('the thread that reads logs ended'));
      this.#timer = setTimeout(() => this.#run(), this.#pauseMs);
      this.#pauseMs = Math.min(RESTART_MS_MAX, 2 * this.#pauseMs);
    });
  }

  #setup(): Omit<WebSetup, 'attacks'> {
    return {
      seed: this.#seed,
      inputs: inputsOf(this.#config),
      positions: join(this.#config.storage.directory, 'log-positions.json'),
      sites: this.#sites,
      snapshot: this.#snapshot,
      keepsRequests: this.#options.onRequests !== undefined,
    };
  }

  #take(message: FromWeb): void {
    const { onAttack, onSecond, onRequests, onProblem } = this.#options;
    switch (message.kind) {
      case 'ready':
        this.#pauseMs = RESTART_MS;
        if (message.fault !== undefined)
          onProblem('logs', new Error(`what was learned cannot be used: ${message.fault}`));
        break;
      case 'attack':
        onAttack(message.attack, message.state, message.sources);
        break;
      case 'seconds':
        for (const second of message.seconds) onSecond(second);
        break;
      case 'requests':
        onRequests?.(message.record);
        break;
      case 'fault':
        onProblem(`log ${message.where}`, new Error(message.fault));
        break;
      case 'report':
        this.report = addReports(this.#counted, message);
        break;
      case 'snapshot':
        this.#snapshot = message.bytes;
        break;
      case 'failed':
      case 'stopped':
        break;
    }
    this.#waiting = this.#waiting.filter((wants) => !wants(message));
  }

  /** The next message that is wanted; undefined where none comes in time. */
  #next(wants: (message: FromWeb) => boolean, waitMs?: number): Promise<FromWeb | undefined> {
    return new Promise((resolve) => {
      const timer = waitMs === undefined ? undefined : setTimeout(() => resolve(undefined), waitMs);
      this.#waiting.push((message) => {
        if (!wants(message)) return false;
        clearTimeout(timer);
        resolve(message);
        return true;
      });
    });
  }
}

/** What is read. */
function inputsOf({ sites, inputs, trustedProxies }: Config): WebSetup['inputs'] {
  return {
    sites: sites.map(({ name, logs, logFormat, logZone, serverStatus }) => ({
      ...{ name, logs, logFormat, logZone, serverStatus },
    })),
    inputs: { logs: inputs.logs, syslog: inputs.syslog },
    trustedProxies,
  };
}

function addReports(before: WebReport, now: WebReport): WebReport {
  const rejected = { ...before.rejected };
  for (const [reason, count] of Object.entries(now.rejected)) rejected[reason] = (rejected[reason] ?? 0) + count;
  return {
    requests: before.requests + now.requests,
    rejected,
    clientsEvicted: before.clientsEvicted + now.clientsEvicted,
  };
}
