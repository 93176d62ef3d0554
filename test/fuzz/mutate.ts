import type { Random } from '../../src/base/random.ts';

/** Inputs grow no longer than this. */
export const INPUT_BYTES_MAX = 128 * 1024;

/** Values at which lengths, counts and versions go wrong. */
const BYTES = [0, 1, 2, 4, 5, 9, 10, 0x45, 0x60, 0x7f, 0x80, 0xfe, 0xff] as const;
const WORDS = [0, 1, 2, 3, 4, 7, 8, 12, 16, 255, 256, 0x7fff, 0x8000, 0xfffe, 0xffff] as const;
const LONGS = [0, 1, 4, 8, 255, 0xffff, 0x40001, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff] as const;

/** A changed copy of `input`; `other` is what may be spliced in. One to eight changes, most often few. */
export function mutate(random: Random, input: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = input.slice();
  const changes = 1 + Math.min(random.below(8), random.below(8), random.below(8));
  for (let change = 0; change < changes; change++) bytes = changeOnce(random, bytes, other);
  return bytes.length > INPUT_BYTES_MAX ? bytes.slice(0, INPUT_BYTES_MAX) : bytes;
}

function changeOnce(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes);
  if (copy.length === 0) return Uint8Array.from(other);
  const at = placeIn(random, copy.length);
  switch (random.below(12)) {
    case 0:
    case 1:
      copy[at] ^= 1 << random.below(8);
      return copy;
    case 2:
    case 3:
      copy[at] = BYTES[random.below(BYTES.length)];
      return copy;
    case 4:
      return write(copy, at & ~1, 2, WORDS[random.below(WORDS.length)]);
    case 5:
      // A length that is nearly right, in either byte order.
      return write(copy, at & ~1, 2, copy.length - at + random.below(5) - 2, random.below(2) === 0);
    case 6:
      return write(copy, at & ~3, 4, LONGS[random.below(LONGS.length)], random.below(2) === 0);
    case 7:
      return copy.slice(0, at);
    case 8: {
      const length = 1 + random.below(Math.min(64, copy.length - at));
      return join(copy.subarray(0, at), copy.subarray(at + length));
    }
    case 9: {
      const length = 1 + random.below(Math.min(512, copy.length - at));
      return join(copy.subarray(0, at + length), copy.subarray(at));
    }
    case 10:
      return join(copy.subarray(0, at), other.subarray(placeIn(random, other.length)));
    default:
      for (let byte = at; byte < Math.min(copy.length, at + 8); byte++) copy[byte] = random.below(256);
      return copy;
  }
}

/** Headers are in front: half of the places are among the first 64 bytes. */
function placeIn(random: Random, length: number): number {
  return random.below(random.below(2) === 0 ? Math.max(1, Math.min(64, length)) : Math.max(1, length));
}

function write(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  length: number,
  value: number,
  little = false,
): Uint8Array<ArrayBuffer> {
  for (let byte = 0; byte < length && at + byte < bytes.length; byte++) {
    const shift = 8 * (little ? byte : length - 1 - byte);
    bytes[at + byte] = value >>> shift;
  }
  return bytes;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
