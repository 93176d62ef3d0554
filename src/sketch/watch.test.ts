import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { address, prefix } from '../../test/support/flow-rows.ts';
import { hashAddress } from '../base/hash.ts';
import { formatAddress } from '../base/ip.ts';
import { maskWord, type Prefix, prefixContains } from '../base/prefix.ts';
import { Random } from '../base/random.ts';
import { CLASS, CLASS_COUNT } from '../model/traffic-class.ts';
import { Watch } from './watch.ts';

const SEED = 17;
const SLOTS = new Int32Array(16);

const hashOf = (words: Uint32Array): number => hashAddress(words, 0, SEED);
const maybe = (watch: Watch, text: string): boolean => watch.maybe(address(text), 0);

function match(watch: Watch, words: Uint32Array): number[] {
  return [...SLOTS.subarray(0, watch.match(words, 0, hashOf(words), SLOTS))].sort((a, b) => a - b);
}

function add(watch: Watch, text: string): number {
  const { words, length } = prefix(text);
  return watch.watch(words, 0, length);
}

test('a target is found again by its words and length, and has one slot', () => {
  const watch = new Watch(SEED);
  const texts = ['203.0.113.7', '203.0.113.0/24', '203.0.112.0/20', '2001:db8::1', '2001:db8::/64', '2001:db8::/48'];
  texts.forEach((text, slot) => {
    assert.equal(add(watch, text), slot);
  });
  texts.forEach((text, slot) => {
    assert.equal(add(watch, text), slot, 'watching again gives the same slot');
    const { words, length } = prefix(text);
    assert.equal(watch.find(words, 0, length), slot);
  });
  assert.equal(watch.size, texts.length);
  assert.equal(watch.find(address('203.0.113.0'), 0, 128), -1, 'the address of a prefix is another target');
  assert.equal(watch.find(address('203.0.113.7'), 0, 120), -1);
});

test('an address matches itself and every prefix that covers it, in both families', () => {
  const watch = new Watch(SEED);
  const texts = ['203.0.113.7', '203.0.113.0/24', '203.0.112.0/20', '203.0.0.0/16', '2001:db8::1', '2001:db8::/64'];
  for (const text of texts) add(watch, text);
  add(watch, '2001:db8::/48');
  assert.deepEqual(match(watch, address('203.0.113.7')), [0, 1, 2, 3]);
  assert.deepEqual(match(watch, address('203.0.113.8')), [1, 2, 3]);
  assert.deepEqual(match(watch, address('203.0.112.8')), [2, 3]);
  assert.deepEqual(match(watch, address('203.0.128.8')), [3]);
  assert.deepEqual(match(watch, address('203.1.0.1')), []);
  assert.deepEqual(match(watch, address('2001:db8::1')), [4, 5, 6]);
  assert.deepEqual(match(watch, address('2001:db8:0:1::1')), [6]);
  assert.deepEqual(match(watch, address('2001:db8:1::1')), []);
});

test('a prefix shorter than /20 or /48 lets every row through the filter; others few', () => {
  for (const text of ['10.0.0.0/8', '203.0.96.0/19', '2001:db8::/32', '2000::/3', '0.0.0.0/0', '::/0']) {
    const watch = new Watch(SEED);
    add(watch, text);
    assert.ok(maybe(watch, '192.0.2.1') && maybe(watch, '2001:db8::1') && maybe(watch, '10.1.2.3'), text);
  }
  const random = new Random(2);
  const watch = new Watch(SEED);
  for (let target = 0; target < 250; target++) {
    watch.watch(Uint32Array.of(0, 0, 0xffff, random.uint32()), 0, 128);
    watch.watch(Uint32Array.of(0, 0, 0xffff, (random.uint32() & 0xffffff00) >>> 0), 0, 120);
  }
  let passed = 0;
  for (let row = 0; row < 20_000; row++) {
    const words = Uint32Array.of(0, 0, 0xffff, random.uint32());
    if (watch.maybe(words, 0)) passed++;
  }
  // 250 of 65,536 bits in each of two filters.
  assert.ok(passed / 20_000 < 2 * (500 / 65_536), `${passed} of 20,000`);
  assert.equal(new Watch(SEED).maybe(address('192.0.2.1'), 0), false);
});

const ANY_PREFIX = fc
  .tuple(fc.boolean(), fc.array(fc.nat(0xffffffff), { minLength: 4, maxLength: 4 }), fc.nat(128))
  .map(([ipv4, parts, bits]): Prefix => {
    const length = ipv4 ? 96 + (bits % 33) : bits;
    // The first word is never 0: no IPv6 prefix here covers mapped IPv4, but for those of length 0.
    const words = ipv4 ? Uint32Array.of(0, 0, 0xffff, parts[3]) : Uint32Array.from(parts);
    if (!ipv4) words[0] |= 0x20000000;
    for (let word = 0; word < 4; word++) words[word] &= maskWord(length, word);
    return { words, length };
  });

