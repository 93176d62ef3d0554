import { z } from 'zod';
import { BonghwaError } from '../../base/errors.ts';
import { ROLES, type Role } from '../../model/role.ts';
import { hashPassword, isPassword, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from './password.ts';
import { rowsAdapter, type SignInRows } from './rows.ts';

/** Where better-auth would answer; what of it is open stands in the contract of the interface. */
export const AUTH_PATH = '/api/auth';
export const COOKIE_PREFIX = 'bonghwa';
/** Somebody who does nothing for so long signs in again, s. */
const SESSION_SECONDS = 12 * 3600;
const SESSION_UPDATE_SECONDS = 3600;

/** A provider of single sign-on (OpenID Connect). */
export interface OidcProvider {
  /** Stands in the address that the provider sends people back to. */
  readonly id: string;
  readonly name: string;
  /** Its issuer: `/.well-known/openid-configuration` below it says the rest. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** True where people who come for the first time are taken in, as viewers; else only those that were invited. */
  readonly newPeople: boolean;
}

export interface AuthOptions {
  readonly rows: SignInRows;
  /** Signs cookies; 32 bytes or more. */
  readonly secret: string;
  /** Where people reach the station. */
  readonly url: string;
  readonly providers: readonly OidcProvider[];
  readonly onProblem: (message: string) => void;
}

/** A person as it is kept. */
export const personSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: z.enum(ROLES).catch('viewer'),
  disabled: z.boolean().catch(false),
  twoFactorEnabled: z.boolean().nullish(),
  createdAt: z.string(),
});
export type Person = z.infer<typeof personSchema>;

export type Auth = Awaited<ReturnType<typeof openAuth>>;

/** better-auth over the rows of the state store. Loaded when somebody signs in: a station that nobody looks at does without. */
export async function openAuth(options: AuthOptions) {
  const [{ betterAuth }, { genericOAuth, twoFactor }, { createAuthEndpoint }, { setSessionCookie }] = await Promise.all(
    [
      import('better-auth/minimal'),
      import('better-auth/plugins'),
      import('better-auth/api'),
      import('better-auth/cookies'),
    ],
  );
  const { rows, providers, onProblem } = options;
  const auth = betterAuth({
    appName: 'Bonghwa',
    baseURL: options.url,
    basePath: AUTH_PATH,
    secret: options.secret,
    database: rowsAdapter(rows),
    telemetry: { enabled: false },
    // The interface has limits of its own, before anything is computed.
    rateLimit: { enabled: false },
    logger: { level: 'warn', log: (level, message) => level === 'error' && onProblem(message) },
    emailAndPassword: {
      enabled: true,
      // People are invited; nobody makes an account for himself.
      disableSignUp: true,
      minPasswordLength: PASSWORD_CHARS_MIN,
      maxPasswordLength: PASSWORD_CHARS_MAX,
      password: { hash: hashPassword, verify: ({ password, hash }) => isPassword(password, hash) },
    },
    user: {
      additionalFields: {
        role: { type: 'string', defaultValue: 'viewer', input: false },
        disabled: { type: 'boolean', defaultValue: false, input: false },
      },
    },
    session: { expiresIn: SESSION_SECONDS, updateAge: SESSION_UPDATE_SECONDS },
    account: { accountLinking: { enabled: true, trustedProviders: providers.map(({ id }) => id) } },
    advanced: { cookiePrefix: COOKIE_PREFIX, useSecureCookies: options.url.startsWith('https:') },
    databaseHooks: {
      session: {
        create: {
          before: async ({ userId }) => {
            if (rows.find('user').find(({ id }) => id === userId)?.disabled === true) return false;
            return undefined;
          },
        },
      },
    },
    plugins: [
      twoFactor({ issuer: 'Bonghwa', skipVerificationOnEnable: false }),
      genericOAuth({ config: providers.map(oauthOf) }),
      {
        id: 'bonghwa',
        endpoints: {
          /** Signs somebody in who has shown who he is: by a passkey, or a link that was made for him. */
          startSession: createAuthEndpoint.serverOnly(
            { method: 'POST', body: z.object({ userId: z.string() }) },
            async (context) => {
              const { internalAdapter } = context.context;
              const user = await internalAdapter.findUserById(context.body.userId);
              const session = user === null ? null : await internalAdapter.createSession(user.id, false);
              if (user === null || session === null) return { signedIn: false };
              await setSessionCookie(context, { session, user });
              return { signedIn: true };
            },
          ),
        },
      },
    ],
  });
  return auth;
}

