import type { CheckFailureCode } from '../../model/check-failure.ts';
import type { CheckPhase } from '../../model/vantage.ts';

/** What ended an attempt: data for a `CheckResult`, thrown only between the phases of one attempt. */
export class CheckFault extends Error {
  readonly phase: CheckPhase;
  readonly code: CheckFailureCode;

  constructor(phase: CheckPhase, code: CheckFailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CheckFault';
    this.phase = phase;
    this.code = code;
  }
}

/** Codes of the system that have a code of ours. */
const SYSTEM_CODES: Readonly<Record<string, readonly [code: CheckFailureCode, message: string]>> = {
  ECONNREFUSED: ['refused', 'the connection was refused'],
  ECONNRESET: ['reset', 'the connection was reset'],
  EPIPE: ['reset', 'the connection was reset'],
  ETIMEDOUT: ['timeout', 'the other side did not answer'],
  EHOSTUNREACH: ['unreachable', 'there is no way to the address'],
  ENETUNREACH: ['unreachable', 'there is no way to the network of the address'],
  EADDRNOTAVAIL: ['unreachable', 'this machine has no address to go out from'],
  EACCES: ['unreachable', 'a firewall of this machine refuses it'],
  EPERM: ['unreachable', 'a firewall of this machine refuses it'],
};

/** The fault that an error of a socket means in this phase. */
export function socketFault(phase: CheckPhase, error: unknown): CheckFault {
  if (error instanceof CheckFault) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (/socket hang up|disconnected before secure/i.test(message))
    return new CheckFault(phase, 'closed', 'the connection was closed', error);
  const known = SYSTEM_CODES[code];
  if (known !== undefined) return new CheckFault(phase, known[0], known[1], error);
  return new CheckFault(phase, phase === 'tls' ? 'tls-failed' : 'connect-failed', brief(message), error);
}

/** An error's message in one line of bounded length: OpenSSL tells files and line numbers of its own. */
export function brief(message: string): string {
  const words = message.replace(/^[0-9A-F]{8,}:error:[0-9A-F]+:/i, '').split('\n')[0];
  return words.length > 160 ? `${words.slice(0, 157)}...` : words;
}
