import assert from 'node:assert/strict';
import { argon2Sync } from 'node:crypto';
import { it } from 'node:test';
import { hashPassword, isPassword } from './password.ts';

it('tells the right password from others, and hashes each with a salt of its own', async () => {
  const [one, other] = await Promise.all([
    hashPassword('correct horse battery'),
    hashPassword('correct horse battery'),
  ]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.notEqual(one, other);
  assert.equal(await isPassword('correct horse battery', one), true);
  assert.equal(await isPassword('correct horse batter', one), false);
  // The same characters, typed on another machine.
  assert.equal(await isPassword('봉화 불꽃 경보'.normalize('NFD'), await hashPassword('봉화 불꽃 경보')), true);
});

it('computes what RFC 9106 computes for argon2id', () => {
  // Appendix A, the test vector of Argon2id.
  const tag = argon2Sync('argon2id', {
    message: Buffer.alloc(32, 1),
    nonce: Buffer.alloc(16, 2),
    secret: Buffer.alloc(8, 3),
    associatedData: Buffer.alloc(12, 4),
    memory: 32,
    passes: 3,
    parallelism: 4,
    tagLength: 32,
  });
  assert.equal(tag.toString('hex'), '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
});

it('takes no other form of hash, and none that asks for too much', async () => {
  for (const stored of [
    '',
    'plain',
    '$2b$10$abcdefghijklmnopqrstuv',
    '$argon2id$v=19$m=9999999,t=2,p=1$AAAA$AAAA',
    '$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA',
  ])
    assert.equal(await isPassword('plain', stored), false, stored);
  assert.equal(await isPassword('x'.repeat(10_000), await hashPassword('x'.repeat(12))), false);
});

it('checks many at once, a few at a time', async () => {
  const stored = await hashPassword('correct horse battery');
  const found = await Promise.all(Array.from({ length: 8 }, () => isPassword('correct horse battery', stored)));
  assert.ok(found.every((right) => right));
});
