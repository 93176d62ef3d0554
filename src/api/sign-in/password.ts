import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';

/** Argon2id (RFC 9106), with the second recommended choice of parameters and less memory: OWASP names 19 MiB, 2 passes, 1 lane. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const TAG_BYTES = 32;
const SALT_BYTES = 16;
/** What a stored hash may ask for: nobody makes the station compute for minutes. */
const MEMORY_KIB_MAX = 1_048_576;
const PASSES_MAX = 16;
/** Hashes computed at a time: each takes `MEMORY_KIB` and some 30 ms of a core. */
const AT_A_TIME = 2;
const WAITING_MAX = 64;

export const PASSWORD_CHARS_MIN = 12;
export const PASSWORD_CHARS_MAX = 256;

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly lanes: number;
}

/** A hash in the form of PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await tag(password, salt, { memory: MEMORY_KIB, passes: PASSES, lanes: LANES }, TAG_BYTES);
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${base64(salt)}$${base64(hash)}`;
}

/** False for a hash of another form too. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const found = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w+/]+)\$([\w+/]+)$/.exec(stored);
  if (found === null || password.length > PASSWORD_CHARS_MAX) return false;
  const [memory, passes, lanes] = found.slice(1, 4).map(Number);
  if (memory > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > LANES * 8) return false;
  const [salt, hash] = [Buffer.from(found[4], 'base64'), Buffer.from(found[5], 'base64')];
  const computed = await tag(password, salt, { memory, passes, lanes }, hash.length);
  return timingSafeEqual(computed, hash);
}

let running = 0;
const waiting: (() => void)[] = [];

async function tag(
  password: string,
  nonce: Buffer,
  { memory, passes, lanes }: Parameters,
  tagLength: number,
): Promise<Buffer> {
  if (running >= AT_A_TIME) {
    if (waiting.length >= WAITING_MAX)
      throw new Error('more people sign in at this moment than passwords can be checked');
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  running++;
  try {
    return await new Promise((resolve, reject) => {
      argon2(
        'argon2id',
        { message: password.normalize('NFKC'), nonce, memory, passes, parallelism: lanes, tagLength },
        (error, derived) => (error === null ? resolve(derived) : reject(error)),
      );
    });
  } finally {
    running--;
    waiting.shift()?.();
  }
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
