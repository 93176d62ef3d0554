import { z } from 'zod';
import { parseAddress } from '../base/ip.ts';
import { type Prefix, parsePrefix } from '../base/prefix.ts';
import { httpSchema, listenSchema as listen } from './config-http.ts';
import { logsSchema, siteLogFields, syslogListSchema } from './config-logs.ts';
import { probeSchema, VANTAGE_SOURCES_MAX, vantageSourceSchema } from './config-probe.ts';
import { notifySchema } from './receiver.ts';
import { secretSchema, stateUrlFault, telemetryUrlFault } from './secret.ts';
import { shown, siteFields } from './site-fields.ts';
import { TELEMETRY_PORTS } from './telemetry-ports.ts';
import { VECTORS, type Vector } from './vector.ts';

/**
 * The configuration file `bonghwa.yaml`, key by key. It holds what the programs of this release use, and nothing else: a key
 * that is not known here is an error with its place, never ignored. What `describe` says stands in the file that `bonghwa init`
 * writes and in docs/configuration.md.
 */
const prefix = z.string().transform((text, context): Prefix => {
  const parsed = parsePrefix(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: `'${shown(text)}' is no prefix such as 192.0.2.0/24 or 2001:db8::/32` });
  return z.NEVER;
});

const address = z.string().refine((text) => parseAddress(text) !== undefined, {
  error: (issue) => `'${shown(String(issue.input))}' is no IPv4 or IPv6 address`,
});

const name = z.string().min(1, 'a name has at least one character').max(200, 'a name has at most 200 characters');
const path = z.string().min(1, 'a path has at least one character').max(4096, 'a path has at most 4096 characters');

/** Devices and programs that Bonghwa knows what to type on. */
export const EXPORTER_VENDORS = [
  'cisco-ios-xe',
  'cisco-ios-xr',
  'juniper',
  'arista',
  'mikrotik',
  'huawei',
  'softflowd',
  'pmacct',
  'open-vswitch',
] as const;
export type ExporterVendor = (typeof EXPORTER_VENDORS)[number];

/** Largest interface index (RFC 2863 InterfaceIndex is 31 bits; sFlow v5 has 30 of its own). */
const INTERFACE_MAX = 0x7fffffff;
/** Largest sampling rate: one packet in 2^32 - 1, as wide as the field of sFlow. */
const SAMPLING_MAX = 0xffffffff;

const organisationSchema = z.strictObject({
  name: name.describe('who runs this station; it stands in reports and over the live view'),
});

const networkSchema = z.strictObject({
  prefix: prefix.describe('the prefix, such as 192.0.2.0/24 or 2001:db8::/32'),
  name: name.optional().describe('what people call it'),
});

const siteSchema = z.strictObject({
  ...siteFields,
  ...siteLogFields,
});

const exporterSchema = z.strictObject({
  name: name.describe('what people call it'),
  address: address.describe('the address that its telemetry comes from'),
  samplingRate: z
    .int()
    .min(1, 'a sampling rate is 1 (every packet) or more')
    .max(SAMPLING_MAX, 'a sampling rate has at most 32 bits')
    .optional()
    .describe('one packet in how many it looks at; used where its telemetry does not say, and told where that differs'),
  outsideInterfaces: z
    .array(
      z.int().min(1, 'an interface index is 1 or more').max(INTERFACE_MAX, 'an interface index has at most 31 bits'),
    )
    .max(4096)
    .optional()
    .describe('indexes (ifIndex) of the interfaces that face outside; traffic seen twice inside is then counted once'),
  vendor: z
    .enum(EXPORTER_VENDORS)
    .optional()
    .describe(`what it is, so that advice says what to type on it: ${EXPORTER_VENDORS.join(', ')}`),
});

const thresholdSchema = z.strictObject({
  ppsMax: z
    .number()
    .positive('a rate is above 0')
    .describe('packets a second of this vector at one target; more is an attack, whatever is usual there'),
});
const thresholdsSchema = z.strictObject(
  Object.fromEntries(VECTORS.map((vector) => [vector, thresholdSchema.optional()])) as Record<
    Vector,
    z.ZodOptional<typeof thresholdSchema>
  >,
);

/** Sockets of one kind of telemetry. */
const LISTENERS_MAX = 64;
/** Receiver threads of a station. */
export const WORKERS_MAX = 32;

