import { z } from 'zod';
import { parseAddress } from '../base/ip.ts';
import { parseListen } from '../base/listen.ts';
import { parsePrefix } from '../base/prefix.ts';
import { parseSubject } from './check-subject.ts';
import { secretSchema } from './secret.ts';

/** The part of the configuration that says how sites are checked, and whose checks are read. */
const place = z.string().min(1, 'a name has at least one character').max(200, 'a name has at most 200 characters');
const country = z
  .string()
  .regex(/^[A-Za-z]{2}$/, 'a country is two letters (ISO 3166-1), such as KR')
  .transform((text) => text.toUpperCase());
const every = z
  .number()
  .min(1, 'sites are to be left in peace: 1 s or more')
  .max(3600, 'a check an hour is the least that tells anything')
  .default(30);

const prefixText = z.string().refine((text) => parsePrefix(text) !== undefined, 'this is no address and no prefix');
const serverText = z
  .string()
  .refine(
    (text) => parseAddress(text) !== undefined || parseListen(text) !== undefined,
    "this is no address, with or without a port: 192.0.2.53, '192.0.2.53:5353' or '[2001:db8::53]:53'",
  );
const hostPort = z
  .string()
  .refine((text) => parseSubject(`tcp://${text}`).kind === 'ok', 'a host and a port are needed, such as 192.0.2.1:443');

export const probeSchema = z.strictObject({
  own: z
    .boolean()
    .default(true)
    .describe('false where the station itself checks nothing, and only vantages elsewhere do'),
  name: place.default('station').describe('name of the vantage that the station itself is'),
  country: country.optional().describe('country that it stands in, two letters'),
  network: place.optional().describe('network that it is in, by any name: two vantages of one network count as one'),
  everySeconds: every.describe('seconds between two checks of one URL'),
  allow: z
    .array(prefixText)
    .max(1000)
    .default([])
    .describe('prefixes of inside addresses (private, loopback …) that may be checked; none are, else'),
  nameServers: z.array(serverText).max(16).default([]).describe('DNS servers to ask, in place of those of the machine'),
  wayOut: z
    .array(hostPort)
    .max(16)
    .default([])
    .describe('host:port of what takes connections while the station has its way out; root servers of DNS, else'),
  authorities: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('PEM file of certificate authorities that are trusted beside the usual ones'),
});

/** Programs whose checks can be read. */
export const VANTAGE_PROGRAMS = ['blackbox', 'prometheus', 'uptime-kuma'] as const;
export type VantageProgram = (typeof VANTAGE_PROGRAMS)[number];
export const VANTAGE_SOURCES_MAX = 100;

const sourceUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).password === '',
    'an http or https URL without a password is needed',
  );

export const vantageSourceSchema = z.strictObject({
  name: place.describe('name of the vantage that it is'),
  program: z.enum(VANTAGE_PROGRAMS).describe(`what answers there: ${VANTAGE_PROGRAMS.join(', ')}`),
  url: sourceUrl.describe(
    'blackbox: its /probe with the module, which is asked for every URL; prometheus: the server; uptime-kuma: its /metrics',
  ),
  country: country.optional().describe('country that it stands in, two letters'),
  network: place.optional().describe('network that it is in, by any name'),
  partner: place.optional().describe('whose it is, where a partner lends it'),
  everySeconds: every.describe('seconds between two readings'),
  token: secretSchema(() => 'a token does not belong into the configuration; write { env: NAME } or { file: PATH }')
    .optional()
    .describe(
      'what it is signed in with: a bearer token, or the API key of Uptime Kuma; { env: NAME } or { file: PATH }',
    ),
});
