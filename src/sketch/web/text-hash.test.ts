import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashText } from './text-hash.ts';

test('the hash is of the bytes of the slice, wherever it lies and whatever lies beside it', () => {
  const text = Uint8Array.from({ length: 160 }, (_, at) => (at * 7919 + at * at * 31) & 255);
  const seen = new Set<number>();
  for (let length = 0; length <= 120; length++) {
    const alone = text.slice(40, 40 + length);
    const hash = hashText(new DataView(alone.buffer), 0, length, 5);
    assert.equal(hashText(new DataView(text.buffer), 40, length, 5), hash, `${length} bytes`);
    assert.equal(hash, hash | 0);
    for (let at = 0; at < length; at++) {
      alone[at] ^= 1;
      assert.notEqual(hashText(new DataView(alone.buffer), 0, length, 5), hash, `byte ${at} of ${length}`);
      alone[at] ^= 1;
    }
    seen.add(hash);
  }
  assert.equal(seen.size, 121);
});
