import { promises as dns } from 'node:dns';
import { formatAddress, isIpv4, parseAddress } from '../../base/ip.ts';
import { type Prefix, prefixContains } from '../../base/prefix.ts';
import { specialAddress } from '../../base/special-address.ts';
import { literalFamily } from '../../model/check-subject.ts';
import { CheckFault } from './fault.ts';
import { ADDRESSES_MAX } from './limits.ts';

export type Family = 4 | 6;

export interface NamesOptions {
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly nameServers?: readonly string[];
  readonly allowed: readonly Prefix[];
}

/** A query is asked again after this, and given up after as long again; ms. */
const QUERY_MS = 4000;
const TRIES = 2;

/** Codes of c-ares that say something of the name, and what. All others say that the resolver failed. */
const ABSENT: Readonly<Record<string, 'no-such-name' | 'no-address'>> = {
  ENOTFOUND: 'no-such-name',
  ENODATA: 'no-address',
};

/**
 * Asks DNS for addresses, past the files and caches of this machine: each check tells how long its own query took. Which addresses
 * may be gone to is judged here, and only here.
 */
export class Names {
  readonly #options: NamesOptions;
  readonly #resolver: dns.Resolver;

  constructor(options: NamesOptions) {
    this.#options = options;
    this.#resolver = resolverOf(options.nameServers);
  }

  /** Addresses of a host in one family, as they were answered. Rejects with a `CheckFault` of phase `dns`; an empty list is `no-address`. */
  async addresses(host: string, family: Family, signal: AbortSignal): Promise<readonly string[]> {
    const known = this.#known(host, family);
    if (known !== undefined) return known;
    return ask(this.#resolver, host, family, signal);
  }

  /** Without asking: the address itself, what was given for the name, or this machine (RFC 6761 section 6.3). */
  #known(host: string, family: Family): readonly string[] | undefined {
    const literal = literalFamily(host);
    const given = literal !== undefined ? [host] : this.#options.hosts.get(host.toLowerCase());
    const addresses = given ?? (/(^|\.)localhost$/i.test(host) ? ['127.0.0.1', '::1'] : undefined);
    if (addresses === undefined) return undefined;
    const fitting = addresses.filter((address) => literalFamily(address) === family);
    if (fitting.length > 0) return fitting;
    throw new CheckFault('dns', 'no-address', `${host} has no IPv${family} address`);
  }

  /** Refuses an address that is not of the internet at large, unless it was allowed. */
  permit(address: string, host: string): void {
    const what = this.inside(address);
    if (what === undefined) return;
    const words = parseAddress(address);
    if (words !== undefined && this.#options.allowed.some((prefix) => prefixContains(prefix, words))) return;
    const named = address === host ? address : `${host} leads to ${address}, which`;
    throw new CheckFault('dns', 'private-address', `${named} is ${what}; such addresses are not probed`);
  }

  /** What makes an address one of the inside; `undefined` where it is of the internet at large. */
  inside(address: string): string | undefined {
    const words = parseAddress(address);
    return words === undefined ? 'no address' : specialAddress(words);
  }
}

/** Asks a resolver for the addresses of a name. Rejects with a `CheckFault` of phase `dns`. */
export async function ask(
  resolver: dns.Resolver,
  host: string,
  family: Family,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const query = family === 4 ? resolver.resolve4(host) : resolver.resolve6(host);
    const found = (await unlessAborted(query, signal)).slice(0, ADDRESSES_MAX).flatMap(canonical);
    if (found.length > 0) return found;
  } catch (error) {
    throw dnsFault(error, host, family);
  }
  throw new CheckFault('dns', 'no-address', `${host} has no IPv${family} address`);
}

export function resolverOf(servers: readonly string[] | undefined): dns.Resolver {
  const resolver = new dns.Resolver({ timeout: QUERY_MS, tries: TRIES });
  if (servers !== undefined && servers.length > 0) resolver.setServers(servers);
  return resolver;
}

function dnsFault(error: unknown, host: string, family: Family): CheckFault {
  if (error instanceof CheckFault) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const absent = ABSENT[code];
  if (absent === 'no-such-name') return new CheckFault('dns', absent, `the name ${host} does not exist`, error);
  if (absent !== undefined) return new CheckFault('dns', absent, `${host} has no IPv${family} address`, error);
  if (code === 'ETIMEOUT' || code === 'ECANCELLED')
    return new CheckFault('dns', 'timeout', 'the resolver did not answer', error);
  return new CheckFault('dns', 'dns-failed', `the resolver could not tell ${host} (${code})`, error);
}

/** Rejects with `timeout` as soon as the attempt is over; the query itself ends by its own limit. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new CheckFault('dns', 'timeout', 'the resolver did not answer in time'));
    if (signal.aborted) late();
    else signal.addEventListener('abort', late, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}

/** One way of writing; an IPv4 address in the dress of IPv6 is none of a family of its own. */
function canonical(text: string): string[] {
  const words = parseAddress(text);
  if (words === undefined || (text.includes(':') && isIpv4(words))) return [];
  return [formatAddress(words)];
}
