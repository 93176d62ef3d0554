import { z } from 'zod';
import { LANGUAGES, SEVERITIES } from './incident.ts';
import { holdsPassword, type SecretReference, secretSchema } from './secret.ts';

/** Who is told when something happens: a mailbox, a program, a channel, a log. */
export const RECEIVER_KINDS = [
  'email',
  'webhook',
  'slack',
  'mattermost',
  'teams',
  'telegram',
  'matrix',
  'syslog',
  'cef',
] as const;
export type ReceiverKind = (typeof RECEIVER_KINDS)[number];

/** What can be told of. */
export const NEWS_KINDS = ['attack', 'incident', 'site', 'exporter', 'station'] as const;
export type NewsKind = (typeof NEWS_KINDS)[number];

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of the day is needed, such as 22:00');
const zone = z.string().refine((text) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}, 'this is no time zone such as Asia/Seoul');

export const quietSchema = z.strictObject({
  from: clock.describe('when quiet hours begin, such as 22:00'),
  to: clock.describe('when they end, such as 07:00'),
  zone: zone.default('UTC').describe('time zone of both'),
  below: z.enum(SEVERITIES).default('critical').describe('what is less severe waits until they end'),
});
export type QuietHours = z.output<typeof quietSchema>;

const name = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'a name of a receiver is up to 64 letters, digits, dots, - and _')
  .describe('what it is called: bonghwa notify test NAME');
const url = z
  .string()
  .max(2000)
  .refine((text) => URL.canParse(text), 'a URL is needed')
  .refine((text) => !holdsPassword(text), 'a password does not belong into the URL; give it as secret');

const SECRET_FAULT = 'a secret does not belong into the configuration; write { env: NAME } or { file: PATH }';

const fields = {
  name,
  kind: z.enum(RECEIVER_KINDS).describe(`what it is: ${RECEIVER_KINDS.join(', ')}`),
  url: url
    .optional()
    .describe(
      'where it is: smtp://user@host:587, https://host/hook, the home server of Matrix, udp://, tcp:// or tls://host:port of a log',
    ),
  to: z
    .array(z.string().min(1).max(300))
    .max(100)
    .default([])
    .describe('e-mail addresses, the chat of Telegram, the room of Matrix'),
  from: z.string().min(3).max(300).optional().describe('sender of e-mail'),
  severity: z.enum(SEVERITIES).default('low').describe('what is less severe is not told'),
  about: z
    .array(z.enum(NEWS_KINDS))
    .min(1)
    .default([...NEWS_KINDS])
    .describe(`what is told of: ${NEWS_KINDS.join(', ')}`),
  quiet: quietSchema.optional().describe('hours in which it is left in peace'),
  language: z
    .enum(LANGUAGES)
    .default('en')
    .describe(`language of the messages: ${LANGUAGES.join(', ')}`),
};

/** A receiver of the configuration file. */
export const configReceiverSchema = z
  .strictObject({
    ...fields,
    secret: secretSchema(() => SECRET_FAULT)
      .optional()
      .describe(
        'password of the mail server, key that signs a webhook, token of Telegram or Matrix, webhook URL of Slack, Mattermost or Teams',
      ),
  })
  .superRefine(needs);

const keptReceiver = z.strictObject({ ...fields, secret: z.string().min(1).max(4096).optional() });

/** A receiver that was set over the interface: its secret is kept with it, and never told again. */
export const receiverSchema = keptReceiver.superRefine(needs);

/** The same as it is sent: without a secret, the one that is kept stays. */
export const receiverInputSchema = keptReceiver.superRefine((receiver, context) =>
  needs({ ...receiver, secret: receiver.secret ?? 'kept' }, context),
);

/** A receiver, whichever way it was set. */
export interface Receiver extends Omit<z.output<typeof receiverSchema>, 'secret'> {
  readonly secret?: SecretReference | undefined;
}

interface Given {
  readonly kind: ReceiverKind;
  readonly url?: string | undefined;
  readonly secret?: unknown;
  readonly to: readonly string[];
  readonly from?: string | undefined;
}

/** What each kind cannot do without. */
function needs(receiver: Given, context: z.RefinementCtx): void {
  const { kind, url: at = '', to, from, secret } = receiver;
  const wrong = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  const scheme = (pattern: RegExp, example: string): void => {
    if (!pattern.test(at)) wrong('url', `${kind} needs a url such as ${example}`);
  };
  switch (kind) {
    case 'email':
      scheme(/^smtps?:\/\//, 'smtp://user@mail.example:587');
      if (to.length === 0) wrong('to', 'email needs to: the addresses that are written to');
      if (from === undefined) wrong('from', 'email needs from: the address that it comes from');
      return;
    case 'webhook':
      scheme(/^https?:\/\//, 'https://host.example/hook');
      if (secret === undefined) wrong('secret', 'webhook needs secret: the key that signs what is sent');
      return;
    case 'slack':
    case 'mattermost':
    case 'teams':
      if (secret === undefined)
        wrong('secret', `${kind} needs secret: its webhook URL, which lets whoever has it write there`);
      return;
    case 'telegram':
      if (secret === undefined) wrong('secret', 'telegram needs secret: the token of the bot');
      if (to.length === 0) wrong('to', 'telegram needs to: the id of the chat');
      return;
    case 'matrix':
      scheme(/^https?:\/\//, 'https://matrix.example');
      if (secret === undefined) wrong('secret', 'matrix needs secret: an access token');
      if (to.length === 0) wrong('to', 'matrix needs to: the id of the room');
      return;
    case 'syslog':
    case 'cef':
      scheme(/^(udp|tcp|tls):\/\/[^/]+:\d+$/, 'udp://192.0.2.1:514');
  }
}

export const notifySchema = z.strictObject({
  receivers: z
    .array(configReceiverSchema)
    .max(50)
    .default([])
    .describe('who is told; more can be set over the console'),
  groupSeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(20)
    .describe('seconds for which news is gathered into one message; what is critical goes out at once'),
});
export type ConfigNotify = z.output<typeof notifySchema>;
