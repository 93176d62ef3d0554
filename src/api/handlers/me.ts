import type { Caller } from '../../model/role.ts';
import { type Handlers, Reply } from '../dispatch.ts';
import { RequestProblem } from '../problem.ts';
import type { Person } from '../sign-in/auth.ts';
import { isPassword } from '../sign-in/password.ts';
import { refused, type SignIn, type SignInParts } from '../sign-in/sign-in.ts';
import { needed, originOf, type PeopleParts } from './people-parts.ts';

type MeRoutes =
  | 'me'
  | 'changePassword'
  | 'startTotp'
  | 'confirmTotp'
  | 'removeTotp'
  | 'passkeys'
  | 'passkeyOptions'
  | 'addPasskey'
  | 'removePasskey';

/** What people see and change of their own account. */
export function meHandlers({ signIn }: PeopleParts): Pick<Handlers, MeRoutes> {
  const open = (): Promise<SignInParts> => needed(signIn).open();
  return {
    me: async ({ who }) => {
      const { id, kind, name, role } = who;
      if (signIn === undefined || kind !== 'person') return { id, kind, name, role, signIn: signIn !== undefined };
      const parts = await open();
      const { email, twoFactorEnabled } = personOf(who, parts);
      const twoFactor = twoFactorEnabled === true;
      return { id, kind, name, role, signIn: true, email, twoFactor, passkeys: parts.passkeys.of(id).length };
    },
    changePassword: async ({ body: { current, password }, who, request }) => {
      const parts = await open();
      const person = await proven(parts, needed(signIn), who, current);
      await parts.people.setPassword(person.id, password);
      await parts.people.signOut(person.id);
      const session = await parts.auth.api.startSession({
        body: { userId: person.id },
        headers: request.headers,
        asResponse: true,
      });
      return new Reply(
        undefined,
        session.headers.getSetCookie().map((cookie) => ['set-cookie', cookie] as const),
        204,
      );
    },
    startTotp: async ({ body, who, request }) => {
      const parts = await open();
      await proven(parts, needed(signIn), who, body.password);
      const response = await parts.auth.api.enableTwoFactor({ body, headers: request.headers, asResponse: true });
      if (!response.ok) throw await refused(response, 'the second factor could not be begun');
      const { totpURI, backupCodes } = (await response.json()) as { totpURI: string; backupCodes: string[] };
      return { uri: totpURI, backupCodes };
    },
    confirmTotp: async ({ body, who, request }) => {
      const { auth } = await open();
      needed(signIn).attempt(`person ${personOnly(who).id}`);
      const response = await auth.api.verifyTOTP({ body, headers: request.headers, asResponse: true });
      if (!response.ok) throw new RequestProblem(400, { detail: 'the code is wrong or over' });
      return new Reply(
        undefined,
        response.headers.getSetCookie().map((cookie) => ['set-cookie', cookie] as const),
        204,
      );
    },
    removeTotp: async ({ body, who }) => {
      const parts = await open();
      const person = await proven(parts, needed(signIn), who, body.password);
      await parts.people.forgetSecondFactor(person.id);
      return undefined;
    },
    passkeys: async ({ who }) => {
      const { passkeys } = await open();
      const mine = passkeys.of(personOnly(who).id);
      return {
        passkeys: mine.map(({ id, name, createdAt, lastUsedAt }) => ({
          id,
          name,
          createdAt,
          ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
        })),
      };
    },
    passkeyOptions: async ({ who, request }) => {
      const parts = await open();
      const options = await parts.passkeys.registrationOptions(personOf(who, parts), originOf(request, needed(signIn)));
      return { challenge: '', ...options };
    },
    addPasskey: async ({ body, who, request }) => {
      const parts = await open();
      const origin = originOf(request, needed(signIn));
      const { id, name, createdAt } = await parts.passkeys.register(
        personOf(who, parts),
        origin,
        body.name,
        body.response,
      );
      return { id, name, createdAt };
    },
    removePasskey: async ({ params, who }) => {
      const { passkeys } = await open();
      await passkeys.remove(personOnly(who).id, params.id);
      return undefined;
    },
  };
}

/** A token, or a program of this machine, has no password and no passkey. */
function personOnly(who: Caller): Caller {
  if (who.kind === 'person') return who;
  throw new RequestProblem(403, { detail: 'only people who are signed in have an account to change' });
}

function personOf(who: Caller, { people }: SignInParts): Person {
  const person = people.byId(personOnly(who).id);
  if (person !== undefined) return person;
  throw new RequestProblem(401, { detail: 'this account is not there any more' });
}

/** The person, who has shown the password again. */
async function proven(parts: SignInParts, signIn: SignIn, who: Caller, password: string): Promise<Person> {
  const person = personOf(who, parts);
  signIn.attempt(`person ${person.id}`, person.email);
  const account = parts.rows
    .all('account')
    .find(({ userId, providerId }) => userId === person.id && providerId === 'credential');
  const right = typeof account?.password === 'string' && (await isPassword(password, account.password));
  if (!right) throw new RequestProblem(400, { detail: 'the password is wrong' });
  signIn.succeeded(person.email);
  return person;
}
