import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

interface Visitor {
  readonly sub: string;
  readonly email: string;
  readonly verified: boolean;
}

/** A provider of OpenID Connect that lets the visitor of the moment in. */
export class OidcStandIn {
  readonly #server: Server;
  #asked = new Map<string, { nonce: string; challenge: string; visitor: Visitor }>();
  visitor: Visitor = { sub: '1', email: 'han@ministry.example', verified: true };
  /** Signs with a key that it does not show. */
  forges = false;
  url = '';

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<OidcStandIn> {
    const [shown, other] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
    const jwk = { ...(await exportJWK(shown.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
    const server = createServer();
    const provider = new OidcStandIn(server);
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
