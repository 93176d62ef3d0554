import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import { ApiClient } from '../../../test/support/api-client.ts';
import { FixedStation } from '../../../test/support/fixed-station.ts';
import { MemoryDocuments } from '../../../test/support/memory-documents.ts';
import { temporaryDirectory } from '../../../test/support/state.ts';
import { type Api, createApi } from '../api.ts';
import { SignIn } from './sign-in.ts';

const PASSWORD = 'signal fire on the hill';
const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();
const text = (bytes: Buffer | Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** A key in a device: it answers what WebAuthn asks (Level 3, 6.1 and 6.5). */
class Authenticator {
  readonly id = randomBytes(32);
  readonly #key: KeyObject;
  readonly #cose: Uint8Array;
  counter = 0;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const key = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
      [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
    ]);
    this.#cose = isoCBOR.encode(key);
  }

  #client(type: string, challenge: string, origin: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }

  #data(rpId: string, flags: number, rest: Buffer = Buffer.alloc(0)): Buffer {
    const head = Buffer.alloc(5);
    head[0] = flags;
    head.writeUInt32BE(++this.counter, 1);
    return Buffer.concat([sha256(rpId), head, rest]);
  }

  make(challenge: string, origin: string): object {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    const data = this.#data(
      new URL(origin).hostname,
      0x45,
      Buffer.concat([Buffer.alloc(16), length, this.id, this.#cose]),
    );
    const object = new Map<string, unknown>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', new Uint8Array(data)],
    ]);
    const response = {
      clientDataJSON: text(this.#client('webauthn.create', challenge, origin)),
      attestationObject: text(isoCBOR.encode(object as never)),
      transports: ['internal'],
    };
    return { id: text(this.id), rawId: text(this.id), type: 'public-key', response, clientExtensionResults: {} };
  }

  answer(challenge: string, origin: string): object {
    const client = this.#client('webauthn.get', challenge, origin);
    const data = this.#data(new URL(origin).hostname, 0x05);
    const signature = sign('sha256', Buffer.concat([data, sha256(client)]), this.#key);
    const response = { clientDataJSON: text(client), authenticatorData: text(data), signature: text(signature) };
    return { id: text(this.id), rawId: text(this.id), type: 'public-key', response, clientExtensionResults: {} };
  }
}

describe('passkeys', () => {
  const directory = temporaryDirectory('passkeys');
  const device = new Authenticator();
  let api: Api;
  let at = '';
  let person: ApiClient;

  before(async () => {
    const signIn = await SignIn.create({
      directory: directory.path,
      store: new MemoryDocuments(),
      url: () => at,
      providers: [],
      onProblem: () => undefined,
    });
    api = createApi(new FixedStation(), { signIn });
    const { port } = await api.listen({ address: '127.0.0.1', port: 0, family: 4 });
    at = `http://localhost:${port}`;
    person = new ApiClient(at);
    const link = await signIn.firstLink();
    const secret = new URL(link?.url ?? '').hash.slice(1);
    const account = { name: 'Han', email: 'han@ministry.example', password: PASSWORD };
    assert.equal((await person.send('POST', '/api/auth/link', { secret, ...account })).status, 200);
  });
  after(async () => {
    await api.close();
    directory.remove();
  });

  it('are made by somebody who is signed in, for the name under which the station is open', async () => {
    const options = await person.send('POST', '/api/me/passkeys/options');
    assert.equal(options.status, 200, options.text);
    assert.equal((options.body.rp as { id: string }).id, 'localhost');
    const challenge = String(options.body.challenge);
    const stranger = await person.send('POST', '/api/me/passkeys', {
      name: 'x',
      response: device.make(challenge, 'http://evil.example'),
    });
    assert.equal(stranger.status, 400);
    assert.equal(
      (await person.send('POST', '/api/me/passkeys', { name: 'x', response: device.make(challenge, at) })).status,
      400,
      'a challenge is for one answer',
    );
    const again = await person.send('POST', '/api/me/passkeys/options');
    const made = await person.send('POST', '/api/me/passkeys', {
      name: 'laptop',
      response: device.make(String(again.body.challenge), at),
    });
    assert.equal(made.status, 201, made.text);
    assert.equal((await person.send('GET', '/api/me')).body.passkeys, 1);
  });

  it('sign in without a password, each answer once', async () => {
    const visitor = new ApiClient(at);
    const options = await visitor.send('POST', '/api/auth/passkey/options');
    const answer = { response: device.answer(String(options.body.challenge), at) };
    const signedIn = await visitor.send('POST', '/api/auth/passkey', answer);
    assert.equal(signedIn.status, 200, signedIn.text);
    assert.equal((await visitor.send('GET', '/api/me')).body.email, 'han@ministry.example');
    assert.equal((await new ApiClient(at).send('POST', '/api/auth/passkey', answer)).status, 401);
  });

  it('of a stranger, of another key or from another page sign nobody in', async () => {
    const visitor = new ApiClient(at);
    const challenge = async (): Promise<string> =>
      String((await visitor.send('POST', '/api/auth/passkey/options')).body.challenge);
    const stranger = new Authenticator();
    const forged = { ...stranger.answer(await challenge(), at), id: text(device.id), rawId: text(device.id) };
    for (const response of [
      stranger.answer(await challenge(), at),
      forged,
      device.answer(await challenge(), 'http://evil.example'),
      device.answer('bm90IGFza2Vk', at),
      { id: 'x' },
    ])
      assert.equal((await visitor.send('POST', '/api/auth/passkey', { response })).status, 401);
    assert.equal((await visitor.send('GET', '/api/me')).status, 401);
  });

  it('are not offered under an address, and can be forgotten', async () => {
    const numbers = new ApiClient(at.replace('localhost', '127.0.0.1'));
    for (const [name, value] of person.cookies) numbers.cookies.set(name, value);
    assert.match(String((await numbers.send('POST', '/api/me/passkeys/options')).body.detail), /passkeys need a name/);
    assert.equal((await person.send('DELETE', `/api/me/passkeys/${text(device.id)}`)).status, 204);
    const visitor = new ApiClient(at);
    const options = await visitor.send('POST', '/api/auth/passkey/options');
    const response = device.answer(String(options.body.challenge), at);
    assert.equal((await visitor.send('POST', '/api/auth/passkey', { response })).status, 401);
  });
});
