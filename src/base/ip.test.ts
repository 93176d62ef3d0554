import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatAddress, isIpv4, parseAddress } from './ip.ts';
import { formatPrefix, parsePrefix, prefixContains } from './prefix.ts';

describe('addresses', () => {
  const texts: readonly (readonly [string, string])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ];
  for (const [text, canonical] of texts) {
    it(`${text} is ${canonical} (RFC 5952)`, () =>
      assert.equal(formatAddress(parseAddress(text) ?? assert.fail()), canonical));
  }

  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::',
  ]) {
    it(`'${text}' is none`, () => assert.equal(parseAddress(text), undefined));
  }

  it('comes back from its text, whatever its words', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffffff), { minLength: 4, maxLength: 4 }), (words) => {
        const address = Uint32Array.from(words);
        assert.deepEqual(parseAddress(formatAddress(address)), address);
      }),
    );
  });
});

describe('prefixes', () => {
  it('clear the bits of the host', () => {
    const prefix = parsePrefix('198.51.100.77/24') ?? assert.fail();
    assert.equal(formatPrefix(prefix.words, prefix.length), '198.51.100.0/24');
    assert.equal(prefix.length, 120);
    assert.ok(isIpv4(prefix.words));
  });

  it('a bare address is its own prefix, shown without a length', () => {
    for (const text of ['192.0.2.7', '2001:db8::7']) {
      const prefix = parsePrefix(text) ?? assert.fail();
      assert.equal(prefix.length, 128);
      assert.equal(formatPrefix(prefix.words, prefix.length), text);
    }
  });

  it('contain what they cover and nothing else', () => {
    const prefix = parsePrefix('2001:db8:51::/48') ?? assert.fail();
    assert.ok(prefixContains(prefix, parseAddress('2001:db8:51:ffff::1') ?? assert.fail()));
    assert.ok(!prefixContains(prefix, parseAddress('2001:db8:52::1') ?? assert.fail()));
    assert.ok(prefixContains(parsePrefix('0.0.0.0/0') ?? assert.fail(), parseAddress('203.0.113.9') ?? assert.fail()));
    assert.ok(!prefixContains(parsePrefix('0.0.0.0/0') ?? assert.fail(), parseAddress('2001:db8::') ?? assert.fail()));
  });

  for (const text of ['192.0.2.0/33', '2001:db8::/129', '192.0.2.0/', '192.0.2.0/-1', '192.0.2/24', '/24']) {
    it(`'${text}' is none`, () => assert.equal(parsePrefix(text), undefined));
  }
});
