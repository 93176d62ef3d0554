import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { TlsMaterial } from '../../api/deps.ts';
import { BonghwaError } from '../../base/errors.ts';
import { DAY_MS } from './periods.ts';

/** A certificate that ends within this is told of: whatever renews it does not, ms. */
const ENDING_MS = 10 * DAY_MS;

export interface TlsPaths {
  readonly certificate: string;
  readonly key: string;
}

/** The files of a certificate, read again and again, since somebody renews them. */
export class TlsFiles {
  readonly #paths: TlsPaths;
  #material: TlsMaterial | undefined;

  constructor(paths: TlsPaths) {
    this.#paths = paths;
  }

  /** Rejects with CONFIG_INVALID where one of them cannot be read, or they do not belong together. */
  async read(): Promise<TlsMaterial> {
    const { certificate, key } = this.#paths;
    const material = {
      cert: await textOf('http.tls.certificate', certificate),
      key: await textOf('http.tls.key', key),
    };
    check(material, this.#paths);
    this.#material = material;
    return material;
  }

  /** Another certificate than was read last; undefined where it is the same. Rejects like `read`. */
  async renewed(): Promise<TlsMaterial | undefined> {
    const before = this.#material;
    const { cert, key } = await this.read();
    return cert === before?.cert && key === before.key ? undefined : { cert, key };
  }

  /** What should be known of the certificate that is in use; undefined where nothing should. */
  warning(nowMs: number): string | undefined {
    if (this.#material === undefined) return undefined;
    const endsMs = new X509Certificate(this.#material.cert).validToDate.getTime();
    if (endsMs - nowMs > ENDING_MS) return undefined;
    const when = new Date(endsMs).toISOString().slice(0, 10);
    return `the certificate of http.tls ${endsMs <= nowMs ? 'ended' : 'ends'} on ${when}, and was not renewed`;
  }
}

async function textOf(name: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new BonghwaError('CONFIG_INVALID', `${name}: ${path} cannot be read`, {
      hint: 'The user that the station runs as has to be able to read it.',
      cause,
    });
  }
}

function check({ cert, key }: TlsMaterial, paths: TlsPaths): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (cause) {
    throw new BonghwaError('CONFIG_INVALID', `http.tls.certificate: ${paths.certificate} holds no certificate`, {
      hint: 'PEM is needed, the certificate of the station first.',
      cause,
    });
  }
  try {
    if (certificate.checkPrivateKey(createPrivateKey(key))) return;
  } catch (cause) {
    throw new BonghwaError('CONFIG_INVALID', `http.tls.key: ${paths.key} holds no private key that can be used`, {
      hint: 'PEM without a password is needed.',
      cause,
    });
  }
  throw new BonghwaError('CONFIG_INVALID', `http.tls: the key in ${paths.key} is not that of the certificate`, {
    hint: 'While both are being replaced they may not belong together for a moment.',
  });
}
