import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { BonghwaError } from '../base/errors.ts';
import { parseListen } from '../base/listen.ts';
import { type Prefix, parsePrefix } from '../base/prefix.ts';
import { parseSpan } from '../base/when.ts';
import { CHECK_TIMES, type CheckTimes, type ProbeSettings } from '../input/probe/limits.ts';
import { userAgent } from '../input/probe/user-agent.ts';
import { canonicalAddress, literalFamily } from '../model/check-subject.ts';
import { packageVersion } from './options.ts';

/** Options that every command takes which probes. */
export interface ProbeSettingsOptions {
  readonly vantage?: string;
  readonly allowPrivate?: boolean;
  readonly resolve?: readonly string[];
  readonly dns?: readonly string[];
  readonly source?: readonly string[];
  readonly wayOut?: readonly string[];
  readonly ca?: string;
  readonly timeout?: string;
  readonly retries?: string;
  readonly family?: string;
}

/** Every address there is. */
const EVERYTHING = ['0.0.0.0/0', '::/0'].map((text) => parsePrefix(text) as Prefix);
const RETRIES_MAX = 5;
/** A check is over before the next one of its site is due: so much of the interval it may take. */
const CHECK_SHARE = 0.87;

/** What the options mean. Rejects with OPTION_INVALID or FILE_UNREADABLE. */
export async function probeSettings(
  options: ProbeSettingsOptions,
  everyMs: number | undefined,
): Promise<ProbeSettings> {
  const { dns, wayOut, ca, family } = options;
  return {
    vantage: options.vantage ?? hostname(),
    userAgent: userAgent(packageVersion()),
    times: timesOf(options, everyMs),
    allowed: options.allowPrivate === true ? EVERYTHING : [],
    hosts: hostsOf(options.resolve ?? []),
    ...(dns === undefined ? {} : { nameServers: dns.map(serverOption) }),
    ...(options.source === undefined ? {} : { source: sourceOf(options.source) }),
    ...(ca === undefined ? {} : { authorities: [await readAuthorities(ca)] }),
    ...(family === undefined ? {} : { family: family === '4' ? 4 : 6 }),
    ...(wayOut === undefined ? {} : { anchors: wayOut }),
  };
}

/** A length of time. Throws OPTION_INVALID. */
export function spanOption(option: string, text: string): number {
  const span = parseSpan(text) ?? (/^\d{1,7}ms$/.test(text) ? Number(text.slice(0, -2)) : undefined);
  if (span !== undefined && span > 0) return span;
  throw new BonghwaError('OPTION_INVALID', `${option} ${text} is no length of time`, {
    hint: 'Give one such as 30s or 5m.',
  });
}

function timesOf({ timeout, retries }: ProbeSettingsOptions, everyMs: number | undefined): CheckTimes {
  const attemptMs = timeout === undefined ? CHECK_TIMES.attemptMs : spanOption('--timeout', timeout);
  const retriesMs =
    retries === undefined
      ? CHECK_TIMES.retriesMs
      : retries === 'none'
        ? []
        : retries.split(',').map((text) => spanOption('--retries', text.trim()));
  if (retriesMs.length > RETRIES_MAX)
    throw new BonghwaError('OPTION_INVALID', `--retries names more than ${RETRIES_MAX} times`, {
      hint: 'A site that needs so many is not well.',
    });
  const needed = attemptMs * (retriesMs.length + 1) + (retriesMs.at(-1) ?? 0);
  const checkMs = everyMs === undefined ? needed : Math.min(needed, everyMs * CHECK_SHARE);
  return { attemptMs, retriesMs, checkMs };
}

function hostsOf(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const address = canonicalAddress(text.slice(equals + 1));
    if (equals <= 0 || address === undefined)
      throw new BonghwaError('OPTION_INVALID', `--resolve ${text} cannot be`, {
        hint: 'Give a host and an address, such as www.example.org=192.0.2.10.',
      });
    const host = text.slice(0, equals).toLowerCase();
    hosts.set(host, [...(hosts.get(host) ?? []), address]);
  }
  return hosts;
}

function sourceOf(texts: readonly string[]): { 4?: string; 6?: string } {
  const source: { 4?: string; 6?: string } = {};
  for (const text of texts) {
    const address = addressOption('--source', text);
    source[literalFamily(address) ?? 4] = address;
  }
  return source;
}

function addressOption(option: string, text: string): string {
  const address = canonicalAddress(text);
  if (address !== undefined) return address;
  throw new BonghwaError('OPTION_INVALID', `${option} ${text} is no address`, {
    hint: 'Give an IPv4 or IPv6 address.',
  });
}

function serverOption(text: string): string {
  return parseListen(text) === undefined ? addressOption('--dns', text) : text;
}

async function readAuthorities(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new BonghwaError('FILE_UNREADABLE', `cannot read the authorities ${file}: ${(error as Error).message}`, {
      hint: 'Name a file of certificates in PEM.',
      cause: error,
    });
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new BonghwaError('FILE_UNREADABLE', `${file} holds no certificate`, {
    hint: 'Name a file of certificates in PEM.',
  });
}