const inputsSchema = z.strictObject({
  netflow: z
    .array(listen)
    .max(LISTENERS_MAX)
    .prefault(['127.0.0.1:2055', '127.0.0.1:4739'])
    .describe("UDP addresses for NetFlow v5, v9 and IPFIX, [] for none; an IPv6 address needs quotes, '[::1]:2055'"),
  sflow: z
    .array(listen)
    .max(LISTENERS_MAX)
    .prefault(['127.0.0.1:6343'])
    .describe('UDP addresses for sFlow v5, [] for none'),
  pcap: path.optional().describe('a stream of packets in pcap format: a named pipe, or - for standard input'),
  vantages: listen
    .optional()
    .describe(
      'HTTPS address where vantages elsewhere report, such as 127.0.0.1:8481 or :8481; nothing listens where absent',
    ),
  logs: logsSchema.describe('logs of web servers of several sites, whose lines tell their host'),
  syslog: syslogListSchema.describe('addresses that web servers send their logs to as syslog'),
  workers: z
    .int()
    .min(1, 'at least one worker is needed')
    .max(WORKERS_MAX, `at most ${WORKERS_MAX} workers are started`)
    .optional()
    .describe('threads that receive and decode; where absent, as many as the processor cores allow'),
});

const storageSchema = z.strictObject({
  directory: path
    .default('./bonghwa-data')
    .describe('directory of what the station keeps; one station a directory. Relative to where the station is started'),
  state: secretSchema(stateUrlFault)
    .optional()
    .describe(
      'a PostgreSQL database for attacks and baselines, postgresql://…; where absent, an engine in the directory',
    ),
  telemetry: secretSchema(telemetryUrlFault)
    .optional()
    .describe(
      'a ClickHouse server for seconds and flows, http(s)://…; off keeps none; where absent, an engine in the directory',
    ),
});

/** A hundred years: a retention beyond is a slip of the pen. */
const DAYS_MAX = 36_500;
const days = (standard: number, about: string) =>
  z
    .int()
    .min(1, 'a retention is 1 day or more')
    .max(DAYS_MAX, `a retention is at most ${DAYS_MAX} days`)
    .default(standard)
    .describe(about);

const retentionSchema = z.strictObject({
  flowsDays: days(7, 'days that flows are kept: those of attacked targets, and samples of peacetime'),
  requestsDays: days(7, 'days that requests of logs are kept: samples of those at attacked sites, and of peacetime'),
  secondsDays: days(7, 'days that the traffic of targets is kept second by second'),
  minutesDays: days(400, 'days that it is kept minute by minute'),
  attacksDays: days(1825, 'days that attacks are kept'),
  auditDays: days(1825, 'days that the audit log keeps what people did'),
});

const reportsSchema = z.strictObject({
  eventsFile: path
    .optional()
    .describe(
      'file or named pipe that gets a line of JSON whenever an attack opens, changes or closes, and for warnings',
    ),
});

export const configSchema = z.strictObject({
  organisation: organisationSchema.optional().describe('the organisation that runs this station'),
  networks: z
    .array(
      z.union([prefix.transform((parsed): z.output<typeof networkSchema> => ({ prefix: parsed })), networkSchema], {
        error: 'a prefix is needed here, or a group of prefix and name',
      }),
    )
    .max(10_000)
    .default([])
    .describe(
      'protected prefixes, IPv4 and IPv6, as text or with a name; where none is given, every destination is protected',
    ),
  sites: z.array(siteSchema).max(10_000).default([]).describe('protected websites'),
  probe: probeSchema.prefault({}).describe('how the station checks the sites that have URLs'),
  vantages: z
    .array(vantageSourceSchema)
    .max(VANTAGE_SOURCES_MAX)
    .default([])
    .describe('other programs whose checks are read: blackbox_exporter, Prometheus, Uptime Kuma'),
  trustedProxies: z
    .array(prefix)
    .max(4096)
    .optional()
    .describe(
      'proxies whose word about the client is taken in logs (X-Forwarded-For, Forwarded); private and loopback addresses where absent, [] for none',
    ),
  telemetryPorts: z
    .array(z.int().min(1, 'a port is 1 to 65535').max(65_535, 'a port is 1 to 65535'))
    .min(1, 'at least one port is needed')
    .max(64)
    .default([...TELEMETRY_PORTS])
    .describe('UDP ports that are read as telemetry inside captures and packet streams'),
  thresholds: thresholdsSchema
    .default({})
    .describe('fixed limits by vector, only where someone wants them: Bonghwa learns what is usual'),
  exporters: z
    .array(exporterSchema)
    .max(4096)
    .default([])
    .describe('routers and switches that export; others are heard too, these are missed when silent'),
  inputs: inputsSchema.prefault({}).describe('where telemetry comes in'),
  http: httpSchema.prefault({}).describe('the HTTP interface'),
  storage: storageSchema.prefault({}).describe('where things are kept'),
  retention: retentionSchema.prefault({}).describe('how long things are kept'),
  notify: notifySchema.prefault({}).describe('who is told when something happens'),
  reports: reportsSchema.prefault({}).describe('what is told to other programs'),
});

export type Config = z.output<typeof configSchema>;
export type ConfigProbe = Config['probe'];
export type ConfigVantage = Config['vantages'][number];
export type ConfigSite = Config['sites'][number];
export type ConfigExporter = Config['exporters'][number];
export type ConfigRetention = Config['retention'];
