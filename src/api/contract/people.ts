import { z } from 'zod';
import { ROLES } from '../../model/role.ts';
import { auditEntrySchema, auditVerdictSchema } from '../sign-in/audit-log.ts';
import { PASSWORD_CHARS_MAX } from '../sign-in/password.ts';
import { GROUPS, next, none, paging, partial, type RouteContract, text, time, when } from './route.ts';
import { credential, LIMITED, passkeyOptionsSchema, password, SIGN_IN_ROUTES } from './sign-in.ts';

/** Who may do what: sign-in, people, tokens, the audit log. */
const role = z.enum(ROLES);
const email = z.email().max(254);
const name = z.string().trim().min(1).max(200);
const given = z.string().min(1).max(PASSWORD_CHARS_MAX);
const code = z.string().trim().min(6).max(40);
const id = text('id');
export const meSchema = z.object({
  id: z.string(),
  kind: z.enum(['person', 'token', 'local']),
  name: z.string(),
  email: z.string().optional(),
  role,
  /** False where the station has no sign-in, and whoever reaches it may do everything. */
  signIn: z.boolean(),
  twoFactor: z.boolean().optional(),
  passkeys: z.int().optional(),
});
export type Me = z.infer<typeof meSchema>;

export const personViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role,
  disabled: z.boolean(),
  twoFactor: z.boolean(),
  passkeys: z.int(),
  createdAt: time,
});
export type PersonView = z.infer<typeof personViewSchema>;

export const linkMadeSchema = z.object({
  person: personViewSchema.optional(),
  /** Lets the person choose a password; works once. It is told this once. */
  url: z.string(),
  expiresAt: time,
});

export const tokenViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  role,
  scopes: z.array(z.enum(GROUPS)),
  by: z.string(),
  createdAt: time,
  expiresAt: time,
  lastUsedAt: time.optional(),
});
export type TokenView = z.infer<typeof tokenViewSchema>;

const passkeyViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: time,
  lastUsedAt: time.optional(),
});

const people = 'people' as const;

