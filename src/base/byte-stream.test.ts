import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteReader, ByteWriter } from './byte-stream.ts';

describe('bytes of a snapshot', () => {
  it('give back every number, and text', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true }),
      fc.nat(),
      fc.maxSafeNat(),
      fc.constantFrom(0, 126, 127, 128, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 2, 2 ** 53 - 1, -1, -0),
    );
    fc.assert(
      fc.property(fc.array(number), fc.string({ unit: 'grapheme' }), (numbers, text) => {
        const writer = new ByteWriter();
        for (const value of numbers) writer.number(value);
        writer.text(text);
        writer.uint16(0xbeef);
        writer.uint32(0xdeadbeef);
        const reader = new ByteReader(writer.seal());
        reader.unseal();
        for (const value of numbers) assert.equal(reader.number() + 0, value + 0);
        assert.equal(reader.text(1000), text);
        assert.deepEqual([reader.uint16(), reader.uint32(), reader.left], [0xbeef, 0xdeadbeef, 0]);
        assert.equal(reader.fault, undefined);
      }),
    );
  });

  it('are told apart from any that were changed or cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (numbers, where, bits) => {
          const writer = new ByteWriter();
          for (const value of numbers) writer.number(value);
          const bytes = writer.seal();
          const changed = bytes.slice();
          changed[where % bytes.length] ^= bits;
          for (const wrong of [changed, bytes.subarray(0, where % bytes.length)]) {
            const reader = new ByteReader(wrong);
            reader.unseal();
            assert.ok(reader.fault !== undefined);
          }
        },
      ),
    );
  });

  it('may be anything: nothing throws, and a fault stays', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const reader = new ByteReader(bytes);
        for (let round = 0; round < 300; round++) {
          reader.number();
          reader.text(50);
          reader.amount();
          reader.count(10);
          assert.equal(reader.raw(3).length, 3);
        }
        assert.ok(reader.fault !== undefined && reader.left === 0);
        assert.deepEqual([reader.number(), reader.text(9), reader.uint16(), reader.uint32()], [0, '', 0, 0]);
      }),
    );
  });
});
