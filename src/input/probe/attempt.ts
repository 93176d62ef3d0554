import type { SecureContext } from 'node:tls';
import type { CheckPhase, CheckResult } from '../../model/vantage.ts';
import type { Certificate } from './connect.ts';
import { CheckFault } from './fault.ts';
import type { ProbeSettings } from './limits.ts';
import type { Family, Names } from './names.ts';

/** What the attempts of one prober use together. */
export interface ProbeTools {
  readonly settings: ProbeSettings;
  readonly names: Names;
  readonly secureContext: SecureContext;
}

type Phases = NonNullable<CheckResult['phasesMs']>;
const PHASE_KEYS = {
  dns: 'dns',
  connect: 'connect',
  tls: 'tls',
  'first-byte': 'firstByte',
  content: 'content',
} as const satisfies Record<CheckPhase, keyof Phases>;

/**
 * One attempt while it is being made: its end, and what has been found out so far, so that an attempt that fails still tells how far
 * it came. Times of redirects add up phase by phase: a reader waits for all of them.
 */
export class Attempt {
  readonly family: Family;
  /** Which of several addresses this attempt takes: the next attempt takes the next one. */
  readonly turn: number;
  readonly signal: AbortSignal;
  readonly phasesMs: Partial<Record<keyof Phases, number>> = {};
  address: string | undefined;
  httpVersion: CheckResult['httpVersion'];
  status: number | undefined;
  bytes: number | undefined;
  certificate: Certificate | undefined;

  constructor(family: Family, turn: number, signal: AbortSignal) {
    this.family = family;
    this.turn = turn;
    this.signal = signal;
  }

  /** Runs one phase and adds its time, also where it fails. */
  async timed<T>(phase: CheckPhase, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.add(phase, performance.now() - began);
    }
  }

  add(phase: CheckPhase, ms: number): void {
    const key = PHASE_KEYS[phase];
    this.phasesMs[key] = (this.phasesMs[key] ?? 0) + ms;
  }

  /** Forgets what the answer before a redirect was: it is not the answer. */
  next(): void {
    this.status = undefined;
    this.bytes = undefined;
  }
}

/** The address of a host that this attempt goes to. Rejects with a `CheckFault` of phase `dns`, also for an address of the inside. */
export async function chooseAddress(host: string, attempt: Attempt, { names }: ProbeTools): Promise<string> {
  const addresses = await attempt.timed('dns', () => names.addresses(host, attempt.family, attempt.signal));
  // One address of the inside among others is refused too: whoever answers DNS must not choose by turns.
  for (const address of addresses) names.permit(address, host);
  const address = addresses[attempt.turn % addresses.length];
  attempt.address = address;
  return address;
}

/** Our own address for a family, where one was given. */
export function sourceOf({ settings }: ProbeTools, family: Family): string | undefined {
  return settings.source?.[family];
}

/** The address that was connected to is the one that was judged: what anything in between made of it is not probed. */
export function verifyRemote(remote: string | undefined, host: string, { names }: ProbeTools): void {
  if (remote === undefined) throw new CheckFault('connect', 'closed', 'the connection was closed');
  names.permit(remote, host);
}
