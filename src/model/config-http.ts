import { z } from 'zod';
import { type ListenAddress, parseListen } from '../base/listen.ts';
import { secretSchema } from './secret.ts';
import { shown } from './site-fields.ts';

/** The part of the configuration that says where the HTTP interface listens, and who may ask. */
const LISTEN_EXAMPLES = "such as 127.0.0.1:2055, '[::1]:2055', or :2055 for every address of this machine";

export const listenSchema = z
  .string({
    error: (issue) =>
      typeof issue.input === 'string' ? undefined : `an address and a port are needed, ${LISTEN_EXAMPLES}`,
  })
  .transform((text, context): ListenAddress => {
    const parsed = parseListen(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `'${shown(text)}' is no address with a port, ${LISTEN_EXAMPLES}` });
    return z.NEVER;
  });

const isWebUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).password === '';

const providerSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'an id is small letters, digits and -, and begins with a letter')
    .describe('stands in the address that it leads people back to: URL/api/auth/callback/ID'),
  name: z.string().min(1).max(100).describe('what stands on the button'),
  issuer: z
    .string()
    .refine(isWebUrl, 'an https URL without a password is needed')
    .describe('its issuer; /.well-known/openid-configuration below it says the rest'),
  clientId: z.string().min(1).max(500).describe('what it knows this station as'),
  clientSecret: secretSchema(
    () => 'a secret does not belong into the configuration; write { env: NAME } or { file: PATH }',
  )
    .optional()
    .describe('what this station shows it; { env: NAME } or { file: PATH }'),
  newPeople: z
    .boolean()
    .default(false)
    .describe('true takes people in who come for the first time, as viewers; else they are invited before'),
});

const path = z.string().min(1, 'a path has at least one character').max(4096, 'a path has at most 4096 characters');

const tlsSchema = z.strictObject({
  listen: listenSchema.describe('address for people and programs of other machines, such as :8443'),
  certificate: path.describe(
    'file of the certificate and those that it is signed by (PEM); a renewed one is taken over within a minute',
  ),
  key: path.describe('file of its private key (PEM)'),
});

const httpFields = z.strictObject({
  listen: listenSchema
    .prefault('127.0.0.1:8480')
    .describe('address of the HTTP interface: console, API, metrics, health; beyond loopback only with sign-in'),
  signIn: z
    .enum(['on', 'off'], 'on or off is needed')
    .default('on')
    .describe('off lets whoever reaches the loopback address do everything; for trying things out'),
  url: z
    .string()
    .refine(isWebUrl, 'an https URL without a password is needed, such as https://bonghwa.example')
    .optional()
    .describe(
      'where people reach it: its name in the certificate of http.tls, or of a proxy that speaks TLS; where absent, the address that it listens on',
    ),
  tls: tlsSchema.optional().describe('a second address, which speaks TLS; needs http.url and sign-in'),
  providers: z.array(providerSchema).max(20).default([]).describe('providers of single sign-on (OpenID Connect)'),
});

export const httpSchema = httpFields
  .refine(({ tls, url }) => tls === undefined || url?.startsWith('https:') === true, {
    path: ['tls'],
    error:
      'http.tls needs http.url, the https URL under which people reach the station: its name stands in the certificate',
  })
  .refine(({ tls, signIn }) => tls === undefined || signIn === 'on', {
    path: ['tls'],
    error: 'http.tls needs http.signIn: without it whoever reaches the station may do everything',
  });
