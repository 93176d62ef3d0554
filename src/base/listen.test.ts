import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatListen, isLoopback, parseListen } from './listen.ts';

test('addresses to listen on, IPv4, IPv6 and all', () => {
  assert.deepEqual(parseListen('127.0.0.1:2055'), { address: '127.0.0.1', port: 2055, family: 4 });
  assert.deepEqual(parseListen('[::1]:2055'), { address: '::1', port: 2055, family: 6 });
  assert.deepEqual(parseListen('[2001:DB8:0:0::1]:0'), { address: '2001:db8::1', port: 0, family: 6 });
  assert.deepEqual(parseListen('localhost:80'), { address: '127.0.0.1', port: 80, family: 4 });
  assert.deepEqual(parseListen(':2055'), { address: '::', port: 2055, family: 6 });
  assert.deepEqual(parseListen('*:2055'), parseListen(':2055'));
});

test('what is no address to listen on', () => {
  for (const text of [
    '',
    '2055',
    '127.0.0.1',
    '::1:2055',
    '[::1]',
    '[127.0.0.1',
    '1.2.3.400:1',
    'router:2055',
    ':65536',
    ':-1',
  ])
    assert.equal(parseListen(text), undefined, text);
});

test('what is formatted is read back', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6().map((text) => `[${text}]`),
      ),
      fc.nat(65_535),
      (host, port) => {
        const parsed = parseListen(`${host}:${port}`);
        assert.ok(parsed !== undefined);
        assert.deepEqual(parseListen(formatListen(parsed)), parsed);
      },
    ),
  );
});

test('loopback is told from the rest', () => {
  const told = ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', '0.0.0.0:1', ':1', '[2001:db8::1]:1'].map((text) => {
    const parsed = parseListen(text);
    return parsed !== undefined && isLoopback(parsed);
  });
  assert.deepEqual(told, [true, true, true, false, false, false]);
});
