import { z } from 'zod';

/** The register of sites: what is protected, how it is reached, whose it is, and how much hangs on it. */
const time = z.iso.datetime({ precision: 3 });

export const SECTORS = [
  'government',
  'judiciary',
  'legislature',
  'defence',
  'police',
  'energy',
  'transport',
  'finance',
  'health',
  'water',
  'media',
  'telecom',
  'education',
  'private',
  'other',
] as const;
export type Sector = (typeof SECTORS)[number];

/** What it means when the site is out; `critical` services count for D4. */
export const CRITICALITIES = ['critical', 'high', 'normal', 'low'] as const;
export type Criticality = (typeof CRITICALITIES)[number];

/** Traffic light protocol 2.0 (FIRST). */
export const TLPS = ['red', 'amber+strict', 'amber', 'green', 'clear'] as const;
export type Tlp = (typeof TLPS)[number];

/** A span in which the site may be out: once (`from` and `to`), or every week at the same time of the site's zone. */
export const maintenanceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('once'), from: time, to: time, note: z.string().optional() }),
  z.strictObject({
    kind: z.literal('weekly'),
    /** 1 Monday … 7 Sunday (ISO 8601). */
    weekday: z.int().min(1).max(7),
    /** `22:00`, in `zone`. */
    from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
    minutes: z.int().min(1).max(1440),
    zone: z.string().default('UTC'),
    note: z.string().optional(),
  }),
]);
export type Maintenance = z.infer<typeof maintenanceSchema>;

/** What an answer of the site looks like when it is well. */
export const expectationSchema = z.object({
  /** Statuses that are an answer; 200 to 399 where absent. */
  statuses: z.array(z.int().min(100).max(599)).optional(),
  /** Text that has to be in the first 256 KiB of the answer, and text that must not. */
  contains: z.string().optional(),
  lacks: z.string().optional(),
});
export type Expectation = z.infer<typeof expectationSchema>;

export const siteSchema = z.object({
  /** Unique in a station; attacks, checks, outages and incidents name the site by it. */
  name: z.string().min(1).max(200),
  urls: z.array(z.string()),
  /** Addresses that it answers on, given or found by DNS. */
  addresses: z.array(z.string()),
  prefixes: z.array(z.string()),
  organisation: z.string().optional(),
  sector: z.enum(SECTORS),
  criticality: z.enum(CRITICALITIES),
  contacts: z.array(z.string()),
  tlp: z.enum(TLPS),
  /** Two letters (ISO 3166-1) of the country that it serves: vantages there are at home. */
  country: z.string().length(2).optional(),
  maintenance: z.array(maintenanceSchema),
  /** Clients that are known to be good: monitors, offices, crawlers; addresses and prefixes. */
  knownGood: z.array(z.string()),
  expect: expectationSchema,
  /** People who use it on an ordinary day, where somebody knows. */
  usersDaily: z.number().min(0).optional(),
  /** Where it was registered: the configuration, an import, the API; a site of the configuration is changed there only. */
  registered: z.enum(['configuration', 'import', 'api']),
});
export type Site = z.infer<typeof siteSchema>;
