import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../../test/support/state.ts';
import { Names } from '../../input/probe/names.ts';
import { ADDRESSES_PER_HOST_MAX, NameFollower, REMEMBERED_MS } from './follower.ts';

describe('following names', () => {
  it('remembers what was seen lately, leaves the inside out, and keeps what it knows when DNS fails', async () => {
    const hosts = new Map<string, readonly string[]>();
    let nowMs = 1000;
    let looked = 0;
    const follower = new NameFollower({
      names: new Names({ hosts, allowed: [] }),
      everyMs: 1,
      onAddresses: () => looked++,
      nowMs: () => nowMs,
    });
    const again = async (): Promise<readonly string[]> => {
      const before = looked;
      nowMs += 1000;
      await until('it looked again', () => looked > before + 1);
      return follower.addressesOf('a.test');
    };
    hosts.set('a.test', ['1.1.1.1', '10.0.0.1', '2606:4700::1']);
    follower.setHosts(['a.test', '192.0.2.1', 'a.test']);
    follower.start();
    const ticking = setInterval(() => {
      nowMs += 2;
    }, 5);
    assert.deepEqual([...(await again())].sort(), ['1.1.1.1', '2606:4700::1']);
    // A large site answers with another of its addresses by turns.
    hosts.set('a.test', ['8.8.8.8']);
    assert.deepEqual([...(await again())].sort(), ['1.1.1.1', '2606:4700::1', '8.8.8.8']);
    nowMs += REMEMBERED_MS;
    assert.deepEqual(await again(), ['8.8.8.8']);
    // No address at all is a failure of DNS, not a site that is gone.
    hosts.set('a.test', []);
    assert.deepEqual(await again(), ['8.8.8.8']);
    hosts.set(
      'a.test',
      Array.from({ length: 2 * ADDRESSES_PER_HOST_MAX }, (_, at) => `9.9.9.${at}`),
    );
    assert.equal((await again()).length, ADDRESSES_PER_HOST_MAX);
    clearInterval(ticking);
    follower.stop();
  });
});
