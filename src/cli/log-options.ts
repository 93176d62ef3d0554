import { InvalidArgumentError, Option } from 'commander';
import { type Prefix, parsePrefix } from '../base/prefix.ts';
import { readLogFormat } from '../input/log/server-config-file.ts';
import { TRUSTED_PROXIES_MAX } from '../wire/log/forwarded.ts';
import { LOG_FORMAT_NAMES, type LogFormat } from '../wire/log/log-formats.ts';

/** Options of all commands that read logs. */
export interface LogOptions {
  readonly logFormat?: LogFormat;
  readonly trustedProxy?: readonly Prefix[];
  /** Distance from UTC of times without a zone, ms. */
  readonly logZone?: number;
}

export function logFormatOption(): Option {
  return new Option(
    '--log-format <format>',
    `how lines of logs are laid out: ${LOG_FORMAT_NAMES.join(', ')}; json:FIELD=KEY,…; the format string of nginx, Apache, HAProxy or Envoy; or @FILE or @FILE:NAME, the configuration file of the server (default: told by the lines)`,
  ).argParser(logFormat);
}

export function trustedProxyOption(): Option {
  return new Option(
    '--trusted-proxy <prefix>',
    'take the word of this proxy about the client; repeatable; none for nobody (default: private and loopback addresses)',
  ).argParser(addProxy);
}

export function logZoneOption(): Option {
  return new Option(
    '--log-zone <offset>',
    'zone of times in logs that tell none, such as +02:00 (default: UTC)',
  ).argParser(zone);
}

/** What `ingestLogs` takes of the options. */
export function logIngestOptions(options: LogOptions): {
  format?: LogFormat;
  trustedProxies?: readonly Prefix[];
  zoneMs?: number;
} {
  return {
    ...(options.logFormat === undefined ? {} : { format: options.logFormat }),
    ...(options.trustedProxy === undefined ? {} : { trustedProxies: options.trustedProxy }),
    ...(options.logZone === undefined ? {} : { zoneMs: options.logZone }),
  };
}

function logFormat(text: string): LogFormat {
  const parsed = readLogFormat(text);
  if (typeof parsed === 'string') throw new InvalidArgumentError(`${parsed[0].toUpperCase()}${parsed.slice(1)}.`);
  return parsed;
}

function addProxy(text: string, earlier: readonly Prefix[] | undefined): readonly Prefix[] {
  if (text === 'none') return [];
  const prefix = parsePrefix(text);
  if (prefix === undefined)
    throw new InvalidArgumentError('A prefix is needed, such as 192.0.2.0/24 or 2001:db8::/32, or none.');
  const list = earlier ?? [];
  if (list.length >= TRUSTED_PROXIES_MAX)
    throw new InvalidArgumentError(`At most ${TRUSTED_PROXIES_MAX} proxies are taken.`);
  return [...list, prefix];
}

function zone(text: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{1,2}):?(\d{2})$/.exec(text) ?? [];
  if (sign === undefined || Number(hours) > 14 || Number(minutes) > 59) {
    throw new InvalidArgumentError('A distance from UTC is needed, such as +02:00 or -0530.');
  }
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
