import { formatAddress, isIpv4, parseAddress } from '../base/ip.ts';
import type { CHECK_KINDS } from './vantage.ts';

/**
 * What one URL of a site asks to be checked: a page over HTTP, a TCP port (`tcp://host:25`), a name (`dns://host`, or
 * `dns://server/host` for what that server says), or an echo (`icmp://host`).
 */
export interface CheckSubject {
  readonly kind: (typeof CHECK_KINDS)[number];
  /** As it stands in results: the URL, `host:port`, or the name. */
  readonly subject: string;
  readonly url: URL;
  /** Host without brackets, as it is resolved: an address or a name in ASCII. */
  readonly host: string;
  /** 0 where the kind has none. */
  readonly port: number;
}

/** URL schemes that can be checked. */
export const CHECK_SCHEMES = ['http', 'https', 'tcp', 'dns', 'icmp'] as const;

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'dns:': 53, 'icmp:': 0 };
const URL_CHARS_MAX = 2048;

export type SubjectResult =
  | { readonly kind: 'ok'; readonly subject: CheckSubject }
  | { readonly kind: 'invalid'; readonly message: string };

/** Parses a URL of a site. Never throws; a fault says what would be right. */
export function parseSubject(text: string): SubjectResult {
  if (text.length > URL_CHARS_MAX) return invalid(`a URL has at most ${URL_CHARS_MAX} characters`);
  const scheme = /^([a-z]+):\/\//i.exec(text)?.[1].toLowerCase();
  if (scheme === undefined || !(CHECK_SCHEMES as readonly string[]).includes(scheme) || !URL.canParse(text))
    return invalid('a URL begins with http://, https://, tcp://, dns:// or icmp://, and names a host');
  const given = new URL(text);
  if (given.username !== '' || given.password !== '')
    return invalid('leave user and password out: nothing here signs in to a site');
  // The host of a scheme that is not special to URL is left as it was written: let it be read as one of a web page.
  const web = webUrl(given);
  if (web === undefined || web.hostname === '') return invalid('the host of this URL is none');
  const host = web.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const port = given.port === '' ? PORTS[given.protocol] : Number(given.port);
  switch (scheme) {
    case 'tcp':
      if (port === undefined || port === 0) return invalid('a TCP check names its port, such as tcp://mail.example:25');
      return ok({ kind: 'tcp', subject: `${bracketed(host)}:${port}`, url: given, host, port });
    case 'dns': {
      const name = given.pathname.replace(/^\/+|\/+$/g, '');
      return ok({ kind: 'dns', subject: name === '' ? host : `${name} at ${host}`, url: given, host, port });
    }
    case 'icmp':
      return ok({ kind: 'icmp', subject: host, url: given, host, port: 0 });
    default:
      return ok({ kind: 'http', subject: given.href, url: given, host, port });
  }
}

/** 4 or 6 where the host is an address. */
export function literalFamily(host: string): 4 | 6 | undefined {
  const words = parseAddress(host);
  return words === undefined ? undefined : isIpv4(words) ? 4 : 6;
}

/** An address as it is written everywhere, `undefined` where it is none. */
export function canonicalAddress(text: string): string | undefined {
  const words = parseAddress(text);
  return words === undefined ? undefined : formatAddress(words);
}

function webUrl({ host }: URL): URL | undefined {
  const text = `http://${host}/`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function ok(subject: CheckSubject): SubjectResult {
  return { kind: 'ok', subject };
}

function invalid(message: string): SubjectResult {
  return { kind: 'invalid', message };
}
