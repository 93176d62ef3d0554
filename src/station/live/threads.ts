import { MessageChannel, type Worker } from 'node:worker_threads';
import { BonghwaError, type ErrorCode } from '../../base/errors.ts';
import type { Attack } from '../../model/attack.ts';
import { type DetectorSetup, startDetectorThread } from './detector-thread.ts';
import type { ExporterSettings } from './exporter-filter.ts';
import type { DetectionSubject, FromDetector, FromReceiver, ToDetector, ToReceiver } from './messages.ts';
import { type ReceiverSetup, startReceiverThread } from './receiver-thread.ts';

/** A thread that dies is started again after this, and after twice as long each time, ms. */
const RESTART_MS = 200;
const RESTART_MS_MAX = 30_000;
/** A thread that has lived for this long begins with the shortest pause again, ms. */
const STEADY_MS = 60_000;
/** A thread that does not answer for this long is ended, ms. */
const STOP_MS_MAX = 2000;
/** A snapshot that has not come by then is done without, ms. */
const SNAPSHOT_MS_MAX = 2000;

export interface ThreadsOptions {
  readonly detector: Omit<DetectorSetup, 'attacks'>;
  /** Attacks that a detector which starts now has to go on with. */
  readonly ongoing: () => readonly Attack[];
  readonly receivers: readonly ReceiverSetup[];
  readonly onDetector: (message: FromDetector) => void;
  readonly onReceiver: (receiver: number, message: FromReceiver) => void;
  /** A thread died; it is started again. With the number of the receiver that it was, if it was one. */
  readonly onDeath: (thread: string, error: Error | undefined, receiver: number | undefined) => void;
}

interface Thread {
  readonly name: string;
  worker: Worker;
  startedMs: number;
  pauseMs: number;
  timer: NodeJS.Timeout | undefined;
}

/** What the threads remember, for the next start. */
export interface Snapshots {
  readonly detector: Uint8Array | undefined;
  readonly receivers: readonly Uint8Array[];
}

/**
 * The detector thread and the receiver threads of a station. A thread that dies is started again with what it remembered last; the others
 * go on meanwhile.
 */
