import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ListenAddress } from '../../base/listen.ts';
import type { Prefix } from '../../base/prefix.ts';
import type { ExporterSettings } from './exporter-filter.ts';

export interface ReceiverSetup {
  readonly receiver: number;
  readonly seed: number;
  readonly lots: number;
  readonly networks: readonly Prefix[];
  readonly listen: readonly { readonly kind: 'netflow' | 'sflow'; readonly at: ListenAddress }[];
  /** True where several receivers listen on the same addresses. */
  readonly shared: boolean;
  /** A stream of packets instead of sockets. */
  readonly packets?: {
    readonly path: string;
    readonly telemetryPorts: readonly number[];
    readonly ownTime: boolean;
  };
  readonly settings: ExporterSettings;
  readonly volumes: SharedArrayBuffer;
  /** What receivers of an earlier run had learned of the exporters. */
  readonly snapshots: readonly Uint8Array[];
}

/** Starts a thread that receives, decodes and counts. It posts `FromReceiver` and takes `ToReceiver`. */
export function startReceiverThread(setup: ReceiverSetup): Worker {
  return new Worker(new URL(import.meta.url), {
    name: `bonghwa-receiver-${setup.receiver}`,
    workerData: { receiver: setup },
  });
}

const given = workerData as { readonly receiver?: ReceiverSetup } | null;
if (!isMainThread && parentPort !== null && given?.receiver !== undefined) {
  // What it runs is loaded in the thread alone: the station that starts it has the processor for its own parts meanwhile.
  const { ReceiverWork } = await import('./receiver-work.ts');
  await new ReceiverWork(given.receiver, parentPort).start();
}
