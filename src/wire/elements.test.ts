import assert from 'node:assert/strict';
import { it } from 'node:test';
import { elementOf, elementValue, NETFLOW9_PEN, NETFLOW9_SCOPE_PEN, REVERSE_PEN } from './elements.ts';

it('names elements, reverse elements and unknown ones', () => {
  assert.deepEqual(elementOf(0, 1), { name: 'octetDeltaCount', type: 'unsigned' });
  assert.deepEqual(elementOf(0, 27), { name: 'sourceIPv6Address', type: 'ipv6' });
  assert.deepEqual(elementOf(0, 155), { name: 'flowEndMicroseconds', type: 'dateTimeMicroseconds' });
  assert.equal(elementOf(REVERSE_PEN, 86).name, 'reversePacketTotalCount');
  assert.equal(elementOf(6871, 0x4000 | 40).name, 'reverseFlowAttributes');
  assert.deepEqual(elementOf(4242, 7), { name: '4242.7', type: 'octets' });
  assert.equal(elementOf(NETFLOW9_PEN, 40_000).name, 'username');
  assert.equal(elementOf(NETFLOW9_PEN, 8).name, 'sourceIPv4Address');
  assert.equal(elementOf(NETFLOW9_PEN, 60_000).name, 'field_60000');
  assert.equal(elementOf(NETFLOW9_SCOPE_PEN, 2).name, 'scopeInterface');
});

it('writes values as people read them', () => {
  const f = (bytes: readonly number[], type: Parameters<typeof elementValue>[3], want: unknown): void => {
    const padded = Uint8Array.of(0xee, ...bytes, 0xee);
    assert.deepEqual(elementValue(padded, 1, bytes.length, type), want, type);
  };
  f([1, 2, 3], 'unsigned', 0x010203);
  f([255, 255, 255, 255, 255, 255, 255, 255], 'unsigned', 2n ** 64n - 1n);
  f([255, 254], 'signed', -2);
  f([128, 0, 0, 0, 0, 0, 0, 0], 'signed', -(2n ** 63n));
  f([0x3f, 0x80, 0, 0], 'float', 1);
  f([0x3f, 0xf0, 0, 0, 0, 0, 0, 0], 'float', 1);
  f([1], 'boolean', true);
  f([2], 'boolean', false);
  f([3], 'boolean', '03');
  f([192, 0, 2, 1], 'ipv4', '192.0.2.1');
  f([192, 0, 2], 'ipv4', 'c00002');
  f([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 'ipv6', '2001:db8::1');
  f([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1], 'ipv6', '::ffff:10.0.0.1');
  f([0, 0x0c, 0x29, 1, 2, 3], 'mac', '00:0c:29:01:02:03');
  f([0x77, 0x77, 0x77, 0, 0], 'string', 'www');
  f([], 'string', '');
  f([], 'unsigned', '');
  f([0xca, 0xfe], 'octets', 'cafe');
  f([0x68, 0x4f, 0x1c, 0x80], 'dateTimeSeconds', new Date(0x684f1c80 * 1000).toISOString());
  f([0, 0, 1, 0x97, 0x7a, 0, 0, 0], 'dateTimeMilliseconds', new Date(0x1977a000000).toISOString());
  f([255, 255, 255, 255, 255, 255, 255, 255], 'dateTimeMilliseconds', 2 ** 64);
  // NTP: a half of a second after 2025-01-01, and the second of the next era's beginning.
  f([0xeb, 0x1f, 0x04, 0, 0x80, 0, 0, 0], 'dateTimeMicroseconds', '2025-01-01T00:00:00.500000Z');
  f([0, 0, 0, 0, 0, 0, 0, 0], 'dateTimeNanoseconds', '2036-02-07T06:28:16.000000000Z');
});
