import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { BonghwaError, type ErrorCode } from '../../base/errors.ts';
import type { Attack } from '../../model/attack.ts';
import type { Config } from '../../model/config.ts';
import type { RequestsRecord } from '../../model/kept-request.ts';
import type { SiteSecond } from '../../model/site-second.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import type { SourceShares } from '../origins.ts';
import { knownSites } from '../site-hosts.ts';
import type { FromWeb, WebReport, WebSetup } from './web-messages.ts';
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
  readonly #options: WebDeskOptions;
  #seed = randomInt(2 ** 32);
  #worker: Worker | undefined;
  #snapshot: Uint8Array | undefined;
  #pauseMs = RESTART_MS;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #waiting: ((message: FromWeb) => boolean)[] = [];

  constructor(options: WebDeskOptions) {
    this.#options = options;
  }

  /** Resolves when logs are read. Rejects with what is wrong with the configuration. */
  async start(): Promise<void> {
    const { config, state } = this.#options;
    if (!usesLogs(config)) return;
    this.#snapshot = await state.loadBlob(BLOB);
    // User agents are hashed under the seed of the run that learned them.
    if (this.#snapshot !== undefined) {
      const { webSnapshotSeed } = await import('../../detect/web/snapshot.ts');
      this.#seed = webSnapshotSeed(this.#snapshot) ?? this.#seed;
    }
    const ready = this.#next((message) => message.kind === 'ready' || message.kind === 'failed');
    this.#run();
    const message = await ready;
    if (message?.kind !== 'failed') return;
    await this.stop();
    const { code, message: text, hint } = message;
    throw new BonghwaError(code as ErrorCode, text, hint === undefined ? {} : { hint });
  }

  /** Keeps what was learned, for the next start. */
  async keep(): Promise<void> {
    if (this.#worker === undefined) return;
    const told = this.#next((message) => message.kind === 'snapshot', WAIT_MS_MAX);
    this.#worker.postMessage({ kind: 'snapshot' });
    await told;
    await this.#save();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker !== undefined) {
      const told = this.#next((message) => message.kind === 'stopped', WAIT_MS_MAX);
      worker.postMessage({ kind: 'stop' });
      await told;
      await worker.terminate();
      this.#worker = undefined;
      await this.#save();
    }
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
    const { config } = this.#options;
    return {
      seed: this.#seed,
      inputs: {
        sites: config.sites.map(({ name, logs, logFormat, logZone, serverStatus }) => ({
          name,
          logs,
          logFormat,
          logZone,
          serverStatus,
        })),
        inputs: { logs: config.inputs.logs, syslog: config.inputs.syslog },
        trustedProxies: config.trustedProxies,
      },
      positions: join(config.storage.directory, 'log-positions.json'),
      sites: knownSites(config),
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
        this.report = message;
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
