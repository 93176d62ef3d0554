import { z } from 'zod';
import { SITE_STATES, siteStatusSchema } from '../../model/incident.ts';
import { SECTORS, siteSchema } from '../../model/site.ts';
import { type SiteInput, siteInputSchema } from '../../model/site-fields.ts';
import { checkResultSchema, vantageSchema } from '../../model/vantage.ts';
import { NOT_HERE, next, none, paging, partial, type RouteContract, text, time, when } from './route.ts';

/** The register of sites, the vantages that probe them, and what was found. */
const name = text('name of the site');

export { type SiteInput, siteInputSchema };

/** A site, how it does where that is known, and its version: it grows with every change. */
export const siteViewSchema = z.object({
  site: siteSchema,
  version: z.int().min(1),
  status: siteStatusSchema.optional(),
});
export type SiteView = z.infer<typeof siteViewSchema>;

export const sitesAnswerSchema = z.object({
  /** By name. */
  sites: z.array(siteViewSchema),
  next,
  /** Sites of the station by state, whatever was asked for; `unknown` holds those that nobody has looked at. */
  states: z.partialRecord(z.enum(SITE_STATES), z.int()),
  total: z.int(),
});
export type SitesAnswer = z.infer<typeof sitesAnswerSchema>;

export const siteStatesSchema = z.object({
  /** By name. `since` and `why` stand where it is not up. */
  sites: z.array(
    z.object({ name: z.string(), state: z.enum(SITE_STATES), since: time.optional(), why: z.string().optional() }),
  ),
});
export type SiteStates = z.infer<typeof siteStatesSchema>;

export const siteImportSchema = z.object({
  /** True where nothing was changed: it was only tried. */
  dryRun: z.boolean(),
  added: z.array(z.string()),
  changed: z.array(z.string()),
  unchanged: z.int(),
  /** Lines that were not taken, with why; the first is line 1. */
  faults: z.array(z.object({ line: z.int(), message: z.string() })),
});
export type SiteImport = z.infer<typeof siteImportSchema>;

export const checksAnswerSchema = z.object({
  /** The latest first. */
  checks: z.array(checkResultSchema),
  next,
  partial,
});
export type ChecksAnswer = z.infer<typeof checksAnswerSchema>;

export const siteDaysSchema = z.object({
  site: z.string(),
  /** The earliest first; a day in UTC that nothing is known of has the state `unknown`. */
  days: z.array(
    z.object({
      day: z.iso.date(),
      worst: z.enum(SITE_STATES),
      outMinutes: z.number().min(0),
      degradedMinutes: z.number().min(0),
      /** Minutes of which it is known how the site did: 1440 where somebody looked all day. */
      knownMinutes: z.number().min(0),
    }),
  ),
});
export type SiteDays = z.infer<typeof siteDaysSchema>;

export const vantageViewSchema = z.object({
  vantage: vantageSchema,
  /** True for the station itself. */
  own: z.boolean(),
  /** When it told of a check last. */
  lastSeen: time.optional(),
  /** Checks that it told of since the start of the station. */
  checks: z.int().optional(),
});
export type VantageView = z.infer<typeof vantageViewSchema>;

export const vantagesAnswerSchema = z.object({ vantages: z.array(vantageViewSchema) });
export const vantageMadeSchema = z.object({
  vantage: vantageSchema,
  /** What it signs in with, told this once; absent where it needs none. */
  token: z.string().optional(),
  /** Where it reports to, and the SHA-256 of the certificate that it finds there. */
  listen: z.string().optional(),
  fingerprint: z.string().optional(),
});
export type VantageMade = z.infer<typeof vantageMadeSchema>;

const VERSION_TOLD = 'somebody else changed it meanwhile; `current` is how it stands now';
/** Characters of a CSV file. */
const CSV_BYTES_MAX = 4 * 1024 * 1024;

