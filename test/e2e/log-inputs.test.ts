import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/base/random.ts';
import { LogInputs } from '../../src/input/log/log-inputs.ts';
import { PositionFile } from '../../src/input/log/positions.ts';
import { configSchema } from '../../src/model/config-schema.ts';
import type { RequestBatch } from '../../src/model/request-batch.ts';
import { requestValue } from '../../src/model/request-json.ts';
import type { ServerStatus } from '../../src/model/server-status.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-inputs-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const CHILD = fileURLToPath(new URL('../support/follow-child.ts', import.meta.url));
const SEED = 11;
const KILLS = 4;

const line = (at: number): string =>
  `192.0.2.1 - - [10/Oct/2023:13:55:00 +0000] "GET /${at} HTTP/1.1" 200 1 "-" "agent ${Math.imul(at + 1, 2_654_435_761) >>> 0}"\n`;

/** What the child kept: the paths of all whole steps. */
function kept(out: string): number[] {
  if (!existsSync(out)) return [];
  const whole = readFileSync(out, 'utf8').split('\n').slice(0, -1);
  return whole.flatMap((step) => (JSON.parse(step) as { paths: string[] }).paths.map((path) => Number(path.slice(1))));
}

describe('logs that are followed', () => {
  it('kill -9 at any moment, and rotation meanwhile: nothing is read twice, nothing left out', {
    timeout: 60_000,
  }, async () => {
    const log = join(directory, 'killed.log');
    const out = join(directory, 'kept.ndjson');
    writeFileSync(log, '');
    const random = new Random(SEED);
    let written = 0;
    const write = (lines: number): void => {
      for (let at = 0; at < lines; at++) appendFileSync(log, line(written++));
    };
    const start = (): ChildProcess =>
      spawn(process.execPath, [CHILD, log, out], { stdio: ['ignore', 'inherit', 'inherit'] });
    let child = start();
    after(() => child.kill('SIGKILL'));
    for (let kill = 0; kill < KILLS; kill++) {
      // The child reads on from here: it has started.
      const before = kept(out).length;
      write(1);
      for (let waited = 0; kept(out).length === before && waited < 10_000; waited += 20) await sleep(20);
      for (let at = 0; at < 20; at++) {
        write(50);
        await sleep(random.below(20));
      }
      child.kill('SIGKILL');
      await once(child, 'exit');
      // A step that was cut short by the kill is none: its bytes go.
      const text = readFileSync(out, 'utf8');
      writeFileSync(out, text.slice(0, text.lastIndexOf('\n') + 1));
      write(20);
      if (kill % 2 === 1) {
        renameSync(log, `${log}.${kill}`);
        write(20);
      }
      child = start();
    }
    write(1);
    for (let waited = 0; kept(out).length < written && waited < 20_000; waited += 50) await sleep(50);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(
      kept(out),
      Array.from({ length: written }, (_, at) => at),
    );
  });

  it('all inputs of a configuration: files of a site, syslog, and the page of a server', {
    timeout: 20_000,
  }, async () => {
    const page = createServer((_request, response) => {
      response.end(
        'Active connections: 7 \nserver accepts handled requests\n 9 9 9 \nReading: 5 Writing: 1 Waiting: 1 \n',
      );
    });
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const config = configSchema.parse({
      sites: [
        {
          name: 'Ministry',
          logs: [join(directory, 'site-*.log')],
          serverStatus: [`http://127.0.0.1:${(page.address() as AddressInfo).port}/`],
        },
      ],
      inputs: {
        logs: [{ path: join(directory, 'any.log'), format: '$host $remote_addr [$time_local] "$request" $status' }],
        syslog: [{ listen: '127.0.0.1:0', transport: 'tcp', site: 'Court' }],
      },
    });
    const seen: string[] = [];
    const statuses: ServerStatus[] = [];
    const inputs = new LogInputs(config, {
      sink: {
        take(batch: RequestBatch): void {
          for (let row = 0; row < batch.length; row++)
            seen.push(`${requestValue(batch, 'site', row)} ${requestValue(batch, 'path', row)}`);
          batch.length = 0;
          batch.textLength = 0;
        },
      },
      positions: new PositionFile(join(directory, 'positions.json')),
      onStatus: (status) => statuses.push(status),
      pollMs: 5,
      from: 'begin',
    });
    writeFileSync(join(directory, 'site-a.log'), line(1));
    writeFileSync(
      join(directory, 'any.log'),
      'www.example.org 192.0.2.9 [10/Oct/2023:13:55:00 +0000] "GET /any HTTP/1.1" 200\n',
    );
    await inputs.start();
    const { connect } = await import('node:net');
    connect(inputs.syslogPorts[0], '127.0.0.1').end(`<134>Oct 10 13:55:36 web1 nginx: ${line(2)}`);
    for (let waited = 0; (seen.length < 3 || statuses.length < 1) && waited < 10_000; waited += 10) await sleep(10);
    await inputs.stop();
    page.closeAllConnections();
    page.close();
    assert.deepEqual(seen.sort(), ['Court /2', 'Ministry /1', 'www.example.org /any']);
    assert.deepEqual([statuses[0].source, statuses[0].connections, statuses[0].reading], ['Ministry', 7, 5]);
  });
});
