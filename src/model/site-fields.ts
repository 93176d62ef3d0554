import { z } from 'zod';
import { parseAddress } from '../base/ip.ts';
import { parsePrefix } from '../base/prefix.ts';
import { parseSubject } from './check-subject.ts';
import { holdsPassword } from './secret.ts';
import { CRITICALITIES, expectationSchema, maintenanceSchema, SECTORS, type Site, TLPS } from './site.ts';

/**
 * The fields of a site as people give them, in the configuration, in CSV and over the API: one place that says what is right and what is
 * assumed where nothing is said.
 */
const URLS_MAX = 1000;
const ADDRESSES_MAX = 1000;
const CONTACTS_MAX = 100;
const MAINTENANCE_MAX = 100;
const TEXT_CHARS_MAX = 500;
const EXPECTED_CHARS_MAX = 2000;

/** Input as it is quoted in a message: a page of text would hide the message. */
export function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Control characters in a name would move the cursor of whoever reads it. */
const name = z
  .string()
  .min(1, 'a name has at least one character')
  .max(200, 'a name has at most 200 characters')
  .refine((text) => !/\p{Cc}/u.test(text), 'a name is one line of visible characters')
  .refine((text) => text.trim() === text, 'a name neither begins nor ends with a blank');

const text = z.string().min(1, 'a text has at least one character').max(TEXT_CHARS_MAX);

const url = z.string().superRefine((given, context) => {
  if (holdsPassword(given)) {
    context.addIssue({ code: 'custom', message: 'leave the password out: nothing here signs in to a site' });
    return;
  }
  const parsed = parseSubject(given);
  if (parsed.kind === 'invalid')
    context.addIssue({ code: 'custom', message: `'${shown(given)}' cannot be checked: ${parsed.message}` });
});

const address = z.string().refine((given) => parseAddress(given) !== undefined, {
  error: (issue) => `'${shown(String(issue.input))}' is no IPv4 or IPv6 address`,
});

const prefix = z.string().refine((given) => parsePrefix(given) !== undefined, {
  error: (issue) => `'${shown(String(issue.input))}' is no address and no prefix such as 192.0.2.0/24 or 2001:db8::/32`,
});

const country = z
  .string()
  .regex(/^[A-Za-z]{2}$/, 'a country is two letters (ISO 3166-1), such as KR')
  .transform((given) => given.toUpperCase());

const expect = z.strictObject({
  statuses: z
    .array(z.int().min(100, 'a status is 100 to 599').max(599, 'a status is 100 to 599'))
    .min(1, 'at least one status is needed')
    .max(100)
    .optional()
    .describe('statuses that are an answer; 200 to 399 where none are named'),
  contains: z.string().min(1).max(EXPECTED_CHARS_MAX).optional().describe('text that has to be in the answer'),
  lacks: z.string().min(1).max(EXPECTED_CHARS_MAX).optional().describe('text that must not be in the answer'),
});

/** Windows of maintenance that can come about. */
const maintenance = maintenanceSchema
  .refine((given) => given.kind === 'weekly' || given.from < given.to, 'the end of maintenance is after its beginning')
  .refine(
    (given) => given.kind === 'once' || isZone(given.zone),
    'the zone is none, such as Asia/Seoul or Europe/Kyiv',
  );

export const siteFields = {
  name: name.describe('name of the site; attacks on its addresses are told as attacks on it'),
  urls: z
    .array(url)
    .max(URLS_MAX)
    .default([])
    .describe('URLs that readers use, which are checked; tcp://host:port, dns://name and icmp://host too'),
  addresses: z
    .array(address)
    .max(ADDRESSES_MAX)
    .default([])
    .describe(
      'IPv4 and IPv6 addresses that it answers on; those outside `networks` are protected too. DNS adds those of its URLs',
    ),
  prefixes: z.array(prefix).max(ADDRESSES_MAX).default([]).describe('prefixes that are its own alone'),
  organisation: text.optional().describe('whose it is'),
  sector: z
    .enum(SECTORS)
    .default('other')
    .describe(`what it serves: ${SECTORS.join(', ')}`),
  criticality: z
    .enum(CRITICALITIES)
    .default('normal')
    .describe(`what hangs on it: ${CRITICALITIES.join(', ')}; several critical ones out at once are D4`),
  contacts: z.array(text).max(CONTACTS_MAX).default([]).describe('whom to tell'),
  tlp: z
    .enum(TLPS)
    .default('amber')
    .describe(`how far it may be told of (traffic light protocol): ${TLPS.join(', ')}`),
  country: country.optional().describe('country that it serves, two letters: vantages there are at home'),
  maintenance: z
    .array(maintenance)
    .max(MAINTENANCE_MAX)
    .default([])
    .describe(
      'when it may be out: { kind: weekly, weekday: 7, from: "22:00", minutes: 120, zone: Asia/Seoul }, or { kind: once, from: …, to: … }',
    ),
  knownGood: z
    .array(prefix)
    .max(ADDRESSES_MAX)
    .default([])
    .describe('addresses and prefixes of clients that are known to be good: monitors, offices, crawlers'),
  expect: expect.default({}).describe('what its answer looks like when it is well'),
  usersDaily: z
    .number()
    .min(0, 'people are 0 or more')
    .optional()
    .describe('people who use it on an ordinary day, where somebody knows'),
} as const;

/** A site as people give it. */
export const siteInputSchema = z.strictObject(siteFields);
export type SiteInput = z.output<typeof siteInputSchema>;

/** The site that an input makes, or what is wrong with it, in one line each. */
export type SiteRead =
  | { readonly kind: 'ok'; readonly site: Site }
  | { readonly kind: 'invalid'; readonly faults: readonly string[] };

export function readSite(given: unknown, registered: Site['registered']): SiteRead {
  const parsed = siteInputSchema.safeParse(given);
  if (!parsed.success)
    return {
      kind: 'invalid',
      faults: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
    };
  return { kind: 'ok', site: siteOf(parsed.data, registered) };
}

/** Absent fields stay absent; what else the input has (a log of the configuration) is no part of a site. */
export function siteOf(input: SiteInput, registered: Site['registered']): Site {
  const { name: called, urls, addresses, prefixes, sector, criticality, contacts, tlp, maintenance: windows } = input;
  const { knownGood, organisation, country: served, usersDaily, expect: expected } = input;
  return {
    ...{ name: called, urls, addresses, prefixes, sector, criticality, contacts, tlp },
    ...{ maintenance: windows, knownGood, expect: expectationSchema.parse(expected) },
    ...(organisation === undefined ? {} : { organisation }),
    ...(served === undefined ? {} : { country: served }),
    ...(usersDaily === undefined ? {} : { usersDaily }),
    registered,
  };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