export class StationThreads {
  /** Threads that died and were started again. */
  deaths = 0;
  readonly #options: ThreadsOptions;
  #subject: DetectionSubject;
  /** Where they were changed since the start. */
  #settings: ExporterSettings | undefined;
  #detector: Thread | undefined;
  readonly #receivers = new Map<number, Thread & { readonly setup: ReceiverSetup }>();
  #detectorSnapshot: Uint8Array | undefined;
  readonly #receiverSnapshots = new Map<number, Uint8Array>();
  #stopping = false;
  #waiting: ((message: FromDetector | FromReceiver, receiver: number | undefined) => void)[] = [];

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#subject = options.detector.subject;
    this.#detectorSnapshot = options.detector.snapshot;
  }

  /**
   * Resolves when the detector has what it remembered and every receiver listens. Rejects with the fault of the first receiver that
   * cannot; all threads have ended then. They start beside each other: seconds that come before the detector is ready wait for it.
   */
  async start(): Promise<void> {
    const ready = this.#wait((message) => message.kind === 'ready');
    this.#detector = this.#startDetector(RESTART_MS);
    const listening = this.#options.receivers.map((setup) => {
      const { receiver } = setup;
      const told = this.#wait(
        (message, from) => from === receiver && (message.kind === 'listening' || message.kind === 'failed'),
      );
      this.#receivers.set(receiver, this.#startReceiver(setup, RESTART_MS));
      this.#connect(receiver);
      return told;
    });
    for (const message of await Promise.all(listening)) {
      if (message.kind !== 'failed') continue;
      await this.stop();
      const { code, message: text, hint } = message.fault;
      throw new BonghwaError(code as ErrorCode, text, hint === undefined ? {} : { hint });
    }
    await ready;
  }

  /** Protects and names something else from now on. */
  configure(subject: DetectionSubject, settings: ExporterSettings): void {
    this.#subject = subject;
    this.#settings = settings;
    this.#toDetector({ kind: 'configure', subject });
    this.toAllReceivers({ kind: 'networks', networks: subject.networks });
    this.toAllReceivers({ kind: 'settings', settings });
  }

  toReceiver(receiver: number, message: ToReceiver): void {
    this.#receivers.get(receiver)?.worker.postMessage(message);
  }

  toAllReceivers(message: ToReceiver): void {
    for (const receiver of this.#receivers.keys()) this.toReceiver(receiver, message);
  }

  /** Ends a thread as a fault would: for tests of what happens then. */
  async kill(name: string): Promise<void> {
    const thread = [this.#detector, ...this.#receivers.values()].find((known) => known?.name === name);
    await thread?.worker.terminate();
  }

  /** Asks all threads what they remember; what does not come in time is what was told last. */
  async snapshot(): Promise<Snapshots> {
    const wanted = new Set<number | undefined>([undefined, ...this.#receivers.keys()]);
    const told = this.#wait((message, from) => {
      if (message.kind === 'snapshot') wanted.delete(from);
      return wanted.size === 0;
    });
    this.#toDetector({ kind: 'snapshot' });
    this.toAllReceivers({ kind: 'snapshot' });
    await within(told, SNAPSHOT_MS_MAX);
    return this.#snapshots();
  }

  /** Stops the receivers, which tell their last seconds, and then the detector. */
  async stop(): Promise<Snapshots> {
    this.#stopping = true;
    const detector = this.#detector;
    clearTimeout(detector?.timer);
    await Promise.all(
      [...this.#receivers.values()].map(async (thread) => {
        clearTimeout(thread.timer);
        await end(thread.worker, { kind: 'stop' });
      }),
    );
    if (detector !== undefined) await end(detector.worker, { kind: 'stop' });
    return this.#snapshots();
  }

  #snapshots(): Snapshots {
    return { detector: this.#detectorSnapshot, receivers: [...this.#receiverSnapshots.values()] };
  }

  #toDetector(message: ToDetector): void {
    this.#detector?.worker.postMessage(message);
  }

  #startDetector(pauseMs: number): Thread {
    const { seed } = this.#options.detector;
    const worker = startDetectorThread({
      seed,
      subject: this.#subject,
      snapshot: this.#detectorSnapshot,
      attacks: this.#options.ongoing(),
    });
    const thread: Thread = { name: 'detector', worker, startedMs: Date.now(), pauseMs, timer: undefined };
    worker.on('message', (message: FromDetector) => {
      if (message.kind === 'snapshot') this.#detectorSnapshot = message.bytes;
      this.#tell(message, undefined);
      this.#options.onDetector(message);
    });
    this.#watch(thread, (pause) => {
      this.#detector = this.#startDetector(pause);
      for (const receiver of this.#receivers.keys()) this.#connect(receiver);
    });
    return thread;
  }

  #startReceiver(setup: ReceiverSetup, pauseMs: number): Thread & { readonly setup: ReceiverSetup } {
    const { receiver } = setup;
    const last = this.#receiverSnapshots.get(receiver);
    const worker = startReceiverThread({
      ...setup,
      networks: this.#subject.networks,
      settings: this.#settings ?? setup.settings,
      snapshots: last === undefined ? setup.snapshots : [last],
    });
    const name = `receiver ${receiver}`;
    const thread = { name, worker, startedMs: Date.now(), pauseMs, timer: undefined, setup };
    worker.on('message', (message: FromReceiver) => {
      if (message.kind === 'snapshot') this.#receiverSnapshots.set(receiver, message.bytes);
      this.#tell(message, receiver);
      this.#options.onReceiver(receiver, message);
    });
    this.#watch(thread, (pause) => {
      this.#receivers.set(receiver, this.#startReceiver(setup, pause));
      this.#connect(receiver);
    });
    return thread;
  }

  #watch(thread: Thread, restart: (pauseMs: number) => void): void {
    let fault: Error | undefined;
    thread.worker.on('error', (error: Error) => {
      fault = error;
    });
    thread.worker.on('exit', () => {
      if (this.#stopping) return;
      this.deaths++;
      const receiver = [...this.#receivers].find(([, known]) => known === thread)?.[0];
      if (receiver !== undefined) this.#toDetector({ kind: 'receiver-gone', receiver });
      const steady = Date.now() - thread.startedMs >= STEADY_MS;
      const pauseMs = steady ? RESTART_MS : thread.pauseMs;
      thread.timer = setTimeout(() => restart(Math.min(RESTART_MS_MAX, 2 * pauseMs)), pauseMs);
      this.#options.onDeath(thread.name, fault, receiver);
    });
  }

  /** Gives a receiver and the detector a line of their own. */
  #connect(receiver: number): void {
    const { port1, port2 } = new MessageChannel();
    this.#detector?.worker.postMessage({ kind: 'receiver', receiver, port: port1 } satisfies ToDetector, [port1]);
    this.#receivers.get(receiver)?.worker.postMessage({ kind: 'detector', port: port2 } satisfies ToReceiver, [port2]);
  }

  /** The next message for which `wanted` is true. */
  #wait<M extends FromDetector | FromReceiver>(
    wanted: (message: FromDetector | FromReceiver, receiver: number | undefined) => boolean,
  ): Promise<M> {
    return new Promise((resolve) => {
      const look = (message: FromDetector | FromReceiver, receiver: number | undefined): void => {
        if (!wanted(message, receiver)) return;
        this.#waiting = this.#waiting.filter((waiting) => waiting !== look);
        resolve(message as M);
      };
      this.#waiting.push(look);
    });
  }

  #tell(message: FromDetector | FromReceiver, receiver: number | undefined): void {
    for (const waiting of this.#waiting) waiting(message, receiver);
  }
}

/** Asks a thread to end, and ends it if it does not. */
async function end(worker: Worker, message: ToDetector | ToReceiver): Promise<void> {
  // A thread that has ended already has no id any more.
  if (worker.threadId === -1) return;
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  worker.postMessage(message);
  if (!(await within(ended, STOP_MS_MAX))) await worker.terminate();
}

/** False where the promise was not settled in time. */
async function within(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const settled = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return settled;
}
