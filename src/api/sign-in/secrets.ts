import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Secrets that are told once and kept as their hash. They are random, so that a fast hash is enough. */
export const newSecret = (): string => randomBytes(32).toString('base64url');
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** Compares in a time that says nothing of where they differ. */
export function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(hashOf(one)), Buffer.from(hashOf(other))];
  return timingSafeEqual(left, right);
}
