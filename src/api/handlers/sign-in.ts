import type { PEOPLE_ROUTES } from '../contract/people.ts';
import { type Handlers, Reply } from '../dispatch.ts';
import { conflict, inputInvalid, notFound } from '../ports.ts';
import { RequestProblem } from '../problem.ts';
import { AUTH_PATH, type Person } from '../sign-in/auth.ts';
import type { Link } from '../sign-in/links.ts';
import { addressOf, callerOf, refused, type SignIn, type SignInParts } from '../sign-in/sign-in.ts';
import { WELCOME_POLICY, WELCOME_SCRIPT, welcomePage } from '../sign-in/welcome.ts';
import { needed, originOf, type PeopleParts } from './people-parts.ts';

type SignInRoutes =
  | 'ways'
  | 'signIn'
  | 'secondFactor'
  | 'backupCode'
  | 'passkeySignInOptions'
  | 'passkeySignIn'
  | 'providerSignIn'
  | 'providerCallback'
  | 'signOut'
  | 'lookAtLink'
  | 'useLink'
  | 'linkPage'
  | 'linkScript';

interface From {
  readonly request: Request;
  readonly address: string;
}

const WRONG_PASSWORD = 'the e-mail address or the password is wrong';
const WRONG_CODE = 'the code is wrong or over';
const WRONG_LINK = 'the link is wrong, over, or was used';

/** The ways in, before anybody is known: limited by address and account, and written down either way. */
export function signInHandlers({
  signIn,
  onAct,
}: PeopleParts): Pick<Handlers, SignInRoutes & keyof typeof PEOPLE_ROUTES> {
  const told = async (
    act: string,
    from: From,
    status: number,
    to: Record<string, unknown>,
    person?: Person,
  ): Promise<void> => {
    const by = person === undefined ? undefined : callerOf(person);
    await onAct?.({ by, act, to, status, address: addressOf(from.request, from.address) });
  };
  /** Passes on what better-auth answered to an attempt to sign in, with its cookies. */
  const answered = async (
    act: string,
    from: From,
    response: Response,
    to: Record<string, unknown>,
    said: string,
  ): Promise<Reply> => {
    if (!response.ok) {
      await told(act, from, 401, to);
      throw await refused(response, said);
    }
    const body = (await response.json()) as { twoFactorRedirect?: unknown; user?: { id?: unknown } };
    const { people } = await needed(signIn).open();
    const person = typeof body.user?.id === 'string' ? people.byId(body.user.id) : undefined;
    await told(act, from, 200, to, person);
    return new Reply({ twoFactorRedirect: body.twoFactorRedirect === true }, cookiesOf(response.headers));
  };
  return {
    ways: async () => {
      if (signIn === undefined)
        return { signIn: false, hasPeople: false, password: false, passkey: false, providers: [] };
      const { people } = await signIn.open();
      const providers = signIn.providers.map(({ id, name }) => ({ id, name }));
      return {
        signIn: true,
        ...(signIn.url.startsWith('https:') ? { url: signIn.url } : {}),
        hasPeople: people.all().length > 0,
        password: true,
        passkey: true,
        providers,
      };
    },
    signIn: async ({ body, ...from }) => {
      const service = needed(signIn);
      service.attempt(addressOf(from.request, from.address), body.email);
      const { auth, people } = await service.open();
      if (people.byEmail(body.email)?.disabled === true) {
        await told('signIn', from, 401, { email: body.email });
        throw new RequestProblem(401, { detail: WRONG_PASSWORD });
      }
      const response = await auth.api.signInEmail({ body, headers: from.request.headers, asResponse: true });
      const reply = await answered('signIn', from, response, { email: body.email }, WRONG_PASSWORD);
      service.succeeded(body.email);
      return reply;
    },
    secondFactor: async ({ body, ...from }) => {
      const { auth } = await attempted(signIn, from);
      const { code, trustDevice } = body;
      const wanted = { code, ...(trustDevice === undefined ? {} : { trustDevice }) };
      const response = await auth.api.verifyTOTP({ body: wanted, headers: from.request.headers, asResponse: true });
      return answered('secondFactor', from, response, {}, WRONG_CODE);
    },
    backupCode: async ({ body, ...from }) => {
      const { auth } = await attempted(signIn, from);
      const response = await auth.api.verifyBackupCode({ body, headers: from.request.headers, asResponse: true });
      return answered('backupCode', from, response, {}, WRONG_CODE);
    },
    passkeySignInOptions: async ({ request, address }) => {
      const { passkeys } = await attempted(signIn, { request, address });
      return { challenge: '', ...(await passkeys.signInOptions(originOf(request, needed(signIn)))) };
    },
    passkeySignIn: async ({ body, ...from }) => {
      const parts = await attempted(signIn, from);
      const id = await parts.passkeys.signIn(originOf(from.request, needed(signIn)), body.response);
      const person = id === undefined ? undefined : parts.people.byId(id);
      if (person === undefined) {
        await told('passkeySignIn', from, 401, {});
        throw new RequestProblem(401, { detail: 'the passkey is not known here, or did not answer what was asked' });
      }
      return started(parts, person, from, () => told('passkeySignIn', from, 200, {}, person));
    },
    providerSignIn: async ({ params, request, address }) => {
      const service = needed(signIn);
      if (!service.providers.some(({ id }) => id === params.provider))
        throw notFound('no provider of sign-in has this id');
      const { auth } = await attempted(signIn, { request, address });
      const body = { provider: params.provider, callbackURL: '/', errorCallbackURL: '/sign-in', disableRedirect: true };
      const response = await auth.api.signInSocial({ body, headers: request.headers, asResponse: true });
      const { url } = (await response.clone().json()) as { url?: unknown };
      if (!response.ok || typeof url !== 'string')
        throw await refused(response, 'the provider of sign-in cannot be reached');
      return redirect(url, response.headers);
    },
    providerCallback: async ({ params, request, address }) => {
      const service = needed(signIn);
      const parts = await attempted(signIn, { request, address });
      const target = new URL(
        `${AUTH_PATH}/callback/${encodeURIComponent(params.provider)}${new URL(request.url).search}`,
        service.url,
      );
      const response = await parts.auth.handler(new Request(target, { headers: request.headers }));
      const location = response.headers.get('location') ?? '/sign-in';
      const entered = response.headers.getSetCookie().some((cookie) => cookie.includes('.session_token='));
      await told('providerSignIn', { request, address }, entered ? 200 : 401, { provider: params.provider });
      return redirect(location, response.headers);
    },
    signOut: async ({ request }) => {
      if (signIn === undefined) return undefined;
      const { auth } = await signIn.open();
      const response = await auth.api.signOut({ headers: request.headers, asResponse: true });
      return new Reply(undefined, cookiesOf(response.headers), 204);
    },
    lookAtLink: async ({ body, ...from }) => {
      const { links } = await attempted(signIn, from);
      return links.look(body.secret) ?? wrongLink();
    },
    useLink: async ({ body: { secret, ...wanted }, ...from }) => {
      const parts = await attempted(signIn, from);
      const link = parts.links.look(secret) ?? wrongLink();
      const first = link.purpose === 'first' ? firstPerson(parts, wanted) : undefined;
      // Of two who come together one has it.
      if ((await parts.links.use(secret)) === undefined) wrongLink();
      const person = first === undefined ? personOf(parts, link) : await parts.people.add(first);
      await parts.people.setPassword(person.id, wanted.password);
      if (link.purpose === 'reset') {
        await parts.people.forgetSecondFactor(person.id);
        await parts.passkeys.removeOf(person.id);
        await parts.people.signOut(person.id);
      }
      return started(parts, person, from, () => told('useLink', from, 200, { purpose: link.purpose }, person));
    },
    linkPage: () =>
      new Response(welcomePage(), {
        headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': WELCOME_POLICY },
      }),
    linkScript: () => new Response(WELCOME_SCRIPT, { headers: { 'content-type': 'text/javascript; charset=utf-8' } }),
  };
}