test('the filter lets through every address of a watched target, and match tells exactly those that cover it', () => {
  fc.assert(
    fc.property(fc.array(ANY_PREFIX, { minLength: 1, maxLength: 14, size: 'max' }), fc.integer(), (prefixes, noise) => {
      const watch = new Watch(SEED);
      for (const { words, length } of prefixes) assert.ok(watch.watch(words, 0, length) >= 0);
      const random = new Random(noise);
      for (const { words, length } of prefixes) {
        for (let host = 0; host < 5; host++) {
          const inside = Uint32Array.from(words, (word, index) =>
            length === 128 ? word : word | (random.uint32() & ~maskWord(length, index)),
          );
          const about = `${formatAddress(inside)} in ${formatAddress(words)}/${length}`;
          assert.ok(watch.maybe(inside, 0), about);
          const want: number[] = [];
          for (let slot = 0; slot < watch.size; slot++) {
            const key = { words: watch.keys.subarray(4 * slot, 4 * slot + 4), length: watch.lengths[slot] };
            if (prefixContains(key, inside)) want.push(slot);
          }
          assert.deepEqual(match(watch, inside), want, about);
        }
      }
    }),
  );
});

test('a full list refuses, and keeps what it has', () => {
  const watch = new Watch(SEED, { targetsMax: 5, detailsMax: 3 });
  for (let host = 0; host < 5; host++) assert.equal(add(watch, `192.0.2.${host}`), host);
  assert.equal(add(watch, '192.0.2.9'), -1);
  assert.equal(add(watch, '192.0.2.3'), 3);
  assert.deepEqual(match(watch, address('192.0.2.9')), []);
  for (let slot = 0; slot < 3; slot++) assert.ok(watch.addDetail(slot, 1 << CLASS.udp, 0) !== undefined);
  assert.equal(watch.addDetail(3, 1 << CLASS.udp, 0), undefined);
  assert.equal(watch.detail(3, CLASS.udp), undefined);
  assert.equal(watch.detailsUsed, 3);
});

test('no more than fifteen prefix lengths are watched at a time', () => {
  const watch = new Watch(SEED);
  for (let length = 30; length >= 16; length--) assert.ok(add(watch, `10.0.0.0/${length}`) >= 0);
  assert.equal(add(watch, '10.0.0.0/15'), -1);
  assert.ok(add(watch, '10.0.0.0/31') < 0);
  assert.ok(add(watch, '10.0.0.1') >= 0, 'an address needs no place among the lengths');
  assert.ok(add(watch, '11.0.0.0/24') >= 0, 'nor does a length that is there');
  assert.equal(watch.match(address('10.0.0.0'), 0, hashOf(address('10.0.0.0')), SLOTS), 15);
  assert.equal(watch.match(address('10.0.0.1'), 0, hashOf(address('10.0.0.1')), SLOTS), SLOTS.length);
});

test('details belong to the classes they were given for', () => {
  const watch = new Watch(SEED);
  const slot = add(watch, '192.0.2.1');
  const udp = watch.addDetail(slot, (1 << CLASS.udp) | (1 << CLASS.gre), 0);
  const syn = watch.addDetail(slot, 1 << CLASS.tcpSyn, 3);
  for (let trafficClass = 0; trafficClass < CLASS_COUNT; trafficClass++) {
    const want =
      trafficClass === CLASS.udp || trafficClass === CLASS.gre ? udp : trafficClass === CLASS.tcpSyn ? syn : undefined;
    assert.equal(watch.detail(slot, trafficClass), want);
  }
  assert.equal(syn?.thinBits, 3);
});

test('a cleared list watches nothing, and what it watches next starts from nothing', () => {
  const watch = new Watch(SEED);
  const slot = add(watch, '192.0.2.1');
  add(watch, '0.0.0.0/0');
  const detail = watch.addDetail(slot, 1 << CLASS.udp, 2);
  assert.ok(detail !== undefined);
  detail.rows = 5;
  watch.outPackets[slot * CLASS_COUNT + CLASS.udp] = 7;
  watch.outBytes[slot] = 7;
  watch.clear();
  assert.equal(watch.size, 0);
  assert.equal(maybe(watch, '192.0.2.1'), false);
  assert.equal(watch.find(address('192.0.2.1'), 0, 128), -1);
  assert.deepEqual(match(watch, address('192.0.2.1')), []);
  assert.equal(add(watch, '198.51.100.1'), 0);
  assert.equal(watch.detail(0, CLASS.udp), undefined);
  assert.equal(watch.outPackets[CLASS.udp], 0);
  assert.equal(watch.outBytes[0], 0);
  const again = watch.addDetail(0, 1 << CLASS.udp, 0);
  assert.deepEqual([again?.rows, again?.thinBits], [0, 0]);
});

test('lists of different targets do not merge', () => {
  const watch = new Watch(SEED);
  const other = new Watch(SEED);
  add(watch, '192.0.2.1');
  assert.throws(() => watch.merge(other));
});
