import { z } from 'zod';
import { ROLES } from '../../model/role.ts';
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN } from '../sign-in/password.ts';
import { none, type RouteContract, text, time } from './route.ts';

/** The ways in, before anybody is known. */
const role = z.enum(ROLES);
const email = z.email().max(254);
const name = z.string().trim().min(1).max(200);
const given = z.string().min(1).max(PASSWORD_CHARS_MAX);
export const password = z
  .string()
  .min(PASSWORD_CHARS_MIN, `a password has at least ${PASSWORD_CHARS_MIN} characters`)
  .max(PASSWORD_CHARS_MAX);
const code = z.string().trim().min(6).max(40);
const secret = z.string().min(20).max(100);
const id = text('id');
/** What a browser made for a passkey: the library that checks it looks at every field. */
export const credential = z.looseObject({ id: z.string().max(2000) });

export const waysSchema = z.object({
  signIn: z.boolean(),
  /** Where browsers have to come by TLS (`http.url` is https): elsewhere they do not keep the session. */
  url: z.string().optional(),
  /** False before the first account: the set-up link that the station wrote into its log makes it. */
  hasPeople: z.boolean(),
  password: z.boolean(),
  passkey: z.boolean(),
  providers: z.array(z.object({ id: z.string(), name: z.string() })),
});

export const signedInSchema = z.object({
  /** True where the second factor is asked for next; nobody is signed in yet. */
  twoFactorRedirect: z.boolean(),
});

const linkLookSchema = z.object({
  purpose: z.enum(['first', 'invitation', 'reset']),
  name: z.string().optional(),
  email: z.string().optional(),
  role,
  expiresAt: time,
});

/** For a browser to make or find a passkey with: as `@simplewebauthn/browser` takes it. */
export const passkeyOptionsSchema = z.looseObject({ challenge: z.string() });

const SIGNED_IN = { name: 'SignedIn', schema: signedInSchema } as const;
export const LIMITED = 'too many attempts; Retry-After says when the next one may come';
const WRONG = 'it is not right, or over';
const people = 'people' as const;

export const SIGN_IN_ROUTES = {
  ways: {
    path: '/api/auth/ways',
    summary: 'How somebody can sign in.',
    group: people,
    needs: 'anyone',
    params: none,
    answer: { name: 'Ways', schema: waysSchema },
    statuses: {},
  },
  signIn: {
    method: 'POST',
    path: '/api/auth/sign-in/email',
    summary: 'Signs in with a password; the session is a cookie.',
    group: people,
    needs: 'anyone',
    params: none,
    body: { name: 'PasswordSignIn', schema: z.strictObject({ email, password: given }) },
    answer: SIGNED_IN,
    statuses: { 401: WRONG, 429: LIMITED },
  },
  secondFactor: {
    method: 'POST',
    path: '/api/auth/two-factor/verify-totp',
    summary: 'The second step of a sign-in: a code of the authenticator.',
    group: people,
    needs: 'anyone',
    params: none,
    body: { name: 'Code', schema: z.strictObject({ code, trustDevice: z.boolean().optional() }) },
    answer: SIGNED_IN,
    statuses: { 401: WRONG, 429: LIMITED },
  },
  backupCode: {
    method: 'POST',
    path: '/api/auth/two-factor/verify-backup-code',
    summary: 'The second step of a sign-in: one of the codes that were written down.',
    group: people,
    needs: 'anyone',
    params: none,
    body: { name: 'BackupCode', schema: z.strictObject({ code }) },
    answer: SIGNED_IN,
    statuses: { 401: WRONG, 429: LIMITED },
  },
  passkeySignInOptions: {
    method: 'POST',
    path: '/api/auth/passkey/options',
    summary: 'What a browser signs in with a passkey with.',
    group: people,
    needs: 'anyone',
    params: none,
    answer: { name: 'PasskeyOptions', schema: passkeyOptionsSchema },
    statuses: { 429: LIMITED },
  },
  passkeySignIn: {
    method: 'POST',
    path: '/api/auth/passkey',
    summary: 'Signs in with a passkey.',
    group: people,
    needs: 'anyone',
    params: none,
    body: { name: 'PasskeyAnswer', schema: z.strictObject({ response: credential }) },
    answer: SIGNED_IN,
    statuses: { 401: WRONG, 429: LIMITED },
  },
  providerSignIn: {
    path: '/api/auth/sign-in/{provider}',
    summary: 'Signs in with a provider of single sign-on: leads there.',
    group: people,
    needs: 'anyone',
    params: z.strictObject({ provider: id }),
    answer: { mediaType: 'text/html' },
    status: 302,
    statuses: { 404: 'no provider has this id' },
  },
  providerCallback: {
    path: '/api/auth/callback/{provider}',
    summary: 'Where a provider of single sign-on leads back to.',
    group: people,
    needs: 'anyone',
    params: z.strictObject({
      provider: id,
      ...Object.fromEntries(
        [
          'code',
          'state',
          'iss',
          'scope',
          'session_state',
          'error',
          'error_description',
          'error_uri',
          'authuser',
          'prompt',
          'hd',
        ].map((field) => [field, z.string().max(4000).describe('as the provider says').optional()]),
      ),
    }),
    answer: { mediaType: 'text/html' },
    status: 302,
    statuses: {},
  },
  signOut: {
    method: 'POST',
    path: '/api/auth/sign-out',
    summary: 'Signs out.',
    group: people,
    needs: 'anyone',
    params: none,
    answer: { nothing: true },
    statuses: {},
  },
  lookAtLink: {
    method: 'POST',
    path: '/api/auth/link/look',
    summary: 'What a link is for: the first account, an invitation, a lost password.',
    group: people,
    needs: 'anyone',
    params: none,
    body: { name: 'LinkSecret', schema: z.strictObject({ secret }) },
    answer: { name: 'Link', schema: linkLookSchema },
    statuses: { 401: WRONG, 429: LIMITED },
  },
  useLink: {
    method: 'POST',
    path: '/api/auth/link',
    summary: 'Chooses a password by a link, which is over then, and signs in.',
    group: people,
    needs: 'anyone',
    params: none,
    body: {
      name: 'LinkUse',
      schema: z.strictObject({
        secret,
        password,
        /** Needed for the first account; others have theirs. */
        name: name.optional(),
        email: email.optional(),
      }),
    },
    answer: SIGNED_IN,
    statuses: { 401: WRONG, 429: LIMITED },
  },
  linkPage: {
    path: '/welcome',
    summary: 'The page that a link opens.',
    group: people,
    needs: 'anyone',
    params: none,
    answer: { mediaType: 'text/html' },
    statuses: {},
  },
  linkScript: {
    path: '/welcome.js',
    summary: 'What that page does.',
    group: people,
    needs: 'anyone',
    params: none,
    answer: { mediaType: 'text/javascript' },
    statuses: {},
  },
} as const satisfies Record<string, RouteContract>;
