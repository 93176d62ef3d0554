import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { notifySocket } from '../../test/support/notify-socket.ts';
import { serviceManager } from './service-manager.ts';

const directory = mkdtempSync(join(tmpdir(), 'bonghwa-notify-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const skip = process.platform === 'linux' ? false : 'service managers are told on Linux only';

test('the service manager hears what is told, on a path and on an abstract name', { skip }, () => {
  for (const path of [join(directory, 'notify'), `@bonghwa-test-${process.pid}`]) {
    const manager = serviceManager({ NOTIFY_SOCKET: path }, 1);
    assert.equal(manager.ready(), false, 'nobody listens yet');
    const socket = notifySocket(path);
    try {
      assert.deepEqual(
        [manager.ready(), manager.alive(), manager.status('12 exporters\nheard'), manager.stopping()],
        [true, true, true, true],
      );
      assert.deepEqual(socket.received(), ['READY=1', 'WATCHDOG=1', 'STATUS=12 exporters heard', 'STOPPING=1']);
    } finally {
      socket.close();
    }
  }
});

test('without a service manager nothing is said', () => {
  for (const path of [undefined, '', 'relative', `/${'x'.repeat(200)}`]) {
    const manager = serviceManager({ NOTIFY_SOCKET: path }, 1);
    assert.equal(manager.ready(), false);
    assert.equal(manager.aliveEveryMs, undefined);
  }
});

test('the watchdog is fed twice in its time, where it is meant for us', () => {
  const every = (environment: Record<string, string>): number | undefined =>
    serviceManager(environment, 77).aliveEveryMs;
  assert.equal(every({ WATCHDOG_USEC: '30000000' }), 15_000);
  assert.equal(every({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '77' }), 15_000);
  assert.equal(every({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '78' }), undefined);
  for (const time of ['0', '-1', 'soon', '']) assert.equal(every({ WATCHDOG_USEC: time }), undefined);
});
