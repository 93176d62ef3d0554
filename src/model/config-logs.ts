import { z } from 'zod';
import { type ListenAddress, parseListen } from '../base/listen.ts';
import { shown } from './site-fields.ts';

/** What the configuration says of logs of web servers. */
const LOGS_MAX = 1024;
const SYSLOG_MAX = 64;
const STATUS_PAGES_MAX = 16;

const path = z.string().min(1, 'a path has at least one character').max(4096, 'a path has at most 4096 characters');
const format = z
  .string()
  .min(1)
  .max(16_384)
  .default('auto')
  .describe(
    'how its lines are laid out: a name of docs/logs.md, or the string that the server was told; auto: told by the lines',
  );
const zone = z
  .string()
  .regex(/^[+-]\d{2}:\d{2}$/, 'a distance from UTC is needed, such as +02:00')
  .optional()
  .describe('distance from UTC of times that tell no zone, such as +02:00');

const logSchema = z.strictObject({
  path: path.describe(
    'path of the log, or a pattern such as /var/log/nginx/*access.log; it is followed through rotation',
  ),
  format,
  zone,
});

/** Logs as paths, or as groups where there is more to say of them. */
export const logsSchema = z
  .array(
    z.union([path.transform((text): z.output<typeof logSchema> => ({ path: text, format: 'auto' })), logSchema], {
      error: 'a path is needed here, or a group of path, format and zone',
    }),
  )
  .max(LOGS_MAX)
  .default([]);
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
    site: z.string().min(1).max(200).optional().describe('site of the lines that do not tell their host'),
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

const statusUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'an http or https URL is needed');

export const serverStatusSchema = z.array(statusUrl).max(STATUS_PAGES_MAX).default([]);