function oauthOf({ id, name, issuer, clientId, clientSecret, newPeople }: OidcProvider) {
  return {
    providerId: id,
    name,
    discoveryUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    requireIdTokenVerification: true,
    clientId,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    scopes: ['openid', 'profile', 'email'],
    pkce: true,
    disableImplicitSignUp: !newPeople,
    disableSignUp: !newPeople,
  };
}

/** The people of a station, over better-auth's own way of keeping them. */
export class People {
  readonly #auth: Auth;
  readonly #rows: SignInRows;

  constructor(auth: Auth, rows: SignInRows) {
    this.#auth = auth;
    this.#rows = rows;
  }

  all(): Person[] {
    return this.#rows
      .all('user')
      .map((row) => personSchema.parse(row))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  byId(id: string): Person | undefined {
    return this.all().find((person) => person.id === id);
  }

  byEmail(email: string): Person | undefined {
    return this.all().find((person) => person.email === email.toLowerCase());
  }

  /** Rejects with CONFLICT where the address is taken. */
  async add({ email, name, role }: { email: string; name: string; role: Role }): Promise<Person> {
    if (this.byEmail(email) !== undefined)
      throw new BonghwaError('CONFLICT', `somebody with the e-mail address ${email} is there already`);
    const { internalAdapter } = await this.#auth.$context;
    const made = await internalAdapter.createUser(
      { email: email.toLowerCase(), name, emailVerified: true, role },
      { method: 'admin' },
    );
    return this.#held(made.id);
  }

  async change(
    id: string,
    to: { readonly role?: Role; readonly name?: string; readonly disabled?: boolean },
  ): Promise<Person> {
    this.#held(id);
    const { internalAdapter } = await this.#auth.$context;
    await internalAdapter.updateUser(id, to);
    if (to.disabled === true) await this.signOut(id);
    return this.#held(id);
  }

  async remove(id: string): Promise<void> {
    this.#held(id);
    await this.signOut(id);
    for (const model of ['account', 'twoFactor'] as const) await this.#rows.remove(model, this.#of(model, id));
    await this.#rows.remove(
      'user',
      this.#rows.all('user').filter((row) => row.id === id),
    );
  }

  /** Ends all sessions of a person. */
  async signOut(id: string): Promise<void> {
    await this.#rows.remove('session', this.#of('session', id));
  }

  async setPassword(id: string, password: string): Promise<void> {
    const { internalAdapter } = await this.#auth.$context;
    const hash = await hashPassword(password);
    const has = this.#of('account', id).some(({ providerId }) => providerId === 'credential');
    if (has) await internalAdapter.updatePassword(id, hash);
    else await internalAdapter.linkAccount({ userId: id, providerId: 'credential', accountId: id, password: hash });
  }

  /** Takes the second factor off, where somebody has lost it. */
  async forgetSecondFactor(id: string): Promise<void> {
    await this.#rows.remove('twoFactor', this.#of('twoFactor', id));
    const { internalAdapter } = await this.#auth.$context;
    await internalAdapter.updateUser(id, { twoFactorEnabled: false });
  }

  #of(model: 'account' | 'session' | 'twoFactor', id: string) {
    return this.#rows.all(model).filter(({ userId }) => userId === id);
  }

  #held(id: string): Person {
    const found = this.byId(id);
    if (found === undefined) throw new BonghwaError('NOT_FOUND', 'nobody has this id');
    return found;
  }
}