async function attempted(signIn: SignIn | undefined, { request, address }: From): Promise<SignInParts> {
  const service = needed(signIn);
  service.attempt(addressOf(request, address));
  return await service.open();
}

/** Signs a person in who has shown who he is. */
async function started(
  { auth }: SignInParts,
  person: Person,
  { request }: From,
  tell: () => Promise<void>,
): Promise<Reply> {
  const session = await auth.api.startSession({
    body: { userId: person.id },
    headers: request.headers,
    asResponse: true,
  });
  if (person.disabled || session.headers.getSetCookie().length === 0)
    throw new RequestProblem(401, { detail: 'this account is out of use', hint: 'Ask an admin of this station.' });
  await tell();
  return new Reply({ twoFactorRedirect: false }, cookiesOf(session.headers));
}

function firstPerson(
  { people }: SignInParts,
  { name, email }: { readonly name?: string | undefined; readonly email?: string | undefined },
): { name: string; email: string; role: 'admin' } {
  if (people.all().length > 0) throw conflict('there are accounts already', undefined, 'An admin invites others.');
  if (name === undefined || email === undefined)
    throw inputInvalid('the first account needs a name and an e-mail address');
  return { name, email, role: 'admin' };
}

function personOf({ people }: SignInParts, { personId }: Link): Person {
  return people.byId(personId ?? '') ?? wrongLink();
}

function wrongLink(): never {
  throw new RequestProblem(401, {
    detail: WRONG_LINK,
    hint: "Ask an admin for another; 'bonghwa set-up' makes the first one anew.",
  });
}

const cookiesOf = (headers: Headers): [string, string][] =>
  headers.getSetCookie().map((cookie) => ['set-cookie', cookie]);

function redirect(location: string, headers: Headers): Response {
  const response = new Response(null, { status: 302, headers: { location } });
  for (const cookie of headers.getSetCookie()) response.headers.append('set-cookie', cookie);
  return response;
}
