import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ApiClient } from '../../../test/support/api-client.ts';
import { FixedStation } from '../../../test/support/fixed-station.ts';
import { MemoryDocuments } from '../../../test/support/memory-documents.ts';
import { temporaryDirectory } from '../../../test/support/state.ts';
import { totp } from '../../../test/support/totp.ts';
import { type Api, createApi } from '../api.ts';
import { SignIn } from './sign-in.ts';

const PASSWORD = 'signal fire on the hill';

describe('sign-in', () => {
  const directory = temporaryDirectory('sign-in');
  const store = new MemoryDocuments();
  const problems: Error[] = [];
  let nowMs = Date.now();
  let api: Api;
  let signIn: SignIn;
  let at = '';
  let admin: ApiClient;

  const open = async (): Promise<void> => {
    signIn = await SignIn.create({
      directory: directory.path,
      store,
      url: () => at,
      providers: [],
      onProblem: (error) => problems.push(error),
      now: () => nowMs,
    });
    api = createApi(new FixedStation(), {
      signIn,
      onAct: async ({ by, ...act }) => {
        await signIn.audit.append({ ...act, by: by === undefined ? null : { ...by } });
      },
      onFault: (error) => problems.push(error as Error),
    });
    const { port } = await api.listen({ address: '127.0.0.1', port: 0, family: 4 });
    at = `http://localhost:${port}`;
  };
  before(open);
  after(async () => {
    await api.close();
    directory.remove();
    assert.deepEqual(problems, []);
  });

  const secretOf = (url: string): string => new URL(url).hash.slice(1);
  /** Invites somebody, who chooses the usual password. */
  async function join_(email: string, role: string): Promise<ApiClient> {
    const made = await admin.send('POST', '/api/users', { email, name: email.split('@')[0], role });
    assert.equal(made.status, 201, made.text);
    const person = new ApiClient(at);
    const used = await person.send('POST', '/api/auth/link', {
      secret: secretOf(String(made.body.url)),
      password: PASSWORD,
    });
    assert.equal(used.status, 200, used.text);
    return person;
  }

  it('asks who it is, but for what everybody may know', async () => {
    const nobody = new ApiClient(at);
    for (const path of [
      '/healthz',
      '/readyz',
      '/metrics',
      '/api/openapi.json',
      '/api/reference',
      '/api/auth/ways',
      '/welcome',
      '/welcome.js',
      '/',
    ])
      assert.equal((await nobody.send('GET', path)).status, 200, path);
    for (const path of ['/api/status', '/api/attacks', '/api/events', '/api/me', '/api/audit']) {
      const { status, headers } = await nobody.send('GET', path);
      assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer'], path);
    }
    assert.equal((await nobody.send('GET', '/metrics', undefined, { 'x-forwarded-for': '192.0.2.1' })).status, 401);
  });

  it('takes the token of the data directory, which only its user may read', async () => {
    const path = join(directory.path, 'local-token');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const local = new ApiClient(at, readFileSync(path, 'utf8').trim());
    const { body } = await local.send('GET', '/api/me');
    assert.deepEqual([body.kind, body.role], ['local', 'admin']);
    local.token = `${local.token}x`;
    assert.equal((await local.send('GET', '/api/status')).status, 401);
  });

  it('makes the first account by a link that works once', async () => {
    const made = await signIn.firstLink();
    assert.ok(made);
    const again = await signIn.firstLink();
    assert.ok(again);
    admin = new ApiClient(at);
    const account = { name: 'Han', email: 'Han@Ministry.Example', password: PASSWORD };
    const use = (url: string, with_: object) =>
      admin.send('POST', '/api/auth/link', { secret: secretOf(url), ...with_ });
    assert.equal((await use(made.url, account)).status, 401, 'a later link takes the place of an earlier one');
    assert.equal((await use(again.url, { password: 'short' })).status, 400);
    assert.match(String((await use(again.url, { password: PASSWORD })).body.detail), /needs a name/);
    const looked = await admin.send('POST', '/api/auth/link/look', { secret: secretOf(again.url) });
    assert.deepEqual([looked.body.purpose, looked.body.role], ['first', 'admin']);
    const [one, other] = await Promise.all([
      use(again.url, account),
      new ApiClient(at).send('POST', '/api/auth/link', {
        secret: secretOf(again.url),
        ...account,
        email: 'second@ministry.example',
      }),
    ]);
    assert.deepEqual([one.status, other.status].sort(), [200, 401], 'of two who come together one has it');
    if (one.status !== 200) assert.fail('the first one is to have it');
    const { body } = await admin.send('GET', '/api/me');
    assert.deepEqual([body.name, body.email, body.role], ['Han', 'han@ministry.example', 'admin']);
    assert.equal(await signIn.firstLink(), undefined);
    const cookie = one.headers.getSetCookie().find((text) => text.startsWith('bonghwa.session_token='));
    assert.match(cookie ?? '', /HttpOnly/i);
    assert.match(cookie ?? '', /SameSite=Lax/i);
  });

  it('signs in with a password, and out again', async () => {
    const person = new ApiClient(at);
    const right = { email: 'han@ministry.example', password: PASSWORD };
    const wrong = await person.send('POST', '/api/auth/sign-in/email', { ...right, password: 'not this one at all' });
    assert.deepEqual([wrong.status, wrong.body.detail], [401, 'the e-mail address or the password is wrong']);
    const unknown = await person.send('POST', '/api/auth/sign-in/email', {
      ...right,
      email: 'nobody@ministry.example',
    });
    assert.deepEqual([unknown.status, unknown.body.detail], [401, wrong.body.detail], 'it does not say which');
    assert.equal((await person.send('POST', '/api/auth/sign-in/email', right)).status, 200);
    assert.equal((await person.send('GET', '/api/status')).status, 200);
    const kept = new Map(person.cookies);
    assert.equal((await person.send('POST', '/api/auth/sign-out')).status, 204);
    for (const [name, value] of kept) person.cookies.set(name, value);
    assert.equal((await person.send('GET', '/api/status')).status, 401, 'the session itself is over');
  });

  it('asks for the second factor, by authenticator or by a code that was written down, once each', async () => {
    const person = await join_('oksana@cert.example', 'analyst');
    assert.equal((await person.send('POST', '/api/me/totp', { password: 'not this one at all' })).status, 400);
    const begun = await person.send('POST', '/api/me/totp', { password: PASSWORD });
    const secret = new URL(String(begun.body.uri)).searchParams.get('secret') ?? '';
    assert.equal((await person.send('POST', '/api/me/totp/confirm', { code: '000000' })).status, 400);
    assert.equal((await person.send('POST', '/api/me/totp/confirm', { code: totp(secret) })).status, 204);
    assert.equal((await person.send('GET', '/api/me')).body.twoFactor, true);

    const again = new ApiClient(at);
    const first = await again.send('POST', '/api/auth/sign-in/email', {
      email: 'oksana@cert.example',
      password: PASSWORD,
    });
    assert.deepEqual([first.status, first.body.twoFactorRedirect], [200, true]);
    assert.equal((await again.send('GET', '/api/me')).status, 401, 'one factor is not enough');
    assert.equal((await again.send('POST', '/api/auth/two-factor/verify-totp', { code: '000000' })).status, 401);
    assert.equal((await again.send('POST', '/api/auth/two-factor/verify-totp', { code: totp(secret) })).status, 200);
    assert.equal((await again.send('GET', '/api/me')).body.email, 'oksana@cert.example');

    const [code] = begun.body.backupCodes as string[];
    for (const expected of [200, 401]) {
      const third = new ApiClient(at);
      await third.send('POST', '/api/auth/sign-in/email', { email: 'oksana@cert.example', password: PASSWORD });
      assert.equal((await third.send('POST', '/api/auth/two-factor/verify-backup-code', { code })).status, expected);
    }
  });

  it('gives tokens that do no more than their maker, and end', async () => {
    const person = await join_('kim@agency.example', 'operator');
    assert.equal((await person.send('POST', '/api/tokens', { name: 'too much', role: 'admin' })).status, 403);
    const made = await person.send('POST', '/api/tokens', {
      name: 'grafana',
      role: 'viewer',
      scopes: ['traffic'],
      days: 1,
    });
    assert.equal(made.status, 201);
    const text = String(made.body.text);
    const program = new ApiClient(at, text);
    assert.equal((await program.send('GET', '/api/attacks')).status, 200);
    assert.equal((await program.send('GET', '/api/incidents')).status, 403, 'it is good for traffic alone');
    assert.equal((await program.send('POST', '/api/tokens', { name: 'more', role: 'viewer' })).status, 403);
    assert.ok(
      !JSON.stringify([...(store.kinds.get('token')?.values() ?? [])]).includes(text.split('_').slice(2).join('_')),
      'only its hash is kept',
    );
    const { id } = made.body.token as { id: string };
    assert.equal((await new ApiClient(at, text.replace(/.$/, 'x')).send('GET', '/api/attacks')).status, 401);
    nowMs += 86_400_001;
    assert.equal((await program.send('GET', '/api/attacks')).status, 401, 'its day is over');
    nowMs -= 86_400_001;
    assert.equal((await person.send('DELETE', `/api/tokens/${id}`)).status, 204);
    assert.equal((await program.send('GET', '/api/attacks')).status, 401);
    const second = await person.send('POST', '/api/tokens', { name: 'a', role: 'operator' });
    const [{ id: kim }] = (
      (await admin.send('GET', '/api/users')).body.users as { id: string; email: string }[]
    ).filter(({ email }) => email.startsWith('kim'));
    await admin.send('PATCH', `/api/users/${kim}`, { role: 'viewer' });
    const lowered = new ApiClient(at, String(second.body.text));
    assert.equal(
      (await lowered.send('GET', '/api/me')).body.role,
      'viewer',
      'whoever is given a lower role takes his tokens along',
    );
    await admin.send('PATCH', `/api/users/${kim}`, { disabled: true });
    assert.equal((await lowered.send('GET', '/api/me')).status, 401);
    assert.equal((await person.send('GET', '/api/me')).status, 401, 'the session is over too');
    assert.equal(
      (
        await new ApiClient(at).send('POST', '/api/auth/sign-in/email', {
          email: 'kim@agency.example',
          password: PASSWORD,
        })
      ).status,
      401,
    );
  });

  it('keeps an admin, and resets who has lost everything', async () => {
    const users = (await admin.send('GET', '/api/users')).body.users as {
      id: string;
      email: string;
      twoFactor: boolean;
    }[];
    const id = (start: string): string => users.find(({ email }) => email.startsWith(start))?.id ?? '';
    assert.equal((await admin.send('PATCH', `/api/users/${id('han')}`, { role: 'viewer' })).status, 409);
    assert.equal((await admin.send('DELETE', `/api/users/${id('han')}`)).status, 409);
    assert.equal(
      (await admin.send('POST', '/api/users', { email: 'HAN@ministry.example', name: 'x', role: 'viewer' })).status,
      409,
    );
    const link = await admin.send('POST', `/api/users/${id('oksana')}/link`);
    const person = new ApiClient(at);
    const fresh = 'another fire on the hill';
    assert.equal(
      (await person.send('POST', '/api/auth/link', { secret: secretOf(String(link.body.url)), password: fresh }))
        .status,
      200,
    );
    assert.equal((await person.send('GET', '/api/me')).body.twoFactor, false);
    const old = await new ApiClient(at).send('POST', '/api/auth/sign-in/email', {
      email: 'oksana@cert.example',
      password: PASSWORD,
    });
    assert.equal(old.status, 401);
    assert.equal((await admin.send('DELETE', `/api/users/${id('oksana')}`)).status, 204);
    assert.equal((await person.send('GET', '/api/me')).status, 401);
  });

  it('stops whoever guesses, and not who is right elsewhere', async () => {
    const guess = { email: 'han@ministry.example', password: 'is it this one, perhaps' };
    const statuses: number[] = [];
    for (let n = 0; n < 12; n++)
      statuses.push((await new ApiClient(at).send('POST', '/api/auth/sign-in/email', guess)).status);
    assert.deepEqual(statuses, [...new Array<number>(10).fill(401), 429, 429]);
    const limited = await new ApiClient(at).send('POST', '/api/auth/sign-in/email', { ...guess, password: PASSWORD });
    assert.ok(Number(limited.headers.get('retry-after')) > 0);
    nowMs += 16 * 60_000;
    assert.equal(
      (await new ApiClient(at).send('POST', '/api/auth/sign-in/email', { ...guess, password: PASSWORD })).status,
      200,
    );
    assert.equal((await admin.send('GET', '/api/me')).status, 200);
  });

  it('ends an event stream with the session or the token that it came by', async () => {
    const listen = async (headers: Record<string, string>) => {
      const response = await fetch(`${at}/api/events`, { headers });
      assert.equal(response.status, 200);
      return response.text();
    };
    const person = new ApiClient(at);
    await person.send('POST', '/api/auth/sign-in/email', { email: 'han@ministry.example', password: PASSWORD });
    const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const made = await person.send('POST', '/api/tokens', { name: 'stream', role: 'viewer' });
    const byToken = listen({ authorization: `Bearer ${String(made.body.text)}` });
    const bySession = listen({ cookie });
    const { id } = made.body.token as { id: string };
    await person.send('DELETE', `/api/tokens/${id}`);
    assert.match(await byToken, /^retry:/);
    await person.send('POST', '/api/auth/sign-out');
    assert.match(await bySession, /^retry:/);
  });

  it('knows everybody after a restart, and the audit log shows who did what, and that nobody changed it', async () => {
    await api.close();
    await open();
    const again = new ApiClient(at);
    for (const [name, value] of admin.cookies) again.cookies.set(name, value);
    assert.equal((await again.send('GET', '/api/me')).body.name, 'Han', 'nobody has to sign in again');
    const { body } = await again.send('GET', '/api/audit?limit=1000');
    const acts = (body.entries as { act: string; status: number; by: { name: string } | null }[]).map(
      ({ act, status, by }) => `${act} ${status} ${by?.name ?? ''}`,
    );
    for (const act of [
      'useLink 200 Han',
      'signIn 401 ',
      'signIn 200 Han',
      'invite 201 Han',
      'makeToken 403 kim',
      'removePerson 409 Han',
      'removePerson 204 Han',
    ])
      assert.ok(acts.includes(act), `${act}: ${acts.join('; ')}`);
    assert.ok(!JSON.stringify(body).includes(PASSWORD));
    const whole = await again.send('GET', '/api/audit/verify');
    assert.deepEqual([whole.body.whole, whole.body.broken], [true, undefined]);
    const entries = store.kinds.get('audit') ?? new Map();
    const [id, entry] = [...entries][3];
    entries.set(id, { ...entry, body: { ...(entry.body as object), status: 200, by: null } });
    assert.deepEqual(((await again.send('GET', '/api/audit/verify')).body.broken as { number: number }).number, 4);
    entries.delete(id);
    assert.match(
      JSON.stringify((await again.send('GET', '/api/audit/verify')).body),
      /1 entries before it are not there/,
    );
  });

  it('goes on with the token of the data directory while the database is away', async () => {
    store.down = true;
    await api.close();
    await open();
    const local = new ApiClient(at, readFileSync(join(directory.path, 'local-token'), 'utf8').trim());
    assert.equal((await local.send('GET', '/api/status')).status, 200);
    const person = new ApiClient(at);
    for (const [name, value] of admin.cookies) person.cookies.set(name, value);
    assert.equal((await person.send('GET', '/api/status')).status, 503);
    store.down = false;
    assert.equal((await person.send('GET', '/api/status')).status, 200);
  });
});
