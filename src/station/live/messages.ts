import type { MessagePort } from 'node:worker_threads';
import type { Prefix } from '../../base/prefix.ts';
import type { TrackedExporter } from '../../detect/exporter/duplicate-guard.ts';
import type { ExporterFacts } from '../../detect/exporter/facts.ts';
import type { Attack, ExporterReport } from '../../model/attack.ts';
import type { SecondRecord } from '../../model/second-record.ts';
import type { InputStatus } from '../../model/station-view.ts';
import type { Vector } from '../../model/vector.ts';
import type { EncodedSecond, WatchList } from '../../sketch/second-codec.ts';
import type { SourceShares } from '../origins.ts';
import type { ExporterSettings } from './exporter-filter.ts';

/** What the threads of a station tell each other. All of it is plain data that can be posted. */

/** A fault in another thread, to be thrown again here. */
export interface ThreadFault {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Main to receiver. */
export type ToReceiver =
  | { readonly kind: 'detector'; readonly port: MessagePort }
  | { readonly kind: 'networks'; readonly networks: readonly Prefix[] }
  | { readonly kind: 'settings'; readonly settings: ExporterSettings }
  | { readonly kind: 'track'; readonly tracked: readonly TrackedExporter[] }
  | { readonly kind: 'facts' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'stop' };

/** Receiver to main. */
export type FromReceiver =
  | { readonly kind: 'listening'; readonly inputs: readonly InputStatus[] }
  | { readonly kind: 'failed'; readonly fault: ThreadFault }
  | { readonly kind: 'fault'; readonly fault: ThreadFault }
  | ({ readonly kind: 'report' } & ReceiverReport)
  | { readonly kind: 'facts'; readonly facts: readonly ExporterFacts[] }
  | { readonly kind: 'snapshot'; readonly bytes: Uint8Array }
  | { readonly kind: 'stopped' };

/** Counters of one receiver since its start. */
export interface ReceiverReport {
  readonly inputs: readonly InputStatus[];
  readonly records: number;
  readonly recordsShed: number;
  /** Records that sequence numbers say are missing. */
  readonly recordsMissing: number;
  readonly exporters: readonly ExporterReport[];
  readonly rejected: Readonly<Record<string, number>>;
  /** One datagram in how many is decoded now; 1 when it keeps up. */
  readonly shedding: number;
}

/** Receiver to detector, over a port of their own. */
export type ToDetectorFromReceiver = {
  readonly encoded: EncodedSecond;
  readonly coveredMs: number;
  readonly untilMs: number;
  /** Index and address of the exporters that the sampled rows name: five words each. */
  readonly exporters: Uint32Array;
};

/** Detector to receiver. */
export type ToReceiverFromDetector =
  | { readonly watch: WatchList }
  /** Memory of a second that was merged, moved back. */
  | { readonly spare: SharedArrayBuffer };

/** Main to detector. */
export type ToDetector =
  | { readonly kind: 'receiver'; readonly receiver: number; readonly port: MessagePort }
  | { readonly kind: 'receiver-gone'; readonly receiver: number }
  | { readonly kind: 'configure'; readonly subject: DetectionSubject }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'stop' };

/** What is protected, and how it is called. */
export interface DetectionSubject {
  readonly networks: readonly Prefix[];
  /** Name of the site by address text. */
  readonly sites: ReadonlyMap<string, string>;
  readonly organisation?: string;
  readonly configuredPps: Readonly<Partial<Record<Vector, number>>>;
}

/** Detector to main. */
export type FromDetector =
  | { readonly kind: 'ready'; readonly restored: number; readonly fault?: string }
  | {
      readonly kind: 'attack';
      readonly attack: Attack;
      readonly state: 'opened' | 'updated' | 'closed';
      /** Its heaviest sources, to be told where they are. */
      readonly sources: SourceShares | undefined;
    }
  | {
      readonly kind: 'second';
      readonly record: SecondRecord;
      /** How long after its end the second was decided, ms. */
      readonly lagMs: number;
      /** Processor time that merging and deciding took, ms. */
      readonly workMs: number;
      readonly late: number;
      readonly incomplete: number;
      readonly attacksRefused: number;
    }
  | { readonly kind: 'snapshot'; readonly bytes: Uint8Array }
  | { readonly kind: 'stopped' };
