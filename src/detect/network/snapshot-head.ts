import { ByteReader } from '../../base/byte-stream.ts';

/** `BONG`, and the version of what follows. */
export const MAGIC = 0x474e4f42;
export const VERSION = 2;

/** The seed that a snapshot was taken under, to go on with: under another one sources cannot be recognised. `undefined` where it is none. */
export function snapshotSeed(bytes: Uint8Array): number | undefined {
  const from = new ByteReader(bytes);
  if (from.uint32() !== MAGIC || from.count() !== VERSION) return undefined;
  const seed = from.uint32();
  return from.fault === undefined ? seed : undefined;
}
