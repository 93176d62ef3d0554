import { z } from 'zod';
import { type ListenAddress, parseListen } from '../base/listen.ts';
import { shown } from './site-fields.ts';

/** What the configuration says of logs of web servers. */
const LOGS_MAX = 1024;
const SYSLOG_MAX = 64;
const STATUS_PAGES_MAX = 16;

const path = z.string().min(1, 'a path has at least one character').max(4096, 'a path has at most 4096 characters');
const formatText = z.string().min(1).max(16_384).default('auto');
const zoneText = z
  .string()
  .regex(/^[+-]\d{2}:\d{2}$/, 'a distance from UTC is needed, such as +02:00')
  .optional();
const format = formatText.describe(
  'how its lines are laid out: a name of docs/logs.md, the string that the server was told, or @FILE: its own configuration; auto: told by the lines',
);
const zone = zoneText.describe('distance from UTC of times that tell no zone');

/** Logs of one site: those lines that tell no host are of it. */
export const siteLogFields = {
  logs: z
    .array(path)
    .max(LOGS_MAX)
    .default([])
    .describe('logs of its web servers, as paths or patterns; they are followed through rotation'),
  logFormat: formatText.describe('how the lines of its logs are laid out, as in `inputs.logs`'),
  logZone: zoneText.describe('distance from UTC of times in its logs that tell no zone'),
  serverStatus: z
    .array(
      z
        .string()
        .refine(
          (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
          'an http or https URL is needed',
        ),
    )
    .max(STATUS_PAGES_MAX)
    .default([])
    .describe(
      'pages that count connections, for slow attacks: stub_status of nginx, CSV statistics of HAProxy, server-status?auto of Apache',
    ),
} as const;

const logSchema = z.strictObject({
  path: path.describe('path of the log, or a pattern'),
  site: z.string().min(1).max(200).optional().describe('site of the lines that tell no host'),
  format,
  zone,
});
export const logsSchema = z.array(logSchema).max(LOGS_MAX).default([]);
export type ConfigLog = z.output<typeof logSchema>;

const listen = z.string().transform((text, context): ListenAddress => {
  const parsed = parseListen(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: `'${shown(text)}' is no address with a port, such as 127.0.0.1:5514` });
  return z.NEVER;
});

export const syslogSchema = z
  .strictObject({
    listen: listen.describe('address and port, such as 127.0.0.1:5514'),
    transport: z.enum(['udp', 'tcp', 'tls']).default('udp').describe('udp, tcp or tls (RFC 5426, 6587, 5425)'),
    site: z.string().min(1).max(200).optional().describe('site of the lines that tell no host'),
    format,
    zone,
    certificate: path.optional().describe('file of the certificate (PEM), for tls'),
    key: path.optional().describe('file of its private key (PEM), for tls'),
    clientAuthority: path
      .optional()
      .describe('file of the authority that senders are signed by (PEM), for tls; where absent, any may send'),
  })
  .refine(
    ({ transport, certificate, key }) => transport !== 'tls' || (certificate !== undefined && key !== undefined),
    {
      error: 'tls needs a certificate and its key',
    },
  );
export const syslogListSchema = z.array(syslogSchema).max(SYSLOG_MAX).default([]);
export type ConfigSyslog = z.output<typeof syslogSchema>;
