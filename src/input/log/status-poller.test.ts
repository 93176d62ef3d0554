import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import type { ServerStatus } from '../../model/server-status.ts';
import { StatusPoller } from './status-poller.ts';

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/status`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const PAGE = 'Active connections: 3 \nserver accepts handled requests\n 10 10 20 \nReading: 1 Writing: 1 Waiting: 1 \n';

it('asks again and again, and tells when a page fails and answers again', { timeout: 10_000 }, async () => {
  let asked = 0;
  const listener: RequestListener = (_request, response) => {
    asked++;
    if (asked === 2) response.writeHead(503).end();
    else if (asked === 3) response.end('something else');
    else if (asked === 4) response.write('never whole');
    else response.end(PAGE);
  };
  await withServer(listener, async (url) => {
    const statuses: ServerStatus[] = [];
    const faults: (string | undefined)[] = [];
    await new Promise<void>((resolve) => {
      const poller = new StatusPoller({
        pages: [{ source: 'Ministry', url }],
        everyMs: 5,
        timeoutMs: 100,
        now: () => 1000 + asked,
        onFault: (_page, fault) => faults.push(fault),
        onStatus: (status) => {
          if (statuses.push(status) < 2) return;
          // The fault that ends is told after the status that ends it.
          setImmediate(() => {
            poller.stop();
            resolve();
          });
        },
      });
      poller.start();
    });
    const counts = { source: 'Ministry', connections: 3, requests: 20, reading: 1, writing: 1, waiting: 1 };
    assert.deepEqual(statuses, [
      { ...counts, atMs: 1001 },
      { ...counts, atMs: 1005 },
    ]);
    assert.deepEqual(faults, ['it answers with 503', undefined]);
  });
});

it('a server that is not there is a fault', { timeout: 10_000 }, async () => {
  const fault = await new Promise<string | undefined>((resolve) => {
    const poller = new StatusPoller({
      pages: [{ source: 'a', url: 'http://127.0.0.1:1/' }],
      onStatus: () => undefined,
      onFault: (_page, said) => {
        poller.stop();
        resolve(said);
      },
    });
    poller.start();
  });
  assert.ok(fault !== undefined && fault.length > 0);
});
