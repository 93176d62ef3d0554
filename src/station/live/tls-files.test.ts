import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { FixedStation } from '../../../test/support/fixed-station.ts';
import { MemoryDocuments } from '../../../test/support/memory-documents.ts';
import { temporaryDirectory } from '../../../test/support/state.ts';
import { createApi } from '../../api/api.ts';
import { SignIn } from '../../api/sign-in/sign-in.ts';
import { parseConfig } from '../../model/config.ts';
import type { StateStore } from '../../store/state/state-store.ts';
import { type StationCertificate, stationCertificate } from '../sites/station-certificate.ts';
import { TlsFiles } from './tls-files.ts';

const DAY_MS = 86_400_000;
const ANYWHERE = { address: '127.0.0.1', port: 0, family: 4 } as const;
const nothingKept = { loadBlob: async () => undefined, saveBlob: async () => undefined } as unknown as StateStore;
const made = (): Promise<StationCertificate> => stationCertificate(nothingKept, Date.now());

interface Answer {
  readonly status: number | undefined;
  readonly hsts: string | undefined;
  readonly serial: string | undefined;
}

function ask(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }, (response) => {
      const serial = (response.socket as TLSSocket).getPeerX509Certificate()?.serialNumber;
      const { statusCode: status, headers } = response;
      response.resume().on('end', () => resolve({ status, hsts: headers['strict-transport-security'], serial }));
    })
      .on('error', reject)
      .end();
  });
}

describe('HTTP by TLS', () => {
  const directory = temporaryDirectory('tls');
  const paths = { certificate: join(directory.path, 'cert.pem'), key: join(directory.path, 'key.pem') };
  const write = ({ cert, key }: StationCertificate): void => {
    // As those who renew them do: whole files, one after the other.
    for (const [path, text] of [
      [paths.key, key],
      [paths.certificate, cert],
    ] as const) {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    }
  };
  after(() => directory.remove());

  it('answers with its certificate, and with a renewed one from then on', async () => {
    const first = await made();
    write(first);
    const files = new TlsFiles(paths);
    const signIn = await SignIn.create({
      directory: directory.path,
      store: new MemoryDocuments(),
      url: () => 'https://bonghwa.example',
      providers: [],
      onProblem: () => undefined,
    });
    const api = createApi(new FixedStation(), { signIn });
    try {
      await api.listen(ANYWHERE);
      const { port } = await api.listenTls(ANYWHERE, await files.read());
      const answer = await ask(port, '/healthz');
      assert.equal(answer.status, 200);
      assert.equal(answer.serial, new X509Certificate(first.cert).serialNumber);
      assert.match(answer.hsts ?? '', /^max-age=\d{8}$/);
      assert.equal((await ask(port, '/api/status')).status, 401);

      assert.equal(await files.renewed(), undefined);
      const second = await made();
      write(second);
      const renewed = await files.renewed();
      assert.ok(renewed !== undefined);
      api.renewTls(renewed);
      assert.equal((await ask(port, '/healthz')).serial, new X509Certificate(second.cert).serialNumber);
    } finally {
      await api.close();
    }
  });

  it('says what is wrong with its files, and when the certificate ends', async () => {
    const [one, other] = [await made(), await made()];
    const files = new TlsFiles(paths);
    const fails = (pattern: RegExp) => assert.rejects(files.read(), { code: 'CONFIG_INVALID', message: pattern });
    write({ ...one, key: other.key });
    await fails(/is not that of the certificate$/);
    write({ ...one, key: 'none' });
    await fails(/holds no private key that can be used$/);
    write({ ...one, cert: 'none' });
    await fails(/holds no certificate$/);
    await assert.rejects(new TlsFiles({ ...paths, key: join(directory.path, 'not there') }).read(), {
      message: /^http\.tls\.(certificate|key): .* cannot be read$/,
    });
    write(one);
    await files.read();
    const endsMs = new X509Certificate(one.cert).validToDate.getTime();
    assert.equal(files.warning(endsMs - 11 * DAY_MS), undefined);
    assert.match(files.warning(endsMs - 9 * DAY_MS) ?? '', /ends on \d{4}-\d{2}-\d{2}, and was not renewed$/);
    assert.match(files.warning(endsMs + DAY_MS) ?? '', /ended on/);
  });

  it('is not there without sign-in', async () => {
    const api = createApi(new FixedStation());
    await assert.rejects(api.listenTls(ANYWHERE, await made()), { code: 'HTTP_NOT_LOOPBACK' });
    const tls = 'tls: { listen: ":8443", certificate: a, key: b }';
    const fault = (http: string): string => {
      const read = parseConfig(`networks: [192.0.2.0/24]\nhttp: { ${http} }`);
      return read.kind === 'ok' ? '' : read.problems.map(({ message }) => message).join();
    };
    assert.match(fault(tls), /needs http\.url/);
    assert.match(fault(`${tls}, url: "https://b.example", signIn: off`), /needs http\.signIn/);
    assert.equal(fault(`${tls}, url: "https://b.example"`), '');
  });
});
