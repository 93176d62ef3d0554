import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiClient } from '../../../test/support/api-client.ts';
import { FixedStation } from '../../../test/support/fixed-station.ts';
import { MemoryDocuments } from '../../../test/support/memory-documents.ts';
import { OidcStandIn } from '../../../test/support/oidc-stand-in.ts';
import { temporaryDirectory } from '../../../test/support/state.ts';
import { type Api, createApi } from '../api.ts';
import { SignIn } from './sign-in.ts';

describe('single sign-on', () => {
  const directory = temporaryDirectory('oidc');
  let provider: OidcStandIn;
  let api: Api;
  let at = '';
  let admin: ApiClient;

  before(async () => {
    provider = await OidcStandIn.start();
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
