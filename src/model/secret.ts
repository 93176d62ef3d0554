import { z } from 'zod';
import { BonghwaError } from '../base/errors.ts';

/**
 * A value that may hold a password, or where it stands: `{ env: NAME }` an environment variable, `{ file: PATH }` the first line
 * of a file. Only the reference is ever printed.
 */
export type SecretReference = string | { readonly env: string } | { readonly file: string };

/** Characters of a secret: a database URL is far shorter. */
const SECRET_CHARS_MAX = 4096;

/** Says what is wrong with a text, or nothing. */
export type TextFault = (text: string) => string | undefined;

const PASSWORD_FAULT =
  'a password does not belong into the configuration; write { env: NAME } or { file: PATH }, and the whole URL there';

const reference = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, 'the name of an environment variable is letters, digits and _')
      .optional()
      .describe('name of the environment variable that holds it'),
    file: z.string().min(1).max(4096).optional().describe('path of the file whose first line it is'),
  })
  .refine(
    ({ env, file }) => (env === undefined) !== (file === undefined),
    'either env or file is needed, and not both',
  );

/** A reference, or plain text that `fault` has nothing to say about and that holds no password. */
export function secretSchema(fault: TextFault) {
  const plainText = z
    .string()
    .max(SECRET_CHARS_MAX)
    .superRefine((text, context) => {
      const message = holdsPassword(text) ? PASSWORD_FAULT : fault(text);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
  return z
    .union([plainText, reference], { error: 'a text is needed here, or { env: NAME }, or { file: PATH }' })
    .transform((parsed): SecretReference => {
      if (typeof parsed === 'string') return parsed;
      return parsed.env === undefined ? { file: parsed.file ?? '' } : { env: parsed.env };
    });
}

/** What is wrong with the URL of the state store. */
export const stateUrlFault: TextFault = (text) =>
  /^postgres(ql)?:\/\//.test(text) ? undefined : 'a URL such as postgresql://user@host/database is needed here';

/** What is wrong with the URL of the telemetry store. */
export const telemetryUrlFault: TextFault = (text) =>
  text === 'off' || (/^https?:\/\//.test(text) && URL.canParse(text))
    ? undefined
    : 'a URL such as http://host:8123/database is needed here, or off';

/** Characters of a text that are looked at for a password: what is longer is no URL that anything takes. */
const LOOKED_AT_MAX = 8192;

/**
 * True if the text is a URL with a password, in its authority or as a parameter. Told without parsing, for broken ones too: a
 * password with a slash in it makes the URL one.
 */
export function holdsPassword(text: string): boolean {
  const start = text.slice(0, LOOKED_AT_MAX);
  // Between the colon and the next slash, digits alone are a port.
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#@:[]*:(?!\d{1,5}[/?#])[^@]+@/i.test(start)) return true;
  return /[?&;\s](password|passwd|pwd|token|secret)=[^&;\s]/i.test(start);
}

/** The reference as it may be shown: `env NAME`, `file PATH`, or the plain text, which holds no password. */
export function shownSecret(secret: SecretReference): string {
  if (typeof secret === 'string') return holdsPassword(secret) ? '(hidden)' : secret;
  return 'env' in secret ? `env ${secret.env}` : `file ${secret.file}`;
}

/**
 * The value that a reference leads to: the text itself, the environment variable, or the first line of the file. Throws
 * BonghwaError CONFIG_INVALID where there is none, and never tells the value.
 */
export async function resolveSecret(
  secret: SecretReference,
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => Promise<string>,
): Promise<string> {
  if (typeof secret === 'string') return secret;
  if ('env' in secret) {
    const value = environment[secret.env]?.trim() ?? '';
    if (value !== '') return value;
    throw new BonghwaError('CONFIG_INVALID', `the environment variable ${secret.env} of the configuration is not set`, {
      hint: `Set ${secret.env} for the program, or write { file: PATH }.`,
    });
  }
  const value = (await textOf(secret.file, readFile)).split('\n', 1)[0].trim();
  if (value !== '' && value.length <= SECRET_CHARS_MAX) return value;
  throw new BonghwaError(
    'CONFIG_INVALID',
    `the first line of the file ${secret.file} of the configuration is ${value === '' ? 'empty' : 'too long'}`,
    {
      hint: 'Write the whole URL into its first line.',
    },
  );
}

async function textOf(path: string, readFile: (path: string) => Promise<string>): Promise<string> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'fault';
    throw new BonghwaError('CONFIG_INVALID', `the file ${path} of the configuration cannot be read (${code})`, {
      hint: 'Check the path, and that the user of this program may read it.',
      cause,
    });
  }
}
