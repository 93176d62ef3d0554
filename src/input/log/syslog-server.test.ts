import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { parseListen } from '../../base/listen.ts';
import { Rejections } from '../../model/rejection.ts';
import { createRequestBatch, type RequestBatch } from '../../model/request-batch.ts';
import { requestValue } from '../../model/request-json.ts';
import { LogDecoder } from '../../wire/log/log-decoder.ts';
import { type SyslogListener, SyslogServer } from './syslog-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-syslog-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const message = (at: number): string =>
  `<134>Oct 10 13:55:36 web1 nginx: 192.0.2.1 - - [10/Oct/2023:13:55:36 +0000] "GET /${at} HTTP/1.1" 200 1 "-" "a"`;

const PATIENCE_MS = 5000;

class Scene {
  readonly paths: string[] = [];
  readonly rejections = new Rejections();
  readonly server: SyslogServer;

  constructor(listener: Omit<SyslogListener, 'listen' | 'decoder'>) {
    after(() => this.server.stop());
    this.server = new SyslogServer({
      listeners: [{ ...listener, listen: parseListen('127.0.0.1:0')!, decoder: new LogDecoder(this.rejections) }],
      batch: createRequestBatch(8),
      sink: {
        take: (batch: RequestBatch): void => {
          for (let row = 0; row < batch.length; row++) this.paths.push(String(requestValue(batch, 'path', row)));
          batch.length = 0;
          batch.textLength = 0;
        },
      },
    });
  }

  async expect(count: number): Promise<void> {
    for (let waited = 0; this.paths.length < count && waited < PATIENCE_MS; waited += 5) await sleep(5);
    assert.deepEqual(
      this.paths,
      Array.from({ length: count }, (_, at) => `/${at}`),
    );
    await this.server.stop();
  }
}

const lines = (count: number): string => Array.from({ length: count }, (_, at) => message(at)).join('\n');

describe('logs that are sent', () => {
  it('over UDP, a message a datagram', async () => {
    const scene = new Scene({ transport: 'udp' });
    await scene.server.start();
    const socket = createSocket('udp4');
    for (let at = 0; at < 20; at++) {
      await new Promise((resolve) => socket.send(`${message(at)}\n`, scene.server.ports[0], '127.0.0.1', resolve));
    }
    socket.close();
    await scene.expect(20);
    assert.equal(scene.server.counts.messages, 20);
  });

  it('over TCP, counted or by lines; rubbish is counted with its reason', async () => {
    const scene = new Scene({ transport: 'tcp' });
    await scene.server.start();
    const socket = connect(scene.server.ports[0], '127.0.0.1');
    const counted = message(20);
    socket.end(`${lines(20)}\n${counted.length} ${counted}\u0000rubbish\n`);
    await scene.expect(21);
    assert.deepEqual(scene.rejections.toRecord(), { 'log-line-unparsed': 1 });
  });

  it('over TLS, with a certificate of the sender where one is asked for', async (context) => {
    const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(directory, name));
    const made = spawnSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        '/CN=localhost',
      ],
      ...['-keyout', key, '-out', certificate, '-days', '2'],
    ]);
    if (made.status !== 0) return context.skip('openssl is not there to make a certificate');
    const scene = new Scene({ transport: 'tls', key, certificate, clientAuthority: certificate });
    await scene.server.start();
    const options = { port: scene.server.ports[0], host: '127.0.0.1', rejectUnauthorized: false };
    const stranger = connectTls(options);
    const closed = new Promise<void>((resolve) => stranger.on('close', () => resolve()));
    stranger.on('error', () => undefined);
    stranger.end(`${message(99)}\n`);
    await closed;
    const socket = connectTls({ ...options, key: readFileSync(key), cert: readFileSync(certificate) });
    socket.end(`${lines(5)}\n`);
    await scene.expect(5);
  });

  it('an address that is taken is an error', async () => {
    const scene = new Scene({ transport: 'tcp' });
    await scene.server.start();
    const other = new SyslogServer({
      listeners: [
        {
          transport: 'tcp',
          listen: parseListen(`127.0.0.1:${scene.server.ports[0]}`)!,
          decoder: new LogDecoder(new Rejections()),
        },
      ],
      batch: createRequestBatch(8),
      sink: { take: () => undefined },
    });
    await assert.rejects(other.start(), { code: 'LISTEN_FAILED' });
    await scene.server.stop();
  });
});
