import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Attack } from '../../model/attack.ts';
import type {
  DetectionSubject,
  FromDetector,
  ToDetector,
  ToDetectorFromReceiver,
  ToReceiverFromDetector,
} from './messages.ts';

/** How often it is looked whether a second has waited for long enough, ms. */
const TICK_MS = 100;

export interface DetectorSetup {
  readonly seed: number;
  readonly subject: DetectionSubject;
  /** What an earlier run remembered. */
  readonly snapshot: Uint8Array | undefined;
  /** Attacks that went on when it was told of them last; the snapshot may be older. */
  readonly attacks: readonly Attack[];
}

/** Starts the thread that merges seconds and decides. It posts `FromDetector` and takes `ToDetector`. */
export function startDetectorThread(setup: DetectorSetup): Worker {
  return new Worker(new URL(import.meta.url), { name: 'bonghwa-detector', workerData: { detector: setup } });
}

/** What it runs is loaded in the thread alone: the station that starts it has the processor for its own parts meanwhile. */
async function run(setup: DetectorSetup, main: MessagePort): Promise<void> {
  const { DetectorRole } = await import('./detector-role.ts');
  const ports = new Map<number, MessagePort>();
  const post = (message: FromDetector): void => main.postMessage(message);
  const role = new DetectorRole({
    seed: setup.seed,
    subject: setup.subject,
    post,
    broadcast: (message) => {
      for (const port of ports.values()) port.postMessage(message);
    },
    giveBack: (receiver, spare) => ports.get(receiver)?.postMessage({ spare } satisfies ToReceiverFromDetector),
    now: () => Date.now(),
    cpuMs: () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1000;
    },
  });
  const timer = setInterval(() => role.tick(), TICK_MS);
  main.on('message', (message: ToDetector) => {
    switch (message.kind) {
      case 'receiver': {
        const { receiver, port } = message;
        ports.get(receiver)?.close();
        ports.set(receiver, port);
        role.join(receiver);
        port.on('message', (part: ToDetectorFromReceiver) => role.offer(receiver, part));
        break;
      }
      case 'receiver-gone':
        ports.get(message.receiver)?.close();
        ports.delete(message.receiver);
        role.leave(message.receiver);
        break;
      case 'configure':
        role.configure(message.subject);
        break;
      case 'snapshot':
        post({ kind: 'snapshot', bytes: role.snapshot() });
        break;
      case 'stop':
        clearInterval(timer);
        for (const port of ports.values()) port.close();
        post({ kind: 'snapshot', bytes: role.snapshot() });
        post({ kind: 'stopped' });
        main.close();
        break;
    }
  });
  const restored = setup.snapshot === undefined ? { restored: 0 } : role.restore(setup.snapshot);
  // The list is whole: what the snapshot holds open and the list does not was closed since.
  role.detector.adopt(setup.attacks, true);
  post({ kind: 'ready', ...restored });
}

const given = workerData as { readonly detector?: DetectorSetup } | null;
if (!isMainThread && parentPort !== null && given?.detector !== undefined) await run(given.detector, parentPort);
