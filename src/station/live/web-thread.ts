import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { BonghwaError } from '../../base/errors.ts';
import type { FromWeb, ToWeb, WebSetup } from './web-messages.ts';

/** How often it is looked whether a second is over, ms. */
const TICK_MS = 50;

/** Starts the thread that reads logs and decides. It posts `FromWeb` and takes `ToWeb`. */
export function startWebThread(setup: WebSetup): Worker {
  return new Worker(new URL(import.meta.url), { name: 'bonghwa-web', workerData: { web: setup } });
}

async function run(setup: WebSetup, main: MessagePort): Promise<void> {
  const { WebRole } = await import('./web-role.ts');
  const post = (message: FromWeb): void => main.postMessage(message);
  const role = new WebRole({ setup, post, now: () => Date.now() });
  await role.start();
  const timer = setInterval(() => role.tick(), TICK_MS);
  main.on('message', (message: ToWeb) => {
    if (message.kind === 'sites') {
      role.setSites(message.sites);
      return;
    }
    if (message.kind === 'snapshot') {
      post({ kind: 'snapshot', bytes: role.snapshot() });
      return;
    }
    clearInterval(timer);
    void role.stop().then(() => {
      post({ kind: 'snapshot', bytes: role.snapshot() });
      post({ kind: 'stopped' });
      main.close();
    });
  });
}

const given = workerData as { readonly web?: WebSetup } | null;
if (!isMainThread && parentPort !== null && given?.web !== undefined) {
  const port = parentPort;
  run(given.web, port).catch((error: Error) => {
    const known = error instanceof BonghwaError ? error : undefined;
    const hint = known?.hint;
    const message: FromWeb = {
      kind: 'failed',
      code: known?.code ?? 'INTERNAL',
      message: error.message,
      ...(hint === undefined ? {} : { hint }),
    };
    port.postMessage(message);
    port.close();
  });
}
