import type { LogInputsConfig } from '../../input/log/log-inputs.ts';
import type { Attack } from '../../model/attack.ts';
import type { RequestsRecord } from '../../model/kept-request.ts';
import type { SiteSecond } from '../../model/site-second.ts';
import type { SourceShares } from '../origins.ts';
import type { KnownSites } from '../site-hosts.ts';

/** What the main thread and the thread that reads logs tell each other. All of it is plain data that can be posted. */
export interface WebSetup {
  readonly seed: number;
  readonly inputs: LogInputsConfig;
  /** File in which the positions of logs are kept. */
  readonly positions: string;
  readonly sites: KnownSites;
  readonly snapshot: Uint8Array | undefined;
  /** Attacks that went on when it was told of them last. */
  readonly attacks: readonly Attack[];
  /** True where requests are kept for later questions. */
  readonly keepsRequests: boolean;
}

/** Counters since the start. */
export interface WebReport {
  readonly requests: number;
  /** Lines that were no request, by reason; and requests whose time is far behind. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly clientsEvicted: number;
}

export type ToWeb =
  | { readonly kind: 'sites'; readonly sites: KnownSites }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'stop' };

export type FromWeb =
  | { readonly kind: 'ready'; readonly sites: number; readonly fault?: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint?: string }
  | {
      readonly kind: 'attack';
      readonly attack: Attack;
      readonly state: 'opened' | 'updated' | 'closed';
      readonly sources: SourceShares | undefined;
    }
  | { readonly kind: 'seconds'; readonly seconds: readonly SiteSecond[] }
  | { readonly kind: 'requests'; readonly record: RequestsRecord }
  | { readonly kind: 'fault'; readonly where: string; readonly fault: string }
  | ({ readonly kind: 'report' } & WebReport)
  | { readonly kind: 'snapshot'; readonly bytes: Uint8Array }
  | { readonly kind: 'stopped' };
