import { type Caller, mayActAs, type Role } from '../../model/role.ts';
import type { PEOPLE_ROUTES, PersonView, TokenView } from '../contract/people.ts';
import type { Handlers } from '../dispatch.ts';
import { timeParam } from '../params.ts';
import { conflict, notFound } from '../ports.ts';
import { RequestProblem } from '../problem.ts';
import { auditPage, verifyAudit } from '../sign-in/audit-log.ts';
import type { Person } from '../sign-in/auth.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import type { ApiToken } from '../sign-in/tokens.ts';
import { meHandlers } from './me.ts';
import { needed, type PeopleParts } from './people-parts.ts';
import { signInHandlers } from './sign-in.ts';

const DAY_MS = 86_400_000;

/** Sign-in, people, tokens, the audit log. */
export function peopleHandlers(parts: PeopleParts): Pick<Handlers, keyof typeof PEOPLE_ROUTES> {
  return { ...signInHandlers(parts), ...meHandlers(parts), ...adminHandlers(parts), ...tokenHandlers(parts) };
}

function viewOf(
  { id, name, email, role, disabled, twoFactorEnabled, createdAt }: Person,
  parts: SignInParts,
): PersonView {
  const twoFactor = twoFactorEnabled === true;
  return { id, name, email, role, disabled, twoFactor, passkeys: parts.passkeys.of(id).length, createdAt };
}

type AdminRoutes =
  | 'people'
  | 'invite'
  | 'changePerson'
  | 'removePerson'
  | 'resetPerson'
  | 'makeSetUpLink'
  | 'audit'
  | 'verifyAudit';

function adminHandlers({ signIn, gate }: PeopleParts): Pick<Handlers, AdminRoutes> {
  const open = (): Promise<SignInParts> => needed(signIn).open();
  const linkFor = async (parts: SignInParts, person: Person, purpose: 'invitation' | 'reset') => {
    const { id, email, name, role } = person;
    const { secret, expiresAt } = await parts.links.make({ purpose, personId: id, email, name, role });
    return { person: viewOf(person, parts), url: needed(signIn).linkUrl(secret), expiresAt };
  };
  return {
    people: async () => {
      const parts = await open();
      return { users: parts.people.all().map((person) => viewOf(person, parts)) };
    },
    invite: async ({ body }) => {
      const parts = await open();
      const person = await parts.people.add(body);
      return linkFor(parts, person, 'invitation');
    },
    changePerson: async ({ params, body }) => {
      const parts = await open();
      if (body.disabled === true || (body.role !== undefined && body.role !== 'admin')) keepAnAdmin(parts, params.id);
      const { role, name, disabled } = body;
      const to = {
        ...(role === undefined ? {} : { role }),
        ...(name === undefined ? {} : { name }),
        ...(disabled === undefined ? {} : { disabled }),
      };
      return viewOf(await parts.people.change(params.id, to), parts);
    },
    removePerson: async ({ params }) => {
      const parts = await open();
      keepAnAdmin(parts, params.id);
      await parts.people.remove(params.id);
      await Promise.all([parts.tokens.removeOf(params.id), parts.passkeys.removeOf(params.id)]);
      return undefined;
    },
    resetPerson: async ({ params }) => {
      const parts = await open();
      const person = parts.people.byId(params.id) ?? nobody();
      return linkFor(parts, person, 'reset');
    },
    makeSetUpLink: async () => {
      const link = await needed(signIn).firstLink();
      if (link !== undefined) return link;
      throw conflict('there are accounts already', undefined, 'An admin invites others.');
    },
    audit: ({ params: { since, until, ...page } }) => {
      const service = needed(signIn);
      const span = {
        ...(since === undefined ? {} : { since: timeParam('since', since, service.nowMs) }),
        ...(until === undefined ? {} : { until: timeParam('until', until, service.nowMs) }),
      };
      return gate.through(() => auditPage(service.store, { ...page, ...span }));
    },
    verifyAudit: () => gate.through(() => verifyAudit(needed(signIn).store)),
  };
}

function tokenHandlers({ signIn }: PeopleParts): Pick<Handlers, 'tokens' | 'makeToken' | 'removeToken'> {
  const open = (): Promise<SignInParts> => needed(signIn).open();
  const mine = (token: ApiToken, who: Caller): boolean => token.by === who.id || who.role === 'admin';
  return {
    tokens: async ({ who }) => ({
      tokens: (await open()).tokens
        .all()
        .filter((token) => mine(token, who))
        .map(tokenView),
    }),
    makeToken: async ({ body: { days, ...wanted }, who }) => {
      const service = needed(signIn);
      if (who.kind === 'token') throw new RequestProblem(403, { detail: 'a token makes no tokens' });
      mayGive(who, wanted.role);
      const expiresAt = new Date(service.nowMs + days * DAY_MS).toISOString();
      const { token, text } = await (await service.open()).tokens.make({ ...wanted, expiresAt }, who);
      return { token: tokenView(token), text };
    },
    removeToken: async ({ params, who }) => {
      const { tokens } = await open();
      const token = tokens.all().find(({ id }) => id === params.id);
      if (token === undefined || !mine(token, who)) throw notFound('no token of yours has this id');
      await tokens.remove(params.id);
      return undefined;
    },
  };
}

const tokenView = ({ hash: _, ...token }: ApiToken): TokenView => token;

function mayGive(who: Caller, role: Role): void {
  if (mayActAs(who.role, role)) return;
  throw new RequestProblem(403, {
    detail: `a token may do no more than whoever makes it, and ${who.name} has ${who.role}`,
  });
}

/** Refuses what would leave a station that nobody can look after. */
function keepAnAdmin({ people }: SignInParts, without: string): void {
  const person = people.byId(without) ?? nobody();
  const others = people.all().some(({ id, role, disabled }) => id !== without && role === 'admin' && !disabled);
  if (person.role === 'admin' && !person.disabled && !others)
    throw conflict('no admin would be left', undefined, 'Make somebody else an admin first.');
}

function nobody(): never {
  throw notFound('nobody has this id');
}
