import { connect as connectTcp, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { CheckFailureCode } from '../../model/check-failure.ts';
import type { CheckPhase, CheckResult } from '../../model/vantage.ts';
import { brief, CheckFault, socketFault } from './fault.ts';

export type Certificate = NonNullable<CheckResult['certificate']>;

/** One secure context for all checks: making one reads every authority that there is. */
export function secureContext(authorities: readonly string[] | undefined): SecureContext {
  if (authorities === undefined || authorities.length === 0) return createSecureContext();
  return createSecureContext({ ca: [...rootCertificates, ...authorities] });
}

/** Connects to exactly this address: what was judged is where it goes. Rejects with a `CheckFault` of phase `connect`. */
export async function openTcp(
  address: string,
  port: number,
  source: string | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connectTcp({
    host: address,
    port,
    ...(source === undefined ? {} : { localAddress: source }),
    noDelay: true,
    // An address needs no looking up, and nothing else is to be gone to.
    autoSelectFamily: false,
  });
  await settled(socket, 'connect', 'connect', signal);
  return socket;
}

/**
 * Speaks TLS over a connection and offers HTTP/2 and HTTP/1.1. A certificate that is not valid is no fault here: the caller reads
 * it with `certificateOf`.
 */
export async function openTls(
  socket: Socket,
  host: string,
  named: boolean,
  context: SecureContext,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const secure = connectTls({
    socket,
    host,
    ...(named ? { servername: host } : {}),
    secureContext: context,
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false,
  });
  try {
    await settled(secure, 'secureConnect', 'tls', signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return secure;
}

/** Waits for an event of a socket; destroys the socket where an error, its end, or the end of the attempt comes first. */
function settled(socket: Socket, event: string, phase: CheckPhase, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (fault?: CheckFault): void => {
      signal.removeEventListener('abort', late);
      socket.off('error', failed).off('close', closed).off(event, ready);
      if (fault === undefined) {
        resolve();
        return;
      }
      // Errors that come after the first are of no more use.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(fault);
    };
    const ready = (): void => done();
    const failed = (error: Error): void => done(socketFault(phase, error));
    const closed = (): void => done(new CheckFault(phase, 'closed', 'the connection was closed'));
    const late = (): void =>
      done(new CheckFault(phase, 'timeout', phase === 'tls' ? 'TLS did not come about in time' : 'no answer in time'));
    socket.on('error', failed).on('close', closed).on(event, ready);
    if (signal.aborted) late();
    else signal.addEventListener('abort', late, { once: true });
  });
}

/** Codes of OpenSSL and Node for a certificate that does not hold. All others mean that nobody trusted stands behind it. */
const CERTIFICATE_CODES: Readonly<Record<string, readonly [code: CheckFailureCode, reason: string]>> = {
  CERT_HAS_EXPIRED: ['certificate-expired', 'it has expired'],
  CERT_NOT_YET_VALID: ['certificate-not-yet-valid', 'it is not valid yet'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['certificate-name', 'it is for another name'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['certificate-untrusted', 'it is signed by itself'],
  SELF_SIGNED_CERT_IN_CHAIN: ['certificate-untrusted', 'its authority is not trusted here'],
};

export interface JudgedCertificate {
  readonly certificate: Certificate;
  readonly fault: CheckFault | undefined;
}

/** The certificate that the other side showed, and what is wrong with it. */
export function certificateOf(secure: TLSSocket): JudgedCertificate | undefined {
  const shown = secure.getPeerX509Certificate();
  if (shown === undefined) return undefined;
  const ends = Date.parse(shown.validTo);
  const notAfter = new Date(Number.isNaN(ends) ? 0 : ends).toISOString();
  if (secure.authorized) return { certificate: { notAfter, valid: true }, fault: undefined };
  // The type says Error, and Node gives the code as text.
  const told: unknown = secure.authorizationError;
  const name = typeof told === 'string' ? told : String((told as NodeJS.ErrnoException | null)?.code ?? told);
  const [code, reason] = CERTIFICATE_CODES[name] ?? ['certificate-untrusted', `it cannot be verified (${brief(name)})`];
  return {
    certificate: { notAfter, valid: false, reason },
    fault: new CheckFault('tls', code, `the certificate does not hold: ${reason}`),
  };
}