export const PEOPLE_ROUTES = {
  ...SIGN_IN_ROUTES,
  me: {
    path: '/api/me',
    summary: 'Who asks, and what they may do.',
    group: people,
    needs: 'viewer',
    params: none,
    answer: { name: 'Me', schema: meSchema },
    statuses: {},
  },
  changePassword: {
    method: 'POST',
    path: '/api/me/password',
    summary: 'Chooses another password; all other sessions end.',
    group: people,
    needs: 'viewer',
    params: none,
    body: { name: 'PasswordChange', schema: z.strictObject({ current: given, password }) },
    answer: { nothing: true },
    statuses: { 429: LIMITED },
  },
  startTotp: {
    method: 'POST',
    path: '/api/me/totp',
    summary: 'Begins a second factor: what an authenticator scans, and codes to write down.',
    group: people,
    needs: 'viewer',
    params: none,
    body: { name: 'Password', schema: z.strictObject({ password: given }) },
    answer: { name: 'Totp', schema: z.object({ uri: z.string(), backupCodes: z.array(z.string()) }) },
    statuses: { 429: LIMITED },
  },
  confirmTotp: {
    method: 'POST',
    path: '/api/me/totp/confirm',
    summary: 'Turns the second factor on, with a code of the authenticator.',
    group: people,
    needs: 'viewer',
    params: none,
    body: { name: 'TotpCode', schema: z.strictObject({ code }) },
    answer: { nothing: true },
    statuses: { 429: LIMITED },
  },
  removeTotp: {
    method: 'POST',
    path: '/api/me/totp/remove',
    summary: 'Turns the second factor off.',
    group: people,
    needs: 'viewer',
    params: none,
    body: { name: 'Password', schema: z.strictObject({ password: given }) },
    answer: { nothing: true },
    statuses: { 429: LIMITED },
  },
  passkeys: {
    path: '/api/me/passkeys',
    summary: 'Passkeys of whoever asks.',
    group: people,
    needs: 'viewer',
    params: none,
    answer: { name: 'Passkeys', schema: z.object({ passkeys: z.array(passkeyViewSchema) }) },
    statuses: {},
  },
  passkeyOptions: {
    method: 'POST',
    path: '/api/me/passkeys/options',
    summary: 'What a browser makes a passkey with.',
    group: people,
    needs: 'viewer',
    params: none,
    answer: { name: 'PasskeyOptions', schema: passkeyOptionsSchema },
    statuses: {},
  },
  addPasskey: {
    method: 'POST',
    path: '/api/me/passkeys',
    summary: 'Takes on a passkey.',
    group: people,
    needs: 'viewer',
    params: none,
    body: { name: 'PasskeyInput', schema: z.strictObject({ name, response: credential }) },
    answer: { name: 'Passkey', schema: passkeyViewSchema },
    status: 201,
    statuses: { 409: 'as many as somebody may have' },
  },
  removePasskey: {
    method: 'DELETE',
    path: '/api/me/passkeys/{id}',
    summary: 'Forgets a passkey.',
    group: people,
    needs: 'viewer',
    params: z.strictObject({ id: z.string().min(1).max(2000).describe('id') }),
    answer: { nothing: true },
    statuses: { 404: 'no passkey has this id' },
  },
  people: {
    path: '/api/users',
    summary: 'People with an account.',
    group: people,
    needs: 'admin',
    params: none,
    answer: { name: 'People', schema: z.object({ users: z.array(personViewSchema) }) },
    statuses: {},
  },
  invite: {
    method: 'POST',
    path: '/api/users',
    summary: 'Invites somebody: makes an account, and the link that opens it.',
    group: people,
    needs: 'admin',
    params: none,
    body: { name: 'Invitation', schema: z.strictObject({ email, name, role }) },
    answer: { name: 'LinkMade', schema: linkMadeSchema },
    status: 201,
    statuses: { 409: 'somebody has this e-mail address' },
  },
  changePerson: {
    method: 'PATCH',
    path: '/api/users/{id}',
    summary: 'Changes role or name, or takes the account out of use.',
    group: people,
    needs: 'admin',
    params: z.strictObject({ id }),
    body: {
      name: 'PersonChange',
      schema: z.strictObject({ role: role.optional(), name: name.optional(), disabled: z.boolean().optional() }),
    },
    answer: { name: 'Person', schema: personViewSchema },
    statuses: { 404: 'nobody has this id', 409: 'no admin would be left' },
  },
  removePerson: {
    method: 'DELETE',
    path: '/api/users/{id}',
    summary: 'Removes an account with its passkeys and tokens.',
    group: people,
    needs: 'admin',
    params: z.strictObject({ id }),
    answer: { nothing: true },
    statuses: { 404: 'nobody has this id', 409: 'no admin would be left' },
  },
  resetPerson: {
    method: 'POST',
    path: '/api/users/{id}/link',
    summary: 'Makes a link for somebody who has lost password or second factor; both are over when it is used.',
    group: people,
    needs: 'admin',
    params: z.strictObject({ id }),
    answer: { name: 'LinkMade', schema: linkMadeSchema },
    status: 201,
    statuses: { 404: 'nobody has this id' },
  },
  makeSetUpLink: {
    method: 'POST',
    path: '/api/auth/set-up-link',
    summary: 'Makes the link for the first account anew.',
    group: people,
    needs: 'admin',
    params: none,
    answer: { name: 'LinkMade', schema: linkMadeSchema },
    status: 201,
    statuses: { 409: 'there are accounts already' },
  },
  tokens: {
    path: '/api/tokens',
    summary: 'Tokens of whoever asks; of everybody, for an admin.',
    group: people,
    needs: 'viewer',
    params: none,
    answer: { name: 'Tokens', schema: z.object({ tokens: z.array(tokenViewSchema) }) },
    statuses: {},
  },
  makeToken: {
    method: 'POST',
    path: '/api/tokens',
    summary: 'Makes a token for a program.',
    group: people,
    needs: 'viewer',
    params: none,
    body: {
      name: 'TokenInput',
      schema: z.strictObject({
        name,
        role,
        scopes: z.array(z.enum(GROUPS)).max(GROUPS.length).default([]),
        days: z.int().min(1).max(3650).default(90),
      }),
    },
    answer: {
      name: 'TokenMade',
      schema: z.object({
        token: tokenViewSchema,
        /** What the program sends; told this once. */
        text: z.string(),
      }),
    },
    status: 201,
    statuses: { 403: 'a token may do no more than whoever makes it' },
  },
  removeToken: {
    method: 'DELETE',
    path: '/api/tokens/{id}',
    summary: 'Takes a token out of use.',
    group: people,
    needs: 'viewer',
    params: z.strictObject({ id }),
    answer: { nothing: true },
    statuses: { 404: 'no token of yours has this id' },
  },
  audit: {
    path: '/api/audit',
    summary: 'Every act, the latest first.',
    group: people,
    needs: 'admin',
    params: z.strictObject({
      since: when('acts from this time on').optional(),
      until: when('acts before this time').optional(),
      ...paging('acts'),
    }),
    answer: { name: 'Audit', schema: z.object({ entries: z.array(auditEntrySchema), next, partial }) },
    statuses: {},
  },
  verifyAudit: {
    path: '/api/audit/verify',
    summary: 'Follows the chain of the audit log from its end to its beginning.',
    group: people,
    needs: 'admin',
    params: none,
    answer: { name: 'AuditVerdict', schema: auditVerdictSchema },
    statuses: { 503: 'the database does not show the whole log' },
  },
} as const satisfies Record<string, RouteContract>;
