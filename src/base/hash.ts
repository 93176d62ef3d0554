/**
 * Integer hashes for tables and sketches: multiply-xorshift finalisers (the 32-bit finaliser of MurmurHash3, with the
 * constants of Chris Wellons' hash prospector). Unkeyed tables would let an attacker choose colliding addresses, so every
 * caller passes a seed that is drawn at start-up outside tests.
 */
export function mix32(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Hash of the four address words at `at`; unsigned 32 bits. */
export function hashAddress(words: Uint32Array, at: number, seed: number): number {
  let hash = seed | 0;
  hash = Math.imul(hash ^ words[at], 0x85ebca6b);
  hash = Math.imul((hash ^ (hash >>> 15)) + words[at + 1], 0xc2b2ae35);
  hash = Math.imul((hash ^ (hash >>> 13)) + words[at + 2], 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 16) ^ words[at + 3], 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The part of `hashNumber` that is the same for all numbers under a seed. */
export function hashNumberState(seed: number): number {
  let hash = Math.imul(seed | 0, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  return Math.imul(hash ^ (hash >>> 13), 0x27d4eb2f);
}

/** `hashAddress` of the words 0, 0, 0 and `value`, under the seed of the state. */
export function hashNumber(value: number, state: number): number {
  let hash = Math.imul(state ^ (state >>> 16) ^ value, 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Forty-eight bits of a text, in hexadecimal digits: the end of an id, which makes it unique among those of one moment. */
export function hashText(text: string, seed: number): string {
  let low = mix32(seed ^ text.length);
  let high = mix32(low ^ 0x9e3779b9);
  for (let at = 0; at < text.length; at++) {
    low = mix32(low ^ text.charCodeAt(at));
    high = mix32(Math.imul(high, 31) + low);
  }
  return `${low.toString(16).padStart(8, '0')}${(high >>> 16).toString(16).padStart(4, '0')}`;
}