export const SITE_ROUTES = {
  sites: {
    path: '/api/sites',
    summary: 'Registered sites by name, each with how it does.',
    group: 'sites',
    needs: 'viewer',
    params: z.strictObject({
      q: text('text in name, URL, address or organisation').optional(),
      sector: z.enum(SECTORS).describe('sites of this sector').optional(),
      state: z.enum(SITE_STATES).describe('sites in this state').optional(),
      ...paging('sites'),
    }),
    answer: { name: 'Sites', schema: sitesAnswerSchema },
    statuses: { 503: NOT_HERE },
  },
  siteStates: {
    path: '/api/states',
    summary: 'Every site in short: its state, and since when and why where it is not up.',
    group: 'sites',
    needs: 'viewer',
    params: none,
    answer: { name: 'SiteStates', schema: siteStatesSchema },
    statuses: { 503: NOT_HERE },
  },
  addSite: {
    method: 'POST',
    path: '/api/sites',
    summary: 'Registers a site.',
    group: 'sites',
    needs: 'operator',
    params: none,
    body: { name: 'SiteInput', schema: siteInputSchema },
    answer: { name: 'SiteView', schema: siteViewSchema },
    status: 201,
    versioned: true,
    statuses: { 409: 'a site of this name is registered', 503: NOT_HERE },
  },
  importSites: {
    method: 'POST',
    path: '/api/sites/import',
    summary: 'Registers the sites of a CSV file, or tells what that would change.',
    group: 'sites',
    needs: 'operator',
    params: z.strictObject({ dryRun: z.boolean().describe('changes nothing').default(false) }),
    body: { name: 'SitesCsv', schema: z.string(), mediaType: 'text/csv', bytesMax: CSV_BYTES_MAX },
    answer: { name: 'SiteImport', schema: siteImportSchema },
    statuses: { 503: NOT_HERE },
  },
  site: {
    path: '/api/sites/{name}',
    summary: 'One site, with how it does.',
    group: 'sites',
    needs: 'viewer',
    params: z.strictObject({ name }),
    answer: { name: 'SiteView', schema: siteViewSchema },
    versioned: true,
    statuses: { 404: 'no site has this name', 503: NOT_HERE },
  },
  changeSite: {
    method: 'PUT',
    path: '/api/sites/{name}',
    summary: 'Changes a site; a site of the configuration is changed there.',
    group: 'sites',
    needs: 'operator',
    params: z.strictObject({ name }),
    body: { name: 'SiteInput', schema: siteInputSchema },
    answer: { name: 'SiteView', schema: siteViewSchema },
    versioned: true,
    statuses: { 404: 'no site has this name', 409: VERSION_TOLD, 503: NOT_HERE },
  },
  removeSite: {
    method: 'DELETE',
    path: '/api/sites/{name}',
    summary: 'Takes a site off the register; what was kept of it stays.',
    group: 'sites',
    needs: 'operator',
    params: z.strictObject({ name }),
    answer: { nothing: true },
    versioned: true,
    statuses: { 404: 'no site has this name', 409: VERSION_TOLD, 503: NOT_HERE },
  },
  siteChecks: {
    path: '/api/sites/{name}/checks',
    summary: 'Checks of a site, the latest first.',
    group: 'sites',
    needs: 'viewer',
    params: z.strictObject({
      name,
      since: when('checks from this time on').default('24h'),
      until: when('checks before this time').default('now'),
      vantage: text('checks of this vantage').optional(),
      ...paging('checks'),
    }),
    answer: { name: 'Checks', schema: checksAnswerSchema },
    statuses: { 404: 'no site has this name', 503: NOT_HERE },
  },
  siteDays: {
    path: '/api/sites/{name}/days',
    summary: 'Day by day: the worst state of a site, and for how long it was out.',
    group: 'sites',
    needs: 'viewer',
    params: z.strictObject({ name, days: z.int().min(1).max(400).describe('days up to today').default(90) }),
    answer: { name: 'SiteDays', schema: siteDaysSchema },
    statuses: { 404: 'no site has this name', 503: NOT_HERE },
  },
  vantages: {
    path: '/api/vantages',
    summary: 'Places that probe sites.',
    group: 'sites',
    needs: 'viewer',
    params: none,
    answer: { name: 'Vantages', schema: vantagesAnswerSchema },
    statuses: { 503: NOT_HERE },
  },
  addVantage: {
    method: 'POST',
    path: '/api/vantages',
    summary: 'Takes on a vantage.',
    group: 'sites',
    needs: 'operator',
    params: none,
    body: { name: 'VantageInput', schema: z.strictObject(vantageSchema.shape) },
    answer: { name: 'VantageMade', schema: vantageMadeSchema },
    status: 201,
    statuses: { 409: 'a vantage of this name is there', 503: NOT_HERE },
  },
  removeVantage: {
    method: 'DELETE',
    path: '/api/vantages/{name}',
    summary: 'Lets a vantage go.',
    group: 'sites',
    needs: 'operator',
    params: z.strictObject({ name: text('name of the vantage') }),
    answer: { nothing: true },
    statuses: { 404: 'no vantage has this name', 503: NOT_HERE },
  },
} as const satisfies Record<string, RouteContract>;
