import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ProbeSettings } from '../../input/probe/limits.ts';
import type { ProberCounts, ProbeSite } from '../../input/probe/prober.ts';
import type { CheckResult } from '../../model/vantage.ts';

export interface ProbeSetup {
  readonly settings: ProbeSettings;
  readonly everyMs: number;
  readonly seed: number;
  readonly sites: readonly ProbeSite[];
}

export type ToProber = { readonly kind: 'sites'; readonly sites: readonly ProbeSite[] } | { readonly kind: 'stop' };
export type FromProber = {
  readonly kind: 'results';
  readonly results: readonly CheckResult[];
  readonly counts: ProberCounts;
};

/** How long results are gathered before they are handed over, ms. */
const GATHERED_MS = 100;

/** Starts the vantage that the station itself is, in a thread of its own. It posts `FromProber` and takes `ToProber`. */
export function startProbeThread(setup: ProbeSetup): Worker {
  return new Worker(new URL(import.meta.url), { name: 'bonghwa-vantage', workerData: { probe: setup } });
}

async function run(setup: ProbeSetup, main: MessagePort): Promise<void> {
  const { Prober } = await import('../../input/probe/prober.ts');
  let gathered: CheckResult[] = [];
  const prober = new Prober({ ...setup, onResult: (result) => gathered.push(result) });
  prober.setSites(setup.sites);
  prober.start();
  const timer = setInterval(() => {
    if (gathered.length === 0) return;
    main.postMessage({ kind: 'results', results: gathered, counts: prober.counts() } satisfies FromProber);
    gathered = [];
  }, GATHERED_MS);
  main.on('message', (message: ToProber) => {
    if (message.kind === 'sites') prober.setSites(message.sites);
    else {
      clearInterval(timer);
      prober.stop();
      main.close();
    }
  });
}

const { probe } = (workerData ?? {}) as { probe?: ProbeSetup };
if (!isMainThread && parentPort !== null && probe !== undefined) await run(probe, parentPort);
