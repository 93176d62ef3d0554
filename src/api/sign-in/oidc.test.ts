import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { ApiClient } from '../../../test/support/api-client.ts';
import { FixedStation } from '../../../test/support/fixed-station.ts';
import { MemoryDocuments } from '../../../test/support/memory-documents.ts';
import { temporaryDirectory } from '../../../test/support/state.ts';
import { type Api, createApi } from '../api.ts';
import { SignIn } from './sign-in.ts';

interface Visitor {
  readonly sub: string;
  readonly email: string;
  readonly verified: boolean;
}

/** A provider of OpenID Connect that lets the visitor of the moment in. */
class Provider {
  readonly #server: Server;
  #asked = new Map<string, { nonce: string; challenge: string; visitor: Visitor }>();
  visitor: Visitor = { sub: '1', email: 'han@ministry.example', verified: true };
  /** Signs with a key that it does not show. */
  forges = false;
  url = '';

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Provider> {
    const [shown, other] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
    const jwk = { ...(await exportJWK(shown.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    const server = createServer();
    const provider = new Provider(server);
    server.on('request', async (request, response) => {
      const url = new URL(request.url ?? '', provider.url);
      const answer = (value: unknown): void => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(value));
      };
      if (url.pathname === '/.well-known/openid-configuration') answer(provider.#description());
      else if (url.pathname === '/jwks') answer({ keys: [jwk] });
      else if (url.pathname === '/authorize') {
        const code = `code-${provider.#asked.size}`;
        const {
          nonce = '',
          code_challenge: challenge = '',
          redirect_uri: back = '',
          state = '',
        } = Object.fromEntries(url.searchParams);
        provider.#asked.set(code, { nonce, challenge, visitor: provider.visitor });
        response
          .writeHead(302, { location: `${back}?${new URLSearchParams({ code, state, iss: provider.url })}` })
          .end();
      } else if (url.pathname === '/token') {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        const given = new URLSearchParams(body);
        const asked = provider.#asked.get(given.get('code') ?? '');
        provider.#asked.delete(given.get('code') ?? '');
        const verifier = createHash('sha256')
          .update(given.get('code_verifier') ?? '')
          .digest('base64url');
        if (asked === undefined || verifier !== asked.challenge) {
          response.writeHead(400);
          answer({ error: 'invalid_grant' });
          return;
        }
        const { sub, email, verified } = asked.visitor;
        const token = await new SignJWT({
          email,
          email_verified: verified,
          name: email.split('@')[0],
          nonce: asked.nonce,
        })
          .setProtectedHeader({ alg: 'RS256', kid: 'one' })
          .setIssuer(provider.url)
          .setAudience('bonghwa')
          .setSubject(sub)
          .setIssuedAt()
          .setExpirationTime('5m')
          .sign(provider.forges ? other.privateKey : shown.privateKey);
        answer({ access_token: 'a', token_type: 'Bearer', expires_in: 300, id_token: token });
      } else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    provider.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return provider;
  }

  #description(): object {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
    };
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('single sign-on', () => {
  const directory = temporaryDirectory('oidc');
  let provider: Provider;
  let api: Api;
  let at = '';
  let admin: ApiClient;

  before(async () => {
    provider = await Provider.start();
    const at_ = { issuer: provider.url, clientId: 'bonghwa', clientSecret: 'secret' };
    const signIn = await SignIn.create({
      directory: directory.path,
      store: new MemoryDocuments(),
      url: () => at,
      providers: [
        { id: 'ministry', name: 'Ministry', newPeople: false, ...at_ },
        { id: 'open', name: 'Everybody', newPeople: true, ...at_ },
      ],
      onProblem: () => undefined,
    });
    api = createApi(new FixedStation(), { signIn });
    const { port } = await api.listen({ address: '127.0.0.1', port: 0, family: 4 });
    at = `http://localhost:${port}`;
    admin = new ApiClient(at);
    const secret = new URL((await signIn.firstLink())?.url ?? '').hash.slice(1);
    await admin.send('POST', '/api/auth/link', {
      secret,
      name: 'Han',
      email: 'han@ministry.example',
      password: 'signal fire on the hill',
    });
  });
  after(async () => {
    await api.close();
    provider.close();
    directory.remove();
  });

  /** Goes to the provider and back, as a browser does; where that leads in the end. */
  async function visit(client: ApiClient, id: string): Promise<string> {
    const there = await client.send('GET', `/api/auth/sign-in/${id}`);
    assert.equal(there.status, 302, there.text);
    const back = await fetch(there.headers.get('location') ?? '', { redirect: 'manual' });
    const callback = new URL(back.headers.get('location') ?? '');
    const arrived = await client.send('GET', `${callback.pathname}${callback.search}`);
    assert.equal(arrived.status, 302, arrived.text);
    return arrived.headers.get('location') ?? '';
  }

  it('is offered by name', async () => {
    const { body } = await new ApiClient(at).send('GET', '/api/auth/ways');
    assert.deepEqual(body.providers, [
      { id: 'ministry', name: 'Ministry' },
      { id: 'open', name: 'Everybody' },
    ]);
    assert.equal((await new ApiClient(at).send('GET', '/api/auth/sign-in/other')).status, 404);
  });

  it('signs in whoever has an account with the address that the provider has verified', async () => {
    const person = new ApiClient(at);
    assert.doesNotMatch(await visit(person, 'ministry'), /error/);
    assert.deepEqual((await person.send('GET', '/api/me')).body.role, 'admin');
  });

  it('lets nobody in who was not invited, who is not verified, or for whom somebody else signed', async () => {
    const refused = async (id: string): Promise<void> => {
      const person = new ApiClient(at);
      await visit(person, id);
      assert.equal((await person.send('GET', '/api/me')).status, 401);
    };
    provider.visitor = { sub: '2', email: 'stranger@elsewhere.example', verified: true };
    await refused('ministry');
    await admin.send('POST', '/api/users', { email: 'kim@agency.example', name: 'Kim', role: 'operator' });
    provider.forges = true;
    provider.visitor = { sub: '3', email: 'kim@agency.example', verified: true };
    await refused('ministry');
    provider.forges = false;
  });

  it('takes people in as viewers where the configuration says so', async () => {
    provider.visitor = { sub: '4', email: 'new@elsewhere.example', verified: true };
    const person = new ApiClient(at);
    await visit(person, 'open');
    const { body } = await person.send('GET', '/api/me');
    assert.deepEqual([body.email, body.role], ['new@elsewhere.example', 'viewer']);
  });

  it('takes no answer that nobody asked for', async () => {
    const person = new ApiClient(at);
    const arrived = await person.send('GET', '/api/auth/callback/ministry?code=x&state=y');
    assert.equal(arrived.status, 302);
    assert.equal((await person.send('GET', '/api/me')).status, 401);
  });
});
