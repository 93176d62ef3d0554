// What @peculiar/x509 is built on looks for this.
import 'reflect-metadata';
import { createHash, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { z } from 'zod';
import type { StateStore } from '../../store/state/state-store.ts';

export interface StationCertificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

const BLOB = 'vantage-certificate';
/** It is known by its fingerprint alone, which whoever holds it types: changing it often would make people used to typing it. */
const YEARS = 20;
const YEAR_MS = 365.25 * 86_400_000;
/** It is made anew when it has less time left than this. */
const LEFT_MS_MIN = YEAR_MS;
/** A clock that was set a little later than ours takes it all the same. */
const EARLIER_MS = 86_400_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

const keptSchema = z.object({ key: z.string(), cert: z.string() });

/** The certificate under which vantages know this station: the one that is kept, or a new one. */
export async function stationCertificate(state: StateStore, nowMs: number): Promise<StationCertificate> {
  const bytes = await state.loadBlob(BLOB);
  const kept = bytes === undefined ? undefined : keptSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (kept?.success === true) {
    const ends = new X509Certificate(kept.data.cert).validToDate.getTime();
    if (ends - nowMs > LEFT_MS_MIN) return kept.data;
  }
  const made = await makeCertificate(nowMs);
  await state.saveBlob(BLOB, Buffer.from(JSON.stringify(made)));
  return made;
}

async function makeCertificate(nowMs: number): Promise<StationCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const serial = randomBytes(16);
  // A serial number is positive (RFC 5280 section 4.1.2.2).
  serial[0] &= 0x7f;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toString('hex'),
    name: 'CN=Bonghwa station',
    notBefore: new Date(nowMs - EARLIER_MS),
    notAfter: new Date(nowMs + YEARS * YEAR_MS),
    signingAlgorithm: ALGORITHM,
    keys,
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = key.match(/.{1,64}/g)?.join('\n') ?? '';
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
    cert: certificate.toString('pem'),
  };
}

/** What people compare and programs pin: SHA-256 over the certificate, 64 hexadecimal digits. */
export function fingerprintOf(cert: string): string {
  return createHash('sha256').update(new X509Certificate(cert).raw).digest('hex');
}
