import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { notifySocket } from '../support/notify-socket.ts';
import { until } from '../support/station.ts';

const BIN = fileURLToPath(new URL('../../bin/bonghwa.js', import.meta.url));
const skip = process.platform === 'linux' ? false : 'service managers are told on Linux only';

describe('a station under a service manager', { skip }, () => {
  it('says when it is ready, that it is alive, and when it stops', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bonghwa-service-'));
    const path = join(folder, 'notify');
    const socket = notifySocket(path);
    const told: string[] = [];
    const heard = (word: string): Promise<true | undefined> =>
      until(30_000, async () => {
        told.push(...socket.received());
        assert.ok(child.exitCode === null || word === 'STOPPING=1', `it ended early: ${written}`);
        return told.includes(word) ? true : undefined;
      });
    const args = [
      'serve',
      '--data',
      join(folder, 'data'),
      '--netflow',
      '127.0.0.1:0',
      '--sflow',
      'off',
      '--http',
      '127.0.0.1:0',
    ];
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' },
    });
    let written = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (written += text));
    const ended = once(child, 'exit');
    try {
      assert.equal(await heard('WATCHDOG=1'), true, told.join());
      assert.equal(told[0], 'READY=1');
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
      assert.equal(await heard('STOPPING=1'), true, told.join());
    } finally {
      child.kill('SIGKILL');
      socket.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
