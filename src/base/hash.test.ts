import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashAddress, hashNumber, hashNumberState } from './hash.ts';

test('the hash of a number is that of the address of its word, under every seed', () => {
  const word = fc.nat(0xffffffff);
  fc.assert(
    fc.property(word, word, (seed, value) => {
      assert.equal(hashNumber(value, hashNumberState(seed)), hashAddress(Uint32Array.of(0, 0, 0, value), 0, seed));
    }),
  );
});
